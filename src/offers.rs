//! What the server of the page offers beside the page: the relay, the tap, and the documentation of faults.

use std::sync::OnceLock;

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use web_sys::Element;

/// The name of the element `meta` that the server fills in: the words that apply, then the token.
const META: &str = "sse-scope-offers";

/// What the server of the page offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offers {
    /// Whether it requests streams for the page: `POST /relay`.
    pub(crate) relay: bool,
    /// Whether it shows what passes through its taps: `/tap/…`.
    pub(crate) tap: bool,
    /// Whether it serves the documentation of faults: `/faults`. A server that fills the element in does.
    pub(crate) faults: bool,
    /// What each request for these must have in the header [`TOKEN`].
    pub(crate) token: String,
}

/// The name of the header with the token.
pub(crate) const TOKEN: &str = "x-sse-scope-token";

impl Offers {
    /// Reads the content of the element. A server that does not fill it in offers nothing.
    fn read(content: &str) -> Self {
        let mut offers = Self {
            faults: !content.starts_with("{{"),
            ..Self::default()
        };
        for word in content.split_ascii_whitespace() {
            match word {
                "relay" => offers.relay = true,
                "tap" => offers.tap = true,
                token => token.clone_into(&mut offers.token),
            }
        }
        offers
    }
}

/// What the server of this page offers. It is the same as long as the page is loaded.
pub(crate) fn offers() -> &'static Offers {
    static OFFERS: OnceLock<Offers> = OnceLock::new();
    OFFERS.get_or_init(|| {
        // There is no page on a server, nor in native tests.
        let content = cfg!(target_arch = "wasm32").then(content).flatten();
        content.map_or_else(Offers::default, |content| Offers::read(&content))
    })
}

fn content() -> Option<String> {
    let meta = document().get_elements_by_name(META).get(0)?;
    meta.dyn_ref::<Element>()?.get_attribute("content")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_words_that_the_server_fills_in_are_offers() {
        for (content, faults, relay, tap, token) in [
            ("", true, false, false, ""),
            ("{{ SSE_SCOPE_OFFERS }}", false, false, false, "}}"),
            ("relay a-b_C", true, true, false, "a-b_C"),
            (" tap a-b_C ", true, false, true, "a-b_C"),
            ("relay tap a-b_C", true, true, true, "a-b_C"),
        ] {
            let expected = Offers {
                relay,
                tap,
                faults,
                token: token.to_owned(),
            };
            assert_eq!(Offers::read(content), expected);
        }
    }
}
