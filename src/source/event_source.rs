//! An owned `EventSource`.

use std::rc::Rc;

use sse_wire::Event;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{EventSourceInit, MessageEvent};

use super::{Failure, Notice, breaks::Breaks};

/// A browser's `EventSource` that is closed, with all its listeners removed, when it is dropped.
pub(crate) struct EventSource {
    inner: web_sys::EventSource,
    listeners: Vec<Listener>,
    on_notice: Rc<dyn Fn(Notice<'_>)>,
    breaks: Rc<Breaks>,
}

impl EventSource {
    /// Starts to connect to `url`, and subscribes to `event_types` and to `message`.
    ///
    /// # Errors
    ///
    /// What the browser throws: a `SyntaxError` if it cannot parse `url`.
    pub(crate) fn open(
        url: &str,
        with_credentials: bool,
        event_types: &[String],
        on_notice: Rc<dyn Fn(Notice<'_>)>,
    ) -> Result<Self, JsValue> {
        let init = EventSourceInit::new();
        init.set_with_credentials(with_credentials);
        let inner = web_sys::EventSource::new_with_event_source_init_dict(url, &init)?;
        let mut source = Self {
            inner,
            listeners: Vec::new(),
            on_notice,
            breaks: Rc::new(Breaks::new()?),
        };
        source.subscribe(event_types);
        Ok(source)
    }

    /// Changes the event types that are subscribed to. If the stream is open, no event is missed or
    /// received twice.
    pub(crate) fn subscribe(&mut self, event_types: &[String]) {
        let wanted = || {
            ["open", "error", "message"]
                .into_iter()
                .chain(event_types.iter().map(String::as_str))
        };
        self.listeners
            .retain(|listener| wanted().any(|name| name == &*listener.event_type));
        for name in wanted() {
            if !self
                .listeners
                .iter()
                .any(|listener| &*listener.event_type == name)
            {
                self.listeners.push(Listener::add(
                    &self.inner,
                    name,
                    Rc::clone(&self.on_notice),
                    Rc::clone(&self.breaks),
                ));
            }
        }
    }
}

impl Drop for EventSource {
    fn drop(&mut self) {
        self.inner.close();
    }
}

/// One listener, removed when it is dropped.
struct Listener {
    target: web_sys::EventSource,
    event_type: Rc<str>,
    callback: Closure<dyn Fn(MessageEvent)>,
}

impl Listener {
    fn add(
        target: &web_sys::EventSource,
        name: &str,
        on_notice: Rc<dyn Fn(Notice<'_>)>,
        breaks: Rc<Breaks>,
    ) -> Self {
        let event_type: Rc<str> = name.into();
        let callback = {
            let (source, event_type) = (target.clone(), Rc::clone(&event_type));
            let own = matches!(name, "open" | "error");
            Closure::new(move |message: MessageEvent| {
                // A server's own `event: open` or `event: error` reaches the same listeners as the
                // browser's, but is a MessageEvent (HTML, 9.2.6, step 6).
                if own && !message.is_instance_of::<MessageEvent>() {
                    on_notice(if &*event_type == "open" {
                        Notice::Opened
                    } else if source.ready_state() == web_sys::EventSource::CLOSED {
                        Notice::Failed(Failure::BrowserGaveUp)
                    } else {
                        Notice::Failed(Failure::BrowserRetries)
                    });
                    return;
                }
                let data = message.data().as_string().unwrap_or_default();
                let time_stamp = message.time_stamp();
                on_notice(Notice::Event {
                    time_stamp,
                    event: Event {
                        event_type: &event_type,
                        data: &data,
                        last_event_id: &message.last_event_id(),
                    },
                });
                if breaks.are_missing(time_stamp, data.len()) {
                    on_notice(Notice::Failed(Failure::TooFast));
                }
            })
        };
        // Adding a listener to an object that the page created cannot fail.
        let added =
            target.add_event_listener_with_callback(name, callback.as_ref().unchecked_ref());
        debug_assert!(added.is_ok());
        Self {
            target: target.clone(),
            event_type,
            callback,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let callback = self.callback.as_ref().unchecked_ref();
        let removed = self
            .target
            .remove_event_listener_with_callback(&self.event_type, callback);
        debug_assert!(removed.is_ok());
    }
}
