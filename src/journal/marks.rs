//! What happens beside the bytes: connections that open and close, streams that end, last event IDs
//! that no bytes set.

use super::{Journal, Kind, ring::Ring};

/// The marks of a journal, in the order in which they were set.
#[derive(Clone, Debug)]
pub(super) struct Marks {
    ring: Ring<Mark>,
    /// The last opening or closing among the dropped marks.
    before: Option<(f64, bool)>,
    /// Where the stream of the first kept byte begins.
    stream: u64,
}

/// Something that happened between two bytes of the tape.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// The position on the tape.
    pub(super) position: u64,
    /// The line of an opening, a closing or failed attempts; for anything else, the first line after it.
    pub(super) line: u64,
    /// The time, in ms since the Unix epoch.
    pub(super) at: f64,
    pub(super) what: What,
}

/// What a mark is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A connection opened.
    Opened,
    /// A connection closed.
    Closed,
    /// Attempts to connect failed.
    Failed,
    /// The stream ended although no connection closed: bytes are missing here.
    Broken,
    /// The last event ID changed without bytes that set it: the change with this number.
    Id(u64),
}

impl Mark {
    /// Whether the bytes after it belong to another stream than those before.
    pub(super) fn ends_stream(&self) -> bool {
        !matches!(self.what, What::Id(_))
    }
}

impl Marks {
    pub(super) fn new() -> Self {
        Self {
            ring: Ring::new(),
            before: None,
            stream: 0,
        }
    }

    pub(super) fn push(&mut self, mark: Mark) {
        self.ring.push(mark);
    }

    /// The number of the first kept mark.
    pub(super) fn first(&self) -> u64 {
        self.ring.range().start
    }

    /// The number that the next mark gets.
    pub(super) fn end(&self) -> u64 {
        self.ring.range().end
    }

    /// The mark with the number `number`.
    pub(super) fn get(&self, number: u64) -> Option<&Mark> {
        self.ring.get(number)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Mark> {
        self.ring.range().filter_map(|number| self.ring.get(number))
    }

    /// Where the stream of the first kept byte begins.
    pub(super) fn stream(&self) -> u64 {
        self.stream
    }

    /// Drops the marks that have neither a kept line nor a kept byte before them, where `line` and
    /// `position` are the first ones. Calls `on_id` with each change of the last event ID among them.
    pub(super) fn drop_before(&mut self, line: u64, position: u64, mut on_id: impl FnMut(u64)) {
        let mut first = self.ring.range().start;
        while let Some(mark) = self.ring.get(first) {
            let is_kept_line = mark.what.kind().is_some() && mark.line >= line;
            if is_kept_line || mark.line > line || mark.position > position {
                break;
            }
            match mark.what {
                What::Opened => self.before = Some((mark.at, true)),
                What::Closed => self.before = Some((mark.at, false)),
                What::Broken | What::Failed => {}
                What::Id(change) => on_id(change),
            }
            if mark.ends_stream() {
                self.stream = mark.position;
            }
            first += 1;
        }
        self.ring.drop_before(first);
    }

    /// The bytes in use.
    pub(super) fn held(&self) -> usize {
        self.ring.len() * size_of::<Mark>()
    }
}

impl Journal {
    /// When connections opened (`true`) and closed, in ms since the Unix epoch, as far back as the kept
    /// lines, preceded by the last change before them.
    pub fn links(&self) -> impl Iterator<Item = (f64, bool)> {
        let kept = self.marks.iter().filter_map(|mark| match mark.what {
            What::Opened => Some((mark.at, true)),
            What::Closed => Some((mark.at, false)),
            What::Failed | What::Broken | What::Id(_) => None,
        });
        self.marks.before.into_iter().chain(kept)
    }

    /// Sets a mark at the end of the tape.
    pub(super) fn mark(&mut self, at: f64, what: What) {
        self.marks.push(Mark {
            position: self.tape.range().end,
            line: self.rows.range().end,
            at,
            what,
        });
    }
}

impl What {
    /// The kind of the line of the log about this.
    pub(super) fn kind(self) -> Option<Kind> {
        match self {
            Self::Opened => Some(Kind::Opened),
            Self::Closed => Some(Kind::Closed),
            Self::Failed => Some(Kind::Failed),
            Self::Broken | Self::Id(_) => None,
        }
    }
}
