//! The parts of a request that most streams do not need, and buttons that copy the request.

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::menu::Menu;
use crate::{address::address_of, request::Request, source::resolve};

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
    fn of(self, request: &Request) -> String {
        let url = || resolve(&request.url).map_or(request.url.clone(), |url| url.href());
        match self {
            Self::Link => address_of(request, true).unwrap_or_default(),
            Self::Curl => request.as_curl(&url()),
            Self::JavaScript => request.as_javascript(&url()),
        }
    }
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
    let via_fetch = Memo::new(move |_| form.read().via_fetch);
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
            .write_text(&to.of(&request));
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
    });
    // A link can hold any method.
    let other_method = Memo::new(move |_| {
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
    });

    view! {
        <Menu
            open=open
            label="Request"
            title="Method, headers, body, credentials; copy"
            class="request-more"
            {..}
            class:differs=differs
        >
                <label class="wide">
                    <input
                        type="checkbox"
                        name="credentials"
                        bind:checked=slice!(form.with_credentials)
                    />
                    " Send cookies to other origins (credentials)"
                </label>
                <div class="by-fetch" hidden=move || !via_fetch.get()>
                    <label>
                        "Method"
                        <select
                            name="method"
                            on:change=move |event| form.write().method = event_target_value(&event)
                        >
                            {methods.into_iter().collect_view()}
                            <option
                                hidden=move || other_method.read().is_empty()
                                prop:selected=move || !other_method.read().is_empty()
                            >
                                {other_method}
                            </option>
                        </select>
                    </label>
                    <label class="wide">
                        "Headers"
                        <textarea
                            name="headers"
                            rows="3"
                            spellcheck="false"
                            placeholder="Authorization: Bearer …"
                            bind:value=slice!(form.headers)
                        ></textarea>
                    </label>
                    <label class="wide">
                        "Body"
                        <textarea
                            name="body"
                            rows="4"
                            spellcheck="false"
                            title="Ctrl Enter opens the stream. JSON is sent as application/json, unless a header names another type."
                            bind:value=slice!(form.body)
                        ></textarea>
                    </label>
                </div>
                <p class="only-fetch" hidden=via_fetch>
                    "Method, headers and body are for fetch; an EventSource has none of them."
                </p>
                <div class="copies">
                    {copies.into_iter().collect_view()} <span role="status">{said}</span>
                </div>
        </Menu>
    }
}
