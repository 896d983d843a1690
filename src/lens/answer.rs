//! An answer of a model, as far as it has arrived.

use std::borrow::Cow;

use super::{Event, Pieces, Rate, Shape, Timing};
use crate::{
    json::{Beginning, Kind as JsonKind, Progress, Value},
    text,
};

/// How many parts an answer has at most.
pub(super) const MOST_PARTS: usize = 1_000;

/// How many citations, errors, finish reasons and figures of the usage an answer has at most, of each.
const MOST_ITEMS: usize = 100;

/// How many bytes of a name, an error or a citation are kept.
const LONGEST: usize = 2_000;

/// What a part of an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartKind {
    Text,
    Reasoning,
    Refusal,
    /// A call of a tool; the text is its arguments.
    ToolCall,
    /// What a tool returned.
    ToolResult,
}

impl PartKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Reasoning => "Reasoning",
            Self::Refusal => "Refusal",
            Self::ToolCall => "Tool call",
            Self::ToolResult => "Result of a tool",
        }
    }
}

/// What identifies a part among those of its kind and choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Id<'a> {
    Number(u64),
    Text(&'a str),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum OwnId {
    Number(u64),
    Text(Box<str>),
}

impl OwnId {
    fn is(&self, id: Id<'_>) -> bool {
        match (self, id) {
            (Self::Number(own), Id::Number(id)) => *own == id,
            (Self::Text(own), Id::Text(id)) => **own == *id,
            _ => false,
        }
    }
}

/// A part of an answer: a text, or a tool call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) kind: PartKind,
    /// The number of the choice that it belongs to, as the provider counts.
    pub(crate) choice: u64,
    id: OwnId,
    /// The line that it began with.
    pub(crate) line: u64,
    /// The name of the tool.
    pub(crate) name: Option<String>,
    /// The ID of the tool call.
    pub(crate) call: Option<String>,
    pub(crate) pieces: Pieces,
    /// How far the arguments of a tool call are as JSON; `None` if they are none.
    json: Option<Beginning>,
}

impl Part {
    /// How far the arguments of a tool call are as JSON; `None` for any other text.
    pub(crate) fn progress(&self) -> Option<Progress> {
        self.json.as_ref().map(Beginning::progress)
    }

    /// The arguments are no JSON, by the protocol.
    pub(super) fn has_no_json(&mut self) {
        self.json = None;
    }
}

/// A sentence, and the line that it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) line: u64,
    pub(crate) text: String,
}

/// Why a choice ended, in the provider's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finish {
    pub(crate) choice: u64,
    pub(crate) reason: String,
    pub(crate) line: u64,
}

/// What was not kept, because an answer has bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// How many bytes of text.
    pub(crate) bytes: u64,
    /// How many citations, errors and figures.
    pub(crate) items: u64,
    /// The first line of which something was left out.
    pub(crate) line: Option<u64>,
}

/// Whether an answer is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The connection is open, and the end did not arrive yet.
    Growing,
    /// The last message of the protocol arrived, in this line.
    Complete(u64),
    /// The connection is over, and a reason for the end arrived, but not the last message of the protocol, which some
    /// servers do not send.
    Finished(u64),
    /// The server sent an error, and no end.
    Failed(u64),
    /// The end is missing: the connection was over, or the next answer began, in this line.
    Cut(u64),
}

/// An answer of a model, as far as it has arrived.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) shape: Shape,
    /// The line that it began with. No other answer of the log has the same, even after the log was cleared.
    pub(crate) line: u64,
    pub(crate) id: Option<String>,
    pub(crate) model: Option<String>,
    /// Whether the message arrived that an answer of this shape begins with; `None` if the shape has none.
    pub(crate) has_beginning: Option<bool>,
    pub(crate) parts: Vec<Part>,
    /// Whether there are other choices than number 0.
    pub(crate) has_choices: bool,
    pub(crate) finishes: Vec<Finish>,
    /// The figures of the usage by their paths, as reported.
    pub(crate) usage: Vec<(String, String)>,
    pub(crate) citations: Vec<Noted>,
    pub(crate) errors: Vec<Noted>,
    pub(crate) left_out: LeftOut,
    pub(crate) timing: Timing,
    /// The line of the last message of the protocol.
    end: Option<u64>,
    /// The line of the closing, or of the beginning of the next answer.
    over: Option<u64>,
    /// How many bytes it takes.
    held: usize,
    /// How many bytes it may take.
    pub(super) room: usize,
}

impl Answer {
    pub(super) fn new(shape: Shape, line: u64, opened_at: Option<f64>) -> Self {
        Self {
            shape,
            line,
            id: None,
            model: None,
            has_beginning: None,
            parts: Vec::new(),
            has_choices: false,
            finishes: Vec::new(),
            usage: Vec::new(),
            citations: Vec::new(),
            errors: Vec::new(),
            left_out: LeftOut::default(),
            timing: Timing::since(opened_at),
            end: None,
            over: None,
            held: 0,
            room: usize::MAX,
        }
    }

