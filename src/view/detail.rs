//! The detail of one line.

use std::sync::Arc;

use leptos::{html, prelude::*};
use leptos_use::{UseClipboardReturn, use_clipboard};
use web_sys::{ScrollIntoViewOptions, ScrollLogicalPosition};

use super::{focus::Focus, row::failed, settings, watched::Watched};
use crate::{
    clock,
    journal::{Journal, Kind, Line},
    json, text,
};

/// How much is shown before "Show more", in bytes: what a browser lays out within a frame or two.
const PART: usize = 64 << 10;

/// Up to how many bytes JSON is indented, and bytes are shown in hexadecimal.
const INDENTED: usize = 1 << 20;

/// How much of a type or an ID is shown, in bytes.
const FACT: usize = 1_000;

/// The name under which the form is remembered.
const KEY: &str = "form";

/// A form in which data is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Form {
    /// JSON indented, anything else as it is.
    Pretty,
    /// The data as it is.
    Raw,
    /// The bytes of the line as they arrived.
    Bytes,
}

impl Form {
    const ALL: [Self; 3] = [Self::Pretty, Self::Raw, Self::Bytes];

    fn label(self) -> &'static str {
        match self {
            Self::Pretty => "Pretty",
            Self::Raw => "Raw",
            Self::Bytes => "Bytes",
        }
    }

    /// The name that is remembered, and the value of `data-form`.
    fn name(self) -> &'static str {
        match self {
            Self::Pretty => "pretty",
            Self::Raw => "raw",
            Self::Bytes => "bytes",
        }
    }

    fn recall() -> Self {
        let remembered = settings::recall(KEY);
        Self::ALL
            .into_iter()
            .find(|form| Some(form.name()) == remembered.as_deref())
            .unwrap_or(Self::Pretty)
    }
}

