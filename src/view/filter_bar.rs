//! What is shown of the log, and what can be done with it.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::{
    dom::{self, Attribute, Slot},
    files::Files,
    settings,
    watched::Watched,
};
use crate::{
    clock::now,
    journal::{Criteria, Name, Text},
    runtime, text,
};

/// How many event types get a chip.
const CHIPS: usize = 40;

/// How much of an event's data a regular expression sees, in bytes. The browser cannot be stopped
/// while it looks for one, and some take the square of what they see.
const PATTERN: usize = 16 << 10;

/// How long after the last key a regular expression is looked for, in ms.
const TYPED_MS: u32 = 250;

/// How often chips are counted, in ms.
const PACE_MS: f64 = 250.0;

const MARKUP: &str = r#"
<div class="filter">
  <input type="search" name="filter" placeholder="Filter" aria-label="Filter by text in the data" autocomplete="off" autocapitalize="off" spellcheck="false" title="/">
  <button type="button" class="toggle" data-do="case" aria-pressed="false" aria-label="Match case" title="Match case">Aa</button><button type="button" class="toggle" data-do="pattern" aria-pressed="false" aria-label="Regular expression" title="Regular expression, looked for in the first 16 KiB of the data">.*</button>
</div>
<div class="chips" role="group" aria-label="Event types"></div>
<div class="actions">
  <button type="button" data-do="freeze" aria-pressed="false" title="Stops the view, not the capture (space)">Freeze</button>
  <button type="button" data-do="clear" title="Forgets the log and its figures">Clear</button>
  <details class="menu">
    <summary>Export</summary>
    <div>
      <button type="button" data-do="jsonl">JSON Lines, what is shown</button>
      <button type="button" data-do="csv">CSV, what is shown</button>
      <button type="button" data-do="jsonl-all">JSON Lines, everything</button>
      <button type="button" data-do="csv-all">CSV, everything</button>
      <button type="button" data-do="capture">Capture (.sse): every byte with its time</button>
      <hr>
      <button type="button" data-do="open">Open a capture …</button>
      <input type="file" accept=".sse" hidden aria-label="Capture">
      <hr>
      <label>Keep up to <select name="bound"><option value="16">16 MiB</option><option value="64">64 MiB</option><option value="256">256 MiB</option><option value="1024">1 GiB</option></select></label>
    </div>
  </details>
</div>
<p class="work" role="status" hidden><progress max="1"></progress> <span></span> <button type="button" class="quiet" data-do="cancel">Cancel</button></p>
<p class="opened" role="status" hidden></p>
<p class="problem" data-problem="filter" role="status" hidden></p>
<p class="problem" data-problem="file" role="status" hidden></p>"#;

pub(crate) fn filter_bar(watched: Watched) -> impl IntoView {
    dom::panel("filter-bar", MARKUP, move |root| {
        let bar = Bar::new(watched, root);
        watched.on_draw(Rc::new(move || bar.draw()));
    })
}

/// What is looked for, as it was entered.
#[derive(Default)]
struct Entered {
    text: String,
    exact: bool,
    pattern: bool,
    /// The event types of the pressed chips.
    names: Vec<String>,
    events_only: bool,
}

impl Entered {
    /// # Errors
    ///
    /// What the browser says of a regular expression that is none.
    fn criteria(&self) -> Result<Criteria, String> {
        let text = if self.text.is_empty() {
            Text::Any
        } else if self.pattern {
            let flags = if self.exact { "u" } else { "iu" };
            let pattern = compile(&self.text, flags)?;
            Text::Pattern(Box::new(move |text| {
                pattern.test(text::beginning(text, PATTERN))
            }))
        } else if self.exact {
            Text::exact(&self.text)
        } else if self.text.is_ascii() {
            Text::Folded(self.text.clone())
        } else {
            // The browser knows what is a capital in all scripts.
            let mut escaped = String::new();
            for letter in self.text.chars() {
                if letter.is_ascii_punctuation() {
                    escaped.push('\\');
                }
                escaped.push(letter);
            }
            let pattern = compile(&escaped, "i")?;
            Text::Pattern(Box::new(move |text| pattern.test(text)))
        };
        Ok(Criteria {
            text,
            names: self.names.clone(),
            events_only: self.events_only,
        })
    }
}