    pub(crate) fn state(&self) -> State {
        let finished = self.finishes.last().map(|finish| finish.line);
        let failed = self.errors.last().map(|error| error.line);
        match (self.end, self.over) {
            (Some(end), _) => State::Complete(end),
            (None, None) => failed.map_or(State::Growing, State::Failed),
            (None, Some(over)) => {
                let finished = finished.map(State::Finished);
                let failed = failed.map(State::Failed);
                failed.or(finished).unwrap_or(State::Cut(over))
            }
        }
    }

    /// How fast the reported output tokens arrived.
    pub(crate) fn rate(&self) -> Option<Rate> {
        let figure = |names: &[&str]| {
            let mut usage = self.usage.iter();
            let (_, figure) = usage.find(|(name, _)| names.contains(&&**name))?;
            figure.parse::<u64>().ok()
        };
        let mut tokens = figure(&[
            "completion_tokens",
            "output_tokens",
            "candidatesTokenCount",
            "tokens.output_tokens",
        ])?;
        if self.timing.first_reasoning.is_none() {
            // Reasoning that is not sent was generated before.
            let reasoning = figure(&[
                "completion_tokens_details.reasoning_tokens",
                "output_tokens_details.reasoning_tokens",
            ]);
            tokens = tokens.checked_sub(reasoning.unwrap_or_default())?;
        }
        self.timing.rate(tokens)
    }

    pub(super) fn held(&self) -> usize {
        self.held
    }

    pub(super) fn is_ended(&self) -> bool {
        self.end.is_some()
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.is_some()
    }

    /// The connection is over, or the next answer begins.
    pub(super) fn close(&mut self, line: u64) {
        self.over.get_or_insert(line);
    }

    /// Another connection goes on with the answer.
    pub(super) fn resume(&mut self) {
        self.over = None;
    }

    /// The last message of the protocol arrived.
    pub(super) fn end(&mut self, event: &Event<'_>) {
        self.end.get_or_insert(event.line);
    }

    /// Sets whether the answer began with its first message, once.
    pub(super) fn begins(&mut self, is_beginning: bool) {
        self.has_beginning.get_or_insert(is_beginning);
    }

    pub(super) fn set_id(&mut self, id: Option<Cow<'_, str>>) {
        set(&mut self.id, id);
    }

    pub(super) fn set_model(&mut self, model: Option<Cow<'_, str>>) {
        set(&mut self.model, model);
    }

    /// The last part of this kind, choice and ID, if there is one.
    pub(super) fn part(&mut self, kind: PartKind, choice: u64, id: Id<'_>) -> Option<&mut Part> {
        let mut parts = self.parts.iter_mut().rev();
        parts.find(|part| part.kind == kind && part.choice == choice && part.id.is(id))
    }

    /// The last part of a choice.
    pub(super) fn last_part(&self, choice: u64) -> Option<&Part> {
        let mut parts = self.parts.iter().rev();
        parts.find(|part| part.choice == choice)
    }

    /// Begins a part. `None` if there are too many.
    pub(super) fn begin(
        &mut self,
        event: &Event<'_>,
        kind: PartKind,
        choice: u64,
        id: Id<'_>,
    ) -> Option<&mut Part> {
        if self.parts.len() >= MOST_PARTS {
            self.leave_out(event, 0, 1);
            return None;
        }
        let id = match id {
            Id::Number(number) => OwnId::Number(number),
            Id::Text(text) => OwnId::Text(text::beginning(text, LONGEST).into()),
        };
        self.held += size_of::<Part>();
        self.has_choices |= choice > 0;
        self.parts.push(Part {
            kind,
            choice,
            id,
            line: event.line,
            name: None,
            call: None,
            pieces: Pieces::default(),
            json: (kind == PartKind::ToolCall).then(Beginning::default),
        });
        self.parts.last_mut()
    }

    /// The part of this kind, choice and ID, which begins now if there is none.
    pub(super) fn part_or_begin(
        &mut self,
        event: &Event<'_>,
        kind: PartKind,
        choice: u64,
        id: Id<'_>,
    ) -> Option<&mut Part> {
        let is_there = self.part(kind, choice, id).is_some();
        match is_there {
            true => self.part(kind, choice, id),
            false => self.begin(event, kind, choice, id),
        }
    }

    /// Begins a tool call, or completes what is known of it.
    pub(super) fn call(
        &mut self,
        event: &Event<'_>,
        choice: u64,
        id: Id<'_>,
        name: Option<Cow<'_, str>>,
        call: Option<Cow<'_, str>>,
    ) {
        let call = call.filter(|call| !call.is_empty());
        let before = self.part(PartKind::ToolCall, choice, id);
        // Some servers number each call 0.
        let is_other = before.is_some_and(|part| {
            part.call.is_some() && call.is_some() && part.call.as_deref() != call.as_deref()
        });
        let part = match is_other {
            true => self.begin(event, PartKind::ToolCall, choice, id),
            false => self.part_or_begin(event, PartKind::ToolCall, choice, id),
        };
        if let Some(part) = part {
            set(&mut part.name, name);
            set(&mut part.call, call);
        }
    }

