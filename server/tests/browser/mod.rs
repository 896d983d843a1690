//! A real Chromium, driven through ChromeDriver, and the built server as a process.

// Each program uses a part of this module.
#![allow(dead_code)]

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use fantoccini::{
    Client, ClientBuilder,
    elements::Element,
    wd::{Capabilities, TimeoutConfiguration, WebDriverCompatibleCommand},
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// Functions that find things in the page.
const PAGE: &str = include_str!("page.js");

/// Keys, as WebDriver encodes them.
pub(crate) const ENTER: &str = "\u{E007}";
pub(crate) const ESCAPE: &str = "\u{E00C}";
pub(crate) const TAB: &str = "\u{E004}";
pub(crate) const UP: &str = "\u{E013}";
pub(crate) const RIGHT: &str = "\u{E014}";
pub(crate) const DELETE: &str = "\u{E003}";
pub(crate) const SELECT_ALL: &str = "\u{E009}a\u{E000}";
pub(crate) const CTRL_ENTER: &str = "\u{E009}\u{E007}\u{E000}";

/// How long a condition may take to become true before a test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// The running binary under test; killed when dropped.
pub(crate) struct Server {
    process: Child,
    /// `http://127.0.0.1:PORT`
    pub(crate) origin: String,
}

impl Server {
    /// Starts the server on `listen` and waits for the address that it prints.
    pub(crate) async fn start(listen: &str) -> Self {
        Self::start_program(env!("CARGO_BIN_EXE_sse-scope-server"), listen).await
    }

    /// Starts another build of the server, for a comparison of two pages.
    pub(crate) async fn start_program(program: &str, listen: &str) -> Self {
        let mut process = Command::new(program)
            .args(["--listen", listen])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let line = first_line_with(&mut process, "http://").await;
        let origin = line[line.find("http://").expect("an address")..]
            .trim_end_matches('/')
            .to_owned();
        Self { process, origin }
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn address(&self) -> &str {
        self.origin.trim_start_matches("http://")
    }

    /// Kills the process, like a crash, and waits until its port is free.
    pub(crate) async fn kill(&mut self) {
        self.process.kill().await.expect("the server can be killed");
    }
}

/// The first line of the output of `process` that contains `text`.
pub(crate) async fn first_line_with(process: &mut Child, text: &str) -> String {
    let stdout = process.stdout.take().expect("stdout is piped");
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await.expect("stdout is text") {
        if line.contains(text) {
            // The process must be able to print more: a closed pipe would end it.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return line;
        }
    }
    panic!("the process ended without printing {text:?}");
}

/// A browser with an empty profile and one tab; ends when dropped, even if the test fails.
pub(crate) struct Browser {
    _driver: Child,
    /// `127.0.0.1:PORT`
    driver_address: String,
    downloads: PathBuf,
    pub(crate) client: Client,
}

impl Browser {
    pub(crate) async fn start() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver is on PATH (Debian: chromium-driver); `make test` installs it");
        let line = first_line_with(&mut driver, "successfully on port ").await;
        let port = line
            .rsplit(' ')
            .next()
            .expect("a port")
            .trim_end_matches('.');
        let driver_address = format!("127.0.0.1:{port}");

        // One folder for each browser: tests run in parallel.
        let downloads =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("downloads-{port}"));
        let _ = std::fs::remove_dir_all(&downloads);
        std::fs::create_dir_all(&downloads).expect("the target folder is writable");

        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--window-size=1280,800",
        ];
        let Value::Object(capabilities): Value = json!({
            "goog:chromeOptions": {
                "args": arguments,
                "prefs": { "download.default_directory": downloads },
            },
            "goog:loggingPrefs": { "browser": "ALL" },
        }) else {
            unreachable!("written as an object")
        };
        let capabilities: Capabilities = capabilities;
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://{driver_address}"))
            .await
            .expect("chromedriver starts a Chromium of its own version");
        client
            .update_timeouts(TimeoutConfiguration::new(
                Some(PATIENCE),
                Some(PATIENCE),
                None,
            ))
            .await
            .expect("timeouts can be set");
        Self {
            _driver: driver,
            driver_address,
            downloads,
            client,
        }
    }

    pub(crate) async fn goto(&self, url: &str) {
        self.client
            .goto(url)
            .await
            .unwrap_or_else(|error| panic!("{url}: {error}"));
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

    /// Chooses the radio button with the name `name`, by its label: the button itself may be drawn as a part
    /// of that.
    pub(crate) async fn choose(&self, name: &str) {
        self.click(&format!("page.any('radio', '{name}').labels[0]"))
            .await;
    }

    /// Replaces the text of the field with the label `label` by `text`.
    pub(crate) async fn fill(&self, label: &str, text: &str) {
        let input = self
            .element(&format!("page.find('textbox', '{label}')"))
            .await;
        // By keys, because WebDriver's command to clear a field fires no `input` event.
        for keys in [SELECT_ALL, DELETE, text] {
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
        &self.downloads
    }

    /// The errors in the console since the last call, violations of the content security policy
    /// included.
    pub(crate) async fn console_errors(&self) -> Vec<String> {
        let log = self
            .client
            .issue_cmd(Vendor {
                path: "se/log",
                body: json!({ "type": "browser" }),
            })
            .await
            .expect("chromedriver records the console");
        let entries = log.as_array().cloned().unwrap_or_default();
        entries
            .iter()
            .filter(|entry| entry["level"] == "SEVERE")
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .collect()
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

impl Drop for Browser {
    fn drop(&mut self) {
        // Killing ChromeDriver would leave its Chromium running.
        if let Ok(mut driver) = TcpStream::connect(&self.driver_address) {
            let _ = driver.write_all(b"GET /shutdown HTTP/1.1\r\nhost: localhost\r\n\r\n");
            let _ = driver.read(&mut [0; 1024]);
        }
        let _ = std::fs::remove_dir_all(&self.downloads);
    }
}

/// A ChromeDriver command that WebDriver does not define.
#[derive(Debug)]
struct Vendor {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Vendor {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!(
            "session/{}/{}",
            session.unwrap_or_default(),
            self.path
        ))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}
