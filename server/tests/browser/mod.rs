//! A real browser, driven through WebDriver, and the built server as a process.
//!
//! | file | contents |
//! | --- | --- |
//! | `mod.rs` | what a test does with the page |
//! | `page.js` | what a test finds in the page |
//! | `engine.rs` | the browsers: how each is started, and what only one of them can do |
//! | `console.rs` | the errors of a page, as each browser reports them |
//! | `bidi.rs` | WebDriver BiDi, for what WebDriver itself has no command for |
//! | `server.rs` | the server |

// Each program uses a part of this module.
#![allow(dead_code, unused_imports)]

mod bidi;
mod console;
mod engine;
mod server;

use std::{path::PathBuf, time::Duration};

use fantoccini::{Client, elements::Element, wd::TimeoutConfiguration};
use serde_json::{Value, json};

use console::Console;
pub(crate) use engine::Engine;
use engine::{Driver, Vendor};
pub(crate) use server::{Server, first_line_with};

/// Functions that find things in the page.
const PAGE: &str = include_str!("page.js");

/// Keys, as WebDriver encodes them.
pub(crate) const ENTER: &str = "\u{E007}";
pub(crate) const ESCAPE: &str = "\u{E00C}";
pub(crate) const TAB: &str = "\u{E004}";
pub(crate) const LEFT: &str = "\u{E012}";
pub(crate) const UP: &str = "\u{E013}";
pub(crate) const RIGHT: &str = "\u{E014}";
pub(crate) const DOWN: &str = "\u{E015}";
pub(crate) const DELETE: &str = "\u{E003}";
pub(crate) const SELECT_ALL: &str = "\u{E009}a\u{E000}";
pub(crate) const SHIFT_ENTER: &str = "\u{E008}\u{E007}";
pub(crate) const CTRL_ENTER: &str = "\u{E009}\u{E007}\u{E000}";

/// How long a condition may take to become true before a test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// The size of the page, in px.
const WIDTH: u32 = 1280;
const HEIGHT: u32 = 720;

/// A browser with an empty profile and one tab; ends when dropped, even if the test fails.
pub(crate) struct Browser {
    driver: Driver,
    pub(crate) client: Client,
}

impl Browser {
    /// Starts the browser that [`Engine::chosen`] names.
    pub(crate) async fn start() -> Self {
        let (driver, client) = Driver::start(Engine::chosen(), true).await;
        client
            .update_timeouts(TimeoutConfiguration::new(
                Some(PATIENCE),
                Some(PATIENCE),
                None,
            ))
            .await
            .expect("timeouts can be set");
        let browser = Self { driver, client };
        browser.set_size(WIDTH, HEIGHT).await;
        browser
    }

    /// Starts the same browser with JavaScript switched off. Only commands that run no script work.
    pub(crate) async fn start_without_javascript() -> Self {
        let (driver, client) = Driver::start(Engine::chosen(), false).await;
        Self { driver, client }
    }

    pub(crate) fn engine(&self) -> Engine {
        self.driver.engine
    }

    /// The name of the browser and its version, such as `firefox 153.8.0`.
    pub(crate) fn version(&self) -> String {
        let capability = |name| {
            let found = self.client.capabilities().and_then(|all| all.get(name));
            found.and_then(Value::as_str).unwrap_or_default()
        };
        format!(
            "{} {}",
            capability("browserName"),
            capability("browserVersion")
        )
    }

    pub(crate) async fn goto(&self, url: &str) {
        let is_webkit = self.engine() == Engine::WebKit;
        if is_webkit {
            self.value("void (window.isLeft = true)").await;
        }
        self.client
            .goto(url)
            .await
            .unwrap_or_else(|error| panic!("{url}: {error}"));
        // To WebKit's driver, a page that just then writes its address (history.replaceState) has arrived.
        while is_webkit && self.value("window.isLeft === true").await == Value::Bool(true) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.driver.console.listen(&self.client).await;
    }