/// The browser's own regular expressions. Made so that a syntax error is an error and not a panic.
fn compile(text: &str, flags: &str) -> Result<js_sys::RegExp, String> {
    let class = js_sys::Reflect::get(&window(), &"RegExp".into()).unwrap_or_default();
    let arguments = js_sys::Array::of2(&text.into(), &flags.into());
    js_sys::Reflect::construct(class.unchecked_ref::<js_sys::Function>(), &arguments)
        .map(|made| made.unchecked_into())
        .map_err(|error| runtime::thrown_message(&error))
}

struct Bar {
    watched: Watched,
    root: HtmlElement,
    problem: Slot,
    freeze: Attribute,
    files: Rc<Files>,
    entered: RefCell<Entered>,
    chips: HtmlElement,
    made: RefCell<Vec<MadeChip>>,
    drawn: Cell<f64>,
    /// Waits for the next key of a regular expression.
    typing: RefCell<Option<Timeout>>,
}

impl Bar {
    fn new(watched: Watched, root: HtmlElement) -> Rc<Self> {
        let entered = Entered {
            events_only: settings::recall("asides").as_deref() == Some("hidden"),
            ..Entered::default()
        };
        let bar = Rc::new(Self {
            problem: Slot::new(&root, "[data-problem=filter]"),
            freeze: Attribute::new(&dom::find(&root, "[data-do=freeze]"), "aria-pressed"),
            files: Files::new(watched, &root),
            entered: RefCell::new(entered),
            chips: dom::find(&root, ".chips"),
            made: RefCell::default(),
            drawn: Cell::new(0.0),
            typing: RefCell::default(),
            watched,
            root,
        });
        bar.apply();

        let remembered = settings::recall("bound").unwrap_or_else(|| "64".to_owned());
        let bound = dom::find(&bar.root, "[name=bound]");
        dom::set_property(&bound, "value", &remembered.as_str().into());
        bar.set_bound(&remembered);
        let chosen = Rc::clone(&bar);
        dom::listen(&bound, "change", move |_| {
            let mebibytes = dom::value(&chosen.root, "[name=bound]");
            chosen.set_bound(&mebibytes);
            settings::remember("bound", &mebibytes);
        });
        let typed = Rc::clone(&bar);
        let filter = dom::find(&bar.root, "[name=filter]");
        dom::listen(&filter, "input", move |_| {
            let mut entered = typed.entered.borrow_mut();
            entered.text = dom::value(&typed.root, "[name=filter]");
            let is_pattern = entered.pattern;
            drop(entered);
            let waiting = is_pattern.then(|| {
                let applied = Rc::downgrade(&typed);
                Timeout::new(TYPED_MS, move || {
                    if let Some(bar) = applied.upgrade() {
                        bar.apply();
                    }
                })
            });
            let waits = waiting.is_some();
            typed.typing.replace(waiting);
            if !waits {
                typed.apply();
            }
        });
        let pressed = Rc::clone(&bar);
        dom::on_press(&bar.root, move |what, button| pressed.press(what, &button));
        bar
    }

    fn set_bound(&self, mebibytes: &str) {
        if let Ok(mebibytes) = mebibytes.parse::<usize>() {
            self.watched.stream.set_bound(mebibytes << 20);
        }
    }

    /// Shows what was entered, or says why it cannot be.
    fn apply(&self) {
        self.typing.take();
        let criteria = self.entered.borrow().criteria();
        dom::show(&self.problem.element, criteria.is_err());
        match criteria {
            Ok(criteria) => self.watched.filter(criteria),
            Err(why) => self.problem.set(&why),
        }
        self.drawn.set(0.0);
    }

