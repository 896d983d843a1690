//! Many clients in one thread. The thread shares the processors with the server, so it does as
//! little as possible: for each delivery one `read`, a reading of the clock and a search. It polls
//! once a millisecond: if it waited for each event, the server would spend the time of each
//! wake-up, in `send`.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use memchr::memmem::Finder;
use mio::{Events, Interest, Poll, Token};

use crate::process::{self, Process};

/// How many connections wait for their response at a time. The queue of a listener has some hundred
/// places.
const IN_FLIGHT: usize = 64;
/// How long all of them may take to open.
const OPENING: Duration = Duration::from_secs(60);
/// Occurs once in each event, and nowhere else.
const EVENT: &str = "data:";
/// How often the sockets are polled.
const POLL_PERIOD: Duration = Duration::from_millis(1);
/// How many connections one poll returns at most.
const AT_ONCE: usize = 1024;
/// The buffer of one read; more than arrives at one event a second.
const READ: usize = 16 << 10;

/// An event arrived on this connection, this many µs after the client began.
#[derive(Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) connection: u32,
    pub(crate) at: u32,
}

struct Connection {
    /// `None` once the connection has ended.
    tcp: Option<mio::net::TcpStream>,
    opened: bool,
    /// What was received since [`Client::keep_ends`], and whether the connection was closed, not
    /// reset.
    last: Vec<u8>,
    closed: bool,
}

pub(crate) struct Client {
    poll: Poll,
    events: Events,
    event: Finder<'static>,
    buffer: Vec<u8>,
    pub(crate) began: Instant,
    connections: Vec<Connection>,
    pub(crate) opened: usize,
    pub(crate) ended: usize,
    pub(crate) arrivals: Vec<Arrival>,
    ending: bool,
}

impl Client {
    pub(crate) fn new() -> Self {
        Self {
            poll: Poll::new().expect("the system can poll sockets"),
            events: Events::with_capacity(AT_ONCE),
            event: Finder::new(EVENT),
            buffer: vec![0; READ],
            began: Instant::now(),
            connections: Vec::new(),
            opened: 0,
            ended: 0,
            arrivals: Vec::with_capacity(1 << 20),
            ending: false,
        }
    }

