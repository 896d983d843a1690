//! The search within the data of the detail.

use std::{ops::Range, sync::Arc};

use gloo_timers::callback::Timeout;
use leptos::{ev, html, prelude::*};
use send_wrapper::SendWrapper;

use super::{
    super::{
        find::{Find, PATTERN_BYTES},
        watched::Watched,
    },
    Shape,
    snapshot::Snapshot,
    tree::TreeState,
};
use crate::{
    clock::now,
    json::{Index, decoded},
    text,
};

/// How long a search may work before the browser can draw, in ms.
const SLICE_MS: f64 = 10.0;

/// How many values are searched before the search looks at the clock.
const STEP: usize = 500;

/// How many places are found in text and in bytes at most. A tree has one for each value that matches.
const MOST: usize = 100_000;

/// What is searched for in the data, and where it was found.
#[derive(Clone, Copy)]
pub(super) struct Search {
    /// What is in the box.
    query: RwSignal<String>,
    /// What is marked: what is in the box, or else what the filter of the log finds.
    find: RwSignal<Option<Find>>,
    /// Distinguishes what was marked before from what is marked now.
    pub(super) version: RwSignal<u64>,
    /// In ascending order: in a tree the numbers of the nodes that match, as ranges of one; in text and in
    /// bytes, places.
    found: RwSignal<Vec<Range<usize>>>,
    /// Which of them is shown.
    pub(super) current: RwSignal<Option<usize>>,
    /// The node of the tree that is searched next; `None` if all are searched.
    next: RwSignal<Option<usize>>,
    /// Continues a search that needs more than one slice.
    rest: StoredValue<Option<SendWrapper<Timeout>>>,
}

impl Search {
    /// A search in `snapshot`, in the shape in which its data is shown.
    pub(super) fn new(
        snapshot: Memo<Option<Arc<Snapshot>>>,
        shape: Memo<Shape>,
        tree: TreeState,
    ) -> Self {
        let watched = Watched::expect();
        let search = Self {
            query: RwSignal::default(),
            find: RwSignal::new(None),
            version: RwSignal::new(0),
            found: RwSignal::default(),
            current: RwSignal::default(),
            next: RwSignal::default(),
            rest: StoredValue::new(None),
        };
        Effect::new(move |_| {
            let query = search.query.get();
            let find = match query.is_empty() {
                true => watched.highlight.get(),
                false => Find::new(&query, false, false),
            };
            // A regular expression is about text.
            let is_bytes = shape.get() == Shape::Bytes;
            let find = find.filter(|find| !(is_bytes && matches!(find, Find::Pattern(_))));
            let is_other = search.find.with_untracked(|before| *before != find);
            if is_other {
                search.find.set(find);
            }
            search.rest.set_value(None);
            search.current.set(None);
            search.next.set(None);
            let mut found = Vec::new();
            if let Some(snapshot) = snapshot.get() {
                let index = tree.index.get();
                match shape.get() {
                    Shape::Tree => search.next.set(index.map(|_| 0)),
                    Shape::Text => found = search.ranges(&snapshot.data),
                    Shape::Bytes => {
                        found = search.with(|find| find.ranges_in_bytes(&snapshot.bytes, MOST));
                    }
                }
            }
            // What is shown without a mark now and before stays in the document as it is.
            let had_none = search.found.with_untracked(Vec::is_empty);
            if is_other || !had_none || !found.is_empty() {
                search.version.update(|version| *version += 1);
            }
            search.found.set(found);
            if search.next.get_untracked().is_some() {
                search.advance(tree);
            }
            search.show_first();
        });
        search
    }

    /// What `f` returns for what is searched for; nothing if nothing is.
    fn with<T: Default>(self, f: impl FnOnce(&Find) -> T) -> T {
        self.find
            .with_untracked(|find| find.as_ref().map(f).unwrap_or_default())
    }

    /// The places to mark in a text of any length.
    pub(super) fn ranges(self, text: &str) -> Vec<Range<usize>> {
        self.with(|find| {
            let text = match find {
                // The browser cannot interrupt a search.
                Find::Pattern(_) => text::beginning(text, PATTERN_BYTES),
                _ => text,
            };
            find.ranges(text, MOST)
        })
    }

    /// Reads the places that were found, without subscribing.
    pub(super) fn with_found<T>(self, f: impl FnOnce(&[Range<usize>]) -> T) -> T {
        self.found.with_untracked(|found| f(found))
    }

