//! Which probe is next, and what is known from those that were made. Pure.

use crate::source::{Outcome, Probe, Relayed, Response, Target};

/// What the probes are to explain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The browser's `EventSource` has given up.
    GaveUp,
    /// It tries again by itself.
    NoConnection,
    /// A fetch got no response.
    Unreachable,
    /// A fetch got a response, and the browser hides some of its headers.
    Refused,
    /// No response arrived yet.
    Hanging,
    /// The user asks.
    Asked,
}

/// How many connections browsers open to one server by HTTP/1.1, for each credentials mode.
pub(crate) const POOL: usize = 6;

/// The header that says what a client is to do after this status.
pub(super) fn hint(status: u16) -> Option<&'static str> {
    match status {
        401 => Some("www-authenticate"),
        429 | 503 => Some("retry-after"),
        _ => None,
    }
}

/// A failure, and the request that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) trouble: Trouble,
    pub(crate) target: Target,
    /// The origin of the URL.
    pub(crate) origin: String,
    /// Whether the stream is requested by `EventSource`.
    pub(crate) by_event_source: bool,
    /// Whether the request has a header that needs a CORS preflight: not by `EventSource`.
    pub(crate) has_header: bool,
    /// Whether the relay is on.
    pub(crate) can_relay: bool,
    /// How many streams the tabs of this page have open to the same server, by the same credentials mode.
    pub(crate) own_streams: usize,
    /// Whether the whole sequence is wanted, or only the first probe.
    pub(crate) is_whole: bool,
}

impl Case {
    /// Whether the stream is of another origin than the page.
    pub(crate) fn is_cross_origin(&self) -> bool {
        self.origin != self.target.page
    }

    /// Whether the browser blocks the request, because the page is secure and the stream is not (Mixed Content).
    pub(crate) fn is_mixed(&self) -> bool {
        self.target.page.starts_with("https://") && !self.is_trustworthy()
    }

    /// Whether the origin is potentially trustworthy (Secure Contexts, 3.1).
    fn is_trustworthy(&self) -> bool {
        let Some(host) = self.origin.strip_prefix("http://") else {
            return true;
        };
        let (host, _) = host.rsplit_once(':').unwrap_or((host, ""));
        host == "localhost"
            || host.ends_with(".localhost")
            || host.starts_with("127.")
            || host.starts_with("[::1")
    }

    /// The content codings that browsers accept. Proxies that know only the first two must not see the others.
    pub(super) fn accepted(&self) -> &'static str {
        match self.is_trustworthy() {
            true => "gzip, deflate, br, zstd",
            false => "gzip, deflate",
        }
    }

    /// Whether the other scheme may show something: not if the browser blocks it; not at another port, as http has
    /// than https unless the URL names one; and not without TLS where the relay shows what is wrong with TLS.
    fn other_scheme_matters(&self) -> bool {
        match self.origin.strip_prefix("https://") {
            None => true,
            Some(host) => {
                let has_port = host
                    .rsplit(':')
                    .next()
                    .is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
                has_port && !self.can_relay && !self.target.page.starts_with("https://")
            }
        }
    }
}

/// A probe that was made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Probed {
    pub(crate) probe: Probe,
    pub(crate) outcome: Outcome,
    /// How long it took, in ms.
    pub(crate) took: f64,
}

impl Probed {
    /// Whether the same was learned as from `other`.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.probe == other.probe
            && match (&self.outcome, &other.outcome) {
                (Outcome::Answered(one), Outcome::Answered(other)) => {
                    one.status == other.status && one.headers.len() == other.headers.len()
                }
                (one, other) => one == other,
            }
    }
}

/// The probes of one failure.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Probes {
    /// `None` if there was no failure to explain.
    pub(crate) case: Option<Case>,
    /// In the order in which they were made.
    pub(crate) made: Vec<Probed>,
    /// Whether there is more to learn. Not while only the first one is sent again.
    pub(crate) goes_on: bool,
}

impl Probes {
    /// Whether what these probes found, or are about to find, explains `case` as well: the same failure of the same
    /// request. The first probe alone does not, where the whole sequence is wanted by now.
    pub(crate) fn explain(&self, case: &Case) -> bool {
        let is_begun = self.goes_on || !self.made.is_empty();
        let known = self.case.as_ref().filter(|_| is_begun);
        known.is_some_and(|known| {
            known.trouble == case.trouble
                && known.target == case.target
                && (known.is_whole || !case.is_whole)
        })
    }

