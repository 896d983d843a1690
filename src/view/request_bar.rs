//! Which stream to open, and how to ask for it.

use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::HtmlElement;

use super::{
    dom::{self, Slot},
    generator, settings,
};
use crate::{address::address_of, request::Request, source::resolve};

/// How many URLs are remembered.
const HISTORY: usize = 30;

const MARKUP: &str = r#"
<form class="request">
  <label class="url"><span class="unseen">Stream</span>
    <input name="url" inputmode="url" list="history" autocomplete="off" autocapitalize="off" spellcheck="false" placeholder="/stream or https://example.org/events">
  </label>
  <datalist id="history"></datalist>
  <fieldset class="via">
    <legend class="unseen">Way</legend>
    <label title="What a browser's clients see"><input type="radio" name="via" value="EventSource" checked><span>EventSource</span></label><label title="Every byte: all event types, comments, status and headers; any method, headers and body"><input type="radio" name="via" value="fetch"><span>fetch</span></label>
  </fieldset>
  <label class="events"><span class="unseen">Event types</span>
    <input name="events" autocomplete="off" autocapitalize="off" spellcheck="false" placeholder="event types beside message" title="Names of events to listen to beside “message”, separated by commas. An EventSource hears of no others, and cannot tell that it missed one; by fetch all are heard.">
  </label>
  <button type="submit" class="primary">Open</button>
  <details class="menu request-more">
    <summary title="Method, headers, body, credentials; copy">Request</summary>
    <div>
      <label class="wide"><input type="checkbox" name="credentials"> Send cookies to other origins (credentials)</label>
      <div class="by-fetch">
        <label>Method
          <select name="method"><option value="">GET</option><option>POST</option><option>PUT</option><option>PATCH</option><option>DELETE</option></select>
        </label>
        <label class="wide">Headers
          <textarea name="headers" rows="3" spellcheck="false" placeholder="Authorization: Bearer …"></textarea>
        </label>
        <label class="wide">Body
          <textarea name="body" rows="4" spellcheck="false"></textarea>
        </label>
      </div>
      <p class="only-fetch">Method, headers and body are for fetch; an EventSource has none of them.</p>
      <div class="copies">
        <button type="button" data-do="link" title="With method, headers and body: whoever opens it can read them">Copy link</button>
        <button type="button" data-do="curl">Copy as curl</button>
        <button type="button" data-do="javascript">Copy as JavaScript</button>
      </div>
    </div>
  </details>
  <p class="problem" role="alert" hidden></p>
</form>"#;

const BOXES: [&str; 5] = ["url", "events", "method", "headers", "body"];

/// The boxes of a request, and the button that opens its stream.
///
/// `request` is what is asked for: set, changed or not, when the form is submitted, unless only the
/// event types are others. These are `events`, and the stream goes on.
pub(crate) fn request_bar(
    request: RwSignal<Request>,
    events: RwSignal<Vec<String>>,
) -> impl IntoView {
    dom::panel("request-bar", MARKUP, move |root| {
        mount(request, events, root)
    })
}

fn mount(request: RwSignal<Request>, events: RwSignal<Vec<String>>, root: HtmlElement) {
    let form = dom::find(&root, "form");
    // Within the form: it is sent with it.
    let _ = dom::find(&form, ".request-more").insert_adjacent_html("afterend", generator::MARKUP);
    generator::mount(&root);
    let problem = Slot::new(&root, ".problem");
    // What is entered, if it can be sent; else it is said why not.
    let entered = Rc::new({
        let root = root.clone();
        move || {
            let mut entered = Request::default();
            for name in BOXES {
                entered.set(name, &dom::value(&root, &format!("[name={name}]")));
            }
            entered.via_fetch = dom::is_checked(&root, "[value=fetch]");
            entered.with_credentials = dom::is_checked(&root, "[name=credentials]");
            let why = entered.via().err();
            problem.set(why.as_deref().unwrap_or_default());
            dom::show(&problem.element, why.is_some());
            why.is_none().then_some(entered)
        }
    });
    let (submitted, shown) = (Rc::clone(&entered), root.clone());
    dom::listen(&form, "submit", move |event| {
        event.prevent_default();
        if let Some(mut entered) = submitted() {
            for menu in [".request-more[open]", ".generator[open]"] {
                if let Ok(Some(menu)) = shown.query_selector(menu) {
                    super::keys::close(menu.unchecked_ref());
                }
            }
            remember(&entered.url);
            list(&shown);
            let others = events.get_untracked() != entered.events;
            events.set(std::mem::take(&mut entered.events));
            let mut asked = request.get_untracked();
            asked.events.clear();
            if !others || asked != entered {
                request.set(entered);
            }
        }
    });
    let way = root.clone();
    let choose = move || {
        let via_fetch = dom::is_checked(&way, "[value=fetch]");
        dom::set(
            &way,
            "data-via",
            if via_fetch { "fetch" } else { "EventSource" },
        );
        let events = dom::find(&way, "[name=events]");
        dom::set_property(&events, "disabled", &via_fetch.into());
    };
    let chosen = choose.clone();
    dom::listen(&form, "change", move |_| chosen());
    dom::on_press(&root, move |what, button| {
        // What cannot be sent cannot be passed on.
        let Some(entered) = entered() else {
            return;
        };
        let url = resolve(&entered.url).map_or(entered.url.clone(), |url| url.href());
        let text = match what {
            "curl" => entered.as_curl(&url),
            "javascript" => entered.as_javascript(&url),
            "link" => address_of(&entered, true).unwrap_or_default(),
            _ => return,
        };
        dom::copy(&text, &button);
    });

    fill(&root, &request.get_untracked());
    choose();
}

fn fill(root: &HtmlElement, request: &Request) {
    let events = request.events.join(", ");
    let values = [
        &request.url,
        &events,
        &request.method,
        &request.headers,
        &request.body,
    ];
    for (name, value) in BOXES.into_iter().zip(values) {
        let found = dom::find(root, &format!("[name={name}]"));
        dom::set_property(&found, "value", &JsValue::from_str(value));
    }
    let way = if request.via_fetch {
        "fetch"
    } else {
        "EventSource"
    };
    dom::set_property(
        &dom::find(root, &format!("[value={way}]")),
        "checked",
        &true.into(),
    );
    let credentials = dom::find(root, "[name=credentials]");
    dom::set_property(&credentials, "checked", &request.with_credentials.into());
    list(root);
}

/// Offers the URLs that were opened.
fn list(root: &HtmlElement) {
    let list = dom::find(root, "datalist");
    list.set_text_content(None);
    for url in history() {
        let option = dom::element("option");
        dom::set(&option, "value", &url);
        let _ = list.append_child(&option);
    }
}

/// The URLs that were opened, the last one first.
fn history() -> Vec<String> {
    let remembered = settings::recall("history").unwrap_or_default();
    remembered.lines().map(str::to_owned).collect()
}

fn remember(url: &str) {
    let mut urls = history();
    urls.retain(|known| known != url);
    urls.insert(0, url.to_owned());
    urls.truncate(HISTORY);
    settings::remember("history", &urls.join("\n"));
}
