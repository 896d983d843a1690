//! The whole of one line.

use std::{cell::RefCell, rc::Rc};

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent, ScrollIntoViewOptions, ScrollLogicalPosition};

use super::{
    dom::{self, Slot},
    settings,
    watched::Watched,
};
use crate::{
    clock,
    journal::{Journal, Kind, Line},
    json, text,
};

/// How much is shown before "Show more", in bytes: what a browser lays out within a frame or two.
const SHOWN: usize = 64 << 10;

/// Up to how many bytes JSON is indented, and bytes are shown as such.
const INDENTED: usize = 1 << 20;

const NOT_INDENTED: &str = "(Not indented: it has more than 1 MiB.)\n";

/// How much of a type or an ID is shown, in bytes.
const FACT: usize = 1_000;

const MARKUP: &str = r#"
<div class="detail-head">
  <h2></h2>
  <button type="button" class="quiet" data-do="close" title="Esc">Close</button>
</div>
<dl></dl>
<div class="detail-tools">
  <div class="tabs" role="group" aria-label="Form">
    <button type="button" data-do="pretty">Pretty</button><button type="button" data-do="raw">Raw</button><button type="button" data-do="bytes">Bytes</button>
  </div>
  <button type="button" class="quiet" data-do="copy">Copy</button>
</div>
<pre tabindex="0"></pre>
<button type="button" data-do="more" hidden></button>"#;

/// What is on show: it stays although the line may be evicted.
#[derive(Default)]
struct Shown {
    line: u64,
    data: String,
    bytes: Vec<u8>,
    /// The text of the present form.
    text: String,
    /// How much of it is in the page.
    until: usize,
}

/// The selected line in full: what it is, its data in three forms, a way to copy it.
pub(super) fn detail(watched: Watched) -> impl IntoView {
    dom::panel("detail", MARKUP, move |root| {
        let detail = Detail::new(watched, root);
        watched.on_draw(Rc::new(move || detail.draw()));
    })
}

struct Detail {
    watched: Watched,
    root: HtmlElement,
    title: Slot,
    facts: HtmlElement,
    pre: Slot,
    more: Slot,
    form: RefCell<String>,
    shown: RefCell<Option<Shown>>,
}

impl Detail {
    fn new(watched: Watched, root: HtmlElement) -> Rc<Self> {
        dom::set(&root, "role", "complementary");
        dom::set(&root, "aria-label", "Detail");
        let detail = Rc::new(Self {
            watched,
            title: Slot::new(&root, "h2"),
            facts: dom::find(&root, "dl"),
            pre: Slot::new(&root, "pre"),
            more: Slot::new(&root, "[data-do=more]"),
            form: RefCell::new(settings::recall("form").unwrap_or_else(|| "pretty".to_owned())),
            shown: RefCell::default(),
            root,
        });
        if let Some(section) = detail.root.parent_element() {
            let closed = Rc::clone(&detail);
            dom::listen(&section, "keydown", move |event| {
                let event: &KeyboardEvent = event.unchecked_ref();
                // These have a use of their own for it.
                let within = event.target().is_some_and(|target| {
                    let target: &Element = target.unchecked_ref();
                    target
                        .closest("dialog, .menu[open], input")
                        .is_ok_and(|found| found.is_some())
                });
                if event.key() == "Escape"
                    && !within
                    && closed.watched.selected.get_untracked().is_some()
                {
                    closed.close();
                }
            });
        }
        let pressed = Rc::clone(&detail);
        dom::on_press(&detail.root, move |what, button| {
            pressed.press(what, &button)
        });
        dom::show(&detail.root, false);
        detail
    }

    fn close(&self) {
        self.watched.select(None);
        // The log takes the focus back from what is gone.
        let section = self.root.parent_element();
        let log = section.and_then(|section| section.query_selector(".log-scroller").ok()?);
        if let Some(log) = log {
            let _ = log.unchecked_into::<HtmlElement>().focus();
        }
    }

    fn press(&self, what: &str, button: &HtmlElement) {
        let mut shown = self.shown.borrow_mut();
        match (what, &mut *shown) {
            ("close", _) => self.close(),
            ("copy", Some(shown)) => {
                let text = shown.text.strip_prefix(NOT_INDENTED);
                dom::copy(text.unwrap_or(&shown.text), button);
            }
            ("more", Some(shown)) => self.show_more(shown),
            (form, Some(shown)) => {
                settings::remember("form", form);
                form.clone_into(&mut self.form.borrow_mut());
                self.show_form(shown);
            }
            _ => {}
        }
    }

    fn draw(&self) {
        let selected = self.watched.selected.get_untracked();
        let mut shown = self.shown.borrow_mut();
        if shown.as_ref().map(|shown| shown.line) == selected {
            return;
        }
        let journal = self.watched.journal();
        let line = selected.and_then(|line| journal.get(line));
        *shown = line.map(|line| self.show_facts(line, &journal));
        dom::show(&self.root, shown.is_some());
        match &mut *shown {
            Some(shown) => {
                self.show_form(shown);
                // Where the screen is low it is below what is in sight.
                let options = ScrollIntoViewOptions::new();
                options.set_block(ScrollLogicalPosition::Nearest);
                self.root
                    .scroll_into_view_with_scroll_into_view_options(&options);
            }
            // It was evicted before it could be shown.
            None if selected.is_some() => self.watched.select(None),
            None => {}
        }
    }

