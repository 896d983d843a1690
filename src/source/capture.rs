//! A capture file as a source.

use std::rc::Rc;

use js_sys::Uint8Array;
use leptos::task::spawn_local;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::{Guard, Notice, thrown_message};
use crate::journal::{CaptureError, CaptureReader};

/// How much of the file is read at once, in bytes: little enough to add within a frame.
const PIECE: f64 = (256 << 10) as f64;

/// A capture that is being read. Dropping it ends the reading.
pub(crate) struct Capture {
    _guard: Guard,
}

impl Capture {
    /// Starts to read `file`.
    pub(crate) fn open(file: Blob, on_notice: Rc<dyn Fn(Notice<'_>)>) -> Self {
        let (guard, notify) = Guard::new(on_notice);
        spawn_local(async move {
            let result = play(&file, &notify).await;
            notify(Notice::Played(result));
        });
        Self { _guard: guard }
    }
}

/// Reads `file` to its end, as long as `notify` returns true.
async fn play(file: &Blob, notify: &dyn Fn(Notice<'_>) -> bool) -> Result<(), CaptureError> {
    let mut reader = CaptureReader::new();
    let mut at = 0.0;
    while at < file.size() {
        let end = (at + PIECE).min(file.size());
        let bytes = read(file, at, end)
            .await
            .map_err(|error| CaptureError::Unreadable {
                message: thrown_message(&error),
            })?;
        reader.feed(&bytes, &mut |record| {
            notify(Notice::Record(record));
        })?;
        at = end;
        if !notify(Notice::Progress(at / file.size())) {
            return Ok(());
        }
    }
    reader.finish()
}

/// The bytes of `file` from `start` to `end`.
async fn read(file: &Blob, start: f64, end: f64) -> Result<Vec<u8>, JsValue> {
    let piece = file.slice_with_f64_and_f64(start, end)?;
    let bytes = JsFuture::from(piece.array_buffer()).await?;
    Ok(Uint8Array::new(&bytes).to_vec())
}
