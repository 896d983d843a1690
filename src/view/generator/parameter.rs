//! The box for one parameter of a stream.

use leptos::prelude::*;

use sse_scope_help::{Parameter, Text};

use super::{
    help::{description, options},
    values::Values,
};

/// A box for the value of a parameter: a choice if all values are known, otherwise a text.
#[component]
pub(super) fn ParameterBox(
    parameter: Parameter,
    /// The values of all parameters.
    values: Memo<Values>,
    /// Receives the name of the parameter and its new value.
    edit: Callback<(Text, String)>,
    /// Receives the description of the box that has the focus, because only mouse users see a title.
    about: RwSignal<String>,
) -> impl IntoView {
    let description = description(&parameter);
    let name = StoredValue::new(parameter.name.clone());
    let value = Signal::derive(move || name.with_value(|name| values.read().get(name).to_owned()));
    let enter =
        move |event: web_sys::Event| edit.run((name.get_value(), event_target_value(&event)));
    let control = if parameter.choices.is_empty() {
        view! {
            <input
                data-parameter=parameter.name.clone()
                placeholder=parameter.default
                spellcheck="false"
                autocomplete="off"
                prop:value=move || value.get()
                on:input=enter
            />
        }
        .into_any()
    } else {
        let options = options(&parameter).map(|(choice, label)| {
            let chosen = choice.clone();
            view! {
                <option value=choice prop:selected=move || *value.read() == chosen>
                    {label}
                </option>
            }
            .into_any()
        });
        view! {
            <select data-parameter=parameter.name.clone() on:input=enter>
                {options.collect_view()}
            </select>
        }
        .into_any()
    };
    view! {
        <label title=description.clone() on:focusin=move |_| about.set(description.clone())>
            <span>{parameter.name}</span>
            {control}
        </label>
    }
}
