//! JSON as a tree whose parts can be folded.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use gloo_timers::callback::Timeout;
use leptos::{ev, prelude::*};
use send_wrapper::SendWrapper;

use super::{
    super::{
        focus::Focus,
        marked::{Breaks, marked},
        window::{RowKey, Rows, Window},
    },
    copy::CopyButton,
    search::Search,
};
use crate::{
    clock::now,
    json::{Folding, Index, Kind, Reader, decoded, looks_like_container, path},
    text,
};

/// How long JSON is read before the browser can draw, in ms.
const SLICE_MS: f64 = 10.0;

/// How many bytes of JSON are read before looking at the clock.
const STEP: usize = 64 << 10;

/// How many rows are unfolded at first.
const FIRST_ROWS: usize = 200;

/// How much of a value a row shows, in bytes.
const SHOWN: usize = 400;

/// How much of a selected text is shown in full, in bytes.
const FULL: usize = 64 << 10;

/// The largest indentation, in levels: JSON can be nested deeper than a screen is wide.
const DEEPEST: u32 = 40;

/// A JSON text as a tree.
#[derive(Clone, Copy)]
pub(super) struct TreeState {
    /// The tree; `None` if the text is not JSON, or not read yet.
    pub(super) index: RwSignal<Option<Arc<Index>>>,
    folding: RwSignal<Folding>,
    /// The number of the selected node.
    pub(super) selected: RwSignal<Option<usize>>,
    /// Why there is no tree; empty for text that does not look like a JSON object or array.
    pub(super) note: RwSignal<String>,
    reader: StoredValue<Option<Reader>>,
    /// Continues reading.
    rest: StoredValue<Option<SendWrapper<Timeout>>>,
}

impl TreeState {
    pub(super) fn new() -> Self {
        Self {
            index: RwSignal::default(),
            folding: RwSignal::default(),
            selected: RwSignal::default(),
            note: RwSignal::default(),
            reader: StoredValue::new(None),
            rest: StoredValue::new(None),
        }
    }

    /// Begins to read `data` in place of the text before.
    pub(super) fn read(self, data: Option<&Arc<str>>) {
        let data = data.filter(|data| looks_like_container(data));
        self.rest.set_value(None);
        self.reader.set_value(data.cloned().map(Reader::new));
        self.index.set(None);
        self.selected.set(None);
        self.note.set(String::new());
        self.advance();
    }

    /// Reads for one slice of time.
    fn advance(self) {
        let until = now() + SLICE_MS;
        let done = self.reader.try_update_value(|reader| {
            loop {
                match reader.as_mut()?.read(STEP) {
                    Ok(false) if now() < until => {}
                    Ok(false) => return Some(Ok(None)),
                    Ok(true) => return Some(Ok(reader.take().map(Reader::finish))),
                    Err(problem) => {
                        *reader = None;
                        return Some(Err(problem));
                    }
                }
            }
        });
        match done.flatten() {
            None => {}
            Some(Ok(Some(index))) => {
                self.folding.set(Folding::new(&index, FIRST_ROWS));
                self.note.set(String::new());
                self.index.set(Some(Arc::new(index)));
            }
            Some(Ok(None)) => {
                self.note.set("Reading the JSON…".to_owned());
                let rest = Timeout::new(0, move || self.advance());
                self.rest.set_value(Some(SendWrapper::new(rest)));
            }
            Some(Err(problem)) => self.note.set(problem.to_string()),
        }
    }

    /// The value of the selected node: the text of a string, anything else as it is written.
    pub(super) fn selected_value(self) -> Option<String> {
        let node = self.selected.get_untracked()?;
        let index = self.index.get_untracked()?;
        Some(match index.get(node).kind {
            Kind::String => decoded(index.value(node)).into_owned(),
            _ => index.value(node).to_owned(),
        })
    }

    /// Unfolds or folds a container.
    fn fold(self, node: usize, open: bool) {
        if let Some(index) = self.index.get_untracked() {
            self.folding
                .update(|folding| folding.set(&index, node, open));
        }
    }

    fn fold_all(self, open: bool) {
        if let Some(index) = self.index.get_untracked() {
            self.folding.update(|folding| folding.set_all(&index, open));
            // What is folded away cannot stay selected.
            let selected = self.selected.get_untracked();
            let is_gone = |node: usize| {
                self.folding
                    .with_untracked(|folding| folding.row_of(node).is_none())
            };
            if selected.is_some_and(is_gone) {
                self.selected.set(Some(0));
            }
        }
    }
}

