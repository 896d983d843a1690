//! Effects and futures as one type each, whatever they do, and signals read in one way: otherwise
//! the machinery behind them would be compiled again each time, up to a kB of WebAssembly.

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

/// The value of a signal, without subscribing. Each way to read one is compiled for each type of
/// value: so here is the only one beside `get`, which it uses.
pub(crate) fn current<T: Clone + Send + Sync + 'static>(signal: Signal<T>) -> T {
    untrack(|| signal.get())
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
