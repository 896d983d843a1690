//! The bytes that a reader keeps from one chunk to the next.

use std::mem;

/// The buffers of a reader. Together the buffers take at most `bound` bytes, as long as no more is
/// appended than [`room_beside`](Self::room_beside) allows.
#[derive(Clone, Debug)]
pub(crate) struct Buffers {
    pub(crate) bound: usize,
    /// The beginning of a line that continues in the next chunk.
    pub(crate) line: Vec<u8>,
    /// The values of the `data` fields, joined by LF.
    pub(crate) data: Vec<u8>,
    /// The value of the `event` field.
    pub(crate) event_type: String,
    /// The value of the `id` field, which is the last event ID as soon as the block ends.
    pub(crate) next_id: String,
    pub(crate) last_event_id: String,
    /// The capacity of `line` while it is [taken](Self::take_line).
    taken: usize,
}

impl Buffers {
    pub(crate) fn new(bound: usize) -> Self {
        Self {
            bound,
            line: Vec::new(),
            data: Vec::new(),
            event_type: String::new(),
            next_id: String::new(),
            last_event_id: String::new(),
            taken: 0,
        }
    }

    /// How many bytes are allocated.
    pub(crate) fn held(&self) -> usize {
        self.line.capacity()
            + self.data.capacity()
            + self.event_type.capacity()
            + self.next_id.capacity()
            + self.last_event_id.capacity()
            + self.taken
    }

    /// How many bytes can be kept in addition to `data` bytes of data and the other fields.
    #[inline(always)]
    pub(crate) fn room_beside(&self, data: usize) -> usize {
        let fields = self.event_type.len() + self.next_id.len() + self.last_event_id.len();
        self.bound.saturating_sub(data + fields)
    }

    pub(crate) fn push_data(&mut self, bytes: &[u8]) {
        self.push(|buffers| &mut buffers.data, bytes);
    }

    pub(crate) fn push_line(&mut self, bytes: &[u8]) {
        self.push(|buffers| &mut buffers.line, bytes);
    }

    /// Appends `bytes` to a buffer. When the buffer is full, its capacity doubles, within the bound.
    fn push(&mut self, buffer: impl Fn(&mut Self) -> &mut Vec<u8>, bytes: &[u8]) {
        let needed = buffer(self).len() + bytes.len();
        if needed > buffer(self).capacity() {
            self.trim(bytes.len());
            let capacity = buffer(self).capacity();
            let most = self.bound.saturating_sub(self.held() - capacity);
            let wanted = (2 * capacity).min(most).max(needed);
            buffer(self).reserve_exact(wanted + bytes.len() - needed);
        }
        buffer(self).extend_from_slice(bytes);
    }

    /// Sets a field to `value`.
    #[inline(always)]
    pub(crate) fn set(&mut self, field: impl Fn(&mut Self) -> &mut String, value: &str) {
        field(self).clear();
        if value.len() > field(self).capacity() {
            self.trim(value.len());
            field(self).reserve_exact(value.len());
        }
        field(self).push_str(value);
    }

    /// Sets the last event ID to the value of the `id` field.
    #[inline(always)]
    pub(crate) fn set_last_event_id(&mut self) {
        mem::swap(&mut self.last_event_id, &mut self.next_id);
        self.next_id.clear();
    }

    /// Takes the line out, so that the other buffers can change while the line is read. Its memory
    /// still counts, and there is room for a copy of it.
    pub(crate) fn take_line(&mut self) -> Vec<u8> {
        self.trim(self.line.len());
        self.taken = self.line.capacity();
        mem::take(&mut self.line)
    }

    /// Puts back what [`take_line`](Self::take_line) returned, empty, for the next unfinished line.
    pub(crate) fn put_line_back(&mut self, mut line: Vec<u8>) {
        line.clear();
        self.taken = 0;
        self.line = line;
        self.trim(0);
    }

    /// Frees unused capacity if there is no room for `more` bytes otherwise.
    pub(crate) fn trim(&mut self, more: usize) {
        if self.held() + more > self.bound {
            self.line.shrink_to_fit();
            self.data.shrink_to_fit();
            self.event_type.shrink_to_fit();
            self.next_id.shrink_to_fit();
            self.last_event_id.shrink_to_fit();
        }
    }
}
