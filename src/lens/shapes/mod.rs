//! The protocols in which models answer: how each is recognised and read.

mod ag_ui;
mod ai_sdk;
mod anthropic;
mod chat;
mod cohere;
mod gemini;
mod responses;

use std::borrow::Cow;

use super::{Event, answer::Answer};

/// What was not understood, by its name.
pub(super) type Read = Result<(), Cow<'static, str>>;

/// A protocol in which models answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// OpenAI Chat Completions, and the many that are like it.
    Chat,
    /// OpenAI Responses.
    Responses,
    /// Anthropic Messages.
    Anthropic,
    /// Gemini `streamGenerateContent?alt=sse`.
    Gemini,
    /// Cohere Chat, version 2.
    Cohere,
    /// The UI message stream of the AI SDK.
    AiSdk,
    /// AG-UI.
    AgUi,
}

/// Whether an event is of a shape and of no other, by the kind of the message and the beginning of the data.
type IsSure = fn(kind: &str, data: &str) -> bool;

/// How events are recognised, in the order in which an event is tried. Not a part of [`Row`]: the page recognises an
/// answer before it loads what reads one.
const SIGNS: [(Shape, IsSure); 7] = [
    (Shape::Chat, chat::is_sure),
    (Shape::Responses, responses::is_sure),
    (Shape::Anthropic, anthropic::is_sure),
    (Shape::Gemini, gemini::is_sure),
    (Shape::Cohere, cohere::is_sure),
    (Shape::AiSdk, ai_sdk::is_sure),
    (Shape::AgUi, ag_ui::is_sure),
];

/// How a shape is read.
struct Row {
    name: &'static str,
    /// The name of its last message.
    end: &'static str,
    /// Whether an event begins another answer than the last one, which is given.
    begins: fn(&Event<'_>, &Answer) -> bool,
    /// Adds an event to an answer.
    read: fn(&Event<'_>, &mut Answer) -> Read,
}

impl Shape {
    /// The shape of an event, if it is sure, by the event type and the beginning of the data.
    pub(super) fn of(event_type: &str, data: &str) -> Option<Self> {
        let data = data.trim_start();
        if !data.starts_with('{') {
            return None;
        }
        let kind = kind_of(data).unwrap_or(event_type);
        let sign = SIGNS.iter().find(|(_, is_sure)| is_sure(kind, data));
        sign.map(|(shape, _)| *shape)
    }

    fn row(self) -> &'static Row {
        match self {
            Self::Chat => &chat::ROW,
            Self::Responses => &responses::ROW,
            Self::Anthropic => &anthropic::ROW,
            Self::Gemini => &gemini::ROW,
            Self::Cohere => &cohere::ROW,
            Self::AiSdk => &ai_sdk::ROW,
            Self::AgUi => &ag_ui::ROW,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        self.row().name
    }

    /// The name of the last message of an answer.
    pub(crate) fn end(self) -> &'static str {
        self.row().end
    }

    pub(super) fn begins(self, event: &Event<'_>, last: &Answer) -> bool {
        (self.row().begins)(event, last)
    }

    pub(super) fn read(self, event: &Event<'_>, answer: &mut Answer) -> Read {
        (self.row().read)(event, answer)
    }
}

/// The first member `type` of JSON of which the beginning is known.
fn kind_of(data: &str) -> Option<&str> {
    let (_, rest) = data.split_once("\"type\"")?;
    let rest = rest.trim_start().strip_prefix(':')?;
    let rest = rest.trim_start().strip_prefix('"')?;
    Some(rest.split_once('"')?.0)
}

/// Whether JSON of which the beginning is known seems to have all these keys.
fn has_keys(data: &str, keys: &[&str]) -> bool {
    keys.iter().all(|key| data.contains(key))
}

/// An event that is not understood.
fn unknown(what: &str) -> Read {
    Err(Cow::Owned(what.to_owned()))
}

/// Data that is not JSON, in a shape of which each message is.
fn not_json(event: &Event<'_>) -> Read {
    unknown(match event.data.is_empty() {
        true => "no data",
        false => "not JSON",
    })
}
