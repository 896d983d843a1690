//! When the parts of an answer arrived, by the times of the log.

use super::Event;

/// A line, and its time in ms since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moment {
    pub(crate) line: u64,
    pub(crate) at: f64,
}

/// A pause before a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Gap {
    pub(crate) line: u64,
    pub(crate) ms: f64,
}

/// When the parts of an answer arrived. What was generated is text, reasoning, refusals, and the arguments of
/// tool calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Timing {
    /// When the connection opened, over which the answer began: when the head of the response was there. `None` if
    /// that is not in the log.
    pub(crate) opened_at: Option<f64>,
    pub(crate) first: Option<Moment>,
    pub(crate) last: Option<Moment>,
    pub(crate) first_generated: Option<Moment>,
    pub(crate) last_generated: Option<Moment>,
    pub(crate) first_reasoning: Option<Moment>,
    /// The first text that is no reasoning.
    pub(crate) first_text: Option<Moment>,
    /// The longest pause between two events with generated text.
    pub(crate) longest_gap: Option<Gap>,
    /// How many events there were.
    pub(crate) events: u64,
    /// In how many reads they ended. An `EventSource` does not expose reads: its events of one time are one.
    pub(crate) reads: u64,
    last_read: Option<u64>,
    /// In how many reads generated text arrived.
    generated_reads: u64,
    last_generated_read: Option<u64>,
}

/// How fast tokens arrived.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rate {
    /// How many tokens the provider reported, without reasoning that it did not send.
    pub(crate) tokens: u64,
    /// Between the first and the last generated text, in ms.
    pub(crate) ms: f64,
}

impl Rate {
    /// Tokens a second.
    pub(crate) fn per_second(self) -> f64 {
        self.tokens as f64 * 1_000.0 / self.ms
    }
}

/// In how few reads an answer may arrive for its rate to mean something.
const FEWEST_READS: u64 = 4;

/// In how short a time an answer may arrive for its rate to mean something, in ms.
const SHORTEST: f64 = 100.0;

impl Timing {
    pub(super) fn since(opened_at: Option<f64>) -> Self {
        Self {
            opened_at,
            ..Self::default()
        }
    }

    pub(super) fn event(&mut self, event: &Event<'_>) {
        let moment = event.moment();
        self.first.get_or_insert(moment);
        self.last = Some(moment);
        self.events += 1;
        if self.last_read.replace(event.read) != Some(event.read) {
            self.reads += 1;
        }
    }

    pub(super) fn generated(&mut self, event: &Event<'_>, is_reasoning: bool) {
        let moment = event.moment();
        self.first_generated.get_or_insert(moment);
        let first = match is_reasoning {
            true => &mut self.first_reasoning,
            false => &mut self.first_text,
        };
        first.get_or_insert(moment);
        if let Some(before) = self.last_generated.replace(moment) {
            let gap = Gap {
                line: event.line,
                ms: (event.at - before.at).max(0.0),
            };
            if self.longest_gap.is_none_or(|longest| longest.ms < gap.ms) {
                self.longest_gap = Some(gap);
            }
        }
        if self.last_generated_read.replace(event.read) != Some(event.read) {
            self.generated_reads += 1;
        }
    }

    /// Counts reads anew: they depend on how the bytes were split.
    #[cfg(test)]
    pub(super) fn forget_reads(&mut self) {
        (self.reads, self.last_read) = (0, None);
        (self.generated_reads, self.last_generated_read) = (0, None);
    }

    /// The time from the opening of the connection to a moment, in ms.
    pub(crate) fn after_opening(&self, moment: Option<Moment>) -> Option<f64> {
        Some((moment?.at - self.opened_at?).max(0.0))
    }

    /// When the first text after reasoning arrived.
    pub(crate) fn first_text_after_reasoning(&self) -> Option<Moment> {
        let (reasoning, text) = (self.first_reasoning?, self.first_text?);
        (reasoning.line <= text.line).then_some(text)
    }

    /// How fast `tokens` arrived, where the answer arrived over some time and in several reads.
    pub(super) fn rate(&self, tokens: u64) -> Option<Rate> {
        let ms = self.last_generated?.at - self.first_generated?.at;
        let is_stream = self.generated_reads >= FEWEST_READS && ms >= SHORTEST && tokens > 0;
        is_stream.then_some(Rate { tokens, ms })
    }
}