/// The tree, the path of the selected value, and what can be done with it.
#[component]
pub(super) fn Tree(tree: TreeState, search: Search) -> impl IntoView {
    static TREES: AtomicU32 = AtomicU32::new(0);
    let number = TREES.fetch_add(1, Ordering::Relaxed);
    let id = move |node: usize| ["node-", &number.to_string(), "-", &node.to_string()].concat();

    let rows = Signal::derive(move || tree.folding.with(|folding| folding.rows().len()));
    let window = Window::new(rows, Focus::get().rows);
    Effect::new(move |_| {
        tree.index.track();
        window.rewind();
    });
    let show = move |node: usize| {
        if let Some(index) = tree.index.get_untracked() {
            let mut row = tree.folding.with_untracked(|folding| folding.row_of(node));
            if row.is_none() {
                tree.folding
                    .update(|folding| row = folding.reveal(&index, node));
            }
            tree.selected.set(Some(node));
            // Once the window has the height of the rows that were unfolded.
            request_animation_frame(move || {
                if let Some(row) = row {
                    window.reveal(row);
                }
            });
        }
    };
    Effect::new(move |_| {
        if let Some(place) = search.current_place() {
            show(place.start);
        }
    });

    let keys = Signal::derive(move || {
        let Some(index) = tree.index.get() else {
            return Vec::new();
        };
        let shown = window.shown();
        let selected = tree.selected.get();
        let current = search.current_place().map(|place| place.start);
        let version = search.version.get();
        let of = Arc::as_ptr(&index).addr() as u64;
        tree.folding.with(|folding| {
            let nodes = folding.rows().get(shown).unwrap_or_default();
            let key = |node: &u32| {
                let number = *node as usize;
                RowKey {
                    of,
                    number,
                    version,
                    current: current.filter(|current| *current == number),
                    is_open: folding.is_open(number),
                    is_selected: selected == Some(number),
                }
            };
            nodes.iter().map(key).collect()
        })
    });
    let row = Callback::new(move |key: RowKey| {
        let RowKey {
            number: node,
            is_open,
            is_selected,
            ..
        } = key;
        let Some(index) = tree.index.get_untracked() else {
            return ().into_any();
        };
        let found = *index.get(node);
        let is_foldable = found.children > 0;
        let siblings = index
            .parent(node)
            .map_or(1, |parent| index.get(parent).children);
        let current = key.current.map(|_| 0);
        let key = index.key(node).map(|key| {
            let key = decoded(key);
            let key = text::beginning(&key, SHOWN);
            marked(key, &search.ranges(key), current, Breaks::Sign)
        });
        let place = key.is_none() && index.parent(node).is_some();
        let value = shown_value(&index, node, is_open);
        let matches = match found.kind.is_container() {
            true => Vec::new(),
            false => search.ranges(&value),
        };
        let value = marked(&value, &matches, current, Breaks::Sign);
        let indent = ["calc(", &found.depth.min(DEEPEST).to_string(), " * 1.1em)"].concat();
        view! {
            <div
                class="node"
                role="treeitem"
                id=id(node)
                attr:aria-level=found.depth + 1
                aria-setsize=siblings
                aria-posinset=found.place + 1
                aria-expanded=is_foldable.then_some(if is_open { "true" } else { "false" })
                aria-selected=if is_selected { "true" } else { "false" }
                data-kind=kind_name(found.kind)
                style:padding-left=indent
                on:click=move |_| tree.selected.set(Some(node))
                on:dblclick=move |_| tree.fold(node, !is_open)
            >
                <span class="node-fold" aria-hidden="true" on:click=move |_| tree.fold(node, !is_open)>
                    {if !is_foldable { "" } else if is_open { "▾" } else { "▸" }}
                </span>
                <bdi class="node-key">{key}</bdi>
                <span class="node-place">{if place { found.place.to_string() } else { String::new() }}</span>
                <span class="node-colon">{index.parent(node).map_or("", |_| ": ")}</span>
                <bdi class="node-value">{value}</bdi>
            </div>
        }
        .into_any()
    });

    let on_keydown = move |event: ev::KeyboardEvent| {
        if event.ctrl_key() || event.alt_key() || event.meta_key() {
            return;
        }
        let Some(index) = tree.index.get_untracked() else {
            return;
        };
        let selected = tree.selected.get_untracked();
        let at = selected.unwrap_or_default();
        let is_open = tree.folding.with_untracked(|folding| folding.is_open(at))
            && index.get(at).kind.is_container();
        let is_foldable = index.get(at).children > 0;
        let step = |step: isize| {
            tree.folding.with_untracked(|folding| {
                let last = folding.rows().len().checked_sub(1)?;
                let row = match selected {
                    Some(node) => folding.row_of(node)?.saturating_add_signed(step),
                    None => 0,
                };
                folding.rows().get(row.min(last)).map(|node| *node as usize)
            })
        };
        let page = window.room().max(2) as isize - 1;
        let to = match &*event.key() {
            "ArrowDown" | "j" => step(1),
            "ArrowUp" | "k" => step(-1),
            "PageDown" => step(page),
            "PageUp" => step(-page),
            "Home" => Some(0),
            "End" => tree
                .folding
                .with_untracked(|folding| folding.rows().last().map(|node| *node as usize)),
            "ArrowRight" if is_foldable && is_open => Some(at + 1),
            "ArrowLeft" if !(is_foldable && is_open) => index.parent(at).or(Some(at)),
            "ArrowRight" | "ArrowLeft" | "Enter" | " " => {
                if is_foldable {
                    tree.fold(at, !is_open);
                }
                Some(at)
            }
            _ => return,
        };
        event.prevent_default();
        if let Some(to) = to {
            show(to);
        }
    };

    let selected_path = Memo::new(move |_| {
        let (index, node) = (tree.index.get()?, tree.selected.get()?);
        Some(path(&index, node))
    });
    let shown_path = move || {
        let path = selected_path.get().unwrap_or_default();
        marked(&path, &[], None, Breaks::Sign)
    };
    let no_path = Signal::derive(move || selected_path.with(Option::is_none));
    let active = move || tree.selected.get().map(id);
    // A text that does not fit in its row, in full.
    let long = Memo::new(move |_| {
        let (index, node) = (tree.index.get()?, tree.selected.get()?);
        let value = index.value(node);
        let is_long = value.len() > 60 || value.contains('\\');
        (is_long && index.get(node).kind == Kind::String)
            .then(|| text::beginning(&decoded(value), FULL).to_owned())
    });
    let no_long = Memo::new(move |_| long.with(Option::is_none));
    let long_text = move || {
        search.version.track();
        let is_current = search.current_place().map(|place| place.start);
        let current = is_current.filter(|node| Some(*node) == tree.selected.get());
        long.with(|long| {
            let text = long.as_deref().unwrap_or_default();
            marked(text, &search.ranges(text), current.map(|_| 0), Breaks::Kept)
        })
    };
    view! {
        <div
            class="rows tree"
            role="tree"
            tabindex="0"
            aria-label="Data"
            aria-activedescendant=active
            // The number of rows in the document depends on this height.
            style:max-height="100vh"
            style:overflow="auto"
            node_ref=window.scroller
            on:scroll=move |_| window.scrolled()
            on:keydown=on_keydown
        >
            <div role="presentation" style:overflow="visible clip" node_ref=window.sizer>
                <div role="presentation" style:transform=move || window.transform()>
                    <Rows keys row />
                </div>
            </div>
        </div>
        <pre class="node-text" role="region" tabindex="0" aria-label="The selected text" hidden=no_long>
            {move || long_text()}
        </pre>
        <div class="tree-foot">
            <code>{move || shown_path()}</code>
            <CopyButton
                label="Copy path"
                hidden=no_path
                text=Callback::new(move |()| selected_path.get_untracked().unwrap_or_default())
            />
            <button type="button" class="quiet" on:click=move |_| tree.fold_all(false)>
                "Fold all"
            </button>
            <button type="button" class="quiet" on:click=move |_| tree.fold_all(true)>
                "Unfold all"
            </button>
        </div>
    }
}

