//! A row of the log, and what is written in it.

use web_sys::HtmlElement;

use super::{
    dom::{self, Slot},
    watched::Watched,
};
use crate::{
    clock,
    journal::{Kind, Line},
    text,
};

/// How many bytes of an event's data, type or ID a row shows. The whole is in the detail.
const SHOWN: usize = 400;

/// One row of the document. It belongs to a line as long as that is in sight.
pub(super) struct Row {
    pub(super) element: HtmlElement,
    time: Slot,
    delta: Slot,
    label: Slot,
    separator: Slot,
    data: Slot,
    id: Slot,
    size: Slot,
    /// The number of its line.
    pub(super) seq: Option<u64>,
    /// What was written depends on these.
    written: Option<(u64, Option<f64>, bool)>,
    put: (f64, u64, bool),
}

const ROW_MARKUP: &str = r#"<time class="time" role="gridcell"></time><span class="delta" role="gridcell"></span><span class="line" role="presentation"><b class="label" role="gridcell"></b><span class="separator"></span><span class="data" role="gridcell"></span></span><span class="id" role="gridcell"></span><span class="size" role="gridcell"></span>"#;

impl Row {
    pub(super) fn new() -> Self {
        let element = dom::element("div");
        element.set_class_name("row");
        dom::set(&element, "role", "row");
        element.set_inner_html(ROW_MARKUP);
        let slot = |css| Slot::new(&element, css);
        Self {
            time: slot(".time"),
            delta: slot(".delta"),
            label: slot(".label"),
            separator: slot(".separator"),
            data: slot(".data"),
            id: slot(".id"),
            size: slot(".size"),
            seq: None,
            written: None,
            put: (-1.0, u64::MAX, false),
            element,
        }
    }

    pub(super) fn give(&mut self, log: u32, seq: u64) {
        self.seq = Some(seq);
        self.written = None;
        self.element.set_id(&row_id(log, seq));
    }

    /// Writes what `line` is about; `before` is the time of the line above, and `origin` that from
    /// which times count, if they do.
    pub(super) fn write(
        &mut self,
        line: &Line<'_>,
        before: Option<f64>,
        origin: Option<f64>,
        watched: Watched,
    ) {
        let written = (line.seq(), before, origin.is_some());
        if self.written.replace(written) == Some(written) {
            return;
        }
        self.time.set(&match origin {
            Some(origin) => text::duration(line.at() - origin),
            None => clock::time_of_day(line.at()),
        });
        let gap = before.map(|before| text::duration(line.at() - before));
        self.delta
            .set(&gap.map_or(String::new(), |gap| ["+", &gap].concat()));
        let (kind, label, data, id, size) = match line.kind() {
            Kind::Opened => ("opened", "", "Connection open ...".into(), "".into(), None),
            Kind::Closed => ("closed", "", "Connection close.".into(), "".into(), None),
            Kind::Event => {
                let event_type = line.event_type();
                self.label
                    .set(text::beginning(&watched.label(&event_type), SHOWN));
                let id = line.last_event_id();
                ("event", ": ", line.beginning(SHOWN), id, Some(line.size()))
            }
            Kind::Comment => ("comment", "comment", line.beginning(SHOWN), "".into(), None),
            Kind::Retry => ("retry", "retry", line.beginning(SHOWN), "".into(), None),
            Kind::Note => ("note", "note", line.data(), "".into(), None),
        };
        if line.kind() != Kind::Event {
            self.label.set(label);
        }
        let has_label = !label.is_empty();
        self.separator.set(if has_label { ": " } else { "" });
        dom::set(&self.element, "data-kind", kind);
        let name = line
            .name()
            .map_or(String::new(), |name| (name % 8).to_string());
        dom::set(&self.element, "data-name", &name);
        let more = match size {
            Some(size) if size > data.len() => format!("… ({size} bytes in all)"),
            _ => String::new(),
        };
        self.data.set(&[&data, &*more].concat());
        self.id.set(text::beginning(&id, SHOWN));
        self.size
            .set(&size.map_or(String::new(), |size| text::bytes(size as u64)));
    }

    /// Puts it `y` px below the upper end, as the row of the `place`th line.
    pub(super) fn put(&mut self, y: f64, place: u64, selected: bool) {
        let before = std::mem::replace(&mut self.put, (y, place, selected));
        if before.0 != y {
            let transform = ["translateY(", &px(y), ")"].concat();
            let _ = self.element.style().set_property("transform", &transform);
        }
        if before.1 != place {
            dom::set(&self.element, "aria-rowindex", &(place + 1).to_string());
        }
        if before.2 != selected || before.1 == u64::MAX {
            dom::set(
                &self.element,
                "aria-selected",
                if selected { "true" } else { "false" },
            );
        }
    }
}

/// The id of a row, for what refers to it.
pub(super) fn row_id(log: u32, seq: u64) -> String {
    format!("row-{log}-{seq}")
}

/// Whole pixels: rows stand sharp, and integers are short to write.
pub(super) fn px(pixels: f64) -> String {
    format!("{}px", pixels as i64)
}