    /// In µs since the client began.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Opens `count` connections as fast as the server responds.
    pub(crate) fn open(&mut self, to: SocketAddr, path: &str, count: usize) -> Result<(), String> {
        let late = Instant::now() + OPENING;
        for index in 0..count {
            let tcp = request(to, path).map_err(|error| format!("connection {index}: {error}"))?;
            tcp.set_nonblocking(true).expect("a socket");
            let mut tcp = mio::net::TcpStream::from_std(tcp);
            self.poll
                .registry()
                .register(&mut tcp, Token(index), Interest::READABLE)
                .expect("an open socket");
            self.connections.push(Connection {
                tcp: Some(tcp),
                opened: false,
                last: Vec::new(),
                closed: false,
            });
            let waits = if index + 1 < count { IN_FLIGHT } else { 1 };
            while self.connections.len() - self.opened >= waits {
                self.poll(Duration::from_millis(100));
                if self.ended > 0 || Instant::now() > late {
                    let (opened, ended) = (self.opened, self.ended);
                    return Err(format!(
                        "the server opened {opened} connections and ended {ended}"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Receives for this time.
    pub(crate) fn run(&mut self, time: Duration) {
        let until = Instant::now() + time;
        loop {
            let all = self.poll(Duration::ZERO);
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            if all {
                std::thread::sleep(left.min(POLL_PERIOD));
            }
        }
    }

    /// Keeps what is received from now on, in order to check how connections end.
    pub(crate) fn keep_ends(&mut self) {
        self.ending = true;
    }

    /// How many connections ended cleanly.
    pub(crate) fn clean(&self) -> usize {
        let retry = Finder::new("\nretry: ");
        self.connections
            .iter()
            .filter(|connection| {
                let last = &connection.last;
                connection.closed
                    && last.ends_with(b"\n\r\n0\r\n\r\n")
                    && retry.find(last).is_some()
            })
            .count()
    }

    /// Polls all sockets, waiting at most `most`, and reads. Returns whether that was all.
    fn poll(&mut self, most: Duration) -> bool {
        match self.poll.poll(&mut self.events, Some(most)) {
            Err(error) if error.kind() != ErrorKind::Interrupted => panic!("{error}"),
            _ => {}
        }
        let events = std::mem::replace(&mut self.events, Events::with_capacity(1));
        let mut count = 0;
        for event in &events {
            self.read(event.token().0, event.is_read_closed() || event.is_error());
            count += 1;
        }
        self.events = events;
        count < AT_ONCE
    }

    /// Reads a socket. Unless `until_end`, a read that does not fill the buffer is the last, which
    /// saves half of the system calls: later bytes make the socket ready again.
    fn read(&mut self, index: usize, until_end: bool) {
        let now = self.began.elapsed().as_micros() as u32;
        let connection = &mut self.connections[index];
        while let Some(tcp) = &mut connection.tcp {
            match tcp.read(&mut self.buffer) {
                Ok(0) => {
                    connection.closed = true;
                    connection.tcp = None;
                    self.ended += 1;
                }
                Ok(count) => {
                    let bytes = &self.buffer[..count];
                    if !connection.opened && bytes.starts_with(b"HTTP/1.1 200 ") {
                        connection.opened = true;
                        self.opened += 1;
                    }
                    let arrival = Arrival {
                        connection: index as u32,
                        at: now,
                    };
                    let events = self.event.find_iter(bytes).count();
                    self.arrivals.extend(std::iter::repeat_n(arrival, events));
                    if self.ending {
                        connection.last.extend_from_slice(bytes);
                    }
                    if count < self.buffer.len() && !until_end {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    connection.tcp = None;
                    self.ended += 1;
                }
            }
        }
    }
}

/// Connects and sends a request.
fn request(to: SocketAddr, path: &str) -> std::io::Result<TcpStream> {
    let mut tcp = TcpStream::connect_timeout(&to, Duration::from_secs(5))?;
    let head = "host: localhost\r\naccept: text/event-stream";
    write!(tcp, "GET {path} HTTP/1.1\r\n{head}\r\n\r\n")?;
    tcp.set_read_timeout(Some(Duration::from_secs(5)))?;
    Ok(tcp)
}

/// Opens one connection, and closes it after the first bytes of the response.
pub(crate) fn warm_up(to: SocketAddr, path: &str) -> Result<(), String> {
    let failed = |error| format!("no response to the first request: {error}");
    let mut tcp = request(to, path).map_err(failed)?;
    let count = tcp.read(&mut [0; READ]).map_err(failed)?;
    if count == 0 {
        Err("the server closed the first connection".to_owned())
    } else {
        Ok(())
    }
}

/// What one client receives that reads as fast as it can.
pub(crate) struct Flood {
    /// Events and bytes a second.
    pub(crate) events: f64,
    pub(crate) bytes: f64,
    /// In µs for each event: of the server, and of this program.
    pub(crate) cpu: f64,
    pub(crate) own_cpu: f64,
}

pub(crate) fn flood(process: &Process, path: &str, time: Duration) -> Result<Flood, String> {
    let failed = |error| format!("the flood: {error}");
    let mut tcp = request(process.address, path).map_err(failed)?;
    let (event, mut buffer) = (Finder::new(EVENT), vec![0; 256 << 10]);
    let mut take = |until: Instant| {
        let (mut events, mut bytes) = (0, 0);
        while Instant::now() < until {
            let count = tcp.read(&mut buffer).map_err(failed)?;
            if count == 0 {
                return Err("the flood ended".to_owned());
            }
            events += event.find_iter(&buffer[..count]).count();
            bytes += count;
        }
        Ok((events as f64, bytes as f64))
    };
    // Unmeasured: time for just-in-time compilers.
    take(Instant::now() + time / 4)?;
    let (cpu, own_cpu, start) = (process.cpu(), process::own_cpu(), Instant::now());
    let (events, bytes) = take(start + time)?;
    let seconds = start.elapsed().as_secs_f64();
    Ok(Flood {
        events: events / seconds,
        bytes: bytes / seconds,
        cpu: (process.cpu() - cpu).as_secs_f64() * 1e6 / events,
        own_cpu: (process::own_cpu() - own_cpu).as_secs_f64() * 1e6 / events,
    })
}
