//! Whether a browser lets the page run anything between the events that it dispatches.

use std::{cell::Cell, rc::Rc};

use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::MessageChannel;

/// For how long, in ms, and how much, in bytes of data, a browser may dispatch without a break. Firefox and
/// WebKit do so as long as events arrive faster than the page receives them, and what has arrived fills the
/// memory (docs/engines.md). Chromium holds the server back, and takes a break after 2 MiB at the latest.
const MOST_MS: f64 = 5_000.0;
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// The longest time from one event to the next that counts, in ms: during a longer one the computer slept, or
/// a debugger held the page.
const MOST_BETWEEN_MS: f64 = 250.0;

/// The breaks between events: while events are dispatched, a message from the page to itself is under way.
pub(super) struct Breaks {
    channel: MessageChannel,
    /// Whether the message is under way.
    is_waiting: Rc<Cell<bool>>,
    /// The events since it was sent.
    run: Cell<Run>,
    _arrived: Closure<dyn Fn()>,
}

impl Breaks {
    pub(super) fn new() -> Result<Self, JsValue> {
        let channel = MessageChannel::new()?;
        let is_waiting = Rc::new(Cell::new(false));
        let arrived: Closure<dyn Fn()> = {
            let is_waiting = Rc::clone(&is_waiting);
            Closure::new(move || is_waiting.set(false))
        };
        let listener = arrived.as_ref().unchecked_ref();
        channel.port1().set_onmessage(Some(listener));
        Ok(Self {
            channel,
            is_waiting,
            run: Cell::default(),
            _arrived: arrived,
        })
    }

    /// Adds an event that was dispatched at `time_stamp`, with `size` bytes of data. Returns whether there was
    /// no break for too long.
    pub(super) fn are_missing(&self, time_stamp: f64, size: usize) -> bool {
        let mut run = self.run.get();
        if !self.is_waiting.replace(true) {
            run = Run {
                last: time_stamp,
                ..Run::default()
            };
            let _ = self.channel.port2().post_message(&JsValue::NULL);
        }
        run.add(time_stamp, size);
        self.run.set(run);
        run.is_too_long()
    }
}

impl Drop for Breaks {
    fn drop(&mut self) {
        self.channel.port1().close();
    }
}

/// Events without a break between them.
#[derive(Clone, Copy, Default)]
struct Run {
    /// How long they took, in ms.
    ms: f64,
    /// How much data they have.
    bytes: usize,
    /// When the last one was dispatched.
    last: f64,
}

impl Run {
    fn add(&mut self, time_stamp: f64, size: usize) {
        self.ms += (time_stamp - self.last).clamp(0.0, MOST_BETWEEN_MS);
        self.bytes += size;
        self.last = time_stamp;
    }

    fn is_too_long(self) -> bool {
        self.ms > MOST_MS && self.bytes > MOST_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_too_long_by_time_and_size_together() {
        // Each row: how many events, the time between them, their size, and whether the run is too long.
        for (count, between, size, expected) in [
            (10_000, 1.0, 1_000, true),
            // Many in a short time: a burst.
            (1_000_000, 0.001, 1_000, false),
            // Few on a slow page.
            (10_000, 1.0, 100, false),
            // Sleep counts little.
            (10, 3_600_000.0, 1_000_000, false),
        ] {
            let mut run = Run::default();
            for n in 0..count {
                run.add(f64::from(n) * between, size);
            }
            assert_eq!(run.is_too_long(), expected, "{count}, {between} ms");
        }
    }
}
