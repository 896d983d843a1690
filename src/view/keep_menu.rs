//! The menu for what is kept: the bound of the log, and captures that were saved as files.

use leptos::{html, prelude::*};

use super::{files::Files, menu::Menu, settings, watched::Watched};

/// The bounds to choose from, in MiB.
const BOUNDS: [(&str, &str); 4] = [
    ("16", "16 MiB"),
    ("64", "64 MiB"),
    ("256", "256 MiB"),
    ("1024", "1 GiB"),
];

/// The menu for what is kept. The chosen bound is remembered.
#[component]
pub(super) fn KeepMenu(
    /// Opens captures.
    files: Files,
) -> impl IntoView {
    let watched = Watched::expect();
    let open = RwSignal::new(false);
    let remembered = settings::recall("bound").unwrap_or_else(|| "64".to_owned());
    let bound = RwSignal::new(remembered.clone());
    Effect::new(move |before: Option<()>| {
        let mebibytes = bound.get();
        if let Ok(mebibytes) = mebibytes.parse::<usize>() {
            watched.stream.set_bound(mebibytes << 20);
        }
        if before.is_some() {
            settings::remember("bound", &mebibytes);
        }
    });
    let bounds = BOUNDS.map(|(mebibytes, label)| {
        // Not `bind:value`, which is set before the options exist.
        let selected = remembered == mebibytes;
        view! {
            <option value=mebibytes selected=selected>
                {label}
            </option>
        }
        .into_any()
    });

    let picker = NodeRef::<html::Input>::new();
    let pick = move |_| {
        open.set(false);
        if let Some(picker) = picker.get_untracked() {
            picker.click();
        }
    };
    let picked = move |_| {
        if let Some(picker) = picker.get_untracked() {
            files.open_first(picker.files());
            // Otherwise picking the same file again would fire no event.
            picker.set_value("");
        }
    };
    view! {
        <Menu label="Keep" class="keep" open>
            <label>
                "Keep up to " <select name="bound" bind:value=bound>
                    {Vec::from(bounds)}
                </select>
            </label>
            <p>"Beyond that, the oldest lines are evicted."</p>
            <hr />
            <button type="button" data-do="open" on:click=pick>
                "Open a capture …"
            </button>
            <p>"Or drop the file on the page."</p>
            <input
                type="file"
                accept=".sse"
                hidden
                aria-label="Capture"
                node_ref=picker
                on:change=picked
            />
        </Menu>
    }
}