/// A line, copied from the log, so that it stays visible if the log evicts it.
struct Snapshot {
    line: u64,
    title: String,
    /// What is known about the line: names and values.
    facts: Vec<(&'static str, String)>,
    data: String,
    bytes: Vec<u8>,
}

/// The data of a line in one form.
struct Document {
    line: u64,
    form: Form,
    text: String,
    /// A remark about this text; empty if there is none.
    note: String,
}

/// Identifies a part of a document: the line, the form, and which part.
type PartKey = (u64, Form, usize);

/// The selected line in full: its facts, its data in three forms, and a button that copies the data.
/// Hidden while no line is selected.
#[component]
pub(crate) fn Detail(
    /// Called when the reader closes the detail by its button.
    on_close: Callback<()>,
) -> impl IntoView {
    let watched = Watched::expect();
    let snapshot = Memo::new_with_compare(
        move |_| {
            let selected = watched.selected.get()?;
            let journal = watched.journal();
            let line = journal.get(selected)?;
            Some(Arc::new(Snapshot::of(line, &journal, watched)))
        },
        |before, after| line_of(before) != line_of(after),
    );
    let form = RwSignal::new(Form::recall());
    let document = Memo::new_with_compare(
        move |_| {
            let snapshot = snapshot.get()?;
            Some(Arc::new(Document::new(&snapshot, form.get())))
        },
        |before, after| key_of(before) != key_of(after),
    );
    let is_closed = Memo::new(move |_| snapshot.with(Option::is_none));
    let title = Memo::new(move |_| {
        snapshot
            .get()
            .map_or_else(String::new, |line| line.title.clone())
    });
    let facts = move || {
        snapshot
            .get()
            .map_or_else(Vec::new, |line| line.facts.clone())
    };

    let root = NodeRef::<html::Aside>::new();
    Effect::new(move |_| {
        let is_selected = watched.selected.get().is_some();
        if snapshot.with(Option::is_none) {
            // The line was evicted before it could be shown.
            if is_selected {
                watched.select(None);
            }
        } else if let Some(root) = root.get_untracked() {
            // On a low screen the detail may be below the visible part of the page. It appears in this
            // frame.
            request_animation_frame(move || {
                let options = ScrollIntoViewOptions::new();
                options.set_block(ScrollLogicalPosition::Nearest);
                root.scroll_into_view_with_scroll_into_view_options(&options);
            });
        }
    });

    view! {
        <aside class="detail" aria-label="Detail" hidden=is_closed node_ref=root>
            <div class="detail-head">
                <h2>{title}</h2>
                <button type="button" class="quiet" title="Esc" on:click=move |_| on_close.run(())>
                    "Close"
                </button>
            </div>
            <dl>
                <For each=facts key=|fact| fact.clone() let((name, value))>
                    <div>
                        <dt>{name}</dt>
                        <dd>{value}</dd>
                    </div>
                </For>
            </dl>
            <div class="detail-tools">
                <Forms form />
                <CopyButton document />
            </div>
            <Parts document />
        </aside>
    }
}

/// The buttons that choose a form.
#[component]
fn Forms(form: RwSignal<Form>) -> impl IntoView {
    let choose = move |chosen: Form| {
        form.set(chosen);
        settings::remember(KEY, chosen.name());
    };
    let buttons = Form::ALL.map(|each| {
        let pressed = move || if form.get() == each { "true" } else { "false" };
        view! {
            <button type="button" aria-pressed=pressed on:click=move |_| choose(each)>
                {each.label()}
            </button>
        }
    });
    view! {
        <div class="tabs" role="group" aria-label="Form">
            {buttons}
        </div>
    }
}

/// A button that copies all of the text, including parts that are not shown yet.
#[component]
fn CopyButton(document: Memo<Option<Arc<Document>>>) -> impl IntoView {
    let UseClipboardReturn {
        is_supported,
        copied,
        copy,
        ..
    } = use_clipboard();
    let copy = move |_| {
        if let Some(document) = document.get_untracked() {
            copy(&document.text);
        }
    };
    let label = Memo::new(move |_| if copied.get() { "Copied" } else { "Copy value" });
    let cannot = Memo::new(move |_| !is_supported.get());
    view! {
        // A browser offers its clipboard only to pages from https: or from this computer.
        <button type="button" class="quiet" hidden=cannot on:click=copy>
            {label}
        </button>
    }
}

/// The text, in parts that are added one by one, so that the browser does not lay out earlier parts
/// again.
#[component]
fn Parts(document: Memo<Option<Arc<Document>>>) -> impl IntoView {
    let pre = Focus::get().detail;
    let asked = RwSignal::new(None);
    let shown = Memo::new(move |_| match asked.get() {
        Some((key, parts)) if document.with(|document| key_of(Some(document)) == key) => parts,
        // The user has not asked for more of this document.
        _ => 1,
    });
    let show_more = move |_| {
        let key = document.with_untracked(|document| key_of(Some(document)));
        asked.set(Some((key, shown.get_untracked() + 1)));
    };
    Effect::new(move |_| {
        document.track();
        if let Some(pre) = pre.get_untracked() {
            pre.set_scroll_top(0);
        }
    });
    let form = Memo::new(move |_| document.get().map_or("", |document| document.form.name()));
    let note = Memo::new(move |_| {
        document
            .get()
            .map_or_else(String::new, |document| document.note.clone())
    });
    let no_note = Memo::new(move |_| note.with(String::is_empty));
    let keys = move || {
        document
            .get()
            .map_or_else(Vec::new, |document| document.keys(shown.get()))
    };
    let part = move |(_, _, part): PartKey| {
        document
            .get_untracked()
            .map_or_else(String::new, |document| document.part(part).to_owned())
    };
    let more = Memo::new(move |_| {
        document
            .get()
            .map_or_else(String::new, |document| document.more(shown.get()))
    });
    let no_more = Memo::new(move |_| more.with(String::is_empty));
    view! {
        <p class="detail-note" hidden=no_note>
            {note}
        </p>
        <pre tabindex="0" data-form=form node_ref=pre>
            <For each=keys key=|key| *key children=part />
        </pre>
        <button type="button" hidden=no_more on:click=show_more>
            {more}
        </button>
    }
}

fn line_of(snapshot: Option<&Option<Arc<Snapshot>>>) -> Option<u64> {
    Some(snapshot?.as_ref()?.line)
}

fn key_of(document: Option<&Option<Arc<Document>>>) -> Option<(u64, Form)> {
    let document = document?.as_ref()?;
    Some((document.line, document.form))
}

impl Snapshot {
    fn of(line: Line<'_>, journal: &Journal, watched: Watched) -> Self {
        let before = line
            .seq()
            .checked_sub(1)
            .and_then(|before| journal.get(before));
        let event_type = line.event_type();
        let title = match line.kind() {
            Kind::Event => text::beginning(&watched.label(&event_type), 100).to_owned(),
            Kind::Opened | Kind::Closed | Kind::Failed => "Connection".to_owned(),
            Kind::Comment => "Comment".to_owned(),
            Kind::Retry => "Reconnection time".to_owned(),
            Kind::Note => "Note".to_owned(),
        };
        let mut facts = Vec::new();
        let mut add = |name, value: &str| facts.push((name, fact(value)));
        if line.kind() == Kind::Event {
            let id = line.last_event_id();
            add("Type", &event_type);
            add("Last event ID", if id.is_empty() { "–" } else { &id });
            add(
                "Size",
                &format!("{} bytes", text::count(line.size() as u64)),
            );
        }
        add("Received", &clock::time_of_day(line.at()));
        if let Some(before) = before {
            add("After", &text::duration(line.at() - before.at()));
        }
        add("Line", &text::count(line.seq() + 1));
        if let Some(note) = line.note() {
            add("Rule", note.rule());
        }
        let data = match line.kind() {
            Kind::Opened => "Connection open ...".into(),
            Kind::Closed => "Connection close.".into(),
            Kind::Failed => failed(&line).into(),
            _ => line.data(),
        };
        Self {
            line: line.seq(),
            title,
            facts,
            data: data.into_owned(),
            bytes: line.bytes().into_owned(),
        }
    }
}

/// The beginning of a value, with the length of the value if it is cut.
fn fact(value: &str) -> String {
    match text::beginning(value, FACT) {
        all if all.len() == value.len() => value.to_owned(),
        some => format!("{some}… ({} bytes in all)", value.len()),
    }
}

impl Document {
    fn new(snapshot: &Snapshot, form: Form) -> Self {
        let Snapshot {
            line, data, bytes, ..
        } = snapshot;
        let (text, note) = match form {
            Form::Pretty if data.len() > INDENTED => (
                data.clone(),
                "Not indented: it has more than 1 MiB.".to_owned(),
            ),
            Form::Pretty => (
                json::indent(data).unwrap_or_else(|| data.clone()),
                String::new(),
            ),
            Form::Raw => (data.clone(), String::new()),
            // In hexadecimal, the text is five times as long as the bytes.
            Form::Bytes if bytes.len() > INDENTED => (
                hex(&bytes[..INDENTED]),
                format!("The first MiB of {}.", text::bytes(bytes.len() as u64)),
            ),
            Form::Bytes => (hex(bytes), String::new()),
        };
        Self {
            line: *line,
            form,
            text,
            note,
        }
    }

