//! Requests that were saved under a name.

use leptos::{ev, prelude::*};

use super::{
    menu::Menu,
    part::{Part, part},
    settings,
};
use crate::request::Request;

/// How many requests are kept.
const MOST: usize = 50;

/// Where they are remembered.
const KEY: &str = "requests";

/// A request with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Saved {
    name: String,
    request: Request,
}

/// A menu that saves the entered request, and opens and deletes saved ones.
#[component]
pub(super) fn SavedMenu(
    /// The request, if it can be sent. Otherwise the caller shows why not.
    entered: Callback<(), Option<Request>>,
    /// Opens a request.
    open_request: Callback<Request>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let view = Callback::new(move |()| panel::call(entered, open_request, open));
    view! {
        <Menu label="Saved" title="Saved requests" class="saved" open=open>
            <Part needed=open load=panel::load view />
        </Menu>
    }
}

part! {
    request: fn panel(
        entered: Callback<(), Option<Request>>,
        open_request: Callback<Request>,
        open: RwSignal<bool>
    ) -> AnyView {
        view! { <Panel entered open_request open /> }.into_any()
    }
}

/// The contents of the menu.
#[component]
fn Panel(
    entered: Callback<(), Option<Request>>,
    open_request: Callback<Request>,
    open: RwSignal<bool>,
) -> impl IntoView {
    let saved = RwSignal::new(read(&settings::recall(KEY).unwrap_or_default()));
    let name = RwSignal::new(String::new());
    let said = RwSignal::new("");
    let keep = move || {
        let is_kept = settings::remember(KEY, &write(&saved.read_untracked()));
        said.set(if is_kept {
            ""
        } else {
            "The browser does not keep this: its storage is full, or off. It is gone when you leave the page."
        });
    };
    let save = move || {
        let Some(request) = entered.run(()) else {
            return;
        };
        let given = name.read_untracked().trim().to_owned();
        let name_or_url = if given.is_empty() {
            request.url.clone()
        } else {
            given
        };
        add(
            &mut saved.write(),
            Saved {
                name: name_or_url,
                request,
            },
        );
        name.set(String::new());
        keep();
    };
    let save_by_key = move |event: ev::KeyboardEvent| {
        if event.key() == "Enter" {
            // This Enter does not open the stream.
            event.prevent_default();
            event.stop_propagation();
            save();
        }
    };
    let open_saved = Callback::new(move |request| {
        open.set(false);
        open_request.run(request);
    });
    let delete = Callback::new(move |name: String| {
        saved.write().retain(|saved| saved.name != name);
        keep();
    });
    let items = move || {
        let items = saved.get().into_iter();
        let items = items
            .map(|item| view! { <li>{saved_request(item, open_saved, delete)}</li> }.into_any());
        items.collect_view()
    };
    view! {
            <div class="save">
                <input
                    name="save-as"
                    aria-label="Name of the request"
                    placeholder="Name, or else the URL"
                    autocomplete="off"
                    bind:value=name
                    on:keydown=save_by_key
                />
                <button type="button" on:click=move |_| save()>
                    "Save"
                </button>
            </div>
            <p class="about">
                "Saved in this browser, with headers and body. Whoever uses this browser can read them."
            </p>
            <p class="about" role="status">
                {move || said.get()}
            </p>
            <ul aria-label="Saved requests">
                {move || items()}
            </ul>
    }
}

/// The buttons of a saved request.
fn saved_request(saved: Saved, open: Callback<Request>, delete: Callback<String>) -> impl IntoView {
    let Saved { name, request } = saved;
    let what = [request.method(), " ", &request.url].concat();
    let (label, delete_label) = (name.clone(), ["Delete ", &name].concat());
    view! {
        <button type="button" class="quiet" title=what on:click=move |_| open.run(request.clone())>
            {label}
        </button>
        <button
            type="button"
            class="quiet"
            aria-label=delete_label
            title="Delete"
            on:click=move |_| delete.run(name.clone())
        >
            "×"
        </button>
    }
}

/// Puts `saved` at the head of `all`, in place of an entry with the same name.
fn add(all: &mut Vec<Saved>, saved: Saved) {
    all.retain(|known| known.name != saved.name);
    all.insert(0, saved);
    all.truncate(MOST);
}

/// The requests as text: on each line the name and the request, as a query.
fn write(all: &[Saved]) -> String {
    let lines = all.iter().map(|Saved { name, request }| {
        form_urlencoded::Serializer::new(String::new())
            .append_pair("name", name)
            .extend_pairs(request.parameters(true))
            .finish()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The requests in `text`.
fn read(text: &str) -> Vec<Saved> {
    text.lines()
        .take(MOST)
        .filter_map(|line| {
            let mut pairs = form_urlencoded::parse(line.as_bytes());
            let (_, name) = pairs.find(|(key, _)| key == "name")?;
            Some(Saved {
                name: name.into_owned(),
                request: Request::from_query(line),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Way;

    fn saved(name: &str, body: &str) -> Saved {
        Saved {
            name: name.to_owned(),
            request: Request {
                url: "/é?a=b&c".to_owned(),
                way: Way::Fetch,
                method: "POST".to_owned(),
                headers: "a: b\nc: d".to_owned(),
                body: body.to_owned(),
                ..Request::default()
            },
        }
    }

    #[test]
    fn what_is_saved_is_read_again() {
        let all = [saved("a & b\n=", "1\n2"), saved("é", "")];
        assert_eq!(read(&write(&all)), all);
        assert_eq!(read(""), []);
        assert_eq!(read("url=x\n\nno name"), []);
    }

    #[test]
    fn a_name_is_there_once_and_the_oldest_is_dropped() {
        let mut all = Vec::new();
        for n in 0..MOST + 5 {
            add(&mut all, saved(&n.to_string(), ""));
        }
        assert_eq!(all.len(), MOST);
        add(&mut all, saved("10", "new"));
        assert_eq!((all.len(), &*all[0].request.body), (MOST, "new"));
        assert_eq!(all.iter().filter(|saved| saved.name == "10").count(), 1);
    }
}
