//! A part of an answer, and its pieces.

use std::{borrow::Cow, ops::Range};

/// The largest number of characters in a piece: a common length of a token.
const PIECE: usize = 6;

/// A part of an answer whose text is sent in pieces.
pub(super) struct Part {
    pub(super) kind: Kind,
    /// Its place among all parts.
    pub(super) index: usize,
    /// Its place among the parts of its kind.
    pub(super) nth: usize,
    text: Cow<'static, str>,
    pieces: Vec<Range<usize>>,
    /// How many pieces are sent, of all choices together. After the last piece the first one follows.
    pub(super) sent: u64,
    /// Whether an error ends the part.
    pub(super) is_broken: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Reasoning,
    Text,
    /// A call of a tool; its text are the arguments.
    Tool,
}

impl Part {
    /// A part after the parts `before` it, with all of its text for each choice.
    pub(super) fn new(kind: Kind, before: &[Self], text: Cow<'static, str>, choices: u64) -> Self {
        let pieces = pieces(&text);
        Self {
            kind,
            index: before.len(),
            nth: before.iter().filter(|part| part.kind == kind).count(),
            text,
            sent: pieces.len() as u64 * choices,
            pieces,
            is_broken: false,
        }
    }

    /// Ends the part in the middle of its text.
    pub(super) fn break_off(&mut self, choices: u64) {
        self.sent = self.pieces.len() as u64 / 2 * choices;
        self.is_broken = true;
    }

    /// Piece `number` of a choice.
    pub(super) fn piece(&self, choice: u64, number: u64) -> Cow<'_, str> {
        let place = number % self.pieces.len() as u64;
        let place = usize::try_from(place).expect("an index");
        let piece = &self.text[self.pieces[place].clone()];
        // The texts of the choices differ, so that a reader that confuses them is found out.
        match (self.kind, choice, number) {
            (Kind::Text, 1.., 0) => format!("({}) {piece}", choice + 1).into(),
            _ => piece.into(),
        }
    }

    /// All that is sent of the first choice.
    pub(super) fn whole(&self) -> String {
        (0..self.sent).map(|number| self.piece(0, number)).collect()
    }
}

/// Splits a text as tokens do: a space begins a piece, and a long word has several.
fn pieces(text: &str) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut from = 0;
    while from < text.len() {
        let rest = &text[from..];
        let end = rest
            .char_indices()
            .enumerate()
            .skip(1)
            .find(|&(count, (_, char))| char == ' ' || count >= PIECE)
            .map_or(rest.len(), |(_, (at, _))| at);
        pieces.push(from..from + end);
        from += end;
    }
    pieces
}
