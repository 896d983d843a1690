//! Answers of language models, as six APIs stream them. Pure, and each event can be made by itself: a
//! stream that is resumed begins anywhere.
//!
//! | file | contents |
//! | --- | --- |
//! | `mod.rs` | [`Answer`]: its parts, and the plan of its events |
//! | `part.rs` | a part of an answer, and its pieces |
//! | `json.rs` | JSON from templates |
//! | `tokens.rs` | [`Tokens`]: `data=tokens`, a text in the shape of chat completions |
//! | the others | the events of one API, in the shapes of its public reference |

mod ag_ui;
mod ai_sdk;
mod anthropic;
mod gemini;
mod json;
mod openai;
mod part;
mod responses;
#[cfg(test)]
mod tests;
mod tokens;

use std::borrow::Cow;

use super::spec::{Api, Content, Data, Spec};
use part::{Kind, Part};
use tokens::Tokens;

/// What a model answers, unless the query has another text.
const ANSWER: &str = "Server-Sent Events are one HTTP response that does not end. The server writes \
lines of text, an empty line ends each event, and the browser hands it to the page at once. If the \
connection is lost, the browser connects again and says which event it saw last, so nothing needs to \
get lost. It is the simplest way to show people that something is happening — like this answer, which \
arrives in small pieces, each an event of its own.";

/// What a model reasons before it answers.
const REASONING: &str = "A stream suits this best.";

/// The tool that a model calls, and the arguments of the call.
const TOOL: &str = "get_weather";
const ARGUMENTS: &str = r#"{"city":"Zürich"}"#;

/// The model of all answers.
const MODEL: &str = "sse-scope";

/// What the error of an answer says.
const ERROR: &str = "The server had an error while processing your request.";

/// The number of tokens in the prompt.
const INPUT_TOKENS: u64 = 25;

/// The most events of an answer.
const MOST_EVENTS: u64 = 1_000_000;

/// The most events of an answer whose last events contain all of its text.
const MOST_EVENTS_REPEATED: u64 = 10_000;

/// An event of an answer.
pub(crate) struct Event {
    /// Empty for an event without a type.
    pub(crate) event_type: &'static str,
    pub(crate) data: String,
}

impl Event {
    /// An event without a type.
    fn untyped(data: String) -> Self {
        Self {
            event_type: "",
            data,
        }
    }
}

/// What a language model sends.
pub(crate) enum Model {
    Tokens(Tokens),
    Answer(Answer),
}

impl Model {
    /// The answer that `spec` asks for; `None` if it asks for other data.
    pub(crate) fn new(spec: &Spec, seed: u64) -> Option<Self> {
        match spec.data {
            Data::Clock | Data::Seq | Data::Json => None,
            Data::Tokens => Some(Self::Tokens(Tokens::new(seed, spec.count))),
            Data::Answer(api) => Some(Self::Answer(Answer::new(api, spec))),
        }
    }

    /// The number of events.
    pub(crate) fn count(&self) -> u64 {
        match self {
            Self::Tokens(tokens) => tokens.count,
            Self::Answer(answer) => answer.count,
        }
    }

    /// Event `number`; after the end the last one again.
    pub(crate) fn event(&self, number: u64) -> Event {
        match self {
            Self::Tokens(tokens) => Event::untyped(tokens.data(number)),
            Self::Answer(answer) => answer.event(number),
        }
    }
}

/// An answer, and which events it has.
pub(crate) struct Answer {
    parts: Vec<Part>,
    /// How many answers there are side by side.
    choices: u64,
    has_usage: bool,
    has_error: bool,
    runs: Vec<Run>,
    count: u64,
}

/// Events in a row that are made alike.
struct Run {
    /// The number of the first one.
    first: u64,
    make: Make,
}

enum Make {
    Whole(fn(&Answer, At) -> Event),
    Part(usize, fn(&Answer, &Part, At) -> Event),
}

/// The place of an event.
#[derive(Clone, Copy)]
struct At {
    /// Its number in the answer.
    number: u64,
    /// Its number in its run.
    index: u64,
}

/// Collects the runs of an answer.
#[derive(Default)]
struct Plan {
    runs: Vec<Run>,
    count: u64,
}

impl Plan {
    /// One event of the whole answer.
    fn one(&mut self, make: fn(&Answer, At) -> Event) {
        self.many(1, make);
    }

    /// Events of the whole answer.
    fn many(&mut self, count: u64, make: fn(&Answer, At) -> Event) {
        self.push(count, Make::Whole(make));
    }

    /// One event of a part.
    fn part(&mut self, part: &Part, make: fn(&Answer, &Part, At) -> Event) {
        self.parts(part, 1, make);
    }

    /// Events of a part.
    fn parts(&mut self, part: &Part, count: u64, make: fn(&Answer, &Part, At) -> Event) {
        self.push(count, Make::Part(part.index, make));
    }