    /// The value of `expression` in the page, which may use the functions of page.js.
    pub(crate) async fn value(&self, expression: &str) -> Value {
        self.client
            .execute(&format!("{PAGE} return ({expression});"), Vec::new())
            .await
            .unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// The number that `expression` in the page is.
    pub(crate) async fn number(&self, expression: &str) -> f64 {
        let value = self.value(expression).await;
        value
            .as_f64()
            .unwrap_or_else(|| panic!("{expression} is {value}"))
    }

    /// Waits until `condition`, an expression in the page, is true. It may use the functions of page.js.
    pub(crate) async fn until(&self, condition: &str) {
        // What the condition needs may not be there yet.
        let script = format!(
            "{PAGE} const done = arguments[0]; \
             const holds = () => {{ try {{ return {condition}; }} catch {{ return false; }} }}; \
             (function look() {{ if (holds()) done(); else setTimeout(look, 20); }})();"
        );
        if let Err(error) = self.client.execute_async(&script, Vec::new()).await {
            let page = self.value("document.body.innerText").await;
            panic!("never became true: {condition}\n{error}\nthe page: {page:#}");
        }
    }

    /// Waits until the log has a line that matches the regular expression `pattern`.
    pub(crate) async fn until_line(&self, pattern: &str) {
        self.until(&format!(
            "page.lines().some(line => /{pattern}/.test(line))"
        ))
        .await;
    }

    /// Waits until the log shows `rows` rows.
    pub(crate) async fn until_rows(&self, rows: usize) {
        self.until(&format!("page.rows().length === {rows}")).await;
    }

    /// Waits until the page shows `text`.
    pub(crate) async fn until_says(&self, text: &str) {
        let text = Value::from(text);
        self.until(&format!("page.says({text})")).await;
    }

    /// Waits until the connection is in the state that the page calls `name`.
    pub(crate) async fn until_state(&self, name: &str) {
        self.until(&format!("page.state() === '{name}'")).await;
    }

    /// The visible lines of the log.
    pub(crate) async fn lines(&self) -> Vec<String> {
        serde_json::from_value(self.value("page.lines()").await).expect("a list of strings")
    }

    /// How many visible lines begin with `beginning`.
    pub(crate) async fn count(&self, beginning: &str) -> usize {
        self.lines()
            .await
            .iter()
            .filter(|line| line.starts_with(beginning))
            .count()
    }

    /// The element that `expression` in the page is, as soon as it is one.
    async fn element(&self, expression: &str) -> Element {
        self.until(&format!("({expression}) instanceof Element"))
            .await;
        let found = self.value(expression).await;
        let id = found
            .as_object()
            .and_then(|element| element.values().next()?.as_str());
        let id = id.unwrap_or_else(|| panic!("{expression} is {found}"));
        Element::from_element_id(self.client.clone(), id.to_owned().into())
    }

    /// Presses the element that `expression` in the page is, like a user: it must be visible and not
    /// covered.
    pub(crate) async fn click(&self, expression: &str) {
        let clicked = self.element(expression).await.click().await;
        clicked.unwrap_or_else(|error| panic!("cannot press {expression}: {error}"));
    }

    /// Presses the button with the name `name`.
    pub(crate) async fn press(&self, name: &str) {
        let name = Value::from(name);
        self.click(&format!("page.find('button', {name})")).await;
    }

    /// Chooses the way in which the entered request is made.
    pub(crate) async fn choose_way(&self, way: &str) {
        let options = "[...page.find('combobox', 'Way').options]";
        self.click(&format!(
            "{options}.find(option => option.value === '{way}')"
        ))
        .await;
    }

    /// Gives the page this size, in px.
    pub(crate) async fn resize(&self, width: u32, height: u32) {
        match (self.engine(), &self.driver.console) {
            (Engine::Chromium, _) => {
                let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
                self.devtools("Emulation.setDeviceMetricsOverride", size)
                    .await;
            }
            (_, Console::Reported(bidi)) => {
                let context = String::from(self.client.window().await.expect("a window"));
                let size =
                    json!({ "context": context, "viewport": { "width": width, "height": height } });
                bidi.command("browsingContext.setViewport", size).await;
            }
            _ => {
                self.set_size(width, height).await;
                // WebKit applies media queries to some parts of the page only when their content changes next.
                let again = "[...document.styleSheets].forEach(sheet => {
                    sheet.disabled = true;
                    document.body.offsetHeight;
                    sheet.disabled = false;
                })";
                self.value(again).await;
            }
        }
        self.until(&format!(
            "innerWidth === {width} && innerHeight === {height}"
        ))
        .await;
    }

    /// Sets the size of the window such that the page has this size.
    async fn set_size(&self, width: u32, height: u32) {
        // A window may get its size after the command is over: what it has half a second later is its size.
        const SETTLED: &str = "
            const [width, height, done] = arguments, start = performance.now();
            (function look() {
                const is_there = innerWidth === width && innerHeight === height;
                if (is_there || performance.now() - start > 500) done([innerWidth, innerHeight]);
                else setTimeout(look, 20);
            })();";
        // What the browser itself takes of the window.
        let frame =
            "[outerWidth - innerWidth, outerHeight - innerHeight].map(rest => Math.max(rest, 0))";
        let two =
            |value: Value| -> (u32, u32) { serde_json::from_value(value).expect("two numbers") };
        let mut frame = two(self.value(frame).await);
        for _ in 0..20 {
            let (outer_width, outer_height) = (width + frame.0, height + frame.1);
            let sized = self.client.set_window_size(outer_width, outer_height).await;
            sized.expect("the window has a size");
            let wanted = vec![width.into(), height.into()];
            let inner = self.client.execute_async(SETTLED, wanted).await;
            let inner = two(inner.expect("a page that runs scripts"));
            if inner == (width, height) {
                return;
            }
            frame = (
                outer_width.saturating_sub(inner.0),
                outer_height.saturating_sub(inner.1),
            );
        }
        panic!("the page does not get {width} × {height} px");
    }

    /// Replaces the text of the field with the label `label` by `text`.
    pub(crate) async fn fill(&self, label: &str, text: &str) {
        let input = self
            .element(&format!("page.find('textbox', '{label}')"))
            .await;
        // By keys, because WebDriver's command to clear a field fires no `input` event.
        // WebKit's driver refuses a text without a character.
        let keys = [SELECT_ALL, DELETE, text].into_iter();
        for keys in keys.filter(|keys| !keys.is_empty()) {
            input.send_keys(keys).await.expect("a field accepts keys");
        }
    }

    /// Types `keys` into the focused element.
    pub(crate) async fn keys(&self, keys: &str) {
        let focused = self
            .client
            .active_element()
            .await
            .expect("a focused element");
        focused
            .send_keys(keys)
            .await
            .expect("an element that accepts keys");
    }

    /// Opens `url` in another tab, and goes there.
    pub(crate) async fn open_tab(&self, url: &str) {
        let tab = self.client.new_window(true).await.expect("a tab");
        let there = self.client.switch_to_window(tab.handle).await;
        there.expect("the tab is there");
        self.client.goto(url).await.expect("it loads");
    }

    /// Goes back to the tab that the browser began with.
    pub(crate) async fn first_tab(&self) {
        let tabs = self.client.windows().await.expect("tabs");
        let there = self.client.switch_to_window(tabs[0].clone()).await;
        there.expect("the tab is there");
    }

    /// Closes all tabs but the first.
    pub(crate) async fn close_others(&self) {
        for tab in self
            .client
            .windows()
            .await
            .expect("tabs")
            .into_iter()
            .skip(1)
        {
            let there = self.client.switch_to_window(tab).await;
            there.expect("the tab is there");
            self.client.close_window().await.expect("it closes");
        }
        self.first_tab().await;
    }

    /// Opens a file with the page.
    pub(crate) async fn choose_file(&self, file: &std::path::Path) {
        // The field itself is never to be seen: a button stands for it.
        let input = self
            .element("document.querySelector('input[type=file]')")
            .await;
        let path = file.to_str().expect("a path in UTF-8");
        input.send_keys(path).await.expect("a field accepts a file");
    }

    /// The folder that the browser saves files to.
    pub(crate) fn downloads(&self) -> &std::path::Path {
        &self.driver.downloads
    }

    /// What went wrong since the last call, or since the browser was started: errors that were not caught,
    /// and violations of the content security policy. In WebKit since the page was loaded: what happens
    /// while it is loaded is not seen there.
    pub(crate) async fn console_errors(&self) -> Vec<String> {
        self.driver.console.errors(&self.client).await
    }

    /// Sends a command of the Chrome DevTools Protocol.
    pub(crate) async fn devtools(&self, command: &'static str, parameters: Value) {
        self.devtools_answer(command, parameters).await;
    }

    /// Sends a command of the Chrome DevTools Protocol and returns the result.
    pub(crate) async fn devtools_answer(&self, command: &'static str, parameters: Value) -> Value {
        self.client
            .issue_cmd(Vendor {
                path: "goog/cdp/execute",
                body: json!({ "cmd": command, "params": parameters }),
            })
            .await
            .unwrap_or_else(|error| panic!("{command}: {error}"))
    }
}
