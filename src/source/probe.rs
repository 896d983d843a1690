//! Requests that find out why a connection fails. Each is a GET that is aborted at its head.

use std::{cell::RefCell, rc::Rc};

use gloo_timers::callback::Timeout;
use leptos::task::spawn_local;
use wasm_bindgen::JsValue;
use web_sys::{
    Headers, RequestCache, RequestCredentials, RequestInit, RequestMode, RequestRedirect,
    ResponseType,
};

use super::{
    Abort, Failure, Notice, Relay, Relayed, Response, UpstreamEnd, body::first_chunk,
    fetch::connect, response::refusal,
};
use crate::via::FetchRequest;

/// How long to wait for the head of a response, in ms.
const PATIENCE_MS: u32 = 4_000;

/// The same for the relay, in ms: it reports the true cause, and a system's resolver that gets no answer asks again
/// only after 5 s (resolv.conf(5), `timeout`).
const RELAY_PATIENCE_MS: u32 = 8_000;

/// A request that finds something out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    /// By fetch, as an `EventSource` makes it, with the last event ID.
    Fetch,
    /// The same without a header that needs a CORS preflight.
    Plain,
    /// In the mode `no-cors`: whether a server answers at all.
    NoCors,
    /// By fetch with credentials if the stream is requested without them, and the other way round.
    OtherCredentials,
    /// The same in the mode `no-cors`. Browsers have other connections for it.
    OtherPool,
    /// By fetch that follows no redirection.
    Redirect,
    /// In the mode `no-cors`, the root of the server by https if the URL has http, and the other way round.
    OtherScheme,
    /// By the relay, with the header `Origin`.
    Relay,
    /// By the relay, the question whether the header `Last-Event-ID` may be sent. Not a GET, and without effect.
    Preflight,
}

/// What became of a probe.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Outcome {
    /// A response that the page may read.
    Answered(Response),
    /// A response that the page may not read; or a redirection, which was not followed.
    Opaque,
    /// None, and the browser does not expose why.
    Failed,
    /// None in time.
    #[default]
    TimedOut,
    /// What the relay reports.
    Relayed {
        /// The response, if there is one.
        response: Option<Response>,
        /// The way there.
        relayed: Box<Relayed>,
        /// Why there is no response.
        failure: Option<Failure>,
    },
}

/// What the probes are about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target {
    /// The absolute URL.
    pub(crate) url: String,
    /// The origin of the page.
    pub(crate) page: String,
    /// Whether credentials are sent: to another origin only if the user wants it.
    pub(crate) has_credentials: bool,
    /// The last event ID, which may be empty.
    pub(crate) last_event_id: String,
}

/// A probe that is under way. Nothing follows once it is dropped.
pub(crate) struct Inquiry {
    then: Rc<RefCell<Option<Then>>>,
    _abort: Option<Abort>,
    _relay: Option<Relay>,
    _patience: Timeout,
}

/// What to do with the outcome.
type Then = Box<dyn FnOnce(Outcome)>;

impl Drop for Inquiry {
    fn drop(&mut self) {
        self.then.take();
    }
}

impl Inquiry {
    /// Sends a probe, and calls `then` with its outcome.
    ///
    /// # Errors
    ///
    /// What the browser throws if it does not send such a request.
    pub(crate) fn send(probe: Probe, target: &Target, then: Then) -> Result<Self, JsValue> {
        let then = Rc::new(RefCell::new(Some(then)));
        // What is known when the time is over.
        let known = Rc::new(RefCell::new(Outcome::TimedOut));
        let finish = {
            let (then, known) = (Rc::clone(&then), Rc::clone(&known));
            move || {
                // Taken before it is called: it may drop the probe.
                let then = then.take();
                if let Some(then) = then {
                    then(known.take());
                }
            }
        };
        let late = finish.clone();
        let is_relayed = matches!(probe, Probe::Relay | Probe::Preflight);
        let patience = if is_relayed {
            RELAY_PATIENCE_MS
        } else {
            PATIENCE_MS
        };
        let patience = Timeout::new(patience, late);
        let (mut abort, mut relay) = (None, None);
        if is_relayed {
            relay = Some(relayed(probe, target, known, finish)?);
        } else {
            let aborts = Abort::new()?;
            let request = request(probe, target, &aborts)?;
            abort = Some(aborts);
            spawn_local(async move {
                ask(&request, &known).await;
                finish();
            });
        }
        Ok(Self {
            then,
            _abort: abort,
            _relay: relay,
            _patience: patience,
        })
    }
}

