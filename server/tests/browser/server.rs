//! The built server as a process.

use std::process::Stdio;

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

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

    /// Starts the server on `listen` with the tap `a` in front of `upstream`; returns it and the address of the
    /// tap.
    pub(crate) async fn start_with_tap(upstream: &str, listen: &str) -> (Self, String) {
        let mut process = Command::new(env!("CARGO_BIN_EXE_sse-scope-server"))
            .args(["--listen", listen, "--tap", &format!("a={upstream}")])
            .args(["--tap-listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the server starts");
        let stdout = process.stdout.take().expect("stdout is piped");
        let mut lines = BufReader::new(stdout).lines();
        let (mut origin, mut tap) = (None, None);
        while origin.is_none() || tap.is_none() {
            let line = lines.next_line().await.expect("stdout is text");
            let line = line.expect("both addresses are printed");
            let url = line
                .split_whitespace()
                .find(|word| word.starts_with("http://"));
            let url = url.map(|url| url.trim_end_matches('/').to_owned());
            match line.starts_with("Tap a") {
                true => tap = url,
                false => origin = origin.or(url),
            }
        }
        // The process must be able to print more: a closed pipe would end it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let (origin, tap) = origin.zip(tap).expect("both are known");
        let tap = tap.trim_start_matches("http://").to_owned();
        (Self { process, origin }, tap)
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