    /// The place that is shown now. Subscribes to it.
    pub(super) fn current_place(self) -> Option<Range<usize>> {
        let current = self.current.get()?;
        self.with_found(|found| found.get(current).cloned())
    }

    /// Searches the tree for one slice of time.
    fn advance(self, tree: TreeState) {
        let Some(index) = tree.index.get_untracked() else {
            return;
        };
        let Some(mut next) = self.next.get_untracked() else {
            return;
        };
        let until = now() + SLICE_MS;
        let mut found = Vec::new();
        self.with(|find| {
            while next < index.len() {
                let end = (next + STEP).min(index.len());
                let matching = (next..end).filter(|node| is_in_node(find, &index, *node));
                found.extend(matching.map(|node| node..node + 1));
                next = end;
                if now() > until {
                    return;
                }
            }
        });
        let is_done = next >= index.len() || self.find.with_untracked(Option::is_none);
        self.next.set((!is_done).then_some(next));
        if !found.is_empty() {
            self.found.update(|all| all.append(&mut found));
        }
        self.show_first();
        if !is_done {
            let rest = Timeout::new(0, move || self.advance(tree));
            self.rest.set_value(Some(SendWrapper::new(rest)));
        }
    }

    /// Shows the first place of what is typed. What the filter of the log finds is only marked.
    fn show_first(self) {
        let is_typed = self.query.with_untracked(|query| !query.is_empty());
        let is_found = self.found.with_untracked(|found| !found.is_empty());
        if is_typed && is_found && self.current.get_untracked().is_none() {
            self.current.set(Some(0));
        }
    }

    /// Shows the next place, or the previous one.
    fn go(self, forward: bool) {
        let count = self.found.with_untracked(Vec::len);
        let Some(last) = count.checked_sub(1) else {
            return;
        };
        let to = match (self.current.get_untracked(), forward) {
            (None, true) => 0,
            (None | Some(0), false) => last,
            (Some(current), false) => current - 1,
            (Some(current), true) => (current + 1) % count,
        };
        self.current.set(Some(to));
    }

    /// `3 of 12`; empty if nothing is searched for.
    fn count(self) -> String {
        self.version.track();
        let count = self.found.with(Vec::len);
        if self.find.with_untracked(Option::is_none) {
            return String::new();
        }
        let all = text::count(count as u64);
        let more = match self.next.get() {
            Some(_) => "…",
            None if count == MOST => "+",
            None => "",
        };
        match self.current.get() {
            Some(current) => {
                let number = text::count(current as u64 + 1);
                [&number, " of ", &all, more].concat()
            }
            None => [&all, more, " found"].concat(),
        }
    }
}

/// Whether the key or the value of a node has a match. Of a container, only the key.
fn is_in_node(find: &Find, index: &Index, node: usize) -> bool {
    let key = index.key(node).map(decoded);
    if key.is_some_and(|key| find.is_in(&key)) {
        return true;
    }
    !index.get(node).kind.is_container() && find.is_in(&decoded(index.value(node)))
}

/// The box, how many places were found, and buttons to the next and the previous one.
#[component]
pub(super) fn SearchBar(search: Search) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let watched = Watched::expect();
    let on_keydown = move |event: ev::KeyboardEvent| match &*event.key() {
        "Enter" => {
            event.prevent_default();
            search.go(!event.shift_key());
        }
        "Escape" => {
            // Nothing else reacts to this key: first the box is emptied, then the focus leaves it.
            event.prevent_default();
            event.stop_propagation();
            if search.query.with_untracked(String::is_empty) {
                watched.select(None);
                watched.focus_log();
            } else {
                search.query.set(String::new());
            }
        }
        _ => {}
    };
    let count = Memo::new(move |_| search.count());
    let none = Memo::new(move |_| search.found.with(Vec::is_empty));
    view! {
        <div class="detail-search" role="search">
            <input
                type="search"
                name="find"
                placeholder="Find"
                aria-label="Find in the data"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                node_ref=input
                bind:value=search.query
                on:keydown=on_keydown
            />
            <output>{count}</output>
            <button
                type="button"
                class="quiet"
                aria-label="Previous match"
                title="Shift Enter"
                disabled=none
                on:click=move |_| search.go(false)
            >
                "↑"
            </button>
            <button
                type="button"
                class="quiet"
                aria-label="Next match"
                title="Enter"
                disabled=none
                on:click=move |_| search.go(true)
            >
                "↓"
            </button>
        </div>
    }
}
