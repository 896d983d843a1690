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
}

impl Kept {
    pub(crate) fn new(bound: usize) -> Self {
        Self {
            bound,
            line: Vec::new(),
            data: Vec::new(),
            event_type: String::new(),
            last_event_id: String::new(),
        }
    }

    /// The bytes that are held now, used or not.
    pub(crate) fn held(&self) -> usize {
        self.line.capacity()
            + self.data.capacity()
            + self.event_type.capacity()
            + self.last_event_id.capacity()
    }

    /// How many bytes can be kept beside `values` bytes of data and the other fields.
    #[inline(always)]
    pub(crate) fn room_beside(&self, values: usize) -> usize {
        self.bound
            .saturating_sub(values + self.event_type.len() + self.last_event_id.len())
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
        let text = field(self);
        text.clear();
        let grows = value.len() > text.capacity();
        if grows {
            text.reserve_exact(value.len());
        }
        text.push_str(value);
        if grows {
            self.trim(0);
        }
    }

    /// Gives back what is held and not used, if it and `more` bytes are beyond the bound.
    pub(crate) fn trim(&mut self, more: usize) {
        if self.held() + more > self.bound {
            self.line.shrink_to_fit();
            self.data.shrink_to_fit();
            self.event_type.shrink_to_fit();
            self.last_event_id.shrink_to_fit();
        }
    }
}
