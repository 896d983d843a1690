//! The servers, and how they are started.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{bare, client::Client, process::Process, ticks::INTERVAL};

pub(crate) struct Server {
    pub(crate) name: &'static str,
    /// Starts the server, or returns what is missing.
    pub(crate) start: fn() -> Result<Process, String>,
    /// A stream of one event a second.
    pub(crate) path: &'static str,
    /// A stream as fast as the client reads.
    pub(crate) flood: Option<&'static str>,
    /// Publishes the events, for a server without a timer.
    pub(crate) publish: Option<fn(&Process, &Client) -> Publisher>,
}

/// The product is the first: the others are compared with it.
pub(crate) const SERVERS: [Server; 5] = [
    Server {
        name: "SSE Scope",
        start: product,
        path: "/stream",
        flood: Some("/stream?interval=0&size=90"),
        publish: None,
    },
    Server {
        name: "Node, original design",
        start: original,
        path: "/stream",
        flood: Some("/flood"),
        publish: None,
    },
    Server {
        name: "Node, better-sse",
        start: better_sse,
        path: "/stream",
        flood: None,
        publish: None,
    },
    Server {
        name: "nginx, nchan",
        start: nchan,
        path: "/stream",
        flood: None,
        publish: Some(Publisher::start),
    },
    Server {
        name: "bare send",
        start: bare,
        path: "/",
        flood: None,
        publish: None,
    },
];

fn product() -> Result<Process, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sse-scope-server"));
    command.args(["--listen", "127.0.0.1:0"]);
    Process::start(command, None)
}

fn bare() -> Result<Process, String> {
    let itself = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(itself);
    command.arg(bare::ARGUMENT);
    Process::start(command, None)
}

fn original() -> Result<Process, String> {
    node(&source("original.mjs"))
}

fn better_sse() -> Result<Process, String> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    if !home.join("node_modules/better-sse").exists() {
        return Err("not installed; `make bench-server` installs it".to_owned());
    }
    // Node looks for packages beside the module.
    let script = home.join("better-sse.mjs");
    let copied = fs::copy(source("better-sse.mjs"), &script);
    copied.map_err(|error| format!("{}: {error}", script.display()))?;
    node(&script)
}

fn node(script: &Path) -> Result<Process, String> {
    let mut command = Command::new("node");
    command.arg(script);
    Process::start(command, None)
}

/// nginx cannot choose a free port: it gets one that was free a moment ago.
fn nchan() -> Result<Process, String> {
    const MODULE: &str = "/usr/lib/nginx/modules/ngx_nchan_module.so";
    if !Path::new(MODULE).exists() {
        return Err(
            "not installed; in Debian: apt-get install nginx libnginx-mod-nchan".to_owned(),
        );
    }
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let address = free.map_err(|error| error.to_string())?;
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("nginx");
    let configured = || {
        fs::create_dir_all(&home)?;
        let text = fs::read_to_string(source("nginx.conf"))?;
        let text = text
            .replace("$MODULE", MODULE)
            .replace("$ADDRESS", &address.to_string());
        fs::write(home.join("nginx.conf"), text)
    };
    configured().map_err(|error| format!("{}: {error}", home.display()))?;
    // The path in Debian, which is not on every PATH.
    let nginx = Path::new("/usr/sbin/nginx");
    let mut command = Command::new(if nginx.exists() {
        nginx
    } else {
        Path::new("nginx")
    });
    command
        .arg("-p")
        .arg(&home)
        .args(["-c", "nginx.conf", "-e", "stderr"]);
    // It prints warnings about the configuration.
    command.stderr(Stdio::null());
    Process::start(command, Some(address))
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("benches/load")
        .join(name)
}

/// Publishes a message each second, until dropped.
pub(crate) struct Publisher {
    /// When the first message is due, in µs since the client began.
    pub(crate) first: u64,
    is_over: Arc<AtomicBool>,
}

impl Publisher {
    fn start(process: &Process, client: &Client) -> Self {
        let (address, is_over) = (process.address, Arc::new(AtomicBool::new(false)));
        let first = Instant::now() + Duration::from_millis(100);
        let publisher = Self {
            first: (first - client.began).as_micros() as u64,
            is_over: Arc::clone(&is_over),
        };
        std::thread::spawn(move || {
            let mut due = first;
            while !is_over.load(Ordering::Relaxed) {
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                if let Err(error) = publish(address)
                    && !is_over.load(Ordering::Relaxed)
                {
                    eprintln!("cannot publish: {error}");
                    return;
                }
                due += INTERVAL;
            }
        });
        publisher
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

fn publish(to: SocketAddr) -> std::io::Result<()> {
    let date = "Sun Nov 22 2026 23:25:54 GMT+0000 (Coordinated Universal Time)";
    let mut tcp = TcpStream::connect(to)?;
    let head = format!(
        "host: localhost\r\nconnection: close\r\ncontent-length: {}",
        date.len()
    );
    write!(tcp, "POST /publish HTTP/1.1\r\n{head}\r\n\r\n{date}")?;
    tcp.read_to_end(&mut Vec::new())?;
    Ok(())
}
