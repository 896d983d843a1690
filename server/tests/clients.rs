//! The tap with clients that nobody here wrote: each receives through the tap, byte for byte, what it receives
//! without it, and the tap shows what passed. `make test-clients` installs them from npm and PyPI.

mod raw;

use std::{collections::HashSet, env, path::PathBuf, process::Stdio};

use serde_json::Value;
use sse_wire::{Content, Reader};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use raw::PATIENCE;

/// A client, and what the tap shows of it.
struct Case {
    name: &'static str,
    program: Program,
    /// For each request: its method and path, and how many events its response has. A body that is no event
    /// stream has none.
    exchanges: &'static [(&'static str, &'static str, u64)],
}

enum Program {
    /// A client of `node.mjs`.
    Node,
    /// A client of `python_clients.py`.
    Python,
    /// curl with these arguments, and the path.
    Curl(&'static [&'static str], &'static str),
}

const CASES: &[Case] = &[
    Case {
        name: "openai-chat",
        program: Program::Node,
        exchanges: &[("POST", "/v1/chat/completions", 19)],
    },
    Case {
        name: "openai-responses",
        program: Program::Node,
        exchanges: &[("POST", "/v1/responses", 19)],
    },
    Case {
        name: "anthropic",
        program: Program::Node,
        exchanges: &[("POST", "/v1/messages", 22)],
    },
    Case {
        name: "eventsource",
        program: Program::Node,
        exchanges: &[
            ("GET", "/resume", 5),
            ("GET", "/resume", 5),
            ("GET", "/resume", 5),
            ("GET", "/resume", 0),
        ],
    },
    Case {
        name: "fetch-event-source",
        program: Program::Node,
        exchanges: &[("POST", "/events", 4)],
    },
    Case {
        name: "mcp",
        program: Program::Node,
        // The session begins, the client reports that it is ready and listens, lists the tools, calls one,
        // and ends the session.
        exchanges: &[
            ("POST", "/mcp", 1),
            ("POST", "/mcp", 0),
            ("GET", "/mcp", 0),
            ("POST", "/mcp", 1),
            ("POST", "/mcp", 6),
            ("DELETE", "/mcp", 0),
        ],
    },
    Case {
        name: "websocket",
        program: Program::Node,
        exchanges: &[("GET", "/socket", 0)],
    },
    Case {
        name: "openai-chat",
        program: Program::Python,
        exchanges: &[("POST", "/v1/chat/completions", 19)],
    },
    Case {
        name: "openai-responses",
        program: Program::Python,
        exchanges: &[("POST", "/v1/responses", 19)],
    },
    Case {
        name: "anthropic",
        program: Program::Python,
        exchanges: &[("POST", "/v1/messages", 22)],
    },
    Case {
        name: "httpx-sse",
        program: Program::Python,
        exchanges: &[("GET", "/events", 20)],
    },
    Case {
        name: "curl, raw chunks",
        program: Program::Curl(&["--raw"], "/events"),
        exchanges: &[("GET", "/events", 20)],
    },
    Case {
        name: "curl, HTTP/1.0",
        program: Program::Curl(&["--http1.0"], "/events"),
        exchanges: &[("GET", "/events", 20)],
    },
    Case {
        name: "curl, gzip",
        program: Program::Curl(&["--raw", "--header", "Accept-Encoding: gzip"], "/gzip"),
        exchanges: &[("GET", "/gzip", 20)],
    },
    Case {
        name: "curl, a hint before and a trailer after",
        program: Program::Curl(&["--raw"], "/early-hints"),
        exchanges: &[("GET", "/early-hints", 1)],
    },
    Case {
        name: "curl, a request of odd headers",
        program: Program::Curl(
            &[
                "--header",
                "x-ODD:  two",
                "--header",
                "x-odd: again",
                "--cookie",
                "a=b",
                "--data",
                "body",
            ],
            "/request?a=%20b",
        ),
        exchanges: &[("POST", "/request?a=%20b", 0)],
    },
    Case {
        name: "curl, a request in chunks",
        program: Program::Curl(
            &[
                "--header",
                "Transfer-Encoding: chunked",
                "--header",
                "Expect: 100-continue",
                "--data",
                "body",
            ],
            "/request",
        ),
        exchanges: &[("POST", "/request", 0)],
    },
];

#[tokio::test]
async fn each_client_receives_through_the_tap_what_it_receives_without() {
    let mut upstream = Process::start(
        Command::new("node").arg(folder("target/clients/node").join("upstream.mjs")),
    );
    let port = upstream.line().await;
    let direct = format!("http://127.0.0.1:{port}");
    let mut server = Process::start(
        Command::new(env!("CARGO_BIN_EXE_sse-scope-server"))
            .args(["--listen", "127.0.0.1:0"])
            .args(["--tap", &direct, "--tap-listen", "127.0.0.1:0"]),
    );
    let page = server.address("SSE Scope is at ").await;
    let tap = server.address("Tap tap: ").await;
    let mut shown = HashSet::new();
    for case in CASES {
        let without = case.output(&direct).await;
        let with = case.output(&tap).await;
        assert!(without.len() > 20, "{}: too short: {without}", case.name);
        assert_eq!(with, without, "{}", case.name);
        let mut exchanges = exchanges_after(&page, &shown, case.exchanges.len()).await;
        exchanges.sort_by_key(|exchange| exchange["id"].as_u64());
        for (exchange, expected) in exchanges.iter().zip(case.exchanges) {
            let found = (
                exchange["method"].as_str().expect("a method"),
                exchange["path"].as_str().expect("a path"),
                exchange["events"].as_u64().expect("a number"),
            );
            assert_eq!(found, *expected, "{}: {exchange}", case.name);
        }
        shown.extend(exchanges.iter().map(|exchange| exchange["id"].as_u64()));
    }
}

