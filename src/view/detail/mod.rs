//! The detail of one line.

mod bytes;
mod copy;
mod hex;
mod plain;
mod search;
mod snapshot;
mod tree;

use std::sync::Arc;

use leptos::{html, prelude::*};
use web_sys::{ScrollIntoViewOptions, ScrollLogicalPosition};

pub(super) use self::copy::CopyButton;
use self::{
    bytes::Bytes,
    plain::Plain,
    search::{Search, SearchBar},
    snapshot::Snapshot,
    tree::{Tree, TreeState},
};
use super::{
    grip::{Axis, Grip, Size},
    marked::{Breaks, marked},
    settings,
    watched::Watched,
};

/// The name under which the form is remembered.
const KEY: &str = "form";

/// A form in which data is shown, as the reader chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// JSON as a tree, anything else as it is.
    Tree,
    /// The data as it is.
    Raw,
    /// The bytes of the line as they arrived.
    Bytes,
}

impl Form {
    const ALL: [Self; 3] = [Self::Tree, Self::Raw, Self::Bytes];

    fn label(self) -> &'static str {
        match self {
            Self::Tree => "Tree",
            Self::Raw => "Raw",
            Self::Bytes => "Bytes",
        }
    }

    /// The name that is remembered.
    fn name(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::Raw => "raw",
            Self::Bytes => "bytes",
        }
    }

    fn named(name: String) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }
}

/// How the data is shown: as the chosen form, as far as that is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Tree,
    Text,
    Bytes,
}

/// The selected line in full: its facts, its data in three forms, a search, and buttons that copy.
/// Hidden while no line is selected.
#[component]
pub(crate) fn Detail(
    /// Called when the reader closes the detail by its button.
    on_close: Callback<()>,
) -> impl IntoView {
    let watched = Watched::expect();
    let snapshot = Memo::new_with_compare(
        move |_| {
            let selected = watched.selected.get()?;
            let journal = watched.journal();
            let line = journal.get(selected)?;
            Some(Arc::new(Snapshot::of(line, &journal, watched)))
        },
        |before, after| line_of(before) != line_of(after),
    );
    let form = settings::remembered(KEY, Form::Tree, Form::named);
    let tree = TreeState::new();
    Effect::new(move |_| {
        let is_tree = form.get() == Form::Tree;
        snapshot.with(|snapshot| {
            let data = snapshot.as_ref().map(|snapshot| &snapshot.data);
            tree.read(data.filter(|_| is_tree));
        });
    });
    let shape = Memo::new(move |_| match form.get() {
        Form::Tree if tree.index.with(Option::is_some) => Shape::Tree,
        Form::Tree | Form::Raw => Shape::Text,
        Form::Bytes => Shape::Bytes,
    });
    let search = Search::new(snapshot, shape, tree);
    let is_closed = Memo::new(move |_| watched.answer.get() || snapshot.with(Option::is_none));
    let title = move || {
        snapshot.with(|snapshot| {
            let title = snapshot.as_ref().map_or("", |line| &*line.title);
            marked(title, &[], None, Breaks::Sign)
        })
    };
    let facts = move || {
        let facts = snapshot.get().map(|line| line.facts.clone());
        let facts = facts.into_iter().flatten().map(|(name, value)| {
            view! {
                <div>
                    <dt>{name}</dt>
                    <dd><bdi>{marked(&value, &[], None, Breaks::Sign)}</bdi></dd>
                </div>
            }
            .into_any()
        });
        facts.collect_view()
    };
    // The types that the client listens to may change while the detail is open.
    let dispatched = Memo::new(move |_| {
        let listeners = watched.listeners();
        snapshot.with(|line| match (line, listeners) {
            (Some(line), Some(listeners)) => line.dispatched(&listeners),
            _ => String::new(),
        })
    });
    let dispatched_text =
        move || dispatched.with(|dispatched| marked(dispatched, &[], None, Breaks::Sign));
    let is_not_dispatched = Memo::new(move |_| dispatched.with(String::is_empty));

    let root = NodeRef::<html::Aside>::new();
    Effect::new(move |_| {
        let is_selected = watched.selected.get().is_some();
        if snapshot.with(Option::is_none) {
            // The line was evicted before it could be shown.
            if is_selected {
                watched.select(None);
            }
        } else if let Some(root) = root.get_untracked() {
            // On a low screen the detail may be below the visible part of the page. It appears in this
            // frame.
            request_animation_frame(move || {
                let options = ScrollIntoViewOptions::new();
                options.set_block(ScrollLogicalPosition::Nearest);
                root.scroll_into_view_with_scroll_into_view_options(&options);
            });
        }
    });

    let value = move |()| {
        let selected = tree.selected_value();
        selected.unwrap_or_else(|| {
            snapshot.with_untracked(|snapshot| match (snapshot, form.get_untracked()) {
                (None, _) => String::new(),
                (Some(line), Form::Bytes) => hex::dump(&line.bytes),
                (Some(line), _) => line.data.to_string(),
            })
        })
    };
    let row = move |()| {
        let snapshot = snapshot.get_untracked();
        snapshot.map_or_else(String::new, |line| line.json())
    };
    let (width, height) = (
        Size::remembered("detail-width", Axis::X),
        Size::remembered("detail-height", Axis::Y),
    );
    let resized = Signal::derive(move || is_closed.track());
    let no_note = Memo::new(move |_| tree.note.with(String::is_empty));
    let data = move || match shape.get() {
        Shape::Tree => view! { <Tree tree search /> }.into_any(),
        Shape::Text => view! { <Plain snapshot search /> }.into_any(),
        Shape::Bytes => view! { <Bytes snapshot search /> }.into_any(),
    };

    view! {
        <aside
            class="detail"
            aria-label="Detail"
            hidden=is_closed
            style=("--detail-width", move || width.css())
            style=("--detail-height", move || height.css())
            node_ref=root
        >
            <Grip label="Width of the detail" size=width resized />
            <Grip label="Height of the detail" size=height resized />
            <div class="detail-head">
                <h2><bdi>{move || title()}</bdi></h2>
                <CopyButton label="Copy value" hidden=false text=Callback::new(value) />
                <CopyButton label="Copy row" hidden=false text=Callback::new(row) />
                <button type="button" class="quiet" title="Esc" on:click=move |_| on_close.run(())>
                    "Close"
                </button>
            </div>
            <dl>
                {move || facts()}
                <div class="dispatched" hidden=is_not_dispatched>
                    <dt>"EventSource"</dt>
                    <dd><bdi>{move || dispatched_text()}</bdi></dd>
                </div>
            </dl>
            <div class="detail-tools">
                <Forms form />
                <SearchBar search />
            </div>
            <p class="detail-note" hidden=no_note>
                {move || tree.note.get()}
            </p>
            {move || data()}
        </aside>
    }
}

/// The buttons that choose a form.
#[component]
fn Forms(form: RwSignal<Form>) -> impl IntoView {
    let choose = move |chosen: Form| {
        form.set(chosen);
        settings::remember(KEY, chosen.name());
    };
    let buttons = Form::ALL.map(|each| {
        let pressed = move || if form.get() == each { "true" } else { "false" };
        view! {
            <button type="button" aria-pressed=pressed on:click=move |_| choose(each)>
                {each.label()}
            </button>
        }
        .into_any()
    });
    view! {
        <div class="tabs" role="group" aria-label="Form">
            {Vec::from(buttons)}
        </div>
    }
}

fn line_of(snapshot: Option<&Option<Arc<Snapshot>>>) -> Option<u64> {
    Some(snapshot?.as_ref()?.line)
}
