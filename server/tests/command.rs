//! The binary: its arguments, messages and exit.

use std::process::Stdio;

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
