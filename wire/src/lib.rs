//! The event-stream format of Server-Sent Events, read exactly as the HTML standard says (9.2.5 and
//! 9.2.6), explained, and written. Pure: no I/O, no browser; native and WebAssembly.
//!
//! - **Exact.** What a browser's `EventSource` would dispatch, byte for byte: the same parser feeds
//!   on one byte at a time or a megabyte, and gives the same items.
//! - **It explains.** What had no effect (a space before the colon, bare JSON, a block without
//!   data) or a surprising one comes as a [`Note`] with a sentence and the rule.
//! - **Complete.** Comments and reconnection times too, each item with its range of bytes, and the
//!   ranges cover the stream.
//! - **Bounded.** Whatever comes, memory stays within a bound that you set, and one chunk.
//! - **Lent, not copied.** An event with one line of data that lies whole in a chunk is not copied.
//!
//! ```
//! use sse_wire::{Content, Reader};
//!
//! let mut seen = Vec::new();
//! let mut reader = Reader::default();
//! reader.read(b"retry: 500\n: hello\nevent: step\ndata: 1\n\ndata : 2\n\n", |item| {
//!     seen.push(match item.content {
//!         Content::Event(event) => format!("{}: {}", event.event_type, event.data),
//!         Content::Comment(text) => format!("comment {text}"),
//!         Content::Retry(ms) => format!("retry after {ms} ms"),
//!         Content::Note(note) => note.to_string(),
//!         Content::Blank => String::new(),
//!     });
//! });
//! assert_eq!(seen[..3], ["retry after 500 ms", "comment hello", "step: 1"]);
//! assert_eq!(seen[3], "The line was ignored: no space may follow the name “data”.");
//! ```
//!
//! # Speed
//!
//! `make bench-wire` compares in one run with the crate `eventsource-stream` 0.2.3 and npm's
//! `eventsource-parser` 3.1.0 in Node 20, which is given strings that are already decoded. On two
//! shared cores, medians of 9 rounds, with the lowest and the highest:
//!
//! | | MB/s | × `eventsource-stream` | × `eventsource-parser` |
//! | --- | --- | --- | --- |
//! | 90-byte events in 64 KiB chunks | 972 | 42 (35 to 155) | 2.1 (1.9 to 3.7) |
//! | the same in 1-byte chunks | 17 | 3.4 (2.9 to 4.0) | 2.0 (1.3 to 2.3) |
//! | 1 MB events in 64 KiB chunks | 3028 | 60 (55 to 71) | 4.5 (3.8 to 5.7) |
//! | short comments in 64 KiB chunks | 174 | 65 (50 to 71) | 2.1 (1.3 to 2.3) |
//!
//! An event of 10 MiB in 1-byte chunks costs per byte what one of 1 MiB does. WebAssembly's SIMD
//! (`-C target-feature=+simd128`) makes reading 1.5 to 2 times as fast, for 0.3 kB.
//!
//! # How it is shown to be right
//!
//! `cargo test -p sse-wire`: a table for each rule; properties of random streams, against the steps
//! of the standard as they are written there. `cargo +nightly fuzz run read` in `wire/`: the same
//! properties, by libFuzzer. And the browser: `make test-page` compares with Chromium's own
//! `EventSource` on 2,000 random streams (`SSE_SCOPE_STREAMS=20000 make test-page` on more).
//!
//! # Code map
//!
//! | file | what it holds |
//! | --- | --- |
//! | `reader.rs` | [`Reader`]: bytes in, items out |
//! | `chunk.rs` | the caller's bytes, and what is asked of them once |
//! | `kept.rs` | what a reader keeps from one chunk to the next, within its bound |
//! | `item.rs` | [`Item`], [`Content`], [`Event`] |
//! | `note.rs` | [`Note`]: every surprise, its sentence and its rule |
//! | `encode.rs` | [`encode`]: writing, well-formed; in [`encode::raw`] anything |

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
pub use reader::{DEFAULT_BOUND, Reader};
