//! Measures the server under load against the budgets of the design and against other servers in
//! the same run: `make bench-server`. Not a test: it prints what it measures, and does not fail if
//! it is slow.
//!
//! One after the other, each server gets the same load: a client that reads as fast as it can; then
//! [`CONNECTIONS`] clients at one event a second, and SIGTERM with all of them open. Each server is
//! a process; this process is all the clients. All connections are on 127.0.0.1.
//!
//! | file | contents |
//! | --- | --- |
//! | `main.rs` | a measurement and its table |
//! | `client.rs` | many clients in one thread |
//! | `ticks.rs` | how many ticks are missed, and how late the others are |
//! | `servers.rs` | the servers, and how they are started |
//! | `bare.rs` | a server that does as little as possible, as a limit |
//! | `process.rs` | the processes of a server: memory, CPU, end |

mod bare;
mod client;
mod process;
mod servers;
mod ticks;

use std::time::{Duration, Instant};

use client::{Client, Flood};
use process::Process;
use servers::{SERVERS, Server};
use ticks::{INTERVAL, Lateness};

const CONNECTIONS: usize = 10_000;
/// How long ticks are counted after all connections are open.
const MEASURED: Duration = Duration::from_secs(20);
/// From the opening of the last connection to the first tick that counts.
const SETTLING: Duration = Duration::from_secs(2);
/// How long one client reads as fast as it can.
const FLOODED: Duration = Duration::from_secs(4);
/// How long a server may take to end.
const ENDING: Duration = Duration::from_secs(10);
/// The program exits after this time in any case.
const PATIENCE: Duration = Duration::from_secs(600);

/// The measurements of one server.
struct Figures {
    opened: usize,
    /// In s.
    opening: f64,
    /// In the measured time, as the fields up to `others`.
    events: usize,
    missed: usize,
    late: Lateness,
    /// In bytes for each connection.
    memory: f64,
    /// In µs for each delivery: of the server, and of this program.
    cpu: f64,
    own_cpu: f64,
    /// How many processors were busy with other programs.
    others: f64,
    /// In ms; `None` if it takes longer than [`ENDING`].
    ended: Option<f64>,
    /// How many connections ended cleanly.
    clean: usize,
    flood: Option<Flood>,
}

fn main() {
    if std::env::args().any(|argument| argument == bare::ARGUMENT) {
        let Err(error) = bare::serve();
        panic!("{error}");
    }
    process::end_all_after(PATIENCE);
    // Each connection needs a descriptor here and one in the server.
    let files = process::file_limit();
    if files < CONNECTIONS + 100 {
        println!(
            "{CONNECTIONS} connections need as many file descriptors, and the limit is {files}: ulimit -n {}",
            CONNECTIONS + 100
        );
        return;
    }
    // cargo adds `--bench`; other arguments select servers by name.
    let names: Vec<String> = std::env::args()
        .skip(1)
        .filter(|name| !name.starts_with('-'))
        .collect();
    println!(
        "{CONNECTIONS} connections, one event a second each, for {MEASURED:?}. {}",
        machine()
    );
    let mut seen = Vec::new();
    for server in &SERVERS {
        if !names.is_empty() && !names.iter().any(|name| server.name.contains(name.as_str())) {
            continue;
        }
        match measure(server) {
            Ok(figures) => seen.push((server.name, figures)),
            Err(reason) => println!("{}: {reason}", server.name),
        }
    }
    print(&seen);
    println!("{}", machine());
}

/// What the figures depend on besides the code. The load is for Linux only.
fn machine() -> String {
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!("{processors} processors, load average {}", load.trim())
}

/// Measures one server. Its processes end with this function.
fn measure(server: &Server) -> Result<Figures, String> {
    let flood = match server.flood {
        None => None,
        Some(path) => {
            let process = (server.start)()?;
            Some(client::flood(&process, path, FLOODED)?)
        }
    };
    let mut process = (server.start)()?;
    // Memory that the first connection allocates once is not part of each connection.
    client::warm_up(process.address, server.path)?;
    std::thread::sleep(Duration::from_millis(500));
    let empty = process.memory();

    let mut client = Client::new();
    client.open(process.address, server.path, CONNECTIONS)?;
    let opening = client.now();
    let publisher = server.publish.map(|publish| publish(&process, &client));
    client.run(SETTLING);

    let (from, before) = (client.now(), Usage::of(&process, &client));
    client.run(MEASURED);
    let (until, after) = (client.now(), Usage::of(&process, &client));
    let memory = process.memory().saturating_sub(empty) as f64 / client.opened as f64;
    // Waits for late events.
    client.run(INTERVAL);
    if client.ended > 0 {
        return Err(format!("the server ended {} connections", client.ended));
    }
    let grid = publisher.as_ref().map(|publisher| publisher.first);
    drop(publisher);

    let (missed, late) = ticks::lateness(&client.arrivals, client.opened, from..until, grid);
    let events = after.events - before.events;
    let each = |time: Duration| time.as_secs_f64() * 1e6 / events as f64;
    let time = (until - from) as f64 / 1e6;
    let (cpu, own_cpu) = (after.cpu - before.cpu, after.own_cpu - before.own_cpu);
    let others = (after.all_cpu - before.all_cpu).saturating_sub(cpu + own_cpu);
    let (ended, clean) = end(&mut process, &mut client);
    Ok(Figures {
        opened: client.opened,
        opening: opening as f64 / 1e6,
        events,
        missed,
        late,
        memory,
        cpu: each(cpu),
        own_cpu: each(own_cpu),
        others: others.as_secs_f64() / time,
        ended,
        clean,
        flood,
    })
}

