//! The generator's panel: builds the URL of a stream from the parameters that the server lists.
//!
//! The server defines them, once; here is only the form. What is chosen goes into the URL of the
//! request, and the request's own button opens it.

use js_sys::{Array, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlElement, Response, UrlSearchParams};

use super::dom::{self, Slot};
use crate::{runtime, source::resolve};

/// Where this page's server emits streams.
const STREAM: &str = "/stream";

/// Where it says which.
const PARAMETERS: &str = "/stream/help.json";

pub(super) const MARKUP: &str = r#"
<details class="menu generator">
  <summary title="Build a stream of this server, healthy or faulty">Generator</summary>
  <div>
    <p class="about" role="status">Loading …</p>
    <div class="presets" role="group" aria-label="Ready streams"></div>
    <div class="parameters"></div>
    <p class="build"><output></output><button type="submit" class="primary">Open this stream</button></p>
  </div>
</details>"#;

/// Fills the panel within `root`, the request's, when it is first opened.
pub(super) fn mount(root: &HtmlElement) {
    let panel = dom::find(root, ".generator");
    let (request, shown) = (root.clone(), panel.clone());
    dom::listen(&panel, "toggle", move |_| {
        if !shown.has_attribute("open") {
            return;
        }
        let (request, panel) = (request.clone(), shown.clone());
        runtime::spawn(async move {
            let about = Slot::new(&panel, ".about");
            if boxes(&panel).is_empty() {
                let Ok(help) = help().await else {
                    return about
                        .set("This page's server lists no parameters at /stream/help.json.");
                };
                if boxes(&panel).is_empty() {
                    build(&panel, &help);
                }
                about.set("Choose a ready stream, or set what it is to be. All can be combined.");
            }
            fill(&panel, &asked(&request));
            show_url(&request, &panel);
        });
    });
    let (request, pressed) = (root.clone(), panel.clone());
    dom::listen(&panel, "click", move |event| {
        if let Some(preset) = closest(&event, "[data-query]") {
            let query = preset.get_attribute("data-query").unwrap_or_default();
            fill(&pressed, &query);
            write_url(&request, &pressed);
        }
    });
    // What a title says, for those who have no mouse.
    let focused = panel.clone();
    dom::listen(&panel, "focusin", move |event| {
        if let Some(told) = closest(&event, "[title]") {
            Slot::new(&focused, ".about").set(&told.title());
        }
    });
    let (request, changed) = (root.clone(), panel.clone());
    dom::listen(&panel, "input", move |_| write_url(&request, &changed));
}

fn closest(event: &web_sys::Event, css: &str) -> Option<HtmlElement> {
    let target: Element = event.target()?.dyn_into().ok()?;
    Some(target.closest(css).ok()??.unchecked_into())
}

/// What the server says of its parameters.
async fn help() -> Result<JsValue, JsValue> {
    let response = JsFuture::from(window().fetch_with_str(PARAMETERS)).await?;
    JsFuture::from(response.unchecked_into::<Response>().json()?).await
}

/// The property `name` of an object of that.
fn text(object: &JsValue, name: &str) -> String {
    let value = Reflect::get(object, &name.into()).unwrap_or_default();
    value.as_string().unwrap_or_default()
}

fn list(object: &JsValue, name: &str) -> Array {
    let value = Reflect::get(object, &name.into()).unwrap_or_default();
    value.dyn_into().unwrap_or_default()
}

fn child(parent: &Element, tag: &str, text: &str) -> HtmlElement {
    let child = dom::element(tag);
    child.set_text_content(Some(text));
    let _ = parent.append_child(&child);
    child
}

