//! Names and values in a `dl`. A value with a line is a button that goes there.

use std::borrow::Cow;

use leptos::prelude::*;

use super::super::{
    marked::{Breaks, marked},
    watched::Watched,
};

/// A name and a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) name: Cow<'static, str>,
    pub(super) value: String,
    /// The line that it is from.
    pub(super) line: Option<u64>,
}

/// The items. While their names stay, only their texts change, so that a button keeps the focus.
#[component]
pub(super) fn Items(items: Signal<Vec<Item>>) -> impl IntoView {
    let watched = Watched::expect();
    let names = Memo::new(move |_| {
        items.with(|items| {
            let items = items.iter();
            items
                .map(|item| (item.name.clone(), item.line.is_some()))
                .collect::<Vec<_>>()
        })
    });
    let item = move |(place, (name, has_line)): (usize, (Cow<'static, str>, bool))| {
        let value = Memo::new(move |_| {
            items.with(|items| {
                let item = items.get(place);
                item.map(|item| item.value.clone()).unwrap_or_default()
            })
        });
        let text = move || value.with(|value| marked(value, &[], None, Breaks::Sign));
        let go = move |_| {
            let line = items.with_untracked(|items| items.get(place)?.line);
            if let Some(line) = line {
                watched.go_to(line);
            }
        };
        let value = match has_line {
            true => view! {
                <button type="button" class="quiet" title="Goes to its row" on:click=go>
                    {move || text()}
                </button>
            }
            .into_any(),
            false => view! { <bdi>{move || text()}</bdi> }.into_any(),
        };
        view! {
            <div>
                <dt>{marked(&name, &[], None, Breaks::Sign)}</dt>
                <dd>{value}</dd>
            </div>
        }
        .into_any()
    };
    move || {
        let names = names.get().into_iter();
        names.enumerate().map(item).collect_view()
    }
}
