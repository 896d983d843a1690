//! Measures what the tap adds to each event, in time and in CPU, against nginx with `proxy_buffering off` in
//! the same run: `make bench-server`. Not a test: it prints what it measures, and does not fail if the tap is
//! slow.
//!
//! This process is the server of the streams and all their clients; tap and nginx are processes of their own
//! between them. An event is the time at which it is sent, so the client that receives it can subtract.

#[path = "../load/process.rs"]
#[allow(dead_code, reason = "the other measurement uses the rest")]
mod process;

use std::{
    fs,
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token};
use process::Process;

/// How many streams, how many events a second in all, and for how long.
struct Load {
    name: &'static str,
    streams: usize,
    rate: u32,
    time: Duration,
}

const LOADS: [Load; 2] = [
    Load {
        name: "one stream, 1,000 events/s",
        streams: 1,
        rate: 1_000,
        time: Duration::from_secs(3),
    },
    Load {
        name: "200 streams, 50 events/s each",
        streams: 200,
        rate: 10_000,
        time: Duration::from_secs(5),
    },
];

/// How often each load is measured, in turn for each way.
const ROUNDS: usize = 3;
/// The program exits after this time in any case.
const PATIENCE: Duration = Duration::from_secs(300);

/// A way from the client to the server.
struct Way {
    name: &'static str,
    start: fn(upstream: SocketAddr) -> Result<Option<Process>, String>,
}

const WAYS: [Way; 3] = [
    Way {
        name: "direct",
        start: |_| Ok(None),
    },
    Way {
        name: "tap",
        start: tap,
    },
    Way {
        name: "nginx",
        start: nginx,
    },
];

/// Latencies in µs, ascending, and the CPU time of the process between, in µs a delivery.
struct Figures {
    latencies: Vec<f64>,
    cpu: f64,
}

fn main() {
    process::end_all_after(PATIENCE);
    for load in &LOADS {
        println!("\n{}, {ROUNDS} times {:?}:", load.name, load.time);
        println!(
            "{:10}{:>12}{:>12}{:>12}{:>22}",
            "", "p50, µs", "p99, µs", "max, µs", "CPU a delivery, µs"
        );
        let mut all = WAYS.map(|way| (way, Vec::new()));
        for _ in 0..ROUNDS {
            for (way, rounds) in &mut all {
                match measure(way, load) {
                    Ok(figures) => rounds.push(figures),
                    Err(reason) => println!("{}: {reason}", way.name),
                }
            }
        }
        let mut seen = Vec::new();
        for (way, rounds) in &all {
            if rounds.is_empty() {
                continue;
            }
            let figures = [
                median(rounds, |round| quantile(&round.latencies, 0.5)),
                median(rounds, |round| quantile(&round.latencies, 0.99)),
                median(rounds, |round| quantile(&round.latencies, 1.0)),
                median(rounds, |round| round.cpu),
            ];
            let [p50, p99, max, cpu] = figures;
            println!("{:10}{p50:12.0}{p99:12.0}{max:12.0}{cpu:22.2}", way.name);
            seen.push(figures);
        }
        if let [direct, tap, nginx] = &seen[..] {
            let ratio = |what: &str, ours: f64, theirs: f64| {
                let verdict = if ours <= theirs { "met" } else { "missed" };
                println!(
                    "{what}: {ours:.1} / {theirs:.1} = {:.2}   <= 1: {verdict}",
                    ours / theirs
                );
            };
            ratio(
                "added p50, tap / nginx",
                tap[0] - direct[0],
                nginx[0] - direct[0],
            );
            ratio(
                "added p99, tap / nginx",
                tap[1] - direct[1],
                nginx[1] - direct[1],
            );
            ratio("CPU a delivery, tap / nginx", tap[3], nginx[3]);
        }
    }
}

fn measure(way: &Way, load: &Load) -> Result<Figures, String> {
    let upstream = Upstream::start(load).map_err(|error| format!("no server: {error}"))?;
    let process = (way.start)(upstream.address)?;
    let address = process
        .as_ref()
        .map_or(upstream.address, |process| process.address);
    let cpu = || process.as_ref().map_or(Duration::ZERO, Process::cpu);
    let mut clients =
        Clients::open(address, load.streams).map_err(|error| format!("no streams: {error}"))?;
    upstream.begin();
    let failed = |error| format!("a stream failed: {error}");
    // Unmeasured: time to settle.
    clients.run(Duration::from_secs(1)).map_err(failed)?;
    let before = cpu();
    let mut latencies = clients.run(load.time).map_err(failed)?;
    let used = cpu() - before;
    let expected = f64::from(load.rate) * load.time.as_secs_f64();
    if (latencies.len() as f64) < 0.9 * expected {
        return Err(format!("{} of {expected} events arrived", latencies.len()));
    }
    latencies.sort_unstable_by(f64::total_cmp);
    let cpu = used.as_secs_f64() * 1e6 / latencies.len() as f64;
    Ok(Figures { latencies, cpu })
}

fn quantile(ascending: &[f64], part: f64) -> f64 {
    ascending[((ascending.len() - 1) as f64 * part).round() as usize]
}

