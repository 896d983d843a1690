//! The page as a target for files that are dragged onto it.

use gloo_timers::callback::Timeout;
use leptos::{ev, prelude::*};
use web_sys::DragEvent;

use super::files::Files;

/// How long after the last `dragover` event a drag is over, in ms. While files are over the page, the
/// browser sends one at least each 350 ms (HTML, 6.12.5), and most send one each 50 ms.
///
/// The end of a drag has no event that all browsers send: `dragleave` is missing for an element that was
/// removed, as rows of the log are, and its `relatedTarget` is not known to WebKit.
const OVER_MS: u32 = 700;

/// Opens a capture that is dropped on the page, and shows a hint while files are over it.
///
/// leptos-use's `use_drop_zone` takes text too, which then could not be dropped in a text box.
#[component]
pub(super) fn DropTarget(
    /// Opens the capture.
    files: Files,
) -> impl IntoView {
    let over = RwSignal::new(false);
    let end = StoredValue::new_local(None);
    let dragged = window_event_listener(ev::dragover, move |event| {
        if has_files(&event) {
            event.prevent_default();
            let is_over = move || over.set(false);
            end.set_value(Some(Timeout::new(OVER_MS, is_over)));
            if !over.get_untracked() {
                over.set(true);
            }
        }
    });
    let dropped = window_event_listener(ev::drop, move |event| {
        if has_files(&event) {
            event.prevent_default();
            end.set_value(None);
            over.set(false);
            files.open_first(event.data_transfer().and_then(|data| data.files()));
        }
    });
    on_cleanup(move || {
        dragged.remove();
        dropped.remove();
    });
    view! {
        <p class="drop-hint" hidden=move || !over.get()>
            "Drop a capture (.sse) to open it in place of the stream"
        </p>
    }
}

/// Whether files are dragged, and not text.
fn has_files(event: &DragEvent) -> bool {
    let types = event.data_transfer().map(|data| data.types());
    types.is_some_and(|types| types.includes(&"Files".into(), 0))
}
