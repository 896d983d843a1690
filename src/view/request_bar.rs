//! The form that opens a stream.

use leptos::{ev, html, prelude::*};

use super::{
    focus::Focus,
    generator::Generator,
    request_menu::{RequestMenu, text},
    settings,
};
use crate::{
    address::{usual_types, with_scheme},
    request::{Differences, Request},
    source::UrlError,
};

/// How many URLs are remembered.
const HISTORY: usize = 30;

/// The form that opens a stream: its URL, how to receive it, event types, and menus with everything else.
///
/// A part of the form that differs from the stream that is open is marked, and so is the button that opens
/// the stream.
#[component]
pub(crate) fn RequestBar(
    /// The request whose stream is open. Submitting the form sets it, even to the same request, unless
    /// only the event types differ.
    request: RwSignal<Request>,
    /// The event types that the stream is open with. They can change while it is open.
    events: RwSignal<Vec<String>>,
) -> impl IntoView {
    let focus = expect_context::<Focus>();
    let open = Memo::new(move |_| Request {
        events: events.get().join(", "),
        ..request.get()
    });
    let form = RwSignal::new(open.get_untracked());
    Effect::new(move |_| form.set(open.get()));
    let differences = Memo::new(move |_| completed(&form.read()).differences(&open.read()));
    let differs =
        move |part: fn(Differences) -> bool| Signal::derive(move || part(differences.get()));
    let problem = RwSignal::new(String::new());
    let history = RwSignal::new(history());
    let (menu_open, generator_open) = (RwSignal::new(false), RwSignal::new(false));

    // The entered request, if it can be sent. Otherwise this shows the problem.
    let entered = move || {
        let entered = completed(&form.read_untracked());
        // The hook takes an empty URL for a stream that is turned off, which nobody enters on purpose.
        let checked = match &*entered.url {
            "" => Err(UrlError::Empty.to_string()),
            _ => entered.via(),
        };
        problem.set(checked.as_ref().err().cloned().unwrap_or_default());
        checked.is_ok().then_some(entered)
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let Some(entered) = entered() else {
            return;
        };
        menu_open.set(false);
        generator_open.set(false);
        history.update(|urls| remember(urls, &entered.url));
        form.set(entered.clone());
        let other_types = events.get_untracked() != entered.event_types();
        let other_request = !same_stream(&entered, &request.read_untracked());
        if other_types {
            events.set(entered.event_types());
        }
        if other_request || !other_types {
            request.set(entered);
        }
    };

    let form_element = NodeRef::<html::Form>::new();
    let submit_by_key = move |event: ev::KeyboardEvent| {
        if event.key() == "Enter"
            && (event.ctrl_key() || event.meta_key())
            && let Some(form) = form_element.get_untracked()
        {
            event.prevent_default();
            let _ = form.request_submit();
        }
    };
    let url = create_slice(
        form,
        |form| form.url.clone(),
        move |form, url: String| {
            let usual = |url: &str| usual_types(&with_scheme(url));
            form.set_url(url, &open.read_untracked(), usual);
        },
    );
    let via_fetch = Signal::derive(move || form.read().via_fetch);
    let via_event_source = Signal::derive(move || !form.read().via_fetch);
    let no_problem = Signal::derive(move || problem.read().is_empty());

    view! {
        <div class="request-bar">
            <form class="request" node_ref=form_element on:submit=submit on:keydown=submit_by_key>
                <label class="url" class:differs=differs(|differences| differences.url)>
                    <span class="unseen">"Stream"</span>
                    <input
                        name="url"
                        node_ref=focus.url
                        inputmode="url"
                        list="history"
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                        placeholder="/stream or https://example.org/events"
                        bind:value=url
                    />
                </label>
                <datalist id="history">
                    <For each=move || history.get() key=Clone::clone let:url>
                        <option value=url></option>
                    </For>
                </datalist>
                <label
                    class="events"
                    class:differs=differs(|differences| differences.events)
                    title="Event types to subscribe to beside “message”, with commas between them. An EventSource receives no others, and does not report that it missed one. By fetch all types arrive."
                    hidden=via_fetch
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
                <fieldset class="via" class:differs=differs(|differences| differences.way)>
                    <legend class="unseen">"Way"</legend>
                    <label title="What clients in a browser see">
                        <input
                            type="radio"
                            name="via"
                            value="EventSource"
                            prop:checked=via_event_source
                            on:change=move |_| form.write().via_fetch = false
                        />
                        <span>"EventSource"</span>
                    </label>
                    <label title="Every byte: all event types, comments, status and headers; any method, headers and body">
                        <input
                            type="radio"
                            name="via"
                            value="fetch"
                            prop:checked=via_fetch
                            on:change=move |_| form.write().via_fetch = true
                        />
                        <span>"fetch"</span>
                    </label>
                </fieldset>
                <button
                    type="submit"
                    class="open"
                    class:primary=differs(Differences::any)
                    title="Opens the stream that the form describes, with a new log"
                >
                    "Open"
                </button>
                <RequestMenu
                    form=form
                    open=menu_open
                    differs=differs(|differences| differences.rest)
                    entered=Callback::new(move |()| entered())
                />
                <Generator form=form url=url.0 open=generator_open />
                <p class="problem" role="alert" hidden=no_problem>
                    {problem}
                </p>
            </form>
        </div>
    }
}

/// The request, with a scheme added to its URL if the URL begins with a host.
fn completed(form: &Request) -> Request {
    Request {
        url: with_scheme(&form.url),
        ..form.clone()
    }
}

/// Whether the requests are equal except for their event types.
fn same_stream(a: &Request, b: &Request) -> bool {
    Request {
        events: b.events.clone(),
        ..a.clone()
    } == *b
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