fn median(rounds: &[Figures], figure: impl Fn(&Figures) -> f64) -> f64 {
    let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// When this program began, for the times in the events.
fn origin() -> Instant {
    static ORIGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    *ORIGIN.get_or_init(Instant::now)
}

/// The server of the streams: a thread that writes an event to one stream after the other.
struct Upstream {
    address: SocketAddr,
    begins: mpsc::Sender<()>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Upstream {
    fn start(load: &Load) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (begins, begun) = mpsc::channel();
        let ends = Arc::new(AtomicBool::new(false));
        let (streams, pause) = (load.streams, Duration::from_secs(1) / load.rate);
        let thread = thread::spawn({
            let ends = Arc::clone(&ends);
            move || serve(&listener, streams, pause, &begun, &ends)
        });
        Ok(Self {
            address,
            begins,
            ends,
            thread: Some(thread),
        })
    }

    fn begin(&self) {
        let _ = self.begins.send(());
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        // A server that still waits for streams gets none.
        let _ = TcpStream::connect(self.address);
        drop(self.thread.take());
    }
}

fn serve(
    listener: &TcpListener,
    streams: usize,
    pause: Duration,
    begun: &Receiver<()>,
    ends: &AtomicBool,
) -> io::Result<()> {
    let mut open = Vec::new();
    while open.len() < streams && !ends.load(Ordering::Relaxed) {
        let (mut tcp, _) = listener.accept()?;
        tcp.set_nodelay(true)?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if tcp.read(&mut byte)? == 0 {
                break;
            }
            head.extend(byte);
        }
        if head.is_empty() {
            // A look whether the proxy listens.
            continue;
        }
        tcp.write_all(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
        )?;
        open.push(tcp);
    }
    let _ = begun.recv();
    let mut due = Instant::now();
    let mut event = Vec::new();
    for index in (0..streams).cycle() {
        if ends.load(Ordering::Relaxed) {
            break;
        }
        due += pause;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let sent = origin().elapsed().as_nanos();
        let data = format!("data: {sent:020} {}\n\n", "x".repeat(60));
        event.clear();
        write!(event, "{:x}\r\n{data}\r\n", data.len())?;
        open[index].write_all(&event)?;
    }
    Ok(())
}

/// The clients of the streams, in this thread.
struct Clients {
    poll: Poll,
    streams: Vec<Client>,
}

struct Client {
    tcp: mio::net::TcpStream,
    /// The line that is not complete.
    unfinished: Vec<u8>,
}

impl Clients {
    fn open(address: SocketAddr, count: usize) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut streams = Vec::new();
        for index in 0..count {
            let mut tcp = TcpStream::connect(address)?;
            tcp.set_nodelay(true)?;
            tcp.write_all(
                b"GET / HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n",
            )?;
            tcp.set_nonblocking(true)?;
            let mut tcp = mio::net::TcpStream::from_std(tcp);
            poll.registry()
                .register(&mut tcp, Token(index), Interest::READABLE)?;
            streams.push(Client {
                tcp,
                unfinished: Vec::new(),
            });
        }
        Ok(Self { poll, streams })
    }

    /// Receives for `time`: the latency of each event, in µs.
    fn run(&mut self, time: Duration) -> io::Result<Vec<f64>> {
        let until = Instant::now() + time;
        let (mut events, mut latencies) = (Events::with_capacity(256), Vec::new());
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            self.poll.poll(&mut events, Some(left))?;
            for event in &events {
                self.streams[event.token().0].read(&mut latencies)?;
            }
        }
        Ok(latencies)
    }
}

impl Client {
    fn read(&mut self, latencies: &mut Vec<f64>) -> io::Result<()> {
        let mut buffer = [0; 16 << 10];
        loop {
            let count = match self.tcp.read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            let now = origin().elapsed().as_nanos() as f64;
            self.unfinished.extend(&buffer[..count]);
            while let Some(end) = self.unfinished.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unfinished.drain(..=end).collect();
                let sent = line.strip_prefix(b"data: ").and_then(|data| {
                    let digits = std::str::from_utf8(data.get(..20)?).ok()?;
                    digits.parse::<f64>().ok()
                });
                latencies.extend(sent.map(|sent| (now - sent) / 1e3));
            }
        }
    }
}

/// An address that was free a moment ago, for a program that is told where to listen.
fn free_address() -> Result<SocketAddr, String> {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    free.map_err(|error| error.to_string())
}

fn tap(upstream: SocketAddr) -> Result<Option<Process>, String> {
    let address = free_address()?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_sse-scope-server"));
    command.args(["--listen", "127.0.0.1:0"]);
    command.arg("--tap").arg(format!("http://{upstream}"));
    command.arg("--tap-listen").arg(address.to_string());
    Process::start(command, Some(address)).map(Some)
}

fn nginx(upstream: SocketAddr) -> Result<Option<Process>, String> {
    // The path in Debian, which is not on every PATH.
    const PROGRAM: &str = "/usr/sbin/nginx";
    if !Path::new(PROGRAM).exists() {
        return Err("not installed; in Debian: apt-get install nginx".to_owned());
    }
    let address = free_address()?;
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("nginx-tap");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/tap/nginx.conf");
    let configured = || {
        fs::create_dir_all(&home)?;
        let text = fs::read_to_string(source)?;
        let text = text.replace("$ADDRESS", &address.to_string());
        let text = text.replace("$UPSTREAM", &upstream.to_string());
        fs::write(home.join("nginx.conf"), text)
    };
    configured().map_err(|error| format!("{}: {error}", home.display()))?;
    let mut command = Command::new(PROGRAM);
    command
        .arg("-p")
        .arg(&home)
        .args(["-c", "nginx.conf", "-e", "error.log"]);
    Process::start(command, Some(address)).map(Some)
}
