//! A capture as a source: a file, or one that the server of this page sends as it is made. A file may also
//! be an event stream that was saved as it is.

use std::rc::Rc;

use js_sys::Uint8Array;
use leptos::task::spawn_local;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::{Abort, Failure, Guard, Notice, body, own_server::Request, thrown_message};
use crate::{
    clock::now,
    journal::{CaptureError, CaptureReader, FileKind, Record},
};

/// How much of the file is read at once, in bytes: little enough to add within a frame.
const PIECE: f64 = (256 << 10) as f64;

/// The facts about a file that is an event stream and no capture: there are none.
const NO_FACTS: &str = "{}";

/// A capture that is being read. Dropping it ends the reading.
pub(crate) struct Capture {
    _abort: Option<Abort>,
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
        Self {
            _abort: None,
            _guard: guard,
        }
    }

    /// Starts to request the capture at `path` of this page's server, which is read as it arrives.
    ///
    /// # Errors
    ///
    /// What the browser throws if it does not send such a request.
    pub(crate) fn request(path: &str, on_notice: Rc<dyn Fn(Notice<'_>)>) -> Result<Self, JsValue> {
        let (request, abort) = Request::new(path, None)?;
        let (guard, notify) = Guard::new(on_notice);
        spawn_local(async move {
            let result = follow(&request, &notify).await;
            notify(Notice::Played(result));
        });
        Ok(Self {
            _abort: Some(abort),
            _guard: guard,
        })
    }
}

/// Sends `request` and reads the capture to its end, as long as `notify` returns true.
async fn follow(
    request: &Request,
    notify: &dyn Fn(Notice<'_>) -> bool,
) -> Result<(), CaptureError> {
    let unreadable = |message: String| CaptureError::Unreadable { message };
    let sent = request.send().await;
    let incoming = sent.map_err(|refusal| unreadable(refusal.text))?;
    let mut reader = CaptureReader::new();
    let mut result = Ok(());
    let mut play = |bytes: &[u8]| {
        let mut goes_on = true;
        result = reader.feed(bytes, &mut |record| {
            goes_on = notify(Notice::Record(record));
        });
        goes_on && result.is_ok()
    };
    let ended = body::read(&incoming, &mut play).await;
    result?;
    match ended {
        Ok(Failure::TooFast) => Err(unreadable(Failure::TooFast.to_string())),
        // A connection that is lost cuts the capture off.
        _ => reader.finish(),
    }
}

/// Reads `file` to its end, as long as `notify` returns true.
async fn play(file: &Blob, notify: &dyn Fn(Notice<'_>) -> bool) -> Result<(), CaptureError> {
    let mut reader = None;
    let mut at = 0.0;
    while at < file.size() {
        let end = (at + PIECE).min(file.size());
        let bytes = read(file, at, end)
            .await
            .map_err(|error| CaptureError::Unreadable {
                message: thrown_message(&error),
            })?;
        let reader = match &mut reader {
            Some(reader) => reader,
            none => none.insert(Reader::of(&bytes, notify)?),
        };
        reader.feed(&bytes, notify)?;
        at = end;
        if !notify(Notice::Progress(at / file.size())) {
            return Ok(());
        }
    }
    // An empty file is neither a capture nor an event stream.
    reader.map_or(Err(CaptureError::NotACapture), |reader| {
        reader.finish(notify)
    })
}

/// Reads the file as what it is.
enum Reader {
    Capture(CaptureReader),
    /// An event stream without times: as if it arrived now.
    EventStream,
}

impl Reader {
    /// A reader of the file that begins with `bytes`.
    fn of(bytes: &[u8], notify: &dyn Fn(Notice<'_>) -> bool) -> Result<Self, CaptureError> {
        match FileKind::of(bytes) {
            FileKind::Capture => Ok(Self::Capture(CaptureReader::new())),
            FileKind::EventStream => {
                notify(Notice::Record(Record::Facts(NO_FACTS)));
                notify(Notice::Record(Record::Opened { at: now() }));
                Ok(Self::EventStream)
            }
            FileKind::Other => Err(CaptureError::NotACapture),
        }
    }

    fn feed(
        &mut self,
        bytes: &[u8],
        notify: &dyn Fn(Notice<'_>) -> bool,
    ) -> Result<(), CaptureError> {
        let mut record = |record: Record<'_>| {
            notify(Notice::Record(record));
        };
        match self {
            Self::Capture(reader) => return reader.feed(bytes, &mut record),
            Self::EventStream => record(Record::Bytes {
                at: now(),
                bytes,
                continues: false,
            }),
        }
        Ok(())
    }

    fn finish(self, notify: &dyn Fn(Notice<'_>) -> bool) -> Result<(), CaptureError> {
        match self {
            Self::Capture(reader) => reader.finish(),
            Self::EventStream => {
                notify(Notice::Record(Record::Closed { at: now() }));
                Ok(())
            }
        }
    }
}

/// The bytes of `file` from `start` to `end`.
async fn read(file: &Blob, start: f64, end: f64) -> Result<Vec<u8>, JsValue> {
    let piece = file.slice_with_f64_and_f64(start, end)?;
    let bytes = JsFuture::from(piece.array_buffer()).await?;
    Ok(Uint8Array::new(&bytes).to_vec())
}
