//! The headers of a request, a row of name and value each.

use leptos::{ev, prelude::*};

use crate::{headers, request::Request};

/// A header that is being entered.
#[derive(Clone)]
struct Row {
    id: usize,
    name: ArcRwSignal<String>,
    value: ArcRwSignal<String>,
}

/// What the `Authorization` header is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Bearer,
    Basic,
}

/// Rows for the headers of a request, and boxes that make an `Authorization` header.
#[component]
pub(super) fn HeaderRows(
    /// The request that is being entered.
    form: RwSignal<Request>,
) -> impl IntoView {
    let rows = RwSignal::new(Vec::<Row>::new());
    let next = StoredValue::new(0);
    let row = move |(name, value): (String, String)| {
        next.update_value(|next| *next += 1);
        Row {
            id: next.get_value(),
            name: ArcRwSignal::new(name),
            value: ArcRwSignal::new(value),
        }
    };
    let entered = Memo::new(move |_| form.read().headers.clone());
    Effect::new(move |_| {
        let entered = entered.read();
        if *entered != text(&rows.read_untracked()) {
            rows.set(headers::rows(&entered).into_iter().map(row).collect());
        }
    });
    let changed = move || form.write().headers = text(&rows.read_untracked());
    let edit = move |part: &ArcRwSignal<String>| {
        let part = part.clone();
        move |event: ev::Event| {
            part.set(event_target_value(&event));
            changed();
        }
    };

    // The scheme that is being asked for, and what was entered: a token, or a user and a password.
    let asked = RwSignal::new(None::<Scheme>);
    let (first, second) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let authorize = move || {
        let value = match asked.get_untracked() {
            Some(Scheme::Basic) => {
                headers::basic(&first.read_untracked(), &second.read_untracked())
            }
            _ => ["Bearer ", first.read_untracked().trim()].concat(),
        };
        let mut rows = rows.write();
        rows.retain(|row| {
            !row.name
                .read_untracked()
                .eq_ignore_ascii_case("authorization")
        });
        rows.push(row(("Authorization".to_owned(), value)));
        drop(rows);
        changed();
        asked.set(None);
        for part in [first, second] {
            part.set(String::new());
        }
    };
    let ask = move |scheme| {
        asked.update(|asked| *asked = Some(scheme).filter(|scheme| *asked != Some(*scheme)));
    };
    let authorize_by_key = move |event: ev::KeyboardEvent| {
        if event.key() == "Enter" {
            // This Enter does not open the stream.
            event.prevent_default();
            event.stop_propagation();
            authorize();
        }
    };

    let fields = move || {
        let fields = rows.get().into_iter().map(|row| {
            let (name, value) = (row.name.clone(), row.value.clone());
            view! {
                <div class="header-row">
                    <input
                        name="header-name"
                        aria-label="Header name"
                        placeholder="Name"
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                        prop:value=move || name.get()
                        on:input=edit(&row.name)
                    />
                    <input
                        name="header-value"
                        aria-label="Header value"
                        placeholder="Value"
                        autocomplete="off"
                        spellcheck="false"
                        prop:value=move || value.get()
                        on:input=edit(&row.value)
                    />
                    <button
                        type="button"
                        aria-label="Remove header"
                        title="Remove"
                        on:click=move |_| {
                            rows.write().retain(|other| other.id != row.id);
                            changed();
                        }
                    >
                        "×"
                    </button>
                </div>
            }
            .into_any()
        });
        fields.collect_view()
    };

    view! {
        <fieldset class="headers">
            <legend>"Headers"</legend>
            {move || fields()}
            <div class="header-presets">
                <button
                    type="button"
                    on:click=move |_| rows.write().push(row((String::new(), String::new())))
                >
                    "Add header"
                </button>
                <button type="button" on:click=move |_| ask(Scheme::Bearer)>
                    "Authorization: Bearer …"
                </button>
                <button type="button" on:click=move |_| ask(Scheme::Basic)>
                    "Authorization: Basic …"
                </button>
            </div>
            <div
                class="header-row"
                hidden=move || asked.get().is_none()
                on:keydown=authorize_by_key
            >
                <input
                    name="authorization"
                    autocomplete="off"
                    spellcheck="false"
                    aria-label=move || part(asked.get())
                    placeholder=move || part(asked.get())
                    bind:value=first
                />
                <input
                    name="authorization-password"
                    type="password"
                    autocomplete="off"
                    aria-label="Password"
                    placeholder="Password"
                    hidden=move || asked.get() != Some(Scheme::Basic)
                    bind:value=second
                />
                <button type="button" on:click=move |_| authorize()>
                    "Set"
                </button>
            </div>
        </fieldset>
    }
}

/// What the first box for a scheme is for.
fn part(scheme: Option<Scheme>) -> &'static str {
    match scheme {
        Some(Scheme::Basic) => "User",
        _ => "Token",
    }
}

/// The rows as text.
fn text(rows: &[Row]) -> String {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| (row.name.get_untracked(), row.value.get_untracked()))
        .collect();
    headers::text(rows.iter().map(|(name, value)| (name.trim(), value.trim())))
}
