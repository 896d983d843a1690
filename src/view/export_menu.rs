//! The menu of exports.

use leptos::{html, prelude::*};

use super::{
    files::{Content, Files},
    focus::Focus,
    menu::Menu,
};
use crate::journal::Format;

/// The menu of exports.
#[component]
pub(super) fn ExportMenu(
    /// Writes the exports.
    files: Files,
) -> impl IntoView {
    let focus = Focus::get();
    let open = RwSignal::new(false);
    let item = move |what: &'static str,
                     content: Content,
                     label: &'static str,
                     node_ref: NodeRef<html::Button>| {
        let export = move |_| {
            open.set(false);
            files.export(content);
        };
        view! {
            <button type="button" data-do=what node_ref=node_ref on:click=export>
                {label}
            </button>
        }
    };
    let lines = |format, only_shown| Content::Lines { format, only_shown };
    view! {
        <Menu label="Export" class="export" open node_ref=focus.export_menu>
            {item("jsonl", lines(Format::JsonLines, true), "JSON Lines, what is shown", focus.export)}
            {item("csv", lines(Format::Csv, true), "CSV, what is shown", NodeRef::new())}
            {item("jsonl-all", lines(Format::JsonLines, false), "JSON Lines, everything", NodeRef::new())}
            {item("csv-all", lines(Format::Csv, false), "CSV, everything", NodeRef::new())}
            {item("capture", Content::Capture, "Capture (.sse): every byte with its time", NodeRef::new())}
        </Menu>
    }
}
