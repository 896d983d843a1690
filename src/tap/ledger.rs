//! The connections of a client, one after the other.

use super::Member;
use crate::text;

/// One of the connections of a client.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Connection {
    /// The exchange.
    pub(crate) id: u64,
    pub(crate) at: f64,
    /// How it ended, in a sentence.
    pub(crate) end: String,
    /// The time since the end of the connection before.
    delay: Option<f64>,
    /// The reconnection time that the stream had set by then.
    retry: Option<f64>,
    /// The last event ID that the client sent.
    pub(crate) sent: Option<String>,
    /// The ID of the last event that the client received.
    pub(crate) last: Option<String>,
    lost: Vec<String>,
    repeated: Vec<String>,
    reordered: Vec<String>,
    /// How many IDs the three lists lack.
    more: u64,
}

impl Connection {
    pub(super) fn of(json: Member<'_>) -> Self {
        let text = |key| json.get(key).text();
        let texts = |key| json.get(key).texts();
        Self {
            id: json.get("id").count(),
            at: json.get("at").number().unwrap_or_default(),
            end: text("end").unwrap_or_default(),
            delay: json.get("delay").number(),
            retry: json.get("retry").number(),
            sent: text("sent"),
            last: text("last"),
            lost: texts("lost"),
            repeated: texts("repeated"),
            reordered: texts("reordered"),
            more: json.get("more").count(),
        }
    }

    /// The delay before it, against the reconnection time: `3.01 s, retry 3.00 s`.
    pub(crate) fn delay(&self) -> String {
        let Some(delay) = self.delay else {
            return String::new();
        };
        let retry = match self.retry {
            Some(retry) => text::duration(retry),
            None => "none".to_owned(),
        };
        [&*text::duration(delay), ", retry ", &retry].concat()
    }

    /// What became of the events around the reconnection: `lost 18; repeated 16, 17`.
    pub(crate) fn findings(&self) -> String {
        let lists = [
            ("lost ", &self.lost),
            ("repeated ", &self.repeated),
            ("reordered ", &self.reordered),
        ];
        let mut found: Vec<String> = lists
            .into_iter()
            .filter(|(_, ids)| !ids.is_empty())
            .map(|(what, ids)| [what, &ids.join(", ")].concat())
            .collect();
        if self.more > 0 {
            found.push(format!("{} more", text::count(self.more)));
        }
        found.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Index;

    fn read(json: &str) -> Connection {
        Connection::of(Member::whole(&Index::of(json).expect("JSON")))
    }

    #[test]
    fn a_connection_has_its_delay_and_what_became_of_the_events() {
        let first = read(
            r#"{"id":10,"at":1,"end":"The client left.","delay":null,"retry":null,"sent":null,"last":"17",
               "lost":[],"repeated":[],"reordered":[],"more":0}"#,
        );
        assert_eq!((&*first.delay(), &*first.findings()), ("", ""));
        let second = read(
            r#"{"id":11,"at":2,"end":"The upstream ended the stream.","delay":3012.5,"retry":3000,"sent":"17",
               "last":"18","lost":["18"],"repeated":["16","17"],"reordered":[],"more":1200}"#,
        );
        assert_eq!(second.delay(), "3.01 s, retry 3.00 s");
        assert_eq!(
            second.findings(),
            "lost 18; repeated 16, 17; 1\u{2009}200 more"
        );
        assert_eq!(second.sent.as_deref(), Some("17"));
        let without = Connection {
            retry: None,
            ..second
        };
        assert_eq!(without.delay(), "3.01 s, retry none");
    }
}
