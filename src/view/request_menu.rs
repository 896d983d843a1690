//! The parts of a request that most streams do not need, and buttons that copy the request.

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::{
    controls::Controls,
    header_rows::HeaderRows,
    menu::Menu,
    part::{Part, part},
};
use crate::{
    address::address_of,
    request::{Request, Way},
    source::resolve,
};

/// The methods to choose from. An empty value means GET.
const METHODS: [(&str, &str); 5] = [
    ("", "GET"),
    ("POST", "POST"),
    ("PUT", "PUT"),
    ("PATCH", "PATCH"),
    ("DELETE", "DELETE"),
];

/// How long the confirmation of a copy is shown, in ms.
const SAID_MS: u32 = 2_000;

/// A form in which a request is copied.
#[derive(Clone, Copy)]
enum Form {
    Link,
    Curl,
    JavaScript,
}

impl Form {
    fn of(self, request: &Request, lens: bool) -> String {
        let url = || resolve(&request.url).map_or(request.url.clone(), |url| url.href());
        match self {
            Self::Link => address_of(request, lens, true).unwrap_or_default(),
            Self::Curl => request.as_curl(&url()),
            Self::JavaScript => request.as_javascript(&url()),
        }
    }
}

/// A text of the request, to bind a box to. Function pointers, so that the code exists once.
pub(super) fn text(
    form: RwSignal<Request>,
    get: fn(&Request) -> String,
    set: fn(&mut Request, String),
) -> (Signal<String>, SignalSetter<String>) {
    create_slice(form, get, set)
}

/// A menu with the credentials, method, headers and body of a request, and buttons that copy the request.
#[component]
pub(super) fn RequestMenu(
    /// The request that is being entered.
    form: RwSignal<Request>,
    /// Whether the menu is open.
    open: RwSignal<bool>,
    /// Whether something here differs from the stream that is open.
    differs: Signal<bool>,
    /// The request, if it can be sent. Otherwise the caller shows why not.
    entered: Callback<(), Option<Request>>,
) -> impl IntoView {
    let view = Callback::new(move |()| panel::call(form, entered));
    view! {
        <Menu
            open=open
            label="Request"
            title="Method, headers, body, credentials; copy"
            class="request-more"
            differs=differs
        >
            <Part needed=open load=panel::load view />
        </Menu>
    }
}

part! {
    request: fn panel(form: RwSignal<Request>, entered: Callback<(), Option<Request>>) -> AnyView {
        view! { <Panel form entered /> }.into_any()
    }
}

/// The contents of the menu.
#[component]
fn Panel(form: RwSignal<Request>, entered: Callback<(), Option<Request>>) -> impl IntoView {
    let controls = expect_context::<Controls>();
    let said = RwSignal::new("");
    let silence = StoredValue::new_local(None::<Timeout>);
    let copy = move |to: Form| {
        // A request that cannot be sent is not worth copying.
        let Some(request) = entered.run(()) else {
            return;
        };
        let copied = window()
            .navigator()
            .clipboard()
            .write_text(&to.of(&request, controls.lens.get_untracked()));
        leptos::task::spawn_local(async move {
            said.set(match JsFuture::from(copied).await {
                Ok(_) => "Copied",
                Err(_) => "The browser refused",
            });
            let timeout = Timeout::new(SAID_MS, move || said.set(""));
            silence.set_value(Some(timeout));
        });
    };
    let copies = [
        (
            "Copy link",
            "With method, headers and body: whoever opens the link can read them",
            Form::Link,
        ),
        ("Copy as curl", "", Form::Curl),
        ("Copy as JavaScript", "", Form::JavaScript),
    ]
    .map(|(label, title, to)| {
        view! {
            <button type="button" title=title on:click=move |_| copy(to)>
                {label}
            </button>
        }
        .into_any()
    });
    // A link can hold any method.
    let other_method = Signal::derive(move || {
        let method = form.read().method.clone();
        let is_listed = METHODS.iter().any(|(value, _)| *value == method);
        if is_listed { String::new() } else { method }
    });
    let methods = METHODS.map(|(value, label)| {
        view! {
            <option value=value prop:selected=move || form.read().method == value>
                {label}
            </option>
        }
        .into_any()
    });

    view! {
                <label class="wide" hidden=move || form.read().way == Way::Relay>
                    <input
                        type="checkbox"
                        name="credentials"
                        prop:checked=move || form.read().with_credentials
                        on:change=move |event| {
                            form.write().with_credentials = event_target_checked(&event);
                        }
                    />
                    " Send cookies to other origins (credentials)"
                </label>
                <div class="by-fetch" hidden=move || form.read().way == Way::EventSource>
                    <label>
                        "Method"
                        <select
                            name="method"
                            on:change=move |event| form.write().method = event_target_value(&event)
                        >
                            {Vec::from(methods)}
                            <option
                                hidden=move || other_method.read().is_empty()
                                prop:selected=move || !other_method.read().is_empty()
                            >
                                {move || other_method.get()}
                            </option>
                        </select>
                    </label>
                    <HeaderRows form=form />
                    <label class="wide">
                        "Body"
                        <textarea
                            name="body"
                            rows="4"
                            spellcheck="false"
                            title="Ctrl Enter opens the stream. JSON is sent as application/json, unless a header names another type."
                            bind:value=text(form, |form| form.body.clone(), |form, text| form.body = text)
                        ></textarea>
                    </label>
                </div>
                <p class="only-fetch" hidden=move || form.read().way != Way::Relay>
                    "The relay sends no cookies of the browser. It sends each header that is set here, such as Cookie, Origin or Host."
                </p>
                <p class="only-fetch" hidden=move || form.read().way != Way::EventSource>
                    "An EventSource sends no method, headers or body of your own. Choose auto or fetch to set them."
                </p>
                <div class="copies">
                    {Vec::from(copies)} <span role="status">{move || said.get()}</span>
                </div>
    }
}
