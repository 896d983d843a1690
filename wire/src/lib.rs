//! Reads, explains and writes the event-stream format of Server-Sent Events, exactly as the
//! [HTML standard] specifies it.
//!
//! Most parsers return events and drop everything else. This one is made for tools that show a
//! stream, and for developers whose events do not arrive: it also reports comments,
//! reconnection times and lines without effect, and where in the stream each of them is.
//!
//! [HTML standard]: https://html.spec.whatwg.org/multipage/server-sent-events.html
//!
//! ```
//! use sse_wire::{Content, Reader};
//!
//! let mut lines = Vec::new();
//! let mut reader = Reader::default();
//! reader.read(b"retry: 500\n: hello\nevent: step\ndata: 1\n\ndata : 2\n\n", |item| {
//!     lines.push(match item.content {
//!         Content::Event(event) => format!("{}: {}", event.event_type, event.data),
//!         Content::Comment(text) => format!("comment {text}"),
//!         Content::Retry(ms) => format!("retry after {ms} ms"),
//!         Content::Note(note) => note.to_string(),
//!         Content::Blank => String::new(),
//!     });
//! });
//! assert_eq!(lines[..3], ["retry after 500 ms", "comment hello", "step: 1"]);
//! assert_eq!(lines[3], "The line was ignored: no space may follow the name “data”.");
//! ```
//!
//! # Overview
//!
//! - [`Reader`] reads chunks of bytes and passes [`Item`]s to a closure: events, comments,
//!   reconnection times and [`Note`]s.
//! - [`encode`] writes events, comments and reconnection times.
//!
//! What the reader guarantees:
//!
//! - **Exact.** The events are those that a browser's `EventSource` dispatches. How the stream is
//!   split into chunks makes no difference: a byte at a time gives the same items as a megabyte.
//! - **Explained.** A line or a block without effect (a space before the colon, bare JSON, no data)
//!   is reported as a [`Note`], which has a sentence and the rule that it follows from. So is an
//!   unexpected effect.
//! - **Complete.** Each item has its range of bytes, and the ranges cover the stream.
//! - **Bounded.** Memory is limited to a bound that you set plus one chunk, whatever the stream
//!   contains.
//! - **Borrowed.** The data of an event with a single `data` line is borrowed from the chunk, if the
//!   line is in one chunk.
//! - **Pure.** No I/O, no browser, no unsafe code; native and WebAssembly.
//!
//! References such as “HTML, 9.2.6” are to sections of the HTML standard: 9.2.5 [parses] an event
//! stream into lines and fields, 9.2.6 [interprets] the fields. “Encoding, 4.5” is the
//! [UTF-8 decoder] of the Encoding standard.
//!
//! [parses]: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
//! [interprets]: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
//! [UTF-8 decoder]: https://encoding.spec.whatwg.org/#utf-8-decoder
//!
//! # Speed
//!
//! `make bench-wire` compares the reader, in one run, with the crate `eventsource-stream` 0.2.3 and
//! with npm's `eventsource-parser` 3.1.0 in Node 20, which receives strings that are already decoded.
//! On two cores that other programs used as well, the medians of 9 rounds, with the lowest and the
//! highest:
//!
//! | | MB/s | × `eventsource-stream` | × `eventsource-parser` |
//! | --- | --- | --- | --- |
//! | 90-byte events in 64 KiB chunks | 2388 | 63 (34 to 65) | 2.3 (1.3 to 2.5) |
//! | the same in 1-byte chunks | 45 | 3.6 (3.0 to 3.9) | 2.1 (2.0 to 2.3) |
//! | 1 MB events in 64 KiB chunks | 7377 | 67 (59 to 72) | 6.6 (6.0 to 7.7) |
//! | short comments in 64 KiB chunks | 438 | 108 (89 to 109) | 1.9 (1.6 to 2.7) |
//!
//! The time for an event in 1-byte chunks is linear in its length: 10 MiB cost as much per byte as
//! 1 MiB. WebAssembly's SIMD (`-C target-feature=+simd128`) makes reading 1.5 to 2 times as fast, for
//! 0.3 kB of code.
//!
//! # Tests
//!
//! - `cargo test -p sse-wire`: a table of examples for each rule. On random streams, every split must
//!   give the same items, the events must be those of a naive implementation of the standard's steps,
//!   the ranges must cover the stream, and memory must stay within the bound.
//! - `cargo +nightly fuzz run read` in `wire/`: the same properties on the inputs of libFuzzer.
//! - `make test-page`: a comparison with Chromium's own `EventSource` on 2,000 random streams
//!   (`SSE_SCOPE_STREAMS=20000 make test-page` for more).
//!
//! # Code map
//!
//! A chunk passes through `reader.rs`, `lines.rs` and `block.rs`, in this order.
//!
//! | file | contents |
//! | --- | --- |
//! | `reader.rs` | [`Reader`]: the public interface |
//! | `lines.rs` | splits the stream into lines: byte order mark, line ends, borders of chunks |
//! | `block.rs` | reads the fields of a block and dispatches it |
//! | `chunk.rs` | a chunk and one line of it |
//! | `buffers.rs` | what is kept between chunks, within the bound |
//! | `utf8.rs` | the replacement of what is not UTF-8 |
//! | `item.rs` | [`Item`], [`Content`], [`Event`] |
//! | `note.rs` | [`Note`]: each sentence and its rule |
//! | `encode.rs` | [`encode`]: writing |

#![warn(unreachable_pub)]

mod block;
mod buffers;
mod chunk;
pub mod encode;
mod item;
mod lines;
mod note;
mod reader;
mod utf8;

pub use item::{Content, Event, Item};
pub use note::{Field, LineEnd, Note};
pub use reader::Reader;

/// Compiles the examples in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