    fn show_facts(&self, line: Line<'_>, journal: &Journal) -> Shown {
        let before = line
            .seq()
            .checked_sub(1)
            .and_then(|before| journal.get(before));
        let event_type = line.event_type();
        let data = match line.kind() {
            Kind::Opened => "Connection open ...".into(),
            Kind::Closed => "Connection close.".into(),
            _ => line.data(),
        };
        match line.kind() {
            Kind::Event => {
                let label = self.watched.label(&event_type);
                self.title.set(text::beginning(&label, 100));
            }
            Kind::Opened | Kind::Closed => self.title.set("Connection"),
            Kind::Comment => self.title.set("Comment"),
            Kind::Retry => self.title.set("Reconnection time"),
            Kind::Note => self.title.set("Note"),
        }
        self.facts.set_text_content(None);
        if line.kind() == Kind::Event {
            let id = line.last_event_id();
            self.add_fact("Type", &event_type);
            self.add_fact("Last event ID", if id.is_empty() { "–" } else { &id });
            self.add_fact(
                "Size",
                &format!("{} bytes", text::count(line.size() as u64)),
            );
        }
        self.add_fact("Received", &clock::time_of_day(line.at()));
        if let Some(before) = before {
            self.add_fact("After", &text::duration(line.at() - before.at()));
        }
        self.add_fact("Line", &text::count(line.seq() + 1));
        if let Some(note) = line.note() {
            self.add_fact("Rule", note.rule());
        }
        Shown {
            line: line.seq(),
            data: data.into_owned(),
            bytes: line.bytes().into_owned(),
            ..Shown::default()
        }
    }

    fn add_fact(&self, name: &str, value: &str) {
        let fact = dom::element("div");
        let value = match text::beginning(value, FACT) {
            all if all.len() == value.len() => value.to_owned(),
            some => format!("{some}… ({} bytes in all)", value.len()),
        };
        let value = &value;
        for (tag, text) in [("dt", name), ("dd", value)] {
            let part = dom::element(tag);
            part.set_text_content(Some(text));
            let _ = fact.append_child(&part);
        }
        let _ = self.facts.append_child(&fact);
    }

    fn show_form(&self, shown: &mut Shown) {
        let form = self.form.borrow();
        for name in ["pretty", "raw", "bytes"] {
            let tab = dom::find(&self.root, &["[data-do=", name, "]"].concat());
            dom::set(
                &tab,
                "aria-pressed",
                if name == *form { "true" } else { "false" },
            );
        }
        dom::set(&self.pre.element, "data-form", &form);
        shown.text = match &**form {
            "bytes" => hex(&shown.bytes),
            "pretty" if shown.data.len() > INDENTED => [NOT_INDENTED, &shown.data].concat(),
            "pretty" => json::indent(&shown.data).unwrap_or_else(|| shown.data.clone()),
            _ => shown.data.clone(),
        };
        shown.until = 0;
        self.pre.element.set_scroll_top(0);
        self.show_more(shown);
    }

    /// Shows the next part of the text.
    fn show_more(&self, shown: &mut Shown) {
        let all = shown.text.len();
        let end = shown
            .text
            .floor_char_boundary((shown.until + SHOWN).min(all));
        let part = shown.text.get(shown.until..end).unwrap_or_default();
        if shown.until == 0 {
            self.pre.set(part);
        } else {
            // Beside what is there, which need not be laid out again.
            let part = document().create_text_node(part);
            let _ = self.pre.element.append_child(&part);
            self.pre.forget();
        }
        shown.until = end;
        let (whole, rest) = (text::bytes(all as u64), text::bytes((all - end) as u64));
        self.more.set(&format!("Show more: {rest} of {whole} left"));
        dom::show(&self.more.element, end < all);
    }
}

/// The bytes in hexadecimal and, where they are printable, as ASCII: 16 a row, as `xxd` has them.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::new();
    // The rest would be four times as much text as there is data.
    let shown = &bytes[..bytes.len().min(INDENTED)];
    for (n, row) in shown.chunks(16).enumerate() {
        for shift in (0..7).rev() {
            out.push(DIGITS[(n * 16) >> (4 * shift) & 15].into());
        }
        out.push(' ');
        for place in 0..16 {
            if place % 8 == 0 {
                out.push(' ');
            }
            match row.get(place) {
                Some(byte) => {
                    out.push(DIGITS[usize::from(byte >> 4)].into());
                    out.push(DIGITS[usize::from(byte & 15)].into());
                }
                None => out.push_str("  "),
            }
            out.push(' ');
        }
        out.push(' ');
        for byte in row {
            out.push(if (0x20..0x7F).contains(byte) {
                (*byte).into()
            } else {
                '.'
            });
        }
        out.push('\n');
    }
    if shown.len() < bytes.len() {
        out.push_str(&format!("(The first MiB of {} bytes.)\n", bytes.len()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_as_xxd_does() {
        assert_eq!(
            hex(b"data: \xE2\x82\xAC\n0123456789"),
            "0000000  64 61 74 61 3a 20 e2 82  ac 0a 30 31 32 33 34 35  data: ....012345\n\
             0000010  36 37 38 39                                       6789\n"
        );
        assert_eq!(hex(b""), "");
    }
}
