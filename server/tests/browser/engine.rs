//! The browsers: how each is started, and what only one of them can do.

use std::{
    env, fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use fantoccini::{
    Client, ClientBuilder,
    wd::{Capabilities, WebDriverCompatibleCommand},
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::{bidi::BiDi, console::Console};

/// How long a driver may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Chromium,
    Firefox,
    WebKit,
}

impl Engine {
    /// The engine that the environment variable `SSE_SCOPE_ENGINE` names; Chromium if there is none.
    pub(crate) fn chosen() -> Self {
        match env::var("SSE_SCOPE_ENGINE").as_deref() {
            Err(_) | Ok("" | "chromium") => Self::Chromium,
            Ok("firefox") => Self::Firefox,
            Ok("webkit") => Self::WebKit,
            Ok(other) => {
                panic!("SSE_SCOPE_ENGINE is {other:?}: it has to be chromium, firefox or webkit")
            }
        }
    }

    /// The command that starts the driver on `port`. `home` is a folder for this browser alone.
    fn driver(self, port: u16, home: &Path) -> Command {
        let port = format!("--port={port}");
        match self {
            Self::Chromium => {
                let mut driver = Command::new("chromedriver");
                driver.arg(port);
                driver
            }
            Self::Firefox => {
                let mut driver = Command::new("geckodriver");
                // Port 0: without this, two drivers would both use the one default port for WebSockets.
                driver.args([&*port, "--websocket-port=0", "--log=fatal"]);
                driver
            }
            Self::WebKit => {
                let mut driver = Command::new("WebKitWebDriver");
                driver.arg(port).env("HOME", home);
                for variable in ["XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"] {
                    driver.env(variable, home.join(variable));
                }
                driver
            }
        }
    }

    fn capabilities(self, downloads: &Path, javascript: bool) -> Capabilities {
        let capabilities = match self {
            Self::Chromium => json!({
                "goog:chromeOptions": {
                    "args": [
                        "--headless=new",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-sync",
                        "--no-first-run",
                    ],
                    "prefs": {
                        "download.default_directory": downloads,
                        // 1: allowed, 2: blocked.
                        "profile.managed_default_content_settings.javascript": if javascript { 1 } else { 2 },
                    },
                },
                "goog:loggingPrefs": { "browser": "ALL" },
            }),
            Self::Firefox => json!({
                "webSocketUrl": true,
                "moz:firefoxOptions": {
                    "args": ["-headless"],
                    "prefs": {
                        // 2: the folder that the next preference names.
                        "browser.download.folderList": 2,
                        "browser.download.dir": downloads,
                        "browser.download.always_ask_before_handling_new_types": false,
                        "javascript.enabled": javascript,
                        "browser.helperApps.neverAsk.saveToDisk": "application/octet-stream",
                    },
                },
            }),
            Self::WebKit => json!({
                "webkitgtk:browserOptions": {
                    "binary": mini_browser(),
                    "args": ["--automation", format!("--enable-javascript={javascript}")],
                },
            }),
        };
        match capabilities {
            Value::Object(capabilities) => capabilities,
            _ => unreachable!("written as an object"),
        }
    }
}

/// The browser that comes with WebKitGTK. Debian keeps it in a folder that names the system and the version.
fn mini_browser() -> PathBuf {
    let entries = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries.filter_map(|entry| Some(entry.ok()?.path()))
    };
    let libraries = entries(Path::new("/usr/lib")).chain([PathBuf::from("/usr/libexec")]);
    let found = libraries.flat_map(|folder| entries(&folder).collect::<Vec<_>>());
    let mut found: Vec<PathBuf> = found
        .map(|folder| folder.join("MiniBrowser"))
        .filter(|browser| browser.is_file())
        .collect();
    found.sort();
    found
        .pop()
        .expect("WebKitGTK's MiniBrowser is installed (Debian: webkit2gtk-driver brings it)")
}

/// A driver and its browser. Both end when it is dropped.
pub(super) struct Driver {
    pub(super) engine: Engine,
    pub(super) console: Console,
    _process: Child,
    /// `127.0.0.1:PORT`
    address: String,
    session: String,
    /// A folder for this browser alone.
    home: PathBuf,
    pub(super) downloads: PathBuf,
}

impl Driver {
    pub(super) async fn start(engine: Engine, javascript: bool) -> (Self, Client) {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.expect("a free port").port();
        let address = format!("127.0.0.1:{port}");

        // One folder for each browser: tests run in parallel.
        let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("browser-{port}"));
        let _ = fs::remove_dir_all(&home);
        let downloads = home.join("downloads");
        let config = home.join("XDG_CONFIG_HOME");
        for folder in [&downloads, &config] {
            fs::create_dir_all(folder).expect("the target folder is writable");
        }
        let directories = format!("XDG_DOWNLOAD_DIR={downloads:?}\n");
        fs::write(config.join("user-dirs.dirs"), directories).expect("the folder is writable");
        // Otherwise the toolbar of WebKitGTK's browser keeps the page wider than 440 px.
        let style = "* { min-width: 0; padding: 0; margin: 0; border: none; }";
        fs::create_dir_all(config.join("gtk-3.0")).expect("the folder is writable");
        fs::write(config.join("gtk-3.0/gtk.css"), style).expect("the folder is writable");

        let mut command = engine.driver(port, &home);
        let process = command
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; `make test` installs it"));
        let start = Instant::now();
        while TcpStream::connect(&address).is_err() {
            assert!(start.elapsed() < PATIENCE, "{command:?} does not answer");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(engine.capabilities(&downloads, javascript))
            .connect(&format!("http://{address}"))
            .await
            .unwrap_or_else(|error| panic!("{engine:?} does not start: {error}"));
        let session = client.session_id().await;
        let session = session.ok().flatten().expect("a session has an identifier");
        let console = match engine {
            Engine::Chromium => Console::Recorded,
            Engine::Firefox => {
                let url = client
                    .capabilities()
                    .and_then(|found| found.get("webSocketUrl"));
                let url = url.and_then(Value::as_str).expect("Firefox speaks BiDi");
                Console::Reported(Box::new(BiDi::connect(url, "log.entryAdded").await))
            }
            Engine::WebKit => Console::Listened,
        };
        let driver = Self {
            engine,
            console,
            _process: process,
            address,
            session,
            home,
            downloads,
        };
        (driver, client)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Killing a driver would leave its browser running. Firefox's driver answers only to its own
        // address.
        if let Ok(mut driver) = TcpStream::connect(&self.address) {
            let request = format!(
                "DELETE /session/{} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
                self.session, self.address
            );
            let _ = driver.set_read_timeout(Some(Duration::from_secs(10)));
            let _ = driver.write_all(request.as_bytes());
            let _ = driver.read(&mut [0; 1024]);
        }
        let _ = fs::remove_dir_all(&self.home);
    }
}

/// A ChromeDriver command that WebDriver does not define.
#[derive(Debug)]
pub(super) struct Vendor {
    pub(super) path: &'static str,
    pub(super) body: Value,
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