fn request(probe: Probe, target: &Target, abort: &Abort) -> Result<web_sys::Request, JsValue> {
    let headers = Headers::new()?;
    headers.set("accept", "text/event-stream")?;
    if probe == Probe::Fetch && !target.last_event_id.is_empty() {
        headers.set("last-event-id", &target.last_event_id)?;
    }
    let init = RequestInit::new();
    init.set_headers(&headers);
    init.set_cache(RequestCache::NoStore);
    init.set_signal(Some(&abort.signal()));
    let is_other = matches!(probe, Probe::OtherCredentials | Probe::OtherPool);
    init.set_credentials(match target.has_credentials != is_other {
        // No cookies are sent by a scheme that the user did not enter.
        true if probe != Probe::OtherScheme => RequestCredentials::Include,
        _ => RequestCredentials::Omit,
    });
    if matches!(probe, Probe::NoCors | Probe::OtherPool | Probe::OtherScheme) {
        init.set_mode(RequestMode::NoCors);
    }
    if probe == Probe::Redirect {
        init.set_redirect(RequestRedirect::Manual);
    }
    let url = match probe {
        Probe::OtherScheme => other_scheme(&target.url),
        _ => target.url.clone(),
    };
    web_sys::Request::new_with_str_and_init(&url, &init)
}

/// The root of the same server by https instead of http, or by http instead of https: the path and the query may
/// have secrets in them, which must not be sent unencrypted.
fn other_scheme(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let host = rest.split('/').next().unwrap_or_default();
    let other = if scheme == "https" { "http" } else { "https" };
    [other, "://", host, "/"].concat()
}

/// Sends `request` and sets `known` to what is known of the response.
async fn ask(request: &web_sys::Request, known: &RefCell<Outcome>) {
    let Ok((incoming, mut response)) = connect(request).await else {
        known.replace(Outcome::Failed);
        return;
    };
    if matches!(
        incoming.type_(),
        ResponseType::Opaque | ResponseType::Opaqueredirect
    ) {
        known.replace(Outcome::Opaque);
        return;
    }
    known.replace(Outcome::Answered(response.clone()));
    if refusal(&response).is_none() {
        // In Firefox aborting alone leaves the connection open: `unmounting_during_a_retry_ends_it` in
        // tests/component.rs counts it.
        if let Some(body) = incoming.body() {
            let _ = body.cancel();
        }
    } else {
        // The body may never arrive.
        response.set_excerpt(&first_chunk(&incoming).await.unwrap_or_default());
        known.replace(Outcome::Answered(response));
    }
}

/// Asks the relay, and calls `finish` once `known` is all that is known.
fn relayed(
    probe: Probe,
    target: &Target,
    known: Rc<RefCell<Outcome>>,
    finish: impl Fn() + 'static,
) -> Result<Relay, JsValue> {
    // As the browser sends it, so that a server that looks at it answers the same.
    let mut request = FetchRequest::default().header("origin", &target.page);
    let mut id = &*target.last_event_id;
    if probe == Probe::Preflight {
        "OPTIONS".clone_into(&mut request.method);
        request = request
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "last-event-id");
        id = "";
    }
    let on_notice = move |notice: Notice<'_>| {
        let is_over = {
            let mut known = known.borrow_mut();
            if !matches!(*known, Outcome::Relayed { .. }) {
                *known = Outcome::Relayed {
                    response: None,
                    relayed: Box::default(),
                    failure: None,
                };
            }
            let Outcome::Relayed {
                response,
                relayed,
                failure,
            } = &mut *known
            else {
                return;
            };
            match notice {
                Notice::Relayed(way) => {
                    **relayed = way;
                    false
                }
                Notice::Response(answer) => {
                    *response = Some(answer);
                    // That of an event stream is followed by `Opened`, that of another by `Failed`.
                    false
                }
                Notice::Opened => true,
                Notice::Failed(why) => {
                    *failure = Some(why);
                    true
                }
                _ => false,
            }
        };
        if is_over {
            finish();
        }
    };
    Relay::open(&target.url, &request, id, Rc::new(on_notice))
}

impl Outcome {
    /// Whether a server answered.
    pub(crate) fn is_answer(&self) -> bool {
        match self {
            Self::Answered(_) | Self::Opaque => true,
            Self::Failed | Self::TimedOut => false,
            Self::Relayed { response, .. } => response.is_some(),
        }
    }

    /// The relay's sentence about why there is no response.
    pub(crate) fn upstream(&self) -> Option<(&Relayed, &str)> {
        match self {
            Self::Relayed {
                relayed,
                failure:
                    Some(Failure::Upstream {
                        end: UpstreamEnd::NoResponse,
                        text,
                    }),
                ..
            } => Some((relayed, text)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::other_scheme;

    #[test]
    fn the_other_scheme_has_neither_path_nor_query() {
        for (url, expected) in [
            ("http://a/b?c=d/e", "https://a/"),
            ("https://a:1/?token=d", "http://a:1/"),
        ] {
            assert_eq!(other_scheme(url), expected);
        }
    }
}
