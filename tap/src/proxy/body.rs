//! The content of a body as it is kept: decoded, and its events counted.

use sse_wire::{Content, Note, Reader};

use crate::{decode::Decoder, exchanges::Seen};

/// The largest event whose ID is read, in bytes. A larger one is counted all the same.
const MAX_EVENT: usize = 1 << 20;

/// Reads the content of one body.
pub(super) struct Body {
    /// None once it failed: what follows is not kept.
    decoder: Option<Decoder>,
    events: Option<Reader>,
    decoded: Vec<u8>,
    problem: Option<String>,
}

impl Body {
    /// A body with this `Content-Encoding`. One that is not supported is kept as it is.
    pub(super) fn new(content_encoding: &str, is_event_stream: bool) -> Self {
        let (decoder, problem) = match Decoder::new(content_encoding) {
            Ok(decoder) => (Some(decoder), None),
            Err(error) => (Decoder::new("").ok(), Some(error.to_string())),
        };
        let reads_events = is_event_stream && problem.is_none();
        Self {
            decoder,
            events: reads_events.then(|| Reader::with_bound(MAX_EVENT)),
            decoded: Vec::new(),
            problem,
        }
    }

    /// Decodes bytes of the body.
    pub(super) fn read(&mut self, raw: &[u8]) -> (&[u8], Seen) {
        self.decoded.clear();
        if let Some(decoder) = &mut self.decoder
            && let Err(error) = decoder.push(raw, &mut self.decoded)
        {
            self.problem = Some(error.to_string());
            self.decoder = None;
        }
        let mut seen = Seen::default();
        if let Some(events) = &mut self.events {
            events.read(&self.decoded, |item| {
                match item.content {
                    Content::Event(_) | Content::Note(Note::TooLarge { .. }) => seen.events += 1,
                    Content::Retry(ms) => seen.retry = Some(ms),
                    _ => {}
                }
                seen.ids.extend(item.id.map(str::to_owned));
            });
        }
        (&self.decoded, seen)
    }

    /// Frees what a large read needed.
    pub(super) fn shrink(&mut self) {
        self.decoded.shrink_to(64 << 10);
    }

    /// What is wrong with the content, once it has ended; `is_whole` if its framing is complete.
    pub(super) fn end(&mut self, is_whole: bool) -> Option<String> {
        if is_whole
            && let Some(decoder) = &mut self.decoder
            && let Err(error) = decoder.finish()
        {
            self.problem = Some(error.to_string());
        }
        self.problem.take()
    }
}
