//! The bytes of a line as they arrived.

use std::sync::Arc;

use leptos::prelude::*;

use super::{
    super::{
        focus::Focus,
        marked::{Breaks, marked},
        window::{RowKey, Rows, Window},
    },
    hex,
    search::Search,
    snapshot::Snapshot,
};

/// The bytes in hexadecimal and as ASCII. Only the rows in sight are in the document.
#[component]
pub(super) fn Bytes(snapshot: Memo<Option<Arc<Snapshot>>>, search: Search) -> impl IntoView {
    let length =
        move || snapshot.with(|snapshot| snapshot.as_ref().map_or(0, |line| line.bytes.len()));
    let rows = Signal::derive(move || length().div_ceil(hex::BYTES));
    let window = Window::new(rows, Focus::get().rows);
    Effect::new(move |_| {
        snapshot.track();
        window.rewind();
    });
    Effect::new(move |_| {
        if let Some(place) = search.current_place() {
            let row = place.start / hex::BYTES;
            request_animation_frame(move || window.reveal(row));
        }
    });
    let keys = Signal::derive(move || {
        let of = snapshot.with(|snapshot| snapshot.as_ref().map_or(0, |line| line.line));
        let version = search.version.get();
        let current = search.current_place();
        let key = |row: usize| {
            let rows = current
                .as_ref()
                .map(|place| place.start / hex::BYTES..(place.end - 1) / hex::BYTES + 1);
            let is_current = rows.is_some_and(|rows| rows.contains(&row));
            let current = search.current.get_untracked().filter(|_| is_current);
            RowKey {
                of,
                number: row,
                version,
                current,
                ..RowKey::default()
            }
        };
        window.shown().map(key).collect()
    });
    let row = Callback::new(
        move |RowKey {
                  number, current, ..
              }| {
            let Some(snapshot) = snapshot.get_untracked() else {
                return ().into_any();
            };
            let text = hex::row(&snapshot.bytes, number);
            let (marks, first) = search.with_found(|found| hex::marks(found, number));
            let current = current.and_then(|current| current.checked_sub(first));
            view! { <div>{marked(&text, &marks, current, Breaks::Sign)}</div> }.into_any()
        },
    );
    view! {
        <div
            class="rows bytes"
            role="region"
            tabindex="0"
            aria-label="Data"
            // The number of rows in the document depends on this height.
            style:max-height="100vh"
            style:overflow="auto"
            node_ref=window.scroller
            on:scroll=move |_| window.scrolled()
        >
            <div style:overflow="visible clip" node_ref=window.sizer>
                <div style:transform=move || window.transform()>
                    <Rows keys row />
                </div>
            </div>
        </div>
    }
}