    /// Appends to the part of this kind, choice and ID, which begins now if there is none.
    pub(super) fn add(
        &mut self,
        event: &Event<'_>,
        kind: PartKind,
        choice: u64,
        id: Id<'_>,
        text: &str,
    ) {
        if text.is_empty() {
            return;
        }
        if kind != PartKind::ToolResult {
            self.timing.generated(event, kind == PartKind::Reasoning);
        }
        let cost = text.len() + Pieces::PIECE_BYTES;
        if self.held + cost > self.room {
            return self.leave_out(event, text.len() as u64, 0);
        }
        let Some(part) = self.part_or_begin(event, kind, choice, id) else {
            return self.leave_out(event, text.len() as u64, 0);
        };
        part.pieces.push(event.line, text);
        if let Some(json) = &mut part.json {
            json.read(text);
        }
        self.held += cost;
    }

    /// Appends a whole text to a part of which nothing arrived: its pieces may have arrived before the log began.
    pub(super) fn add_missing(
        &mut self,
        event: &Event<'_>,
        kind: PartKind,
        choice: u64,
        id: Id<'_>,
        text: &str,
    ) {
        let part = self.part(kind, choice, id);
        if part.is_none_or(|part| part.pieces.text().is_empty()) {
            self.add(event, kind, choice, id, text);
        }
    }

    pub(super) fn finish(&mut self, event: &Event<'_>, choice: u64, reason: &str) {
        if reason.is_empty() {
            return;
        }
        let reason = text::beginning(reason, LONGEST).to_owned();
        let line = event.line;
        let count = self.finishes.len();
        let mut finishes = self.finishes.iter_mut();
        match finishes.find(|finish| finish.choice == choice) {
            Some(finish) => (finish.reason, finish.line) = (reason, line),
            None if count < MOST_ITEMS => self.finishes.push(Finish {
                choice,
                reason,
                line,
            }),
            None => self.leave_out(event, 0, 1),
        }
    }

    pub(super) fn cite(&mut self, event: &Event<'_>, text: &str) {
        if text.is_empty() || self.citations.iter().any(|citation| citation.text == text) {
            return;
        }
        match self.citations.len() < MOST_ITEMS {
            true => self.citations.push(noted(event, text)),
            false => self.leave_out(event, 0, 1),
        }
    }

    pub(super) fn fail(&mut self, event: &Event<'_>, text: &str) {
        match self.errors.len() < MOST_ITEMS {
            true => self.errors.push(noted(event, text)),
            false => self.leave_out(event, 0, 1),
        }
    }

    /// An error as most providers send it: an object with a message, a type and a code, or a text.
    pub(super) fn fail_with(&mut self, event: &Event<'_>, error: Value<'_>) {
        let mut parts = Vec::new();
        for key in ["type", "status", "code", "message"] {
            if let Some(part) = error.get(key).filter(|part| !part.kind().is_container()) {
                parts.push(text_or_raw(part));
            }
        }
        match parts.is_empty() {
            true => self.fail(event, &text_or_raw(error)),
            false => self.fail(event, &parts.join(": ")),
        }
    }

    /// The figures of an object `usage`, at any depth up to three. Later ones replace earlier ones.
    pub(super) fn report(&mut self, event: &Event<'_>, usage: Value<'_>) {
        self.report_within(event, usage, "", 3);
    }

    fn report_within(&mut self, event: &Event<'_>, usage: Value<'_>, path: &str, depth: u8) {
        for member in usage.children() {
            let key = member.key();
            let name = match path {
                "" => key.into_owned(),
                _ => [path, &*key].join("."),
            };
            match member.kind() {
                JsonKind::Object if depth > 1 => {
                    self.report_within(event, member, &name, depth - 1);
                }
                JsonKind::Number if name.len() < LONGEST && member.raw().len() < 40 => {
                    let figure = member.raw().to_owned();
                    let count = self.usage.len();
                    match self.usage.iter_mut().find(|(other, _)| *other == name) {
                        Some(before) => before.1 = figure,
                        None if count < MOST_ITEMS => self.usage.push((name, figure)),
                        None => self.leave_out(event, 0, 1),
                    }
                }
                _ => {}
            }
        }
    }

    fn leave_out(&mut self, event: &Event<'_>, bytes: u64, items: u64) {
        self.left_out.bytes += bytes;
        self.left_out.items += items;
        self.left_out.line.get_or_insert(event.line);
    }
}

/// The text of a string, or any other value as it is written.
pub(super) fn text_or_raw(value: Value<'_>) -> Cow<'_, str> {
    value.text().unwrap_or(Cow::Borrowed(value.raw()))
}

fn noted(event: &Event<'_>, text: &str) -> Noted {
    Noted {
        line: event.line,
        text: text::beginning(text, LONGEST).to_owned(),
    }
}

/// Sets what is not known yet.
fn set(known: &mut Option<String>, text: Option<Cow<'_, str>>) {
    if known.is_none()
        && let Some(text) = text.filter(|text| !text.is_empty())
    {
        *known = Some(text::beginning(&text, LONGEST).to_owned());
    }
}