    fn push(&mut self, count: u64, make: Make) {
        if count > 0 {
            let first = self.count;
            self.runs.push(Run { first, make });
            self.count += count;
        }
    }
}

impl Answer {
    /// The answer that `spec` asks for, in the events of `api`.
    fn new(api: Api, spec: &Spec) -> Self {
        let has = |kind| spec.parts.contains(&kind);
        let kinds = spec.parts.iter().filter_map(|part| match part {
            Content::Reasoning => Some(Kind::Reasoning),
            Content::Text => Some(Kind::Text),
            Content::Tool => Some(Kind::Tool),
            Content::Usage | Content::Error => None,
        });
        let mut parts: Vec<Part> = Vec::new();
        for kind in kinds {
            let text = match kind {
                Kind::Reasoning => REASONING.into(),
                Kind::Text => spec.text.clone().map_or(ANSWER.into(), Cow::Owned),
                Kind::Tool => ARGUMENTS.into(),
            };
            parts.push(Part::new(kind, &parts, text, spec.choices));
        }
        let has_error = has(Content::Error);
        if has_error && let Some(last) = parts.last_mut() {
            last.break_off(spec.choices);
        }
        let mut answer = Self {
            parts,
            choices: spec.choices,
            has_usage: has(Content::Usage),
            has_error,
            runs: Vec::new(),
            count: 0,
        };
        answer.plan(api);
        if let Some(count) = spec.count {
            let pieces_in_event = pieces_in_event(api, answer.choices);
            let others = answer.events_besides_text(api);
            if let Some(text) = answer.text_mut() {
                text.sent = count.saturating_sub(others).saturating_mul(pieces_in_event);
                answer.plan(api);
            }
        }
        answer
    }

    /// The least and the largest number of events that an answer as `spec` asks for can have.
    pub(crate) fn lengths(api: Api, spec: &Spec) -> (u64, u64) {
        let any_length = Spec {
            count: None,
            ..spec.clone()
        };
        let mut answer = Self::new(api, &any_length);
        let most = match api {
            Api::Responses => MOST_EVENTS_REPEATED,
            _ => MOST_EVENTS,
        };
        match answer.text_mut() {
            Some(_) => (answer.events_besides_text(api), most),
            None => (answer.count, answer.count),
        }
    }

    /// Event `number`; after the end the last one again.
    fn event(&self, number: u64) -> Event {
        let number = number.min(self.count - 1);
        let run = self.runs.partition_point(|run| run.first <= number) - 1;
        let run = &self.runs[run];
        let at = At {
            number,
            index: number - run.first,
        };
        match run.make {
            Make::Whole(make) => make(self, at),
            Make::Part(part, make) => make(self, &self.parts[part], at),
        }
    }

    fn plan(&mut self, api: Api) {
        let mut plan = Plan::default();
        match api {
            Api::OpenAi => openai::plan(self, &mut plan),
            Api::Responses => responses::plan(self, &mut plan),
            Api::Anthropic => anthropic::plan(self, &mut plan),
            Api::Gemini => gemini::plan(self, &mut plan),
            Api::AiSdk => ai_sdk::plan(self, &mut plan),
            Api::AgUi => ag_ui::plan(self, &mut plan),
        }
        (self.runs, self.count) = (plan.runs, plan.count);
    }

    /// The text that is as long as the number of events needs.
    fn text_mut(&mut self) -> Option<&mut Part> {
        self.parts.iter_mut().find(|part| part.kind == Kind::Text)
    }

    /// The number of events without the pieces of that text.
    fn events_besides_text(&mut self, api: Api) -> u64 {
        let pieces_in_event = pieces_in_event(api, self.choices);
        let of_text = self.text_mut().map_or(0, |text| text.sent);
        self.count - of_text / pieces_in_event
    }

    fn has_tool(&self) -> bool {
        self.parts.iter().any(|part| part.kind == Kind::Tool)
    }

    /// The usage, if the answer reports it.
    fn usage(&self) -> Option<Usage> {
        let tokens = |is_counted: fn(&Part) -> bool| {
            let parts = self.parts.iter().filter(|part| is_counted(part));
            parts.map(|part| part.sent).sum()
        };
        self.has_usage.then(|| Usage {
            input: INPUT_TOKENS,
            output: tokens(|_| true),
            reasoning: tokens(|part| part.kind == Kind::Reasoning),
        })
    }
}

/// How many pieces an event of a part has: those of all choices, or that of one.
fn pieces_in_event(api: Api, choices: u64) -> u64 {
    match api {
        Api::Gemini => choices,
        _ => 1,
    }
}

/// Each piece is counted as a token.
struct Usage {
    input: u64,
    /// All tokens of the answer, the reasoning included.
    output: u64,
    reasoning: u64,
}

impl Usage {
    fn total(&self) -> u64 {
        self.input + self.output
    }
}
