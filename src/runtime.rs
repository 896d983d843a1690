//! Effects, futures and signals behind one type each.
//!
//! Leptos is generic over closures and values, and each instance compiles to up to 1 kB of WebAssembly.
//! Here the closure or the future is boxed, so there is one instance of each.

use std::pin::Pin;

use js_sys::Promise;
use leptos::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// Runs `run` now, and again whenever a signal that it read has changed.
pub(crate) fn effect(run: impl FnMut() + 'static) {
    effect_of(Box::new(run));
}

fn effect_of(mut run: Box<dyn FnMut()>) {
    Effect::new(move |_| run());
}

/// The value of a signal, without subscribing to it.
pub(crate) fn current<T: Clone + Send + Sync + 'static>(signal: Signal<T>) -> T {
    untrack(|| signal.get())
}

/// Waits for `ms`; 0 yields to the browser, which may draw and handle events.
pub(crate) async fn pause(ms: i32) {
    let waited = Promise::new(&mut |resolve, _| {
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms);
    });
    // The promise is never rejected.
    let _ = JsFuture::from(waited).await;
}

/// Runs a future on this thread.
pub(crate) fn spawn(future: impl Future<Output = ()> + 'static) {
    let future: Pin<Box<dyn Future<Output = ()>>> = Box::pin(future);
    leptos::task::spawn_local(future);
}

/// The message of a value that was thrown.
pub(crate) fn thrown_message(thrown: &wasm_bindgen::JsValue) -> String {
    let message = js_sys::Reflect::get(thrown, &"message".into());
    let message = message.ok().and_then(|message| message.as_string());
    message.unwrap_or_else(|| "the browser refuses this request".to_owned())
}
