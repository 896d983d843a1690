//! An exchange of the relay, from the request of the page to the last record.

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use tokio::sync::mpsc;

use super::{
    Limits, Shutdown,
    failure::Failure,
    redirect::{self, Hop},
    report,
    request::Request,
    upstream::{self, Times, Upstream},
};
use crate::{capture, decode::Decoder, dial::Dialer};

/// An exchange.
pub(super) struct Exchange {
    request: Request,
    dialer: Dialer,
    limits: Limits,
    records: mpsc::Sender<Bytes>,
    hops: Vec<Hop>,
    times: Times,
    /// Whether the head of the response has been reported.
    is_open: bool,
    trailers: Option<HeaderMap>,
}

impl Exchange {
    pub(super) fn new(
        request: Request,
        dialer: Dialer,
        limits: Limits,
        records: mpsc::Sender<Bytes>,
    ) -> Self {
        Self {
            request,
            dialer,
            limits,
            records,
            hops: Vec::new(),
            times: Times::default(),
            is_open: false,
            trailers: None,
        }
    }

    /// Makes the request, and reports what happens until it is over, or until the shutdown.
    pub(super) async fn run(mut self, shutdown: Shutdown) {
        // Firefox does not resolve `fetch()` until a byte of the body is there.
        self.report(capture::begin).await;
        let outcome = tokio::select! {
            biased;
            outcome = self.play() => outcome,
            () = shutdown => Err(Failure::stopped()),
        };
        let mut out = Vec::new();
        if self.is_open {
            let (kind, text) = match &outcome {
                Ok(()) => ("ended", "The server ended the response."),
                Err(failure) => (failure.kind, &*failure.text),
            };
            capture::facts(&mut out, &report::end(kind, text, self.trailers.as_ref()));
            capture::close(&mut out, capture::now());
        } else if let Err(failure) = &outcome {
            let facts = report::head(&self.request.url, &self.hops, self.times, Err(failure));
            capture::head(&mut out, &facts);
        }
        capture::end(&mut out);
        self.send(out).await;
    }

    async fn play(&mut self) -> Result<(), Failure> {
        let upstream = loop {
            let upstream = upstream::send(
                &self.request,
                &self.dialer,
                self.limits.head_timeout,
                &mut self.times,
            )
            .await?;
            let (status, headers) = (upstream.response.status(), upstream.response.headers());
            if !redirect::follow(&mut self.request, &mut self.hops, status, headers)? {
                break upstream;
            }
        };
        let facts = report::head(&self.request.url, &self.hops, self.times, Ok(&upstream));
        self.report(|out| {
            capture::head(out, &facts);
            capture::open(out, capture::now());
        })
        .await;
        // Not earlier: a shutdown meanwhile ends the future above before it has sent anything.
        self.is_open = true;
        self.body(upstream).await
    }

    async fn body(&mut self, mut upstream: Upstream) -> Result<(), Failure> {
        let mut decoder = Decoder::new(&codings(upstream.response.headers()))?;
        let mut is_first = true;
        let mut decoded = Vec::new();
        while let Some(frame) = upstream.response.body_mut().frame().await {
            let frame = frame.map_err(|error| Failure::within_body(&error))?;
            let raw = match frame.into_data() {
                Ok(raw) => raw,
                Err(frame) => {
                    self.trailers = frame.into_trailers().ok();
                    continue;
                }
            };
            let at = capture::now();
            let since = upstream.sent.elapsed();
            decoded.clear();
            let decoding = decoder.push(&raw, &mut decoded);
            self.report(|out| {
                if !decoded.is_empty() {
                    capture::bytes(out, at, &decoded);
                }
                if is_first {
                    capture::facts(out, &report::first_byte(since));
                }
            })
            .await;
            is_first = false;
            decoding?;
        }
        decoder.finish()?;
        Ok(())
    }

    /// Sends records to the page.
    async fn report(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut out = Vec::new();
        write(&mut out);
        self.send(out).await;
    }

    async fn send(&self, records: Vec<u8>) {
        if !records.is_empty() {
            // The receiver exists as long as this future is polled.
            let _ = self.records.send(records.into()).await;
        }
    }
}

/// The content codings of a response. Several headers are one list (RFC 9110, 5.3).
fn codings(headers: &HeaderMap) -> String {
    let values = headers.get_all(header::CONTENT_ENCODING).iter();
    let texts: Vec<_> = values
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    texts.join(",")
}
