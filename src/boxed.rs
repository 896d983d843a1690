//! Effects and futures as one type each, whatever they do: for each type of its own the machinery
//! behind them would be compiled again, a kB of WebAssembly a time.

use std::pin::Pin;

use leptos::prelude::*;

/// Runs `run` now, and again whenever a signal that it read has changed.
pub(crate) fn effect(run: impl FnMut() + 'static) {
    effect_of(Box::new(run));
}

fn effect_of(mut run: Box<dyn FnMut()>) {
    Effect::new(move |_| run());
}

/// Runs a future.
pub(crate) fn spawn(future: impl Future<Output = ()> + 'static) {
    let future: Pin<Box<dyn Future<Output = ()>>> = Box::pin(future);
    leptos::task::spawn_local(future);
}
