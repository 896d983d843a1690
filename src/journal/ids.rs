//! The last event ID as it stood at each line, kept once for all the lines that it holds for.

use std::{collections::VecDeque, mem};

/// How far back a line stands that no kept or evicted line set the ID of.
const NEVER: u32 = u32::MAX;

/// The last event IDs of a journal.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids {
    /// As it stands.
    last: String,
    /// The number of the line that set it.
    line: Option<u64>,
    /// As it stood before the first kept line.
    inherited: String,
    /// Those that cannot be read in the bytes of the line that set them alone, ascending.
    told: VecDeque<Told>,
    /// The bytes of the texts in `told`.
    told_len: usize,
    /// Bytes are gone that may have set it.
    unsure: bool,
}

/// A last event ID that is not read in the bytes of a line.
#[derive(Clone, Debug)]
struct Told {
    /// The first line that it holds for.
    line: u64,
    id: Box<str>,
    /// No bytes set it: the reader began with it, say.
    apart: bool,
}

impl Ids {
    pub(super) fn last(&self) -> &str {
        &self.last
    }

    /// How far before the line `seq`, which is added, the line is that set the last event ID.
    pub(super) fn back(&self, seq: u64) -> u32 {
        self.line.map_or(NEVER, |line| {
            u32::try_from(seq - line).unwrap_or(NEVER).min(NEVER - 1)
        })
    }

    /// The line that set the ID of the line `seq`.
    pub(super) fn setter(seq: u64, back: u32) -> Option<u64> {
        (back != NEVER).then(|| seq.saturating_sub(back.into()))
    }

    /// The next event does not tell in its own bytes what it may seem to set.
    pub(super) fn doubt(&mut self) {
        self.unsure = true;
    }

    /// The event in the line `seq`, which is added, has another ID.
    pub(super) fn set_by_event(&mut self, seq: u64, id: &str) {
        if mem::take(&mut self.unsure) {
            self.tell(seq, id, true);
        } else {
            self.set_by_bytes(seq, id);
        }
    }

    /// The bytes of the line `seq`, which is added, set it to `id`.
    pub(super) fn set_by_bytes(&mut self, seq: u64, id: &str) {
        if self.told.back().is_some_and(|told| told.line == seq) {
            // Else what was told would seem to hold.
            self.tell(seq, id, false);
        } else {
            self.set(seq, id);
        }
    }

    /// It is `id` from the line `seq` on, which is added, and not for what the bytes of this line
    /// alone say; `apart` if no bytes say so.
    pub(super) fn tell(&mut self, seq: u64, id: &str, apart: bool) {
        if let Some(told) = self.told.back()
            && (told.line, told.apart) == (seq, apart)
        {
            self.told_len -= told.id.len();
            self.told.pop_back();
        }
        self.told_len += id.len();
        self.told.push_back(Told {
            line: seq,
            id: id.into(),
            apart,
        });
        self.set(seq, id);
    }

    fn set(&mut self, seq: u64, id: &str) {
        id.clone_into(&mut self.last);
        self.line = Some(seq);
    }

    /// It is `id` from the first kept line on.
    pub(super) fn inherit(&mut self, id: &str) {
        id.clone_into(&mut self.inherited);
        id.clone_into(&mut self.last);
        self.line = None;
        self.told.clear();
        self.told_len = 0;
    }

    /// As it stood before the first kept line.
    pub(super) fn inherited(&self) -> &str {
        &self.inherited
    }

    /// What the line `seq` set it to, if its bytes alone do not say.
    pub(super) fn told(&self, seq: u64) -> Option<&str> {
        let after = self.told.partition_point(|told| told.line <= seq);
        let told = self.told.get(after.checked_sub(1)?)?;
        (told.line == seq).then_some(&*told.id)
    }

    /// What it was before the bytes of the line `seq`, if no bytes say so.
    pub(super) fn told_apart(&self, seq: u64) -> Option<&str> {
        let first = self.told.partition_point(|told| told.line < seq);
        let told = self.told.get(first)?;
        (told.line == seq && told.apart).then_some(&*told.id)
    }

    /// The lines before `seq` are dropped, and `inherited` is what it was after them.
    pub(super) fn forget_before(&mut self, seq: u64, inherited: String) {
        self.inherited = inherited;
        while self.told.front().is_some_and(|told| told.line < seq) {
            self.told_len -= self.told.pop_front().map_or(0, |told| told.id.len());
        }
    }

    /// All lines are dropped.
    pub(super) fn forget_all(&mut self) {
        let last = mem::take(&mut self.last);
        self.inherit(&last);
    }

    /// The bytes that it takes beyond what is always there.
    pub(super) fn held(&self) -> usize {
        self.told.len() * size_of::<Told>() + self.told_len
    }
}