    /// The probe to make next; `None` if what can be known is known.
    pub(crate) fn next(&self) -> Option<Probe> {
        let case = self.case.as_ref()?;
        let wanted = match case.trouble {
            _ if case.is_mixed() => return None,
            // More than a browser opens.
            Trouble::Hanging if case.own_streams >= POOL => return None,
            Trouble::Hanging => self.next_while_hanging(case),
            Trouble::Refused => {
                self.unless_made(Probe::Relay, case.can_relay && case.is_cross_origin())
            }
            _ => self.next_after_failure(case),
        }?;
        // The first is how the session finds out whether to try again.
        (case.is_whole || wanted == Probe::Fetch).then_some(wanted)
    }

    fn next_while_hanging(&self, case: &Case) -> Option<Probe> {
        let Some(other) = self.of(Probe::OtherPool) else {
            return Some(Probe::OtherPool);
        };
        if other.is_answer() {
            return self.unless_made(Probe::NoCors, true);
        }
        self.unless_made(Probe::Relay, case.can_relay)
    }

    fn next_after_failure(&self, case: &Case) -> Option<Probe> {
        // The stream itself was this request.
        let by_fetch = case.trouble == Trouble::Unreachable;
        if !by_fetch {
            match self.of(Probe::Fetch) {
                None => return Some(Probe::Fetch),
                Some(Outcome::Answered(response)) => return self.next_after_answer(case, response),
                _ => {}
            }
        }
        let has_header = match by_fetch {
            true => case.has_header,
            false => !case.target.last_event_id.is_empty(),
        };
        let needs_preflight = has_header && case.is_cross_origin();
        let in_order = [
            (Probe::Plain, needs_preflight),
            (Probe::NoCors, self.readable().is_none()),
            (
                Probe::OtherCredentials,
                case.target.has_credentials
                    && case.is_cross_origin()
                    && self.is_answered(Probe::NoCors),
            ),
            (Probe::Redirect, self.readable().is_none()),
            (
                Probe::OtherScheme,
                case.other_scheme_matters()
                    && !self.made.iter().any(|probed| probed.outcome.is_answer()),
            ),
            (Probe::Relay, case.can_relay),
            (
                Probe::Preflight,
                case.can_relay && needs_preflight && by_fetch,
            ),
        ];
        in_order
            .into_iter()
            .find_map(|(probe, wanted)| self.unless_made(probe, wanted))
    }

    /// A response was read. What it hides may be asked for in another way.
    fn next_after_answer(&self, case: &Case, response: &Response) -> Option<Probe> {
        let hides = hint(response.status)?;
        let with_cookies = response.status == 401 && !case.target.has_credentials;
        let is_hidden = case.is_cross_origin() && response.header(hides).is_none();
        self.unless_made(Probe::OtherCredentials, with_cookies)
            .or_else(|| self.unless_made(Probe::Relay, is_hidden && case.can_relay))
    }

    fn unless_made(&self, probe: Probe, wanted: bool) -> Option<Probe> {
        (wanted && self.of(probe).is_none()).then_some(probe)
    }

    /// What became of a probe.
    pub(crate) fn of(&self, probe: Probe) -> Option<&Outcome> {
        let mut made = self.made.iter();
        let probed = made.find(|probed| probed.probe == probe);
        probed.map(|probed| &probed.outcome)
    }

    /// Whether a server answered to a probe.
    pub(crate) fn is_answered(&self, probe: Probe) -> bool {
        self.of(probe).is_some_and(Outcome::is_answer)
    }

    /// The response that the page may read without the header that needs a preflight.
    pub(crate) fn readable(&self) -> Option<&Response> {
        match self.of(Probe::Plain) {
            Some(Outcome::Answered(response)) => Some(response),
            _ => None,
        }
    }

    /// What the relay received.
    pub(crate) fn relayed(&self) -> Option<(&Response, &Relayed)> {
        match self.of(Probe::Relay) {
            Some(Outcome::Relayed {
                response: Some(response),
                relayed,
                ..
            }) => Some((response, &**relayed)),
            _ => None,
        }
    }