    /// The keys of the first `shown` parts, or of as many as there are.
    fn keys(&self, shown: usize) -> Vec<PartKey> {
        let parts = self.text.len().div_ceil(PART).min(shown);
        (0..parts)
            .map(|part| (self.line, self.form, part))
            .collect()
    }

    /// A part of the text. No character is cut.
    fn part(&self, part: usize) -> &str {
        let (start, end) = (self.start(part), self.start(part + 1));
        self.text.get(start..end).unwrap_or_default()
    }

    /// Where a part begins.
    fn start(&self, part: usize) -> usize {
        self.text.floor_char_boundary(part * PART)
    }

    /// The label of the button that shows the next part; empty if there are no more than `shown` parts.
    fn more(&self, shown: usize) -> String {
        let all = self.text.len();
        match all - self.start(shown) {
            0 => String::new(),
            rest => format!(
                "Show more: {} of {} left",
                text::bytes(rest as u64),
                text::bytes(all as u64)
            ),
        }
    }
}

/// The bytes in hexadecimal and, where they are printable, as ASCII: 16 a row, as `xxd` has them.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::new();
    for (n, row) in bytes.chunks(16).enumerate() {
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
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(data: &str, form: Form) -> Document {
        let snapshot = Snapshot {
            line: 7,
            title: String::new(),
            facts: Vec::new(),
            data: data.to_owned(),
            bytes: data.as_bytes().to_vec(),
        };
        Document::new(&snapshot, form)
    }

    #[test]
    fn bytes_are_shown_as_xxd_does() {
        assert_eq!(
            hex(b"data: \xE2\x82\xAC\n0123456789"),
            "0000000  64 61 74 61 3a 20 e2 82  ac 0a 30 31 32 33 34 35  data: ....012345\n\
             0000010  36 37 38 39                                       6789\n"
        );
        assert_eq!(hex(b""), "");
    }

    #[test]
    fn the_parts_make_up_the_text_and_cut_no_character() {
        for length in [0, 1, PART - 1, PART, PART + 1, 3 * PART] {
            // Three bytes each: the parts do not end where characters do.
            let text = "€".repeat(length.div_ceil(3));
            let document = document(&text, Form::Raw);
            let keys = document.keys(usize::MAX);
            let parts: Vec<&str> = keys.iter().map(|key| document.part(key.2)).collect();
            assert_eq!(parts.concat(), text);
            assert!(parts.iter().all(|part| part.len() <= PART + 2), "{length}");
            assert_eq!(document.more(keys.len()), "");
        }
    }

    #[test]
    fn more_is_offered_while_there_is_more() {
        let document = document(&"x".repeat(2 * PART + 1_000), Form::Raw);
        let offers: Vec<String> = (1..4).map(|shown| document.more(shown)).collect();
        assert_eq!(
            offers,
            [
                "Show more: 66.5 kB of 132 kB left",
                "Show more: 1.00 kB of 132 kB left",
                ""
            ]
        );
        assert_eq!(document.keys(2).len(), 2);
        assert_eq!(document.keys(9).len(), 3);
    }

    #[test]
    fn large_data_is_not_indented_and_its_bytes_are_shown_in_part() {
        let large = format!("[{}0]", "0,".repeat(INDENTED / 2));
        for (form, beginning, note) in [
            (
                Form::Pretty,
                "[0,0,",
                "Not indented: it has more than 1 MiB.",
            ),
            (Form::Raw, "[0,0,", ""),
            (Form::Bytes, "0000000  5b 30", "The first MiB of 1.04 MB."),
        ] {
            let document = document(&large, form);
            assert!(document.text.starts_with(beginning), "{form:?}");
            assert_eq!(document.note, note);
        }
        assert_eq!(document("[1]", Form::Pretty).text, "[\n  1\n]");
    }

    #[test]
    fn a_long_fact_is_cut_with_its_length() {
        assert_eq!(fact("7"), "7");
        let long = "x".repeat(2_004);
        assert_eq!(
            fact(&long),
            format!("{}… (2004 bytes in all)", "x".repeat(1_000))
        );
    }
}
