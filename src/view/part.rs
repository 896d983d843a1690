//! Parts of the page that are loaded when they are first used.

use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

pub(super) use leptos::wasm_split::SplitLoaderError;
use leptos::{prelude::*, task::spawn_local};

/// Why a part is missing.
pub(super) const NOT_LOADED: &str = "This part of the page did not load. Its server may be gone, or have another version of the page, which appears when you reload.";

/// A part on its way.
pub(super) type Loading = Pin<Box<dyn Future<Output = Result<(), SplitLoaderError>>>>;

/// Declares a module with a function of a part of the page: `load` loads the part, and `call` calls the function
/// once the part is loaded.
///
/// With the feature `split`, the function and what only it needs are put into a WebAssembly module of the name
/// of the part (see `bundle/bundle.mjs`). Without, they are in the page's own, and loaded already.
macro_rules! part {
    ($part:ident: fn $name:ident($($argument:ident: $Type:ty),*) -> $Output:ty { $($body:tt)* }) => {
        mod $name {
            use super::*;
            use $crate::view::part::{Loading, SplitLoaderError, now};

            #[cfg(feature = "split")]
            #[leptos::wasm_split::wasm_split(
                $part,
                wasm_split_path = leptos::wasm_split,
                preload(preload),
                fallible
            )]
            fn $name($($argument: $Type),*) -> Result<$Output, SplitLoaderError> {
                Ok({ $($body)* })
            }

            #[cfg(not(feature = "split"))]
            async fn $name($($argument: $Type),*) -> Result<$Output, SplitLoaderError> {
                Ok({ $($body)* })
            }

            #[cfg(not(feature = "split"))]
            async fn preload() -> Result<(), SplitLoaderError> {
                Ok(())
            }

            pub(super) fn load() -> Loading {
                Box::pin(preload())
            }

            pub(super) fn call($($argument: $Type),*) -> Option<$Output> {
                now($name($($argument),*))
            }
        }
    };
}

pub(super) use part;

/// The output of `future`, if it needs nothing to be awaited: what is loaded is called at once.
pub(super) fn now<T>(future: impl Future<Output = Result<T, SplitLoaderError>>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(output)) => Some(output),
        _ => None,
    }
}

/// How far a part is, as far as it is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Neither loaded nor needed.
    Absent,
    /// Needed, and on its way.
    Loading,
    /// Needed, and not loaded.
    Failed,
    Loaded,
}

/// The view of a part of the page. The part is loaded when it is needed, and its view then remains.
#[component]
pub(super) fn Part(
    /// Whether the part is needed.
    #[prop(into)]
    needed: Signal<bool>,
    /// Whether it is loaded once the page is drawn, though it may not be needed: the server of the page may be
    /// gone when it is.
    #[prop(optional)]
    ahead: bool,
    /// Loads it.
    load: fn() -> Loading,
    /// Its view, once it is loaded.
    view: Callback<(), Option<AnyView>>,
) -> impl IntoView {
    let is_split = cfg!(feature = "split");
    let state = RwSignal::new(if is_split {
        State::Absent
    } else {
        State::Loaded
    });
    let request = move || {
        // Not if the component is unmounted meanwhile.
        if matches!(
            state.try_get_untracked(),
            Some(State::Absent | State::Failed)
        ) {
            state.set(State::Loading);
            spawn_local(async move {
                let is_loaded = load().await.is_ok();
                state.try_set(if is_loaded {
                    State::Loaded
                } else {
                    State::Failed
                });
            });
        }
    };
    Effect::new(move |_| {
        if needed.get() {
            request();
        }
    });
    if ahead && is_split {
        request_animation_frame(request);
    }
    let shown = Memo::new(move |_| match (state.get(), needed.get()) {
        (State::Loaded, _) => State::Loaded,
        (State::Failed, true) => State::Failed,
        (_, true) => State::Loading,
        (_, false) => State::Absent,
    });
    move || match shown.get() {
        State::Absent => ().into_any(),
        State::Loading => view! { <p class="part">"Loading …"</p> }.into_any(),
        State::Failed => view! {
            <p class="part" role="status">
                {NOT_LOADED} " "
                <button type="button" class="quiet" on:click=move |_| request()>
                    "Try again"
                </button>
            </p>
        }
        .into_any(),
        State::Loaded => view.run(()).into_any(),
    }
}
