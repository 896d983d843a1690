//! Effects and futures as one type each, whatever they do: for each type of its own the machinery
//! behind them would be compiled again, a kB of WebAssembly a time.

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

/// Waits `ms`; 0 lets the page draw and hear.
pub(crate) async fn pause(ms: i32) {
    let waited = Promise::new(&mut |resolve, _| {
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms);
    });
    // It is never rejected.
    let _ = JsFuture::from(waited).await;
}

/// Runs a future.
pub(crate) fn spawn(future: impl Future<Output = ()> + 'static) {
    let future: Pin<Box<dyn Future<Output = ()>>> = Box::pin(future);
    leptos::task::spawn_local(future);
}
