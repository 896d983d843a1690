//! What a reader keeps from one chunk to the next, within its bound.

/// The buffers of a reader. Together they hold no more than `bound`, as long as what is pushed was
/// asked for with [`room_beside`](Self::room_beside).
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) bound: usize,
    pub(crate) line: Vec<u8>,
    pub(crate) data: Vec<u8>,
    pub(crate) event_type: String,
    pub(crate) last_event_id: String,
    /// What the last event ID will be when the event that is being read ends.
    pub(crate) id_buffer: String,
    /// What a line takes that is not here just now, but is still in memory.
    taken: usize,
}

impl Kept {
    pub(crate) fn new(bound: usize) -> Self {
        Self {
            bound,
            line: Vec::new(),
            data: Vec::new(),
            event_type: String::new(),
            last_event_id: String::new(),
            id_buffer: String::new(),
            taken: 0,
        }
    }

    /// The bytes that are held now, used or not.
    pub(crate) fn held(&self) -> usize {
        self.line.capacity()
            + self.data.capacity()
            + self.event_type.capacity()
            + self.last_event_id.capacity()
            + self.id_buffer.capacity()
            + self.taken
    }

    /// How many bytes can be kept beside `values` bytes of data and the other fields.
    #[inline(always)]
    pub(crate) fn room_beside(&self, values: usize) -> usize {
        let fields = self.event_type.len() + self.last_event_id.len() + self.id_buffer.len();
        self.bound.saturating_sub(values + fields)
    }

    /// The line, to be put back soon. There is room for a copy of it.
    pub(crate) fn take_line(&mut self) -> Vec<u8> {
        self.trim(self.line.len());
        self.taken = self.line.capacity();
        std::mem::take(&mut self.line)
    }

    pub(crate) fn put_back(&mut self, line: Vec<u8>) {
        self.taken = 0;
        self.line = line;
        self.trim(0);
    }

    /// Makes the last event ID be what is in its buffer.
    #[inline(always)]
    pub(crate) fn commit_id(&mut self) {
        std::mem::swap(&mut self.last_event_id, &mut self.id_buffer);
        self.id_buffer.clear();
    }

    pub(crate) fn push_data(&mut self, bytes: &[u8]) {
        self.push(|kept| &mut kept.data, bytes);
    }

    pub(crate) fn push_line(&mut self, bytes: &[u8]) {
        self.push(|kept| &mut kept.line, bytes);
    }

    /// Appends, without growing beyond the bound for the sake of growth.
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

    /// Makes a field be `value`.
    #[inline(always)]
    pub(crate) fn set(&mut self, field: impl Fn(&mut Self) -> &mut String, value: &str) {
        field(self).clear();
        if value.len() > field(self).capacity() {
            self.trim(value.len());
            field(self).reserve_exact(value.len());
        }
        field(self).push_str(value);
    }

    /// Gives back what is held and not used, if it and `more` bytes are beyond the bound.
    pub(crate) fn trim(&mut self, more: usize) {
        if self.held() + more > self.bound {
            self.line.shrink_to_fit();
            self.data.shrink_to_fit();
            self.event_type.shrink_to_fit();
            self.last_event_id.shrink_to_fit();
            self.id_buffer.shrink_to_fit();
        }
    }
}
