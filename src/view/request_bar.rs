//! The form that opens a stream.

use std::time::Duration;

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::{
    controls::Controls,
    focus::Focus,
    generator::Generator,
    request_menu::{RequestMenu, text},
    saved_menu::SavedMenu,
    settings,
};
use crate::{
    address::{usual_types, with_scheme},
    curl,
    offers::offers,
    request::{Request, Way},
    source::UrlError,
};

/// How many URLs are remembered.
const HISTORY: usize = 30;

/// What the button of the bar does to the address in the box.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Open,
    Connect,
    Disconnect,
}

impl Action {
    fn label(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Connect => "Connect",
            Self::Disconnect => "Disconnect",
        }
    }
}

/// The form that opens a stream: its URL, how to receive it, event types, menus with everything else, and
/// one button.
///
/// A part of the form that differs from the stream that is open is marked, and the button then opens what
/// was entered.
#[component]
pub(crate) fn RequestBar(
    /// The request whose stream is open.
    request: RwSignal<Request>,
    /// The event types that the stream is open with. They can change while it is open.
    events: RwSignal<Vec<String>>,
    /// Whether the request was not sent.
    held: RwSignal<bool>,
    /// Opens a request, even the one that is open.
    open: Callback<Request>,
) -> impl IntoView {
    let focus = expect_context::<Focus>();
    let controls = expect_context::<Controls>();
    let notice = controls.notice;
    let current = Memo::new(move |_| Request {
        events: events.get().join(", "),
        ..request.get()
    });
    let form = RwSignal::new(current.get_untracked());
    Effect::new(move |_| {
        let events = events.get_untracked().join(", ");
        form.set(Request {
            events,
            ..request.get()
        });
    });
    // They can also change elsewhere, while something else is being entered.
    Effect::new(move |_| form.write().events = events.get().join(", "));
    let differences = Memo::new(move |_| completed(&form.read()).differences(&current.read()));
    let history = RwSignal::new(history());
    let (menu_open, generator_open) = (RwSignal::new(false), RwSignal::new(false));
    // A notice is about what was entered when it appeared.
    Effect::new(move |_| {
        form.track();
        notice.set(String::new());
    });

    let import = move |command: &str| match curl::import(command) {
        Some(import) => {
            let url = with_scheme(&import.request.url);
            form.set(Request {
                events: usual_types(&url),
                url,
                ..import.request
            });
            // After the effect that clears the notice of what was entered before.
            let sentence = imported(&import.ignored);
            set_timeout(move || notice.set(sentence), Duration::ZERO);
            true
        }
        None => false,
    };
    // The entered request, if it can be sent. Otherwise this shows the problem.
    let entered = move || {
        let entered = completed(&form.read_untracked());
        // The hook takes an empty URL for a stream that is turned off, which nobody enters on purpose.
        let checked = match &*entered.url {
            "" => Err(UrlError::Empty.to_string()),
            _ => entered.via(),
        };
        notice.set(checked.as_ref().err().cloned().unwrap_or_default());
        checked.is_ok().then_some(entered)
    };
    let open_request = Callback::new(move |entered: Request| {
        menu_open.set(false);
        generator_open.set(false);
        history.update(|urls| remember(urls, &entered.url));
        form.set(entered.clone());
        open.run(entered);
    });
    let submit = move || {
        let typed = form.with_untracked(|form| form.url.clone());
        if curl::is_command(&typed) && import(&typed) {
            return;
        }
        if let Some(entered) = entered() {
            open_request.run(entered);
        }
    };
    let action = Memo::new(move |_| {
        if held.get() || differences.get().any() {
            Action::Open
        } else if controls.is_live.get() {
            Action::Disconnect
        } else {
            Action::Connect
        }
    });
    let press = move |_| {
        let stream = controls.stream.get_value();
        match (action.get_untracked(), stream) {
            (Action::Connect, Some(stream)) => stream.connect(),
            (Action::Disconnect, Some(stream)) => stream.disconnect(),
            _ => submit(),
        }
    };
    let submit_by_key = move |event: ev::KeyboardEvent| {
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key() || is_text_box(&event)) {
            event.prevent_default();
            submit();
        }
    };
    let paste = move |event: ev::ClipboardEvent| {
        let text = event
            .clipboard_data()
            .and_then(|data| data.get_data("text/plain").ok())
            .unwrap_or_default();
        // The box itself would drop the line breaks.
        if curl::is_command(&text) && import(&text) {
            event.prevent_default();
        }
    };
    let url = create_slice(
        form,
        |form| form.url.clone(),
        move |form, url: String| {
            let usual = |url: &str| usual_types(&with_scheme(url));
            form.set_url(url, &current.read_untracked(), usual);
        },
    );
    let auto = Memo::new(move |_| {
        let request = Request {
            way: Way::Auto,
            ..completed(&form.read())
        };
        if request.by_fetch() {
            "auto (fetch)"
        } else {
            "auto (EventSource)"
        }
    });

    view! {
        <div class="request-bar">
            <form
                class="request"
                on:submit=move |event| {
                    event.prevent_default();
                    submit();
                }
                on:keydown=submit_by_key
            >
                <label class="url" class:differs=move || differences.get().url>
                    <span class="unseen">"Stream"</span>
                    <input
                        name="url"
                        node_ref=focus.url
                        inputmode="url"
                        list="history"
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                        placeholder="URL, or a curl command line"
                        on:paste=paste
                        bind:value=url
                    />
                </label>
                <datalist id="history">
                    {move || {
                        let urls = history.get().into_iter();
                        urls.map(|url| view! { <option value=url></option> }.into_any()).collect_view()
                    }}
                </datalist>
                <SavedMenu entered=Callback::new(move |()| entered()) open_request=open_request />
                <label
                    class="way"
                    class:differs=move || differences.get().way
                    title="EventSource: what clients in a browser see. fetch: every byte, all event types, comments, status and headers; any method, headers and body. relay: the same, requested by the server of this page: no CORS, any header, and why a connection failed"
                >
                    <span class="unseen">"Way"</span>
                    <select
                        name="via"
                        on:change=move |event| form.write().way = Way::named(&event_target_value(&event))
                    >
                        <option value="auto" prop:selected=move || form.read().way == Way::Auto>
                            {auto}
                        </option>
                        <option value="EventSource" prop:selected=move || form.read().way == Way::EventSource>
                            "EventSource"
                        </option>
                        <option value="fetch" prop:selected=move || form.read().way == Way::Fetch>
                            "fetch"
                        </option>
                        // A link can ask for it anywhere; opening it explains why there is none.
                        <option
                            value="relay"
                            hidden=move || !offers().relay && form.read().way != Way::Relay
                            prop:selected=move || form.read().way == Way::Relay
                        >
                            "relay"
                        </option>
                    </select>
                </label>
                <label
                    class="events"
                    class:differs=move || differences.get().events
                    title="Event types to subscribe to beside “message”, with commas between them. An EventSource receives no others, and does not report that it missed one. By fetch all types arrive."
                    hidden=move || completed(&form.read()).by_fetch()
                >
                    <span>"Event types"</span>
                    <input
                        name="events"
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                        placeholder="only message"
                        bind:value=text(form, |form| form.events.clone(), |form, events| form.events = events)
                    />
                </label>
                <RequestMenu
                    form=form
                    open=menu_open
                    differs=Signal::derive(move || differences.get().rest)
                    entered=Callback::new(move |()| entered())
                />
                <Generator form=form url=url.0 open=generator_open />
                <button
                    type="button"
                    class="open"
                    class:primary=move || action.get() != Action::Disconnect
                    node_ref=controls.button
                    on:click=press
                >
                    {move || action.get().label()}
                </button>
            </form>
        </div>
    }
}

/// Whether the key was pressed in a box for one line of text.
fn is_text_box(event: &ev::KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into().ok());
    target.is_some_and(|input: HtmlInputElement| {
        !matches!(&*input.type_(), "checkbox" | "radio" | "file")
    })
}

/// What became of a curl command line.
fn imported(ignored: &[String]) -> String {
    if ignored.is_empty() {
        return "Imported from curl. Nothing was sent yet.".to_owned();
    }
    [
        "Imported from curl. Nothing was sent yet. These have no effect here: ",
        &ignored.join(", "),
        ".",
    ]
    .concat()
}

/// The request, with a scheme added to its URL if the URL begins with a host.
fn completed(form: &Request) -> Request {
    Request {
        url: with_scheme(&form.url),
        ..form.clone()
    }
}

/// The URLs that were opened, the latest first.
fn history() -> Vec<String> {
    let remembered = settings::recall("history").unwrap_or_default();
    remembered.lines().map(str::to_owned).collect()
}

/// Puts `url` at the head of `urls`, and remembers them.
fn remember(urls: &mut Vec<String>, url: &str) {
    urls.retain(|known| known != url);
    urls.insert(0, url.to_owned());
    urls.truncate(HISTORY);
    settings::remember("history", &urls.join("\n"));
}
