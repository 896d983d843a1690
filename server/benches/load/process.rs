//! The processes of a server: what they use, and their end in any case.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// All running processes.
static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// The unit in which Linux counts CPU time (`getconf CLK_TCK`); the same on all systems.
const CLOCK_TICK: Duration = Duration::from_millis(10);

/// How long a server may take to start, or to end after the measurement.
const GRACE: Duration = Duration::from_secs(3);

/// A listening server; ends when dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts a server that listens on `address`, or that prints its address in a line with
    /// `http://`.
    pub(crate) fn start(mut command: Command, address: Option<SocketAddr>) -> Result<Self, String> {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        running().insert(child.id());
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut process = Self {
            child,
            address: address.unwrap_or(unknown),
        };
        match address {
            None => process.address = process.printed_address()?,
            Some(address) => {
                let late = Instant::now() + GRACE;
                while std::net::TcpStream::connect(address).is_err() {
                    if Instant::now() > late || process.has_ended() {
                        return Err("the server does not listen".to_owned());
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        }
        Ok(process)
    }

    fn printed_address(&mut self) -> Result<SocketAddr, String> {
        let stdout = self.child.stdout.take().expect("piped");
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let address = lines.by_ref().find_map(|line| {
            let address = line.split_once("http://")?.1;
            address.trim_end_matches('/').parse().ok()
        });
        // The process must be able to print more: a closed pipe would end it.
        std::thread::spawn(move || lines.for_each(drop));
        address.ok_or_else(|| "the server ended without printing its address".to_owned())
    }

    /// The process and its children.
    fn all(&self) -> Vec<u32> {
        let id = self.child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let children = children.unwrap_or_default();
        let children = children.split_whitespace().filter_map(|id| id.parse().ok());
        children.chain([id]).collect()
    }

    /// In bytes; memory that processes share counts once (`Pss`).
    pub(crate) fn memory(&self) -> u64 {
        let of_one = |id| {
            let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
            let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
            let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
            Some(kilobytes << 10)
        };
        self.all().into_iter().filter_map(of_one).sum()
    }

    pub(crate) fn cpu(&self) -> Duration {
        self.all().iter().map(|id| cpu(&id.to_string())).sum()
    }

    pub(crate) fn terminate(&self) {
        kill("-TERM", [self.child.id()]);
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SIGTERM first: the children of a killed server would remain.
        let late = Instant::now() + GRACE;
        if !self.has_ended() {
            self.terminate();
        }
        while !self.has_ended() && Instant::now() < late {
            std::thread::sleep(Duration::from_millis(10));
        }
        if !self.has_ended() {
            kill("-KILL", self.all());
            let _ = self.child.wait();
        }
        running().remove(&self.child.id());
    }
}

fn running() -> MutexGuard<'static, BTreeSet<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn kill(signal: &str, ids: impl IntoIterator<Item = u32>) {
    let ids = ids.into_iter().map(|id| id.to_string());
    let killed = Command::new("kill").arg(signal).args(ids).status();
    if let Err(error) = killed {
        eprintln!("kill: {error}");
    }
}

/// Ends this program and all processes that it started, after this time or on a signal.
pub(crate) fn end_all_after(time: Duration) {
    use tokio::signal::unix::{SignalKind, signal};
    let watch = async move {
        let mut interrupt = signal(SignalKind::interrupt()).expect("the system has signals");
        let mut terminate = signal(SignalKind::terminate()).expect("the system has signals");
        let asked = tokio::select! {
            _ = interrupt.recv() => true,
            _ = terminate.recv() => true,
            () = tokio::time::sleep(time) => false,
        };
        if !asked {
            eprintln!("The measurement takes too long and is ended.");
        }
        kill("-TERM", running().iter().copied());
        std::process::exit(1);
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("the system has timers");
    std::thread::spawn(move || runtime.block_on(watch));
}

pub(crate) fn own_cpu() -> Duration {
    cpu("self")
}

/// The user and system time of a process.
fn cpu(id: &str) -> Duration {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // The name may contain any character and ends with the last parenthesis. Field 3 of proc(5)
    // follows.
    let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = fields.split_whitespace().skip(14 - 3).take(2);
    CLOCK_TICK * ticks.filter_map(|ticks| ticks.parse::<u32>().ok()).sum()
}

/// The busy time of all processors.
pub(crate) fn all_cpu() -> Duration {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let mut fields = text.lines().next().unwrap_or("").split_whitespace().skip(1);
    let mut sum = 0;
    for index in 0..8 {
        let ticks: u32 = fields
            .next()
            .and_then(|ticks| ticks.parse().ok())
            .unwrap_or(0);
        // Without idle time and waiting for a disk.
        sum += if [3, 4].contains(&index) { 0 } else { ticks };
    }
    CLOCK_TICK * sum
}

/// How many files this process may have open.
pub(crate) fn file_limit() -> usize {
    let text = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next());
    soft.and_then(|soft| soft.parse().ok())
        .unwrap_or(usize::MAX)
}
