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
    Client, ClientBuilder, Locator,
    elements::Element,
    wd::{Capabilities, TimeoutConfiguration, WebDriverCompatibleCommand},
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

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

    /// The value of `expression` in the page.
    pub(crate) async fn value(&self, expression: &str) -> Value {
        self.client
            .execute(&format!("return ({expression});"), Vec::new())
            .await
            .unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// Waits until `condition`, an expression in the page, is true.
    pub(crate) async fn until(&self, condition: &str) {
        // An element that the page does not have yet is an error, which is no answer.
        let script = format!(
            "const done = arguments[0]; (function look() {{ \
             let is_true = false; \
             try {{ is_true = {condition}; }} catch {{}} \
             if (is_true) done(); else setTimeout(look, 20); }})();"
        );
        if let Err(error) = self.client.execute_async(&script, Vec::new()).await {
            let page = self.value("document.body.innerText").await;
            panic!("never became true: {condition}\n{error}\nthe page: {page:#}");
        }
    }

    /// Waits until the log has a line that matches the regular expression `pattern`.
    pub(crate) async fn until_line(&self, pattern: &str) {
        self.until(&format!("{LINES}.some(line => /{pattern}/.test(line))"))
            .await;
    }

    /// The visible lines of the log.
    pub(crate) async fn lines(&self) -> Vec<String> {
        serde_json::from_value(self.value(LINES).await).expect("a list of strings")
    }

    /// How many visible lines begin with `beginning`.
    pub(crate) async fn count(&self, beginning: &str) -> usize {
        self.lines()
            .await
            .iter()
            .filter(|line| line.starts_with(beginning))
            .count()
    }

    /// Presses the button with the label `text`, like a user: it must be visible and not covered.
    pub(crate) async fn press(&self, text: &str) {
        let path = format!("//button[normalize-space()='{text}']");
        let button = self.element(Locator::XPath(&path)).await;
        button
            .click()
            .await
            .unwrap_or_else(|error| panic!("cannot press {text:?}: {error}"));
    }

    /// The element that `locator` finds, as soon as the page has it.
    async fn element(&self, locator: Locator<'_>) -> Element {
        let found = self.client.wait().at_most(PATIENCE).for_element(locator);
        found
            .await
            .unwrap_or_else(|error| panic!("no {locator:?}: {error}"))
    }

    /// Presses the element that `css` selects, like a user.
    pub(crate) async fn click(&self, css: &str) {
        let found = self.element(Locator::Css(css)).await;
        let clicked = found.click().await;
        clicked.unwrap_or_else(|error| panic!("cannot press {css}: {error}"));
    }

    /// Replaces the text of the field `name` by `text`.
    pub(crate) async fn fill(&self, name: &str, text: &str) {
        let css = format!("input[name={name}]");
        let input = self.element(Locator::Css(&css)).await;
        // By keys, because WebDriver's command to clear a field fires no `input` event.
        let select_all_and_delete = "\u{E009}a\u{E000}\u{E003}";
        for keys in [select_all_and_delete, text] {
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

    /// Chooses a file in the field that `css` selects.
    pub(crate) async fn choose_file(&self, css: &str, file: &std::path::Path) {
        let input = self.element(Locator::Css(css)).await;
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

/// The texts of the rows in the document.
const LINES: &str = "[...document.querySelectorAll('.row .line')].map(line => line.textContent)";

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
