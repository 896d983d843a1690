//! The bar above the log.

use leptos::prelude::*;

use super::{
    answer::AnswerButton,
    chips::Chips,
    drop_target::DropTarget,
    export_menu::ExportMenu,
    file_status::{FileStatus, Sentence},
    files::Files,
    filter::Filter,
    keep_menu::KeepMenu,
    lens::Lens,
    search_box::SearchBox,
    watched::Watched,
};

/// The bar above the log: the filter, the buttons and menus that concern the entire log, and the lines
/// about files and errors.
#[component]
pub(crate) fn FilterBar() -> impl IntoView {
    let watched = Watched::expect();
    let filter = Filter::new(watched);
    let files = Files::new(watched);
    let clear = move |_| {
        watched.start_over();
        watched.stream.clear();
        files.forget();
    };
    view! {
        <div class="filter-bar">
            <SearchBox filter />
            <Chips filter />
            <Lens />
            <div class="actions">
                <AnswerButton />
                <button
                    type="button"
                    data-do="freeze"
                    aria-pressed=move || if watched.is_frozen() { "true" } else { "false" }
                    title="Stops the view; the log still records (space)"
                    on:click=move |_| watched.freeze(!watched.is_frozen())
                >
                    "Freeze"
                </button>
                <button
                    type="button"
                    data-do="clear"
                    title="Empties the log and its figures"
                    on:click=clear
                >
                    "Clear"
                </button>
                <KeepMenu files />
                <ExportMenu files />
            </div>
            <FileStatus files />
            <Sentence class="problem" what="filter" text=filter.problem />
            <DropTarget files />
        </div>
    }
}
