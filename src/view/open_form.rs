//! Which stream to open.

use leptos::prelude::*;

/// What is asked for: a URL and the event types to listen to beside `message`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) url: String,
    pub(crate) events: Vec<String>,
}

impl Request {
    /// `events` as people write them: separated by commas or spaces.
    pub(crate) fn new(url: &str, events: &str) -> Self {
        let mut names: Vec<String> = Vec::new();
        for name in events
            .split([',', ' '])
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        Self {
            url: url.trim().to_owned(),
            events: names,
        }
    }
}

/// The boxes for URL and event types, and the button that opens the stream.
#[component]
pub(crate) fn OpenForm(
    /// What is asked for; set, changed or not, when the form is submitted.
    request: RwSignal<Request>,
) -> impl IntoView {
    let url = NodeRef::<leptos::html::Input>::new();
    let events = NodeRef::<leptos::html::Input>::new();
    let value = |input: NodeRef<leptos::html::Input>| {
        input
            .get_untracked()
            .map(|input| input.value())
            .unwrap_or_default()
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        request.set(Request::new(&value(url), &value(events)));
    };
    view! {
        <form class="open-form" on:submit=submit>
            <label class="url">
                <span>"Stream"</span>
                <input
                    type="text"
                    inputmode="url"
                    name="url"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    placeholder="/stream or https://example.org/events"
                    node_ref=url
                    prop:value=move || request.with(|request| request.url.clone())
                />
            </label>
            <label class="events">
                <span>"Event types"</span>
                <input
                    type="text"
                    name="events"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    placeholder="only message"
                    title="Names of events to listen to beside “message”, separated by commas. The browser's \
                           EventSource hears of no others."
                    node_ref=events
                    prop:value=move || request.with(|request| request.events.join(", "))
                />
            </label>
            <button type="submit" class="primary">"Open"</button>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_types_are_split_at_commas_and_spaces_without_repeats() {
        let request = Request::new(" /stream ", " a, b,,c  a ");
        assert_eq!(request.url, "/stream");
        assert_eq!(request.events, ["a", "b", "c"]);
    }
}