    fn press(&self, what: &str, button: &HtmlElement) {
        match what {
            "case" | "pattern" => {
                let mut entered = self.entered.borrow_mut();
                let toggled = if what == "case" {
                    &mut entered.exact
                } else {
                    &mut entered.pattern
                };
                *toggled = !*toggled;
                dom::set(
                    button,
                    "aria-pressed",
                    if *toggled { "true" } else { "false" },
                );
            }
            "all" | "asides" | "name" => {
                let name = button.get_attribute("data-name");
                let mut entered = self.entered.borrow_mut();
                entered.press(what, name);
                settings::remember(
                    "asides",
                    if entered.events_only {
                        "hidden"
                    } else {
                        "shown"
                    },
                );
            }
            "freeze" => return self.watched.freeze(!self.watched.is_frozen()),
            "clear" => {
                self.watched.start_over();
                self.watched.stream.clear();
                self.files.forget();
            }
            "none" => return,
            _ => return self.files.press(what),
        }
        self.apply();
    }

    fn draw(&self) {
        let frozen = self.watched.is_frozen();
        self.freeze.set(if frozen { "true" } else { "false" });
        self.files.draw(self.watched.filtering.get_untracked());
        let now = now();
        if now - self.drawn.get() < PACE_MS {
            return;
        }
        self.drawn.set(now);
        let entered = self.entered.borrow();
        let mut wanted = 0;
        let mut chip = |what, name: &str, label: &str, count: u64, pressed| {
            let text = [label, " ", &text::count(count)].concat();
            self.draw_chip(wanted, what, name, &text, pressed);
            wanted += 1;
        };
        let journal = self.watched.journal();
        chip(
            "all",
            "",
            "all",
            journal.len() as u64,
            entered.names.is_empty(),
        );
        let is_pressed = |name: &Name| entered.names.iter().any(|pressed| **pressed == *name.text);
        let known = || {
            let names = journal.names().iter();
            names.filter(|name| name.received > 0 || is_pressed(name))
        };
        for name in known().take(CHIPS) {
            let label = self.watched.label(&name.text);
            chip("name", &name.text, &label, name.kept, is_pressed(name));
        }
        if let Some(more) = known().count().checked_sub(CHIPS + 1) {
            chip("none", "", "other types", more as u64 + 1, false);
        }
        let asides = journal.asides() as u64;
        if asides > 0 || entered.events_only {
            let pressed = !entered.events_only;
            chip("asides", "", "comments and notes", asides, pressed);
        }
        for chip in self.made.borrow_mut().drain(wanted..) {
            chip.text.element.remove();
        }
    }

    fn draw_chip(&self, place: usize, what: &str, name: &str, text: &str, pressed: bool) {
        let mut made = self.made.borrow_mut();
        if place == made.len() {
            let element = dom::element("button");
            dom::set(&element, "type", "button");
            element.set_class_name("chip");
            let _ = self.chips.append_child(&element);
            made.push(MadeChip {
                what: Attribute::new(&element, "data-do"),
                name: Attribute::new(&element, "data-name"),
                pressed: Attribute::new(&element, "aria-pressed"),
                text: Slot::of(element),
            });
        }
        let chip = &made[place];
        chip.what.set(what);
        chip.name.set(name);
        chip.pressed.set(if pressed { "true" } else { "false" });
        chip.text.set(text);
    }
}

struct MadeChip {
    what: Attribute,
    name: Attribute,
    pressed: Attribute,
    text: Slot,
}

impl Entered {
    fn press(&mut self, what: &str, name: Option<String>) {
        match (what, name) {
            ("all", _) => self.names.clear(),
            ("asides", _) => self.events_only = !self.events_only,
            (_, Some(name)) => match self.names.iter().position(|known| *known == name) {
                Some(place) => drop(self.names.remove(place)),
                None => self.names.push(name),
            },
            _ => {}
        }
    }
}