    /// The response that the failed request must have got, as far as it is known.
    pub(crate) fn verdict(&self) -> Option<&Response> {
        match self.case.as_ref()?.trouble {
            Trouble::GaveUp | Trouble::Asked => {
                let relayed = || self.relayed().map(|(response, _)| response);
                self.response().or_else(relayed)
            }
            Trouble::Unreachable | Trouble::Refused => self.relayed().map(|(response, _)| response),
            _ => None,
        }
    }

    /// The response that the failed request got, or one to the same request: by fetch, and by the relay with all
    /// its headers.
    pub(crate) fn response(&self) -> Option<&Response> {
        let Some(Outcome::Answered(response)) = self.of(Probe::Fetch) else {
            return None;
        };
        Some(self.with_all_headers(response))
    }

    /// The same response with the headers that the browser hides, if the relay got it too.
    pub(crate) fn with_all_headers<'a>(&'a self, response: &'a Response) -> &'a Response {
        let relayed = self.relayed().map(|(response, _)| response);
        let same = relayed.filter(|relayed| relayed.status == response.status);
        same.unwrap_or(response)
    }
}

/// A failure of the page `http://a` at `http://b/`, which an `EventSource` asked for.
#[cfg(test)]
pub(crate) fn example(trouble: Trouble) -> Case {
    Case {
        trouble,
        target: Target {
            url: "http://b/".to_owned(),
            page: "http://a".to_owned(),
            ..Target::default()
        },
        origin: "http://b".to_owned(),
        by_event_source: true,
        has_header: false,
        can_relay: true,
        own_streams: 0,
        is_whole: true,
    }
}

#[cfg(test)]
mod tests {
    use super::{example as case, *};

    fn response(status: u16) -> Response {
        Response {
            status,
            status_text: String::new(),
            headers: Vec::new(),
            after: 1.0,
            redirected_to: None,
            excerpt: String::new(),
        }
    }

    /// The probes that are made if each has the outcome that `answer` gives it.
    fn made(case: Case, answer: impl Fn(Probe) -> Outcome) -> Vec<Probe> {
        let mut probes = Probes {
            case: Some(case),
            ..Probes::default()
        };
        while let Some(probe) = probes.next() {
            let outcome = answer(probe);
            let took = 1.0;
            probes.made.push(Probed {
                probe,
                outcome,
                took,
            });
            assert!(probes.made.len() < 10, "{probes:?}");
        }
        probes.made.iter().map(|probed| probed.probe).collect()
    }

    #[test]
    fn what_is_asked_next_depends_on_what_is_known() {
        use Probe::*;
        let failed = |_| Outcome::Failed;
        let hidden = |probe| match probe {
            NoCors | OtherPool => Outcome::Opaque,
            _ => Outcome::Failed,
        };
        let answers = |status: u16| move |_| Outcome::Answered(response(status));
        let nobody = [Fetch, NoCors, Redirect, OtherScheme, Relay];
        assert_eq!(made(case(Trouble::GaveUp), failed), nobody);
        assert_eq!(made(case(Trouble::NoConnection), failed), nobody);
        // The failed request was the fetch.
        assert_eq!(made(case(Trouble::Unreachable), failed), nobody[1..]);
        let mut first_only = case(Trouble::GaveUp);
        first_only.is_whole = false;
        assert_eq!(made(first_only, failed), [Fetch]);
        let mut without_relay = case(Trouble::GaveUp);
        without_relay.can_relay = false;
        assert_eq!(made(without_relay, failed), nobody[..4]);
        assert_eq!(
            made(case(Trouble::GaveUp), hidden),
            [Fetch, NoCors, Redirect, Relay]
        );
        let mut cookies = case(Trouble::GaveUp);
        cookies.target.has_credentials = true;
        assert_eq!(
            made(cookies, hidden),
            [Fetch, NoCors, OtherCredentials, Redirect, Relay]
        );
        // An answer that can be read is all that is needed, unless it hides what it asks for.
        assert_eq!(made(case(Trouble::GaveUp), answers(204)), [Fetch]);
        assert_eq!(made(case(Trouble::Asked), answers(200)), [Fetch]);
        assert_eq!(made(case(Trouble::GaveUp), answers(503)), [Fetch, Relay]);
        assert_eq!(
            made(case(Trouble::GaveUp), answers(401)),
            [Fetch, OtherCredentials, Relay]
        );
        // The browser hides Retry-After.
        assert_eq!(made(case(Trouble::Refused), answers(503)), [Relay]);
        // The preflight.
        let mut resumed = case(Trouble::Unreachable);
        resumed.has_header = true;
        let plain = |probe| match probe {
            Plain => Outcome::Answered(response(200)),
            _ => Outcome::Failed,
        };
        assert_eq!(made(resumed, plain), [Plain, Relay, Preflight]);
        // Waiting.
        assert_eq!(made(case(Trouble::Hanging), failed), [OtherPool, Relay]);
        assert_eq!(made(case(Trouble::Hanging), hidden), [OtherPool, NoCors]);
    }

