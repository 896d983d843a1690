//! The same stream by the relay with compression and without, at the same time.

use std::{cell::RefCell, rc::Rc};

use gloo_timers::callback::Timeout;
use wasm_bindgen::JsValue;

use super::{Failure, Notice, Relay, Response, Target};
use crate::{clock::ticks, via::FetchRequest};

/// How long to wait for the first byte of both, in ms.
const PATIENCE_MS: u32 = 3_000;

/// What became of a stream that is requested with `Accept-Encoding` and without. Both requests are sent at the same
/// time, so that what the server sends to one, it has to send to the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Comparison {
    /// With it, as a browser sends it.
    pub(crate) compressed: Beginning,
    /// Without compression (`identity`).
    pub(crate) plain: Beginning,
    /// How long both were watched, in ms.
    pub(crate) took: f64,
}

/// The beginning of one of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Beginning {
    /// The response, with the first bytes of its body, decoded.
    pub(crate) response: Option<Response>,
    /// How long after the request the first byte of the body arrived, decoded, in ms.
    pub(crate) first_byte: Option<f64>,
    /// The relay's word for how it failed or ended; empty before.
    pub(crate) outcome: String,
    is_over: bool,
}

/// A comparison that is under way. Nothing follows once it is dropped.
pub(crate) struct Comparing {
    _relays: [Relay; 2],
    _patience: Timeout,
}

/// What to do with the comparison.
type Then = Box<dyn FnOnce(Comparison)>;

impl Comparing {
    /// Sends both requests, and calls `then` once the first byte of both is there, or none can follow, or the time
    /// is over.
    ///
    /// # Errors
    ///
    /// What the browser throws if it does not send a request to the relay.
    pub(crate) fn send(target: &Target, accepted: &str, then: Then) -> Result<Self, JsValue> {
        let known = Rc::new(RefCell::new(Comparison::default()));
        let since = ticks();
        let finish: Rc<dyn Fn()> = {
            let (then, known) = (RefCell::new(Some(then)), Rc::clone(&known));
            Rc::new(move || {
                // Taken before it is called: it may drop the comparison.
                let then = then.take();
                if let Some(then) = then {
                    let mut known = known.take();
                    known.took = ticks() - since;
                    then(known);
                }
            })
        };
        let open = |accepted: &str, of: fn(&mut Comparison) -> &mut Beginning| {
            let request = FetchRequest::default()
                .header("origin", &target.page)
                .header("accept-encoding", accepted);
            let (known, finish) = (Rc::clone(&known), Rc::clone(&finish));
            let on_notice = move |notice: Notice<'_>| {
                let is_over = {
                    let mut known = known.borrow_mut();
                    of(&mut known).note(notice, ticks() - since);
                    known.compressed.is_over && known.plain.is_over
                };
                if is_over {
                    finish();
                }
            };
            Relay::open(&target.url, &request, "", Rc::new(on_notice))
        };
        Ok(Self {
            _relays: [
                open(accepted, |comparison| &mut comparison.compressed)?,
                open("identity", |comparison| &mut comparison.plain)?,
            ],
            _patience: Timeout::new(PATIENCE_MS, move || finish()),
        })
    }
}

impl Beginning {
    fn note(&mut self, notice: Notice<'_>, after: f64) {
        if self.is_over {
            return;
        }
        match notice {
            Notice::Response(response) => self.response = Some(response),
            Notice::Relayed(relayed) => self.outcome = relayed.outcome,
            Notice::Bytes { bytes, .. } => {
                if let Some(response) = &mut self.response {
                    response.set_excerpt(bytes);
                }
                self.first_byte = Some(after);
                self.is_over = true;
            }
            Notice::Failed(failure) => {
                // Not of the server.
                if let Failure::Relay { .. } = failure {
                    self.response = None;
                }
                self.is_over = true;
            }
            _ => {}
        }
    }

    /// The response, if it is an event stream.
    pub(crate) fn stream(&self) -> Option<&Response> {
        let response = self.response.as_ref();
        response.filter(|response| response.is_event_stream())
    }
}

#[cfg(test)]
impl Beginning {
    /// A response with these headers. `first` is the time to the first bytes of its body, in ms, and these bytes.
    pub(crate) fn example(headers: &[(&str, &str)], first: Option<(f64, &str)>) -> Self {
        let headers = [("content-type", "text/event-stream")]
            .iter()
            .chain(headers);
        let headers = headers.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let response = Response {
            status: 200,
            status_text: String::new(),
            headers: headers.collect(),
            after: 5.0,
            redirected_to: None,
            excerpt: first.map_or_else(String::new, |(_, bytes)| bytes.to_owned()),
        };
        Self {
            response: Some(response),
            first_byte: first.map(|(after, _)| after),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Relayed;

    #[test]
    fn a_beginning_is_known_with_the_first_byte_or_with_the_end() {
        let response = || Beginning::example(&[], None).response.expect("one");
        let mut begun = Beginning::default();
        begun.note(Notice::Response(response()), 1.0);
        begun.note(Notice::Opened, 1.0);
        assert!(!begun.is_over && begun.stream().is_some());
        let bytes = |bytes| Notice::Bytes {
            bytes,
            continues: false,
        };
        begun.note(bytes(b"data: a"), 7.0);
        begun.note(bytes(b"later"), 9.0);
        begun.note(Notice::Failed(Failure::Ended), 9.0);
        assert_eq!(begun.first_byte, Some(7.0));
        assert!(begun.is_over && begun.outcome.is_empty());
        assert_eq!(begun.stream().expect("one").excerpt, "data: a");

        let mut failed = Beginning::default();
        failed.note(Notice::Response(response()), 1.0);
        let mut relayed = Relayed::default();
        "encoding".clone_into(&mut relayed.outcome);
        failed.note(Notice::Relayed(relayed), 2.0);
        failed.note(Notice::Failed(Failure::BrokeOff), 2.0);
        assert_eq!(
            (&*failed.outcome, failed.first_byte, failed.is_over),
            ("encoding", None, true)
        );

        let mut refused = Beginning::default();
        refused.note(Notice::Response(response()), 1.0);
        let failure = Failure::Relay {
            is_final: true,
            text: "No.".to_owned(),
        };
        refused.note(Notice::Failed(failure), 2.0);
        assert_eq!(refused.response, None);
    }
}
