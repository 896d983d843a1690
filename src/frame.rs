//! At most one call for each frame, however many were requested.

use std::{cell::RefCell, rc::Rc};

use gloo_timers::callback::Timeout;
use leptos::prelude::window;
use wasm_bindgen::{JsCast, closure::Closure};

/// How long to wait for a frame, in ms. A hidden tab gets no frames; the call is then made after this
/// time.
const PATIENCE_MS: u32 = 250;

/// Calls a function once before the next frame is painted, after any number of requests. Dropping this
/// cancels a pending call.
pub(crate) struct Frame {
    callback: Closure<dyn Fn()>,
    pending: Rc<RefCell<Option<Pending>>>,
}

struct Pending {
    frame: i32,
    _patience: Timeout,
}

impl Drop for Pending {
    fn drop(&mut self) {
        // Cancelling a frame that has passed is allowed.
        let _ = window().cancel_animation_frame(self.frame);
    }
}

impl Frame {
    pub(crate) fn new(call: impl Fn() + 'static) -> Self {
        let pending = Rc::new(RefCell::new(None));
        let callback = {
            let pending = Rc::clone(&pending);
            Closure::new(move || {
                if pending.take().is_some() {
                    call();
                }
            })
        };
        Self { callback, pending }
    }

    /// Requests a call. It is made after this returns.
    pub(crate) fn request(&self) {
        if self.pending.borrow().is_some() {
            return;
        }
        let callback: &js_sys::Function = self.callback.as_ref().unchecked_ref();
        let Ok(frame) = window().request_animation_frame(callback) else {
            return;
        };
        let patience = Timeout::new(PATIENCE_MS, {
            let callback = callback.clone();
            move || {
                let _ = callback.call0(&wasm_bindgen::JsValue::NULL);
            }
        });
        *self.pending.borrow_mut() = Some(Pending {
            frame,
            _patience: patience,
        });
    }
}