/// What is used up to a moment.
struct Usage {
    events: usize,
    cpu: Duration,
    own_cpu: Duration,
    all_cpu: Duration,
}

impl Usage {
    fn of(process: &Process, client: &Client) -> Self {
        Self {
            events: client.arrivals.len(),
            cpu: process.cpu(),
            own_cpu: process::own_cpu(),
            all_cpu: process::all_cpu(),
        }
    }
}

/// Sends SIGTERM: how many ms until the process has exited, and how many connections ended cleanly.
fn end(process: &mut Process, client: &mut Client) -> (Option<f64>, usize) {
    client.keep_ends();
    let asked = Instant::now();
    process.terminate();
    let mut ended = None;
    while asked.elapsed() < ENDING && (ended.is_none() || client.ended < client.opened) {
        client.run(Duration::from_millis(1));
        if ended.is_none() && process.has_ended() {
            ended = Some(asked.elapsed().as_secs_f64() * 1e3);
        }
    }
    (ended, client.clean())
}

/// A row of the table: name, the figure of a server, the goal for the first server, decimals.
type Row = (&'static str, fn(&Figures) -> Option<f64>, Goal, usize);

enum Goal {
    None,
    Exactly(f64),
    AtMost(f64),
}

const ROWS: [Row; 17] = [
    (
        "connections opened",
        |figures| Some(figures.opened as f64),
        Goal::Exactly(CONNECTIONS as f64),
        0,
    ),
    (
        "until all are open, s",
        |figures| Some(figures.opening),
        Goal::None,
        2,
    ),
    (
        "events received",
        |figures| Some(figures.events as f64),
        Goal::None,
        0,
    ),
    (
        "ticks missed",
        |figures| Some(figures.missed as f64),
        Goal::Exactly(0.0),
        0,
    ),
    (
        "lateness p50, ms",
        |figures| Some(figures.late.p50),
        Goal::None,
        1,
    ),
    (
        "lateness p99, ms",
        |figures| Some(figures.late.p99),
        Goal::AtMost(50.0),
        1,
    ),
    (
        "lateness max, ms",
        |figures| Some(figures.late.max),
        Goal::None,
        1,
    ),
    (
        "memory a connection, kB",
        |figures| Some(figures.memory / 1e3),
        Goal::AtMost(10.0),
        2,
    ),
    (
        "CPU a delivery, µs",
        |figures| Some(figures.cpu),
        Goal::AtMost(10.0),
        2,
    ),
    (
        "  of this client",
        |figures| Some(figures.own_cpu),
        Goal::None,
        2,
    ),
    (
        "  processors busy with others",
        |figures| Some(figures.others),
        Goal::None,
        2,
    ),
    (
        "SIGTERM to exit, ms",
        |figures| figures.ended,
        Goal::AtMost(1_000.0),
        0,
    ),
    (
        "  connections that ended cleanly",
        |figures| Some(figures.clean as f64),
        Goal::Exactly(CONNECTIONS as f64),
        0,
    ),
    (
        "flood: 1,000 events/s",
        |figures| Some(figures.flood.as_ref()?.events / 1e3),
        Goal::None,
        0,
    ),
    (
        "flood: MB/s",
        |figures| Some(figures.flood.as_ref()?.bytes / 1e6),
        Goal::None,
        0,
    ),
    (
        "flood: CPU an event, µs",
        |figures| Some(figures.flood.as_ref()?.cpu),
        Goal::None,
        3,
    ),
    (
        "  of this client",
        |figures| Some(figures.flood.as_ref()?.own_cpu),
        Goal::None,
        3,
    ),
];

/// Prints all figures, each with its ratio to the figure of the first server, the product.
fn print(seen: &[(&str, Figures)]) {
    print!("\n{:34}", "");
    for (name, _) in seen {
        print!("{name:>24}");
    }
    println!("   goal");
    for (what, figure, goal, decimals) in &ROWS {
        print!("{what:34}");
        let first = seen.first().and_then(|(_, figures)| figure(figures));
        for (index, (_, seen)) in seen.iter().enumerate() {
            let shown = figure(seen).map_or("-".to_owned(), |figure| match first {
                Some(first) if index > 0 && first > 0.0 && figure > 0.0 => {
                    format!("{figure:.decimals$} ({:.2} x)", figure / first)
                }
                _ => format!("{figure:.decimals$}"),
            });
            print!("{shown:>24}");
        }
        let verdict = |goal: String, met: bool| {
            let verdict = if met { "met" } else { "missed" };
            format!("   {goal}: {verdict}")
        };
        let first = first.unwrap_or(f64::NAN);
        println!(
            "{}",
            match goal {
                Goal::None => String::new(),
                Goal::Exactly(goal) => verdict(format!("{goal}"), first == *goal),
                Goal::AtMost(goal) => verdict(format!("<= {goal}"), first <= *goal),
            }
        );
    }
    println!(
        "\nA tick is late by its distance from the grid of its connection, which the earliest tick sets; a tick\n\
         is missed if no event arrives in its second. A clean end is: retry, the last chunk, no reset.\n\
         nchan broadcasts: one message a second for all, late by the time since it was published."
    );
}
