//! Choices that are remembered until the next visit. A browser may refuse; then they hold until the
//! page is left.
//!
//! Not `use_storage` of leptos-use: it keeps all tabs in step, so that a grip dragged in one tab would move
//! columns in the others.

use leptos::prelude::window;
use web_sys::Storage;

fn storage() -> Option<Storage> {
    // A server has none.
    if !cfg!(target_arch = "wasm32") {
        return None;
    }
    window().local_storage().ok().flatten()
}

/// The value that is remembered under `key`.
pub(super) fn recall(key: &str) -> Option<String> {
    storage()?.get_item(&full(key)).ok()?
}

/// Remembers `value`. Returns whether the browser does.
pub(super) fn remember(key: &str, value: &str) -> bool {
    storage().is_some_and(|storage| storage.set_item(&full(key), value).is_ok())
}

fn full(key: &str) -> String {
    ["sse-scope-", key].concat()
}
