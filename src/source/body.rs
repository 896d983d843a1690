//! The body of a response, chunk by chunk.

use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll, ready},
};

use js_sys::{Promise, Reflect, Uint8Array};
use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    MessageChannel, ReadableStream, ReadableStreamByobReader, ReadableStreamDefaultReader, Response,
};

use super::Failure;
use crate::clock::ticks;

/// How long to read before the page may draw, in ms. Drawing takes as long whatever was read: by half as much the page
/// reads two thirds as fast (docs/design.md). By more, input would wait longer than two frames at 60 Hz.
const SHARE_MS: f64 = 18.0;

/// How much of a chunk to read before the next look at the clock, in bytes. Firefox and WebKit hand over
/// chunks of any size.
const PIECE: u32 = 64 * 1024;

/// How much of a stream may wait to be read, in bytes. Firefox and WebKit receive all that the server sends,
/// however slowly the page reads, until the memory is full (docs/engines.md).
const MOST_WAITING: f64 = 128.0 * 1024.0 * 1024.0;

/// How long to wait for a frame, in ms.
const PATIENCE_MS: i32 = 250;

/// No browser that holds the server back has a larger chunk, in bytes. In Chromium 2 MiB is the largest.
const LARGE: u32 = 8 * 1024 * 1024;

/// Reads the body of `incoming` as long as `sink` returns true, and returns why it ended. The page draws
/// meanwhile.
pub(super) async fn read(
    incoming: &Response,
    sink: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<Failure, JsValue> {
    let Some(body) = incoming.body() else {
        return Ok(Failure::Ended);
    };
    let mut body = Body::new(&body);
    let mut buffer = vec![0; PIECE as usize];
    let mut since = ticks();
    while let Some(chunk) = body.next().await? {
        let len = chunk.length();
        for start in (0..len).step_by(PIECE as usize) {
            if f64::from(len - start) + body.waiting() > MOST_WAITING {
                return Ok(Failure::TooFast);
            }
            let piece = chunk.subarray(start, len.min(start + PIECE));
            let bytes = &mut buffer[..piece.length() as usize];
            piece.copy_to(bytes);
            if !sink(bytes) {
                return Ok(Failure::Ended);
            }
            if ticks() - since > SHARE_MS {
                body.pause(MOST_WAITING - f64::from(len - start)).await?;
                since = ticks();
            }
        }
    }
    Ok(Failure::Ended)
}

/// The first chunk of the body of `incoming`.
pub(super) async fn first_chunk(incoming: &Response) -> Result<Vec<u8>, JsValue> {
    let Some(body) = incoming.body() else {
        return Ok(Vec::new());
    };
    let chunk = Body::new(&body).next().await?;
    Ok(chunk.map(|chunk| chunk.to_vec()).unwrap_or_default())
}

/// The body of a response.
struct Body {
    reader: ReadableStreamDefaultReader,
    /// Whether chunks are read while the page pauses.
    reads_ahead: bool,
    /// The chunk that was asked for and has not arrived.
    asked: Option<JsFuture>,
    /// The chunks that were read ahead.
    ahead: VecDeque<Uint8Array>,
    /// The length of the chunks that were read ahead, in bytes.
    waiting: f64,
}

impl Body {
    fn new(body: &ReadableStream) -> Self {
        // WebKit runs no timer and draws no frame while data arrives faster than it can hand over, but it
        // answers reads: without them the page would not run until a flood ends. It lacks this kind of reader,
        // which byte streams have, as bodies are (Fetch, 2.2.4). In a browser that holds the server back,
        // reading ahead would prevent that.
        let byob = ReadableStreamByobReader::new(body);
        if let Ok(byob) = &byob {
            byob.release_lock();
        }
        Self {
            reader: body.get_reader().unchecked_into(),
            reads_ahead: byob.is_err(),
            asked: None,
            ahead: VecDeque::new(),
            waiting: 0.0,
        }
    }

    /// How much was read ahead, in bytes.
    fn waiting(&self) -> f64 {
        self.waiting
    }

    /// The next chunk; `None` at the end.
    async fn next(&mut self) -> Result<Option<Uint8Array>, JsValue> {
        if let Some(chunk) = self.ahead.pop_front() {
            self.waiting -= f64::from(chunk.length());
            return Ok(Some(chunk));
        }
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Waits until the page has drawn, or until more than `most` bytes were read ahead.
    async fn pause(&mut self, most: f64) -> Result<(), JsValue> {
        let mut turn = JsFuture::from(turn()?);
        poll_fn(|cx| {
            while self.reads_ahead {
                if self.waiting > most {
                    return Poll::Ready(Ok(()));
                }
                match self.poll_next(cx) {
                    Poll::Pending => break,
                    Poll::Ready(Ok(Some(chunk))) => {
                        self.waiting += f64::from(chunk.length());
                        self.ahead.push_back(chunk);
                    }
                    // The next read has the same result.
                    Poll::Ready(Ok(None) | Err(_)) => self.reads_ahead = false,
                }
            }
            Pin::new(&mut turn).poll(cx).map_ok(|_| ())
        })
        .await
    }

    /// Reads a chunk. There is one read at a time, which goes on if its result is not waited for.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Uint8Array>, JsValue>> {
        let reader = &self.reader;
        let asked = self.asked.get_or_insert_with(|| reader.read().into());
        let result = ready!(Pin::new(asked).poll(cx));
        self.asked = None;
        let chunk = Reflect::get(&result?, &"value".into())?;
        if chunk.is_undefined() {
            return Poll::Ready(Ok(None));
        }
        let chunk: Uint8Array = chunk.unchecked_into();
        self.reads_ahead |= chunk.length() > LARGE;
        Poll::Ready(Ok(Some(chunk)))
    }
}

/// A promise that resolves once the page has drawn. A hidden page does not draw: there it resolves once the
/// other pending tasks have run. A timer would do as well, but browsers delay the timers of hidden pages by
/// a second.
fn turn() -> Result<Promise, JsValue> {
    let channel = MessageChannel::new()?;
    Ok(Promise::new(&mut |resolve, _| {
        if document().hidden() {
            channel.port1().set_onmessage(Some(&resolve));
            let _ = channel.port2().post_message(&JsValue::NULL);
        } else {
            let _ = window().request_animation_frame(&resolve);
            // The page may be hidden before the next frame.
            let _ = window()
                .set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, PATIENCE_MS);
        }
    }))
}
