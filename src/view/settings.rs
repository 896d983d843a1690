//! Choices that are remembered until the next visit. A browser may refuse; then they hold until the
//! page is left.
//!
//! Not `use_storage` of leptos-use: it keeps all tabs in step, so that a grip dragged in one tab would move
//! columns in the others.

use leptos::prelude::*;
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

/// A signal of the value that is remembered under `key`, or of `default`.
///
/// A page that hydrates begins with the default, as the server did: Leptos takes the HTML of the server to
/// be what the signals are.
pub(super) fn remembered<T: Send + Sync + 'static>(
    key: &'static str,
    default: T,
    parse: fn(String) -> Option<T>,
) -> RwSignal<T> {
    let value = move || recall(key).and_then(parse);
    if !cfg!(feature = "hydrate") {
        return RwSignal::new(value().unwrap_or(default));
    }
    let signal = RwSignal::new(default);
    // Effects run after the hydration.
    Effect::new(move |_| {
        if let Some(value) = value() {
            signal.set(value);
        }
    });
    signal
}

/// Remembers `value`. Returns whether the browser does.
pub(super) fn remember(key: &str, value: &str) -> bool {
    storage().is_some_and(|storage| storage.set_item(&full(key), value).is_ok())
}

fn full(key: &str) -> String {
    ["sse-scope-", key].concat()
}
