//! A server that does as little as possible, as a limit for all: one thread that sends each client
//! the same bytes once a second. It does not parse requests, and notices a disconnect only when a
//! write fails.

use std::{
    collections::VecDeque,
    convert::Infallible,
    io::{self, ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    time::{Duration, Instant},
};

use crate::ticks::INTERVAL;

/// The argument that makes this program run the bare server.
pub(crate) const ARGUMENT: &str = "bare-server";

const HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const EVENT: &[u8] =
    b"46\r\ndata: Sun Nov 22 2026 23:25:54 GMT+0000 (Coordinated Universal Time)\n\n\r\n";

pub(crate) fn serve() -> io::Result<Infallible> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("http://{}", listener.local_addr()?);
    listener.set_nonblocking(true)?;
    // When each client is due, earliest first.
    let mut clients: VecDeque<(Instant, TcpStream)> = VecDeque::new();
    loop {
        match listener.accept() {
            Ok((mut tcp, _)) => {
                tcp.set_nodelay(true)?;
                let _ = tcp.read(&mut [0; 1024])?;
                tcp.write_all(&[HEAD, EVENT].concat())?;
                clients.push_back((Instant::now() + INTERVAL, tcp));
                continue;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        let now = Instant::now();
        while clients.front().is_some_and(|(due, _)| *due <= now) {
            let (due, mut tcp) = clients.pop_front().expect("not empty");
            if tcp.write(EVENT).is_ok() {
                clients.push_back((due + INTERVAL, tcp));
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