/// What a row shows of a value: of a container that is unfolded, how many values it has; of one that is
/// folded, also its beginning.
fn shown_value(index: &Index, node: usize, is_open: bool) -> String {
    let found = index.get(node);
    let written = text::beginning(index.value(node), SHOWN);
    let is_cut = written.len() < index.value(node).len();
    match found.kind {
        // A cut may be within an escape, which then stays as it is written.
        Kind::String if is_cut => {
            let size = text::bytes(index.value(node).len() as u64);
            let text = decoded(written);
            let text = text.strip_prefix('"').unwrap_or(&text);
            ["\"", text, "… (", &size, ")"].concat()
        }
        Kind::String => ["\"", &decoded(written), "\""].concat(),
        Kind::Object | Kind::Array if found.children > 0 => {
            let (open, close) = match found.kind {
                Kind::Object => ("{", "}"),
                _ => ("[", "]"),
            };
            let count = text::count(found.children.into());
            let size = [open, &count, close].concat();
            if is_open {
                return size;
            }
            let words: Vec<&str> = written.split_ascii_whitespace().collect();
            [&*size, " ", &words.join(" "), if is_cut { "…" } else { "" }].concat()
        }
        _ => [written, if is_cut { "…" } else { "" }].concat(),
    }
}

/// The value of `data-kind`, for the style.
fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Object => "object",
        Kind::Array => "array",
        Kind::String => "string",
        Kind::Number => "number",
        Kind::Literal => "literal",
    }
}
