//! The binary: its arguments, its messages, its end.

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
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Runs it to its end: exit code, stdout, stderr.
async fn output(arguments: &[&str]) -> (i32, String, String) {
    let output = server(arguments).output().await.expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (
        output.status.code().expect("an exit code"),
        text(output.stdout),
        text(output.stderr),
    )
}

/// Starts it on a free port: the process and the address that it printed.
async fn listening() -> (Child, String) {
    let mut process = server(&["--listen", "127.0.0.1:0"])
        .spawn()
        .expect("it starts");
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
async fn the_real_port_is_printed() {
    let (_process, address) = listening().await;
    assert!(!address.ends_with(":0"), "{address}");
    TcpStream::connect(address).await.expect("it listens there");
}

#[tokio::test]
async fn help_explains_itself_and_version_is_the_package_s() {
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
async fn what_cannot_be_listened_on_is_one_sentence() {
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
async fn a_signal_ends_streams_and_program_within_a_second() {
    for signal in ["-INT", "-TERM"] {
        let (mut process, address) = listening().await;
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        stream
            .write_all(b"GET /stream HTTP/1.1\r\nhost: localhost\r\n\r\n")
            .await
            .expect("it reads");
        let mut received = Vec::new();
        while !String::from_utf8_lossy(&received).contains("connecttime") {
            assert_ne!(stream.read_buf(&mut received).await.expect("it is open"), 0);
        }
        let asked = Instant::now();
        let id = process.id().expect("it runs").to_string();
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
            "{signal}: the last chunk is sent"
        );
        let status = process.wait().await.expect("it ends");
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
