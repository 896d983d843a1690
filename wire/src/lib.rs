//! The event-stream format of Server-Sent Events, read exactly as the HTML standard says (9.2.5 and
//! 9.2.6), explained, and written. Pure: no I/O, no browser; native and WebAssembly.
//!
//! - **Exact.** What a browser's `EventSource` would dispatch, byte for byte: the same parser feeds
//!   on one byte at a time or a megabyte, and gives the same items.
//! - **It explains.** What had no effect (a space before the colon, bare JSON, a block without
//!   data) or a surprising one comes as a [`Note`] with a sentence and the rule.
//! - **Complete.** Comments and reconnection times too, each item with its range of bytes, and the
//!   ranges cover the stream.
//! - **Bounded.** Whatever comes, memory stays within a bound that you set.
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
//! assert_eq!(seen[3], "The line was ignored: no space may stand between “data” and the colon.");
//! ```
//!
//! # Code map
//!
//! | file | what it holds |
//! | --- | --- |
//! | `reader.rs` | [`Reader`]: bytes in, items out |
//! | `item.rs` | [`Item`], [`Content`], [`Event`] |
//! | `note.rs` | [`Note`]: every surprise, its sentence and its rule |
//! | `encode.rs` | [`encode`]: writing, well-formed; in [`encode::raw`] anything |

pub mod encode;
mod item;
mod note;
mod reader;

pub use item::{Content, Event, Item};
pub use note::{Field, LineEnd, Note};
pub use reader::{DEFAULT_BOUND, Reader};
