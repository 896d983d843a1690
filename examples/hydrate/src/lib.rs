//! A page that a server renders and the browser hydrates, with an event stream.
//!
//! The server sends the component `EventStream` as HTML in its first state, and connects to nothing. In the
//! browser the same component takes over that HTML, and connects. Both are this crate, built twice:
//!
//! | feature | target | contents |
//! | --- | --- | --- |
//! | `ssr` | the server's | [`App`], and the server |
//! | `hydrate` | WebAssembly | [`App`], and `hydrate`, which the page calls |
//!
//! To run it, with `wasm-pack` (`eval "$(make -s env)"` in the root of the repository finds the one that
//! `make` installed):
//!
//! ```sh
//! cd examples/hydrate
//! wasm-pack build --dev --target web --features hydrate && cargo run --features ssr
//! ```

// The types of a view that hydrates nest deeply.
#![recursion_limit = "256"]

#[cfg(feature = "ssr")]
pub mod server;

use leptos::prelude::*;
use sse_scope::EventStream;

/// The body of the page: rendered on the server, hydrated in the browser.
#[component]
pub fn App() -> impl IntoView {
    let is_shown = RwSignal::new(true);
    view! {
        <h1>"A clock on the server"</h1>
        <button on:click=move |_| is_shown.update(|is_shown| *is_shown = !*is_shown)>
            {move || if is_shown.get() { "Hide" } else { "Show" }}
        </button>
        // Hiding unmounts the component, which closes the stream.
        <Show when=move || is_shown.get()>
            <EventStream url="/events" events=["tick"] />
        </Show>
    }
}

/// Takes over the HTML that the server rendered.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(App);
}
