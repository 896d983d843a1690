//! The menu of exports.

use leptos::prelude::*;

use super::{
    files::{Content, Files},
    menu::Menu,
};
use crate::journal::Format;

/// The menu of exports.
#[component]
pub(super) fn ExportMenu(
    /// Writes them.
    files: Files,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let item = move |what: &'static str, content: Content, label: &'static str| {
        let export = move |_| {
            open.set(false);
            files.export(content);
        };
        view! {
            <button type="button" data-do=what on:click=export>
                {label}
            </button>
        }
    };
    let lines = |format, only_shown| Content::Lines { format, only_shown };
    view! {
        <Menu label="Export" class="menu export" open>
            {item("jsonl", lines(Format::JsonLines, true), "JSON Lines, what is shown")}
            {item("csv", lines(Format::Csv, true), "CSV, what is shown")}
            {item("jsonl-all", lines(Format::JsonLines, false), "JSON Lines, everything")}
            {item("csv-all", lines(Format::Csv, false), "CSV, everything")}
            {item("capture", Content::Capture, "Capture (.sse): every byte with its time")}
        </Menu>
    }
}
