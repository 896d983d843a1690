//! The generator's panel: builds the URL of a stream from the parameters that the server lists.
//!
//! | file | contents |
//! | --- | --- |
//! | `mod.rs` | the panel |
//! | `parameter.rs` | the box for one parameter |
//! | `help.rs` | the server's list of parameters |
//! | `values.rs` | the values of the parameters, from a query and as a URL |

mod help;
mod parameter;
mod values;

use leptos::prelude::*;
use sse_scope_help::{Help, Preset, Text};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

use self::{
    help::{groups, read},
    parameter::ParameterBox,
    values::{STREAM, Values},
};
use super::{
    menu::Menu,
    part::{Part, part},
};
use crate::{address::usual_types, request::Request, source::resolve};

/// Where the server lists the parameters of its streams.
const HELP: &str = "/stream/help.json";

/// A menu that builds the URL of one of the server's streams.
///
/// The values are read from the URL in the form, and a change of a value changes that URL.
#[component]
pub(super) fn Generator(
    /// The request that is being entered.
    form: RwSignal<Request>,
    /// Its URL.
    url: Signal<String>,
    /// Whether the panel is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let view = Callback::new(move |()| panel::call(form, url, open));
    view! {
        <Menu label="Generator" title="Build a stream of this server, healthy or faulty" class="generator" open=open>
            <Part needed=open load=panel::load view />
        </Menu>
    }
}

part! {
    request: fn panel(form: RwSignal<Request>, url: Signal<String>, open: RwSignal<bool>) -> AnyView {
        view! { <Panel form url open /> }.into_any()
    }
}

/// The contents of the menu.
#[component]
fn Panel(form: RwSignal<Request>, url: Signal<String>, open: RwSignal<bool>) -> impl IntoView {
    // `None` until the panel is opened for the first time, and until the list has arrived.
    let help = RwSignal::new(None::<Help>);
    let about = RwSignal::new(String::new());
    let is_loading = StoredValue::new(false);
    let load = move || async move {
        about.set("Loading …".to_owned());
        match fetch_help().await {
            Ok(Some(list)) => {
                help.set(Some(list));
                about.set(
                    "Choose a stream, or set the parameters. All of them can be combined."
                        .to_owned(),
                );
            }
            _ => about.set(format!(
                "The server of this page does not list parameters at {HELP}."
            )),
        }
        is_loading.set_value(false);
    };
    Effect::new(move |_| {
        if open.get() && help.read_untracked().is_none() && !is_loading.get_value() {
            is_loading.set_value(true);
            leptos::task::spawn_local(load());
        }
    });

    let values = Memo::new(move |_| match &*help.read() {
        Some(help) => Values::of_query(&query_of(&url.read()), &help.parameters),
        None => Values::default(),
    });
    let request = move |values: &Values| {
        let url = values.url();
        form.update(|form| {
            form.events = usual_types(&url);
            form.url = url;
        });
    };
    let choose = Callback::new(move |query: Text| {
        if let Some(help) = &*help.read_untracked() {
            request(&Values::of_query(&query, &help.parameters));
        }
    });
    let edit = Callback::new(move |(name, value): (Text, String)| {
        let mut values = values.get_untracked();
        values.set(&name, value);
        request(&values);
    });

    let controls = move || {
        let help = help.read();
        let Some(help) = help.as_ref() else {
            return ().into_any();
        };
        let presets = help.presets.iter().map(|preset| {
            view! { <PresetButton preset=preset.clone() choose=choose about=about /> }.into_any()
        });
        let groups = groups(help).map(|group| {
            let name = group.first().map(|first| first.group.clone());
            let boxes = group.iter().map(|parameter| {
                view! { <ParameterBox parameter=parameter.clone() values=values edit=edit about=about /> }.into_any()
            });
            view! {
                <fieldset>
                    <legend>{name}</legend>
                    {boxes.collect_view()}
                </fieldset>
            }
            .into_any()
        });
        view! {
            <div class="presets" role="group" aria-label="Presets">
                {presets.collect_view()}
            </div>
            <div class="parameters">{groups.collect_view()}</div>
        }
        .into_any()
    };
    view! {
            <p class="about" role="status">
                {move || about.get()}
            </p>
            {move || controls()}
            <p class="build">
                <output>{move || url.get()}</output>
                <button type="submit" class="primary">
                    "Open this stream"
                </button>
            </p>
    }
}

/// A button that sets all parameters for a useful stream.
#[component]
fn PresetButton(
    preset: Preset,
    /// Receives the query of the stream.
    choose: Callback<Text>,
    /// Receives the description of the button that has the focus, because only mouse users see a title.
    about: RwSignal<String>,
) -> impl IntoView {
    let Preset {
        name,
        about: title,
        query,
    } = preset;
    let description = title.clone();
    view! {
        <button
            type="button"
            class="chip"
            title=title
            on:click=move |_| choose.run(query.clone())
            on:focus=move |_| about.set(description.to_string())
        >
            {name}
        </button>
    }
}

/// The query of `url`, if that is a stream of the server of this page.
fn query_of(url: &str) -> String {
    let own = resolve(url).ok().filter(|url| {
        url.pathname() == STREAM && Some(url.origin()) == window().location().origin().ok()
    });
    own.map(|url| url.search()).unwrap_or_default()
}

/// Requests the server's list of parameters; `None` if the response is none.
async fn fetch_help() -> Result<Option<Help>, JsValue> {
    let response = JsFuture::from(window().fetch_with_str(HELP)).await?;
    let json = JsFuture::from(response.unchecked_into::<Response>().text()?).await?;
    Ok(json.as_string().and_then(|json| read(&json)))
}
