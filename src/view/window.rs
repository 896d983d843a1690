//! A window over rows of one height. Only the rows in sight are in the document.

use std::ops::Range;

use leptos::{html, prelude::*};
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::ResizeObserver;

use super::viewport::{ROW, Viewport};

/// Identifies a row and how it looks: a row whose key changes is made again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct RowKey {
    /// What the row is a part of.
    pub(super) of: u64,
    /// The number of the row in it.
    pub(super) number: usize,
    /// The version of the search whose matches are marked.
    pub(super) version: u64,
    /// The number of the current match, if it is in this row.
    pub(super) current: Option<usize>,
    pub(super) is_open: bool,
    pub(super) is_selected: bool,
}

/// The rows with `keys`. One component for all kinds of rows, because each `<For>` compiles the comparison of
/// two lists again (2 kB).
#[component]
pub(super) fn Rows(keys: Signal<Vec<RowKey>>, row: Callback<RowKey, AnyView>) -> impl IntoView {
    view! { <For each=move || keys.get() key=|key| *key children=move |key| row.run(key) /> }
}

/// The rows that are in the document.
#[derive(Clone, Debug, Default, PartialEq)]
struct Shown {
    rows: Range<usize>,
    /// The distance of the first one from the upper edge of all rows, in px.
    y: i64,
}

/// The state of a window. The component that has the rows puts `scroller` around `sizer` around the rows.
#[derive(Clone, Copy)]
pub(super) struct Window {
    /// The element that scrolls.
    pub(super) scroller: NodeRef<html::Div>,
    /// The element that is as high as all rows.
    pub(super) sizer: NodeRef<html::Div>,
    viewport: StoredValue<Viewport>,
    /// The position of the upper edge, in rows.
    top: StoredValue<f64>,
    /// How many rows there are.
    rows: Signal<usize>,
    shown: RwSignal<Shown>,
}

impl Window {
    /// A window over `rows` rows, in `scroller`.
    pub(super) fn new(rows: Signal<usize>, scroller: NodeRef<html::Div>) -> Self {
        let window = Self {
            scroller,
            sizer: NodeRef::new(),
            viewport: StoredValue::new(Viewport::new(0.0)),
            top: StoredValue::new(0.0),
            rows,
            shown: RwSignal::default(),
        };
        observe_size(scroller, Callback::new(move |()| window.measure()));
        Effect::new(move |_| {
            rows.track();
            window.update();
        });
        window
    }

    /// The rows to have in the document.
    pub(super) fn shown(self) -> Range<usize> {
        self.shown.with(|shown| shown.rows.clone())
    }

    /// The style property that moves these rows to their place.
    pub(super) fn transform(self) -> String {
        let y = self.shown.with(|shown| shown.y);
        ["translateY(", &y.to_string(), "px)"].concat()
    }

    /// How many rows fit.
    pub(super) fn room(self) -> usize {
        self.viewport.with_value(Viewport::room) as usize
    }

    /// Handles a movement of the scroll bar.
    pub(super) fn scrolled(self) {
        let Some(scroller) = self.scroller.get_untracked() else {
            return;
        };
        let (scroll, height) = (scroller.scroll_top(), scroller.client_height());
        self.move_to(|viewport, rows, top| {
            viewport.scrolled(f64::from(scroll), f64::from(height), rows, top)
        });
    }

    /// Scrolls as little as needed to have `row` in sight.
    pub(super) fn reveal(self, row: usize) {
        // The window may have become smaller just now.
        self.measure();
        self.move_to(|viewport, rows, top| viewport.reveal(row as u64, rows, top));
    }

    /// Scrolls to the first row.
    pub(super) fn rewind(self) {
        self.move_to(|_, _, _| Some(0.0));
    }

    fn measure(self) {
        if let Some(scroller) = self.scroller.get_untracked() {
            let height = f64::from(scroller.client_height());
            self.viewport
                .update_value(|viewport| viewport.set_height(height));
            self.update();
        }
    }

    /// Changes the viewport by `change`, which returns the upper edge if it has changed.
    fn move_to(self, change: impl FnOnce(&mut Viewport, u64, f64) -> Option<f64>) {
        let (rows, top) = (self.rows.get_untracked() as u64, self.top.get_value());
        let top = self.viewport.try_update_value(|viewport| {
            viewport.set_following(false);
            change(viewport, rows, top)
        });
        if let Some(top) = top.flatten() {
            self.top.set_value(top);
            self.update();
        }
    }

    /// Decides what is in sight.
    fn update(self) {
        let (Some(scroller), Some(sizer)) =
            (self.scroller.get_untracked(), self.sizer.get_untracked())
        else {
            return;
        };
        let (rows, top) = (self.rows.get_untracked() as u64, self.top.get_value());
        self.viewport.update_value(|viewport| {
            // Rows that are added when a part is unfolded do not move the window to the last one.
            viewport.set_following(false);
            let layout = viewport.layout(rows, top);
            if layout.content_changed {
                // At once, because the scroll bar cannot move beyond the previous height.
                let height = [&(layout.content as i64).to_string(), "px"].concat();
                let _ = (*sizer).style().set_property("height", &height);
            }
            if let Some(scroll) = layout.scroll {
                scroller.set_scroll_top(scroll as i32);
                viewport.set_scroll(f64::from(scroller.scroll_top()));
            }
            let range = layout.rows(viewport, rows);
            let y = viewport.scroll() + (range.start as f64 - layout.top) * ROW;
            let shown = Shown {
                rows: range.start as usize..range.end as usize,
                y: y as i64,
            };
            if self.shown.with_untracked(|before| *before != shown) {
                self.shown.set(shown);
            }
        });
    }
}

/// Calls `changed` when `element` appears and whenever it changes its size.
pub(super) fn observe_size(element: NodeRef<html::Div>, changed: Callback<()>) {
    let observed = StoredValue::new(None);
    Effect::new(move |_| {
        let Some(element) = element.get() else {
            return;
        };
        changed.run(());
        let callback = Closure::<dyn Fn()>::new(move || changed.run(()));
        // Every browser that runs WebAssembly has a ResizeObserver.
        if let Ok(observer) = ResizeObserver::new(callback.as_ref().unchecked_ref()) {
            observer.observe(&element);
            observed.set_value(Some(SendWrapper::new(Observer {
                observer,
                _callback: callback,
            })));
        }
    });
}

/// A `ResizeObserver` that stops when it is dropped.
struct Observer {
    observer: ResizeObserver,
    _callback: Closure<dyn Fn()>,
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