fn build(panel: &HtmlElement, help: &JsValue) {
    let presets = dom::find(panel, ".presets");
    for preset in list(help, "presets") {
        let button = child(&presets, "button", &text(&preset, "name"));
        for (name, value) in [
            ("type", "button".to_owned()),
            ("class", "chip".to_owned()),
            ("title", text(&preset, "about")),
            ("data-query", text(&preset, "query")),
        ] {
            dom::set(&button, name, &value);
        }
    }
    let parameters = dom::find(panel, ".parameters");
    let mut group = (String::new(), parameters.clone());
    for parameter in list(help, "parameters") {
        let name = text(&parameter, "name");
        let of = text(&parameter, "group");
        if group.0 != of {
            let fieldset = child(&parameters, "fieldset", "");
            child(&fieldset, "legend", &of);
            group = (of, fieldset);
        }
        let label = child(&group.1, "label", "");
        let about = [
            &text(&parameter, "about"),
            " Value: ",
            &text(&parameter, "accepts"),
            ".",
        ];
        dom::set(&label, "title", &about.concat());
        child(&label, "span", &name);
        let choices = list(&parameter, "choices");
        let default = text(&parameter, "default");
        let control = if choices.length() > 0 {
            let select = child(&label, "select", "");
            dom::set(&child(&select, "option", &default), "value", "");
            for choice in choices {
                let choice = choice.as_string().unwrap_or_default();
                if choice != default {
                    child(&select, "option", &choice);
                }
            }
            select
        } else {
            let input = child(&label, "input", "");
            dom::set(&input, "placeholder", &default);
            dom::set(&input, "spellcheck", "false");
            dom::set(&input, "autocomplete", "off");
            input
        };
        dom::set(&control, "data-parameter", &name);
    }
}

/// The boxes of the parameters, by name.
fn boxes(panel: &HtmlElement) -> Vec<(String, HtmlElement)> {
    let Ok(found) = panel.query_selector_all("[data-parameter]") else {
        return Vec::new();
    };
    (0..found.length())
        .filter_map(|index| {
            let control: HtmlElement = found.item(index)?.unchecked_into();
            Some((control.get_attribute("data-parameter")?, control))
        })
        .collect()
}

/// The query of the request's URL, if that is a stream of this server.
fn asked(request: &HtmlElement) -> String {
    resolve(&dom::value(request, "[name=url]"))
        .ok()
        .filter(|url| {
            url.pathname() == STREAM && Some(url.origin()) == window().location().origin().ok()
        })
        .map(|url| url.search())
        .unwrap_or_default()
}

fn fill(panel: &HtmlElement, query: &str) {
    let asked = UrlSearchParams::new_with_str(query).ok();
    for (name, control) in boxes(panel) {
        let value = asked.as_ref().and_then(|asked| asked.get(&name));
        let is_select = control.tag_name() == "SELECT";
        // A switch can be on without a value.
        let value = match value {
            Some(value) if value.is_empty() && is_select => "1".to_owned(),
            value => value.unwrap_or_default(),
        };
        dom::set_property(&control, "value", &value.into());
        let index = Reflect::get(&control, &"selectedIndex".into()).unwrap_or_default();
        if index.as_f64() == Some(-1.0) {
            // The default, which is not among the choices.
            dom::set_property(&control, "selectedIndex", &0.into());
        }
    }
}

/// The URL that the boxes ask for.
fn url(panel: &HtmlElement) -> String {
    let mut url = STREAM.to_owned();
    for (name, control) in boxes(panel) {
        let value = Reflect::get(&control, &"value".into()).unwrap_or_default();
        let value = value.as_string().unwrap_or_default();
        if !value.is_empty() {
            url.push(if url == STREAM { '?' } else { '&' });
            url.push_str(&name);
            url.push('=');
            // What a query can hold as it is (RFC 3986, 3.4), people can read as it is.
            for part in value.split_inclusive([',', '/']) {
                let text = part.trim_end_matches([',', '/']);
                url.push_str(&String::from(js_sys::encode_uri_component(text)));
                url.push_str(part.get(text.len()..).unwrap_or_default());
            }
        }
    }
    url
}

fn show_url(request: &HtmlElement, panel: &HtmlElement) {
    let output = dom::find(panel, "output");
    output.set_text_content(Some(&dom::value(request, "[name=url]")));
}

/// Has the request ask for what the boxes say, and listen to the event types that this brings.
fn write_url(request: &HtmlElement, panel: &HtmlElement) {
    let set = |css: &str, value: &str| {
        dom::set_property(&dom::find(request, css), "value", &value.into());
    };
    let url = url(panel);
    set("[name=url]", &url);
    let mut types = dom::value(panel, "[data-parameter=event]");
    if types.is_empty() {
        // Some parameters leave the default stream as it is; to listen in vain costs nothing.
        types.push_str("connecttime");
    }
    if !dom::value(panel, "[data-parameter=resume]").is_empty() {
        types.push_str(",incomplete");
    }
    set("[name=events]", &types);
    show_url(request, panel);
}