    #[test]
    fn a_failure_is_examined_again_once_the_whole_sequence_is_wanted() {
        let mut first = case(Trouble::GaveUp);
        first.is_whole = false;
        let mut probes = Probes::default();
        assert!(!probes.explain(&first), "nothing is known");
        probes.case = Some(first.clone());
        assert!(!probes.explain(&first), "no probe was made");
        probes.made.push(Probed {
            probe: Probe::Fetch,
            outcome: Outcome::Failed,
            took: 1.0,
        });
        assert!(probes.explain(&first));
        let whole = case(Trouble::GaveUp);
        assert!(!probes.explain(&whole), "only the first probe was made");
        probes.case = Some(whole.clone());
        assert!(probes.explain(&whole) && probes.explain(&first));
        assert!(!probes.explain(&case(Trouble::Asked)));
        let mut resumed = whole;
        resumed.target.last_event_id = "1".to_owned();
        assert!(!probes.explain(&resumed), "another request");
    }

    #[test]
    fn the_other_scheme_is_asked_only_where_it_shows_something() {
        for (page, origin, can_relay, expected) in [
            ("http://a", "http://b", true, true),
            ("https://a", "http://localhost:1", true, true),
            ("http://a", "https://b:1", false, true),
            ("http://a", "https://b:1", true, false),
            ("http://a", "https://b", false, false),
            ("http://a", "https://[::1]", false, false),
            ("https://a", "https://b:1", false, false),
        ] {
            let mut case = case(Trouble::GaveUp);
            page.clone_into(&mut case.target.page);
            origin.clone_into(&mut case.origin);
            case.can_relay = can_relay;
            let made = made(case, |_| Outcome::Failed);
            let is_made = made.contains(&Probe::OtherScheme);
            assert_eq!(is_made, expected, "{page}, {origin}, {can_relay}");
        }
    }

    #[test]
    fn a_secure_page_requests_what_is_not_only_from_this_computer() {
        for (page, origin, expected) in [
            ("https://a", "http://b:80", true),
            ("https://a", "http://10.0.0.1", true),
            ("https://a", "https://b", false),
            ("http://a", "http://b", false),
            ("https://a", "http://localhost:3000", false),
            ("https://a", "http://127.0.0.1:3000", false),
            ("https://a", "http://[::1]:3000", false),
        ] {
            let mut case = case(Trouble::GaveUp);
            page.clone_into(&mut case.target.page);
            origin.clone_into(&mut case.origin);
            assert_eq!(case.is_mixed(), expected, "{page}, {origin}");
            if expected {
                assert_eq!(made(case, |_| Outcome::Failed), []);
            }
        }
    }

    #[test]
    fn the_relay_adds_the_headers_that_the_browser_hides() {
        let probed = |probe, outcome| Probed {
            probe,
            outcome,
            took: 1.0,
        };
        let mut full = response(503);
        full.headers = vec![("retry-after".to_owned(), "7".to_owned())];
        let relayed = |response| Outcome::Relayed {
            response: Some(response),
            relayed: Box::default(),
            failure: None,
        };
        let mut probes = Probes {
            case: Some(case(Trouble::GaveUp)),
            made: vec![probed(Probe::Fetch, Outcome::Answered(response(503)))],
            goes_on: false,
        };
        assert_eq!(probes.response(), Some(&response(503)));
        probes
            .made
            .push(probed(Probe::Relay, relayed(full.clone())));
        assert_eq!(probes.response(), Some(&full));
        // The server answers differently by now.
        probes.made[1] = probed(Probe::Relay, relayed(response(200)));
        assert_eq!(probes.response(), Some(&response(503)));
    }
}
