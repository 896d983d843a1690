//! The binary: its arguments, messages and exit.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Stdio, id},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    time::{Duration, Instant},
};

fn server(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sse-scope-server"));
    command
        .env_remove("RUST_LOG")
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Runs the server until it exits: exit code, stdout, stderr.
async fn output(arguments: &[&str]) -> (i32, String, String) {
    let output = server(arguments).output().await.expect("the server runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (
        output.status.code().expect("an exit code"),
        text(output.stdout),
        text(output.stderr),
    )
}

/// Starts the server on a free port: the process, and the address that it prints.
async fn listening() -> (Child, String) {
    start(server(&["--listen", "127.0.0.1:0"])).await
}

async fn start(mut command: Command) -> (Child, String) {
    let mut process = command.spawn().expect("the server starts");
    let mut line = String::new();
    BufReader::new(process.stdout.as_mut().expect("piped"))
        .read_line(&mut line)
        .await
        .expect("a line");
    let address = line
        .trim_end()
        .strip_prefix("SSE Scope is at http://")
        .expect("the address");
    (process, address.trim_end_matches('/').to_owned())
}

#[tokio::test]
async fn the_actual_port_is_printed() {
    let (_process, address) = listening().await;
    assert!(!address.ends_with(":0"), "{address}");
    TcpStream::connect(address)
        .await
        .expect("the server listens there");
}

#[tokio::test]
async fn help_and_version_are_printed() {
    let (code, help, _) = output(&["--help"]).await;
    assert_eq!(code, 0);
    for word in [
        "--listen <ADDR:PORT>",
        "127.0.0.1:8844",
        "/stream",
        "SIGTERM",
        "RUST_LOG",
        "--tap <[NAME=]URL>",
        "--tap-listen <ADDR:PORT>",
    ] {
        assert!(help.contains(word), "{word} is missing in {help}");
    }
    let (code, version, _) = output(&["--version"]).await;
    assert_eq!(
        (code, version.as_str()),
        (
            0,
            concat!("sse-scope-server ", env!("CARGO_PKG_VERSION"), "\n")
        )
    );
}

#[tokio::test]
async fn a_bad_address_is_one_sentence() {
    let held = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let taken = held.local_addr().expect("bound").to_string();
    for (listen, sentence) in [
        (taken.as_str(), "is taken by another program"),
        ("8844", "`8844` is not an address"),
        ("nowhere", "`nowhere` is not an address"),
        ("127.0.0.1:99999", "`127.0.0.1:99999` is not an address"),
        ("", "`` is not an address"),
        (
            "192.0.2.1:80",
            "does not let this program listen on 192.0.2.1:80",
        ),
    ] {
        let (code, stdout, stderr) = output(&["--listen", listen]).await;
        assert_eq!((code, stdout.as_str()), (1, ""), "{listen}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.contains(sentence), "{stderr}");
    }
}

#[tokio::test]
async fn a_tap_that_cannot_be_is_one_sentence() {
    let held = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let taken = held.local_addr().expect("bound").to_string();
    for (arguments, sentence) in [
        (
            &["--tap", "localhost:3000"][..],
            "“localhost:3000” is not a URL",
        ),
        (
            &["--tap", "a=http://a", "--tap", "a=http://b"],
            "Two taps are named “a”",
        ),
        (
            &["--tap", "http://a", "--tap-listen", "8845"],
            "`8845` is not an address",
        ),
        (
            &["--tap", "http://a", "--tap-listen", &taken],
            "choose another port with --tap-listen",
        ),
    ] {
        let arguments = [&["--listen", "127.0.0.1:0"], arguments].concat();
        let (code, stdout, stderr) = output(&arguments).await;
        assert_eq!((code, stdout.as_str()), (1, ""), "{arguments:?}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.contains(sentence), "{stderr}");
    }
}

#[tokio::test]
async fn a_tap_passes_on_and_ends_with_the_server() {
    let (_upstream, address) = listening().await;
    let tap = format!("own=http://{address}");
    let arguments = [
        "--listen",
        "127.0.0.1:0",
        "--tap",
        &tap,
        "--tap-listen",
        "127.0.0.1:0",
    ];
    let mut process = server(&arguments).spawn().expect("the server starts");
    let mut printed = BufReader::new(process.stdout.take().expect("piped")).lines();
    let mut line = async || printed.next_line().await.expect("text").expect("a line");
    let mut printed = line().await;
    while !printed.starts_with("Tap ") {
        printed = line().await;
    }
    let (tap, url) = printed
        .strip_prefix("Tap own: http://")
        .and_then(|rest| rest.split_once(" -> "))
        .expect("the tap and its URL");
    assert_eq!(url, format!("http://{address}"));
    let mut stream = TcpStream::connect(tap).await.expect("the tap listens");
    stream
        .write_all(b"GET /stream HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .expect("the tap reads");
    let mut received = Vec::new();
    while !String::from_utf8_lossy(&received).contains("connecttime") {
        assert_ne!(stream.read_buf(&mut received).await.expect("open"), 0);
    }
    let asked = Instant::now();
    let id = process.id().expect("running").to_string();
    let killed = Command::new("kill").arg(&id).status().await;
    assert!(killed.expect("kill runs").success());
    let _ = stream.read_to_end(&mut received).await;
    let status = process.wait().await.expect("an exit status");
    assert_eq!(status.code(), Some(0));
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "{:?}",
        asked.elapsed()
    );
}

#[tokio::test]
async fn a_signal_ends_streams_and_exits_within_a_second() {
    for signal in ["-INT", "-TERM"] {
        let (mut process, address) = listening().await;
        let mut stream = TcpStream::connect(address)
            .await
            .expect("the server listens");
        stream
            .write_all(b"GET /stream HTTP/1.1\r\nhost: localhost\r\n\r\n")
            .await
            .expect("the server reads");
        let mut received = Vec::new();
        while !String::from_utf8_lossy(&received).contains("connecttime") {
            assert_ne!(stream.read_buf(&mut received).await.expect("open"), 0);
        }
        let asked = Instant::now();
        let id = process.id().expect("running").to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .await
                .expect("kill runs")
                .success()
        );
        stream
            .read_to_end(&mut received)
            .await
            .expect("a clean end");
        assert!(
            received.ends_with(b"\r\n0\r\n\r\n"),
            "{signal}: no last chunk"
        );
        let status = process.wait().await.expect("an exit status");
        assert_eq!(status.code(), Some(0), "{signal}");
        assert!(
            asked.elapsed() < Duration::from_secs(1),
            "{signal}: {:?}",
            asked.elapsed()
        );
        let mut stderr = String::new();
        process
            .stderr
            .take()
            .expect("piped")
            .read_to_string(&mut stderr)
            .await
            .expect("text");
        assert_eq!(stderr, "", "quiet by default");
    }
}

#[tokio::test]
async fn the_log_has_a_span_for_each_connection_and_stream() {
    let mut command = server(&["--listen", "127.0.0.1:0"]);
    command.env("RUST_LOG", "sse_scope_server=debug");
    let (mut process, address) = start(command).await;
    let mut stream = TcpStream::connect(address)
        .await
        .expect("the server listens");
    let peer = stream.local_addr().expect("connected");
    stream
        .write_all(b"GET /stream?count=3&interval=1 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await
        .expect("the server reads");
    stream
        .read_to_end(&mut Vec::new())
        .await
        .expect("a clean end");
    let mut lines = BufReader::new(process.stderr.take().expect("piped")).lines();
    let mut log = Vec::new();
    while let Some(line) = lines.next_line().await.expect("text") {
        let is_last = line.ends_with("connection closed");
        log.push(line);
        if is_last {
            break;
        }
    }
    let connection = format!("connection{{peer={peer}}}");
    let stream = format!("{connection}:stream{{query=\"count=3&interval=1\"}}");
    let logged: Vec<_> = log
        .iter()
        .map(|line| &line[line.find("connection{").expect("a span")..])
        .collect();
    assert_eq!(
        logged,
        [
            format!("{connection}: sse_scope_server::http::connection: connection opened"),
            format!("{stream}: sse_scope_server::generator::body: stream begins"),
            format!("{stream}: sse_scope_server::generator::body: stream ended events=3 bytes=223"),
            format!("{connection}: sse_scope_server::http::connection: connection closed"),
        ]
    );
}

/// A folder for one test, removed with its value.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{}", id()));
        fs::create_dir_all(&path).expect("a folder for the test");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The server on a free port with `arguments`, with `launcher` as `xdg-open`. Nothing else is on its PATH,
/// so that no test opens a real browser.
fn with_launcher(folder: &Folder, launcher: Option<&str>, arguments: &[&str]) -> Command {
    if let Some(script) = launcher {
        let path = folder.0.join("xdg-open");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a writable folder");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a script");
    }
    let mut command = server(&["--listen", "127.0.0.1:0"]);
    command
        .args(arguments)
        .env("PATH", &folder.0)
        .env("FOLDER", &folder.0);
    command
}

/// Notes what it was given. The file gets its name when it is complete.
const NOTES: &str = r#"PATH=/usr/bin:/bin
printf '%s\n' "$@" > "$FOLDER/part" && mv "$FOLDER/part" "$FOLDER/opened""#;

/// Starts the server with `arguments`: the address that the browser opens, and the one that is printed.
async fn opened_and_printed(test: &str, arguments: &[&str]) -> (String, String) {
    let folder = Folder::new(test);
    let (_process, printed) = start(with_launcher(&folder, Some(NOTES), arguments)).await;
    let until_opened = async {
        loop {
            if let Ok(opened) = fs::read_to_string(folder.0.join("opened")) {
                return opened;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let opened = tokio::time::timeout(Duration::from_secs(20), until_opened)
        .await
        .expect("a browser is opened");
    (opened.trim_end().to_owned(), format!("http://{printed}"))
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_browser_opens_the_page() {
    let (opened, printed) = opened_and_printed("open", &["--open"]).await;
    assert_eq!(opened, format!("{printed}/"));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_browser_opens_the_page_on_a_stream() {
    let stream = "https://example.org/events?a=1&b=2#c";
    for (test, arguments) in [("url", vec![stream]), ("open-url", vec!["--open", stream])] {
        let (opened, printed) = opened_and_printed(test, &arguments).await;
        assert_eq!(opened, printed);
        let (server, query) = printed.split_once("/?").expect("a query");
        assert!(!server.ends_with(":0"), "{printed}");
        assert_eq!(
            query,
            "url=https%3A%2F%2Fexample.org%2Fevents%3Fa%3D1%26b%3D2%23c"
        );
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn without_a_browser_the_server_runs_on() {
    for (test, launcher) in [("no-browser", None), ("failing-browser", Some("exit 3"))] {
        let folder = Folder::new(test);
        let (mut process, address) = start(with_launcher(&folder, launcher, &["--open"])).await;
        let mut sentence = String::new();
        BufReader::new(process.stderr.as_mut().expect("piped"))
            .read_line(&mut sentence)
            .await
            .expect("a line");
        assert_eq!(
            sentence,
            "sse-scope-server: No browser could be opened here. Open the address above yourself; the server runs on.\n"
        );
        TcpStream::connect(address)
            .await
            .expect("the server still listens");
        assert_eq!(process.try_wait().expect("a child"), None);
    }
}

#[tokio::test]
async fn what_is_not_the_url_of_a_stream_is_rejected() {
    for given in ["example.org/events", "/stream", "ftp://example.org/", ""] {
        let (code, stdout, stderr) = output(&["--listen", "127.0.0.1:0", given]).await;
        assert_eq!((code, stdout.as_str()), (2, ""), "{given}");
        for words in [given, "http:// or https://", "https://example.org/events"] {
            assert!(stderr.contains(words), "{words} is missing in {stderr}");
        }
    }
}

#[tokio::test]
async fn completions_and_the_manual_page_are_printed() {
    for (shell, words) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef sse-scope-server"),
        ("fish", "complete -c sse-scope-server"),
    ] {
        let (code, script, stderr) = output(&["--completions", shell]).await;
        assert_eq!((code, stderr.as_str()), (0, ""), "{shell}");
        for words in [words, "allow-host"] {
            assert!(script.contains(words), "{words} is missing in {script}");
        }
    }
    let (code, page, stderr) = output(&["--man"]).await;
    assert_eq!((code, stderr.as_str()), (0, ""));
    for words in [
        ".TH sse-scope-server 1",
        env!("CARGO_PKG_VERSION"),
        r"\-\-listen",
        "[\\fIURL\\fR]",
    ] {
        assert!(page.contains(words), "{words} is missing in {page}");
    }
}

/// Sends a request for /relay without a token, and returns the response.
async fn ask_relay(address: &str) -> String {
    let mut connection = TcpStream::connect(address)
        .await
        .expect("the server listens");
    let request =
        "POST /relay HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    connection
        .write_all(request.as_bytes())
        .await
        .expect("the server reads");
    let mut response = String::new();
    connection
        .read_to_string(&mut response)
        .await
        .expect("a response");
    response
}

#[tokio::test]
async fn the_relay_is_on_for_this_machine_only_unless_asked_for() {
    for (arguments, is_on) in [
        (&["--listen", "127.0.0.1:0"][..], true),
        (&["--listen", "0.0.0.0:0"], false),
        (
            &["--listen", "127.0.0.1:0", "--allow-host", "scope.example"],
            false,
        ),
        (
            &[
                "--listen",
                "0.0.0.0:0",
                "--relay",
                "--relay-allow",
                "10.0.0.0/8",
            ],
            true,
        ),
    ] {
        let (_process, address) = start(server(arguments)).await;
        let port = address.rsplit(':').next().expect("a port");
        let response = ask_relay(&format!("127.0.0.1:{port}")).await;
        let status = if is_on { "403" } else { "404" };
        assert!(
            response.starts_with(&format!("HTTP/1.1 {status} ")),
            "{arguments:?}: {response}"
        );
    }
}

#[tokio::test]
async fn a_network_that_is_none_is_an_error_that_shows_what_is_accepted() {
    let (code, _, error) = output(&["--relay", "--relay-allow", "intranet"]).await;
    assert_eq!(code, 2);
    assert!(error.contains("10.1.0.0/16"), "{error}");
    let (code, _, error) = output(&["--relay-allow", "10.0.0.0/8"]).await;
    assert_eq!(code, 2);
    assert!(error.contains("--relay"), "{error}");
}

/// The token of the page that is at `address`. With this feature the page is in the server.
#[cfg(feature = "e2e")]
async fn token(address: &str) -> String {
    let mut connection = TcpStream::connect(address)
        .await
        .expect("the server listens");
    let request = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    connection
        .write_all(request.as_bytes())
        .await
        .expect("the server reads");
    let mut page = String::new();
    connection.read_to_string(&mut page).await.expect("a page");
    let (_, rest) = page.split_once("relay ").expect("the relay is offered");
    rest[..22].to_owned()
}

#[cfg(feature = "e2e")]
#[tokio::test]
async fn the_relay_uses_the_proxy_of_the_environment_unless_targets_are_restricted() {
    let proxy = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let proxy_url = format!("http://{}", proxy.local_addr().expect("bound"));
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = proxy.accept().await {
            let mut request = [0; 1024];
            let count = connection.read(&mut request).await.expect("a request");
            let request = String::from_utf8_lossy(&request[..count]);
            let response = format!("HTTP/1.1 200 OK\r\n\r\nasked for {request}");
            let _ = connection.write_all(response.as_bytes()).await;
        }
    });
    for (arguments, expected) in [
        (
            &["--listen", "127.0.0.1:0"][..],
            "asked for GET http://target.invalid/ HTTP/1.1",
        ),
        (
            &["--listen", "127.0.0.1:0", "--relay"],
            r#""kind":"name-not-found""#,
        ),
    ] {
        let mut command = server(arguments);
        for name in [
            "ALL_PROXY",
            "all_proxy",
            "NO_PROXY",
            "no_proxy",
            "http_proxy",
            "REQUEST_METHOD",
        ] {
            command.env_remove(name);
        }
        let (_process, address) = start({
            command.env("HTTP_PROXY", &proxy_url);
            command
        })
        .await;
        let order = r#"{"url":"http://target.invalid/","method":"GET","headers":[],"body":null}"#;
        let request = format!(
            "POST /relay HTTP/1.1\r\nhost: localhost\r\nx-sse-scope-token: {}\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{order}",
            token(&address).await,
            order.len()
        );
        let mut connection = TcpStream::connect(&address)
            .await
            .expect("the server listens");
        connection
            .write_all(request.as_bytes())
            .await
            .expect("the server reads");
        let mut response = String::new();
        connection
            .read_to_string(&mut response)
            .await
            .expect("a response");
        assert!(response.contains(expected), "{arguments:?}: {response}");
    }
}
