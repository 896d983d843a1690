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