impl Case {
    /// What the client prints about what it received.
    async fn output(&self, base: &str) -> String {
        let node = folder("target/clients/node");
        let mut command = match self.program {
            Program::Node => {
                let mut command = Command::new("node");
                command.arg(node.join("node.mjs")).args([self.name, base]);
                command
            }
            Program::Python => {
                let mut command = Command::new(folder("target/clients/python/bin/python"));
                let script = folder("server/tests/clients/python_clients.py");
                command.arg(script).args([self.name, base]);
                command
            }
            Program::Curl(arguments, path) => {
                let mut command = Command::new("curl");
                command
                    .args(["--silent", "--show-error", "--include", "--no-buffer"])
                    .args(arguments)
                    .arg(format!("{base}{path}"));
                command
            }
        };
        let running = command.kill_on_drop(true).output();
        let output = timeout(PATIENCE * 3, running)
            .await
            .unwrap_or_else(|_| panic!("{} does not end", self.name))
            .unwrap_or_else(|error| panic!("{}: {error}", self.name));
        assert!(
            output.status.success(),
            "{}: {}",
            self.name,
            String::from_utf8_lossy(&output.stderr)
        );
        // Compressed bytes are no text.
        output.stdout.escape_ascii().to_string()
    }
}

/// The `count` exchanges that the tap shows besides those in `known`, once all are over.
async fn exchanges_after(page: &str, known: &HashSet<Option<u64>>, count: usize) -> Vec<Value> {
    let token = token(page).await;
    let address = page.trim_start_matches("http://");
    let mut tcp = TcpStream::connect(address)
        .await
        .expect("the server listens");
    // HTTP/1.0: a body without chunks.
    let request = format!(
        "GET /tap/exchanges HTTP/1.0\r\nhost: {address}\r\nx-sse-scope-token: {token}\r\n\r\n"
    );
    tcp.write_all(request.as_bytes()).await.expect("sent");
    let mut latest = Vec::<Value>::new();
    let mut reader = Reader::default();
    let mut received = vec![0; 65_536];
    let reading = async {
        while latest.len() < count || latest.iter().any(|exchange| exchange["state"] != "over") {
            let read = tcp.read(&mut received).await.expect("open");
            assert_ne!(read, 0, "the list of exchanges ended");
            reader.read(&received[..read], |item| {
                let Content::Event(event) = item.content else {
                    return;
                };
                if event.event_type != "exchange" {
                    return;
                }
                let exchange: Value = serde_json::from_str(event.data).expect("JSON");
                if known.contains(&exchange["id"].as_u64()) {
                    return;
                }
                latest.retain(|earlier| earlier["id"] != exchange["id"]);
                latest.push(exchange);
            });
        }
    };
    let is_complete = timeout(PATIENCE, reading).await.is_ok();
    assert!(
        is_complete,
        "not {count} exchanges that are over: {latest:#?}"
    );
    assert_eq!(latest.len(), count, "{latest:#?}");
    latest
}

/// The token that the page has for requests to its server.
async fn token(page: &str) -> String {
    let html = Command::new("curl")
        .args(["--silent", page])
        .output()
        .await
        .expect("curl runs");
    let html = String::from_utf8(html.stdout).expect("text");
    let (before, after) = html
        .split_once("sse-scope-offers")
        .expect("the page with its offers: it is built in");
    // The order of the attributes is that of the minifier.
    let begin = before.rfind('<').expect("an element");
    let element = [&before[begin..], after].concat();
    let (_, offers) = element.split_once("content=\"").expect("an attribute");
    let (offers, _) = offers.split_once('"').expect("an attribute");
    offers.rsplit(' ').next().expect("a token").to_owned()
}

/// A folder or file of the repository.
fn folder(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(path)
}

/// A program that runs as long as this exists, and its output.
struct Process {
    _process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(command: &mut Command) -> Self {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let stdout = process.stdout.take().expect("piped");
        Self {
            _process: process,
            lines: BufReader::new(stdout).lines(),
        }
    }

    async fn line(&mut self) -> String {
        timeout(PATIENCE, self.lines.next_line())
            .await
            .expect("it prints in time")
            .expect("text")
            .expect("it prints a line")
    }

    /// The address in the next line, after `label`.
    async fn address(&mut self, label: &str) -> String {
        let line = self.line().await;
        let rest = line
            .strip_prefix(label)
            .unwrap_or_else(|| panic!("no {label:?} in {line:?}"));
        let address = rest.split_whitespace().next().expect("an address");
        address.trim_end_matches('/').to_owned()
    }
}
