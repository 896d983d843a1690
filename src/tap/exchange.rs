//! One exchange, in a line of the list.

use super::Member;
use crate::json::Index;

/// How far an exchange is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum State {
    /// The request is on its way to the upstream.
    #[default]
    Request,
    /// The upstream has the request, and the head of the response has not arrived.
    Waiting,
    /// The response is on its way to the client.
    Open,
    /// The user stopped it: nothing passes.
    Held,
    Over,
}

impl State {
    fn named(name: &str) -> Self {
        match name {
            "waiting" => Self::Waiting,
            "open" => Self::Open,
            "held" => Self::Held,
            "over" => Self::Over,
            _ => Self::Request,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Waiting => "waiting",
            Self::Open => "open",
            Self::Held => "held",
            Self::Over => "over",
        }
    }
}

/// The longest body that is shown as a text, in bytes: as long as that of a request.
const LONGEST_ANSWER: u64 = 256 << 10;

/// An exchange of a client with the server behind a tap. Times are in ms.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Exchange {
    pub(crate) id: u64,
    /// The name of the tap.
    pub(crate) tap: String,
    /// When the request arrived, since the Unix epoch.
    pub(crate) at: f64,
    pub(crate) method: String,
    /// The path and the query.
    pub(crate) path: String,
    /// The address of the client.
    pub(crate) client: String,
    /// The name that the client has for itself.
    pub(crate) agent: String,
    pub(crate) status: Option<u16>,
    /// Whether the response is an event stream.
    pub(crate) is_stream: bool,
    pub(crate) state: State,
    pub(crate) events: u64,
    /// The length of the response's body, decoded.
    pub(crate) bytes: u64,
    /// For how long it went on, as far as that was reported.
    pub(crate) ms: f64,
    /// How it ended: in a word, and in a sentence.
    pub(crate) end: Option<(String, String)>,
    pub(crate) lag: Lag,
    /// How many bytes of its copy were dropped.
    pub(crate) gone: u64,
}

/// From a read of the upstream to the moment when the client had taken its bytes, in ms.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Lag {
    /// The median, the 99th percentile and the longest; `None` if the client has taken nothing yet.
    pub(crate) figures: Option<[f64; 3]>,
    /// How many bytes the client has not taken yet.
    pub(crate) waiting: u64,
}

impl Exchange {
    /// Reads an exchange; `None` if `data` is none.
    pub(crate) fn read(data: &str) -> Option<Self> {
        Self::of(Member::whole(&Index::of(data)?))
    }

    pub(super) fn of(json: Member<'_>) -> Option<Self> {
        let text = |key| json.get(key).text().unwrap_or_default();
        let (end, lag) = (json.get("end"), json.get("lag"));
        let figure = |key| lag.get(key).number();
        Some(Self {
            id: json.get("id").number()? as u64,
            tap: text("tap"),
            at: json.get("at").number().unwrap_or_default(),
            method: text("method"),
            path: text("path"),
            client: text("client"),
            agent: text("agent"),
            status: json.get("status").number().map(|status| status as u16),
            is_stream: json.get("stream").is("true"),
            state: State::named(&text("state")),
            events: json.get("events").count(),
            bytes: json.get("bytes").count(),
            ms: json.get("ms").number().unwrap_or_default(),
            end: end.is_some().then(|| {
                let text = |key| end.get(key).text().unwrap_or_default();
                (text("kind"), text("text"))
            }),
            lag: Lag {
                figures: figure("p50")
                    .zip(figure("p99"))
                    .zip(figure("max"))
                    .map(|((p50, p99), max)| [p50, p99, max]),
                waiting: lag.get("waiting").count(),
            },
            gone: json.get("gone").count(),
        })
    }

    /// Whether nothing more happens to it.
    pub(crate) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// Whether its body is complete, no event stream, and short enough to be shown as a text.
    pub(crate) fn has_short_answer(&self) -> bool {
        self.is_over() && !self.is_stream && (1..=LONGEST_ANSWER).contains(&self.bytes)
    }

    /// How far it is, or how it ended, in a word or two.
    pub(crate) fn outcome(&self) -> String {
        match &self.end {
            Some((kind, _)) => kind.replace('-', " "),
            None => self.state.name().to_owned(),
        }
    }

    /// How it ended, in a sentence; empty until then.
    pub(crate) fn ending(&self) -> &str {
        self.end.as_ref().map_or("", |(_, sentence)| sentence)
    }

    /// For how long it goes on or went on, in ms. `now` is called only while it goes on.
    pub(crate) fn duration(&self, now: impl Fn() -> f64) -> f64 {
        if self.is_over() {
            self.ms
        } else {
            // The server's clock may be ahead of the page's.
            (now() - self.at).max(self.ms)
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An exchange as the server sends it.
    pub(crate) const OPEN: &str = r#"{"id":12,"tap":"a","at":1795403666118.4,"method":"POST","path":"/v1/chat?x=1",
        "client":"127.0.0.1:51234","agent":"OpenAI/Python 1.2","status":200,"stream":true,"state":"open",
        "events":12,"bytes":3456,"ms":812.3,"end":null,
        "lag":{"p50":0.04,"p99":0.2,"max":1.2,"waiting":7},"gone":5}"#;

    #[test]
    fn an_exchange_is_read() {
        let exchange = Exchange::read(OPEN).expect("an exchange");
        assert_eq!(
            exchange,
            Exchange {
                id: 12,
                tap: "a".to_owned(),
                at: 1_795_403_666_118.4,
                method: "POST".to_owned(),
                path: "/v1/chat?x=1".to_owned(),
                client: "127.0.0.1:51234".to_owned(),
                agent: "OpenAI/Python 1.2".to_owned(),
                status: Some(200),
                is_stream: true,
                state: State::Open,
                events: 12,
                bytes: 3_456,
                ms: 812.3,
                end: None,
                lag: Lag {
                    figures: Some([0.04, 0.2, 1.2]),
                    waiting: 7,
                },
                gone: 5,
            }
        );
        assert_eq!(exchange.outcome(), "open");
        assert_eq!(exchange.ending(), "");
        assert_eq!(exchange.duration(|| exchange.at + 900.0), 900.0);
        assert_eq!(exchange.duration(|| 0.0), 812.3, "a clock that is behind");
    }

    #[test]
    fn the_end_of_an_exchange_has_a_word_and_a_sentence() {
        let over = r#"{"id":1,"state":"over","ms":5,"status":null,"lag":null,
            "end":{"kind":"client-left","text":"The client closed its connection."}}"#;
        let exchange = Exchange::read(over).expect("an exchange");
        assert!(exchange.is_over());
        assert_eq!(exchange.status, None);
        assert_eq!(exchange.lag, Lag::default());
        assert_eq!(exchange.outcome(), "client left");
        assert_eq!(exchange.ending(), "The client closed its connection.");
        assert_eq!(exchange.duration(|| 1e12), 5.0);
    }

    #[test]
    fn what_is_no_exchange_is_none() {
        for data in ["", "1", "[]", "{}", "{\"id\":\"1\"}", "{\"id\":1"] {
            assert_eq!(Exchange::read(data), None, "{data}");
        }
    }
}
