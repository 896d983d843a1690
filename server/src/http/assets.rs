//! The page and the documentation of faults, as `build.rs` embedded them.

use std::io::Write;

use axum::{
    Router,
    http::{HeaderMap, StatusCode, header::ACCEPT_ENCODING},
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use flate2::{Compression, write::GzEncoder};

use super::Offers;

include!(concat!(env!("OUT_DIR"), "/assets.rs"));
include!(concat!(env!("OUT_DIR"), "/faults.rs"));

/// The placeholder that trunk writes for a nonce (`create_nonce` in Trunk.toml).
const NONCE_PLACEHOLDER: &str = "{{__TRUNK NONCE__}}";

/// The placeholder in index.html for what the server offers to the page. Its spaces make the minifier of trunk keep
/// the quotation marks, which the words need.
const OFFERS_PLACEHOLDER: &str = "{{ SSE_SCOPE_OFFERS }}";

/// A file, as it is and compressed.
struct Asset {
    path: &'static str,
    content_type: &'static str,
    identity: &'static [u8],
    brotli: &'static [u8],
    gzip: &'static [u8],
}

/// Whether this binary contains the page.
pub fn has_page() -> bool {
    INDEX.is_some()
}

/// One route for each file, so that an unknown path is a 404 and a wrong method a 405.
pub(super) fn routes<S: Clone + Send + Sync + 'static>(offers: &Offers) -> Router<S> {
    let offers = offers.clone();
    let index = move |headers: HeaderMap| async move { index(&headers, &offers.words(&headers)) };
    let mut router = Router::new()
        .route("/", get(index))
        .route("/favicon.ico", get(favicon));
    for asset in ASSETS {
        router = router.route(
            asset.path,
            get(move |headers: HeaderMap| async move { serve(asset, &headers, FOREVER) }),
        );
    }
    for asset in &FAULTS {
        router = router.route(
            asset.path,
            get(move |headers: HeaderMap| async move { faults(asset, &headers) }),
        );
    }
    router
}

/// The documentation of faults, which needs no script and nothing of another origin.
fn faults(asset: &'static Asset, headers: &HeaderMap) -> Response {
    const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
                          form-action 'none'; frame-ancestors 'none'";
    let policy = [
        ("content-security-policy", POLICY),
        ("referrer-policy", "no-referrer"),
    ];
    (policy, serve(asset, headers, "no-cache")).into_response()
}

fn index(headers: &HeaderMap, offers: &str) -> Response {
    let Some(html) = INDEX else {
        return super::text(
            StatusCode::SERVICE_UNAVAILABLE,
            "This server was built without its page; the event stream is at /stream.\n\
             To have the page in it, run `make build` in its source. To install it so: `make dist/index.html`,\n\
             then `cargo install --locked --path server`.\n",
        );
    };
    let mut random = [0; 16];
    if let Err(error) = getrandom::fill(&mut random) {
        tracing::error!(%error, "no random bytes for a nonce");
        return super::text(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The system returned no random bytes.\n",
        );
    }
    let nonce = STANDARD_NO_PAD.encode(random);
    // `connect-src` is wide on purpose: the page opens any stream. Nothing that it receives can
    // become a script, a style or a frame.
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
         connect-src http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let common = [
        ("content-type", "text/html; charset=utf-8"),
        // No validator: a 304 would combine the new policy with a cached body and its old nonce.
        ("cache-control", "no-cache"),
        ("content-security-policy", &policy),
        ("vary", "accept-encoding"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ];
    let html = html
        .replace(NONCE_PLACEHOLDER, &nonce)
        .replace(OFFERS_PLACEHOLDER, offers);
    if accepts(accepted(headers), "gzip") {
        // Not in build.rs, because it contains the nonce and the token of the guard. The compressed
        // size does not reveal them: nothing that a request can choose is in the page.
        (
            common,
            [("content-encoding", "gzip")],
            gzip(html.as_bytes()),
        )
            .into_response()
    } else {
        (common, html).into_response()
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .expect("writing to memory")
}

async fn favicon() -> impl IntoResponse {
    let icon: &'static [u8] = include_bytes!("../../../style/icon.svg");
    (
        [
            ("content-type", "image/svg+xml"),
            ("cache-control", "max-age=86400"),
        ],
        icon,
    )
}

/// How long a file is fresh whose name contains a hash of its content.
const FOREVER: &str = "public, max-age=31536000, immutable";

fn serve(asset: &'static Asset, headers: &HeaderMap, cache_control: &'static str) -> Response {
    let accepted = accepted(headers);
    let common = [
        ("content-type", asset.content_type),
        ("cache-control", cache_control),
        ("vary", "accept-encoding"),
        ("x-content-type-options", "nosniff"),
    ];
    if accepts(accepted, "br") {
        (common, [("content-encoding", "br")], asset.brotli).into_response()
    } else if accepts(accepted, "gzip") {
        (common, [("content-encoding", "gzip")], asset.gzip).into_response()
    } else {
        (common, asset.identity).into_response()
    }
}

/// The value of the `accept-encoding` header. Without the header nothing is compressed.
fn accepted(headers: &HeaderMap) -> &str {
    headers
        .get(ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("")
}

/// Whether the value of an `accept-encoding` header names `coding` and does not refuse it by
/// `q=0` (RFC 9110, 12.5.3).
fn accepts(header: &str, coding: &str) -> bool {
    header.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let refused = parts.any(|part| {
            part.strip_prefix("q=")
                .and_then(|weight| weight.parse::<f32>().ok())
                == Some(0.0)
        });
        named && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::accepts;

    #[test]
    fn an_encoding_is_used_only_if_accepted() {
        for (header, coding, expected) in [
            ("gzip, deflate, br, zstd", "br", true),
            ("gzip, deflate, br;q=0", "br", false),
            ("gzip;q=0.5,br;q=0.0", "br", false),
            ("GZIP", "gzip", true),
            ("gzip;q=0.1", "gzip", true),
            ("x-gzip", "gzip", false),
            ("", "gzip", false),
        ] {
            assert_eq!(accepts(header, coding), expected, "{header:?} {coding}");
        }
    }
}
