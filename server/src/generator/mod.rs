//! The generator: what a query asks for, as bytes and times.
//!
//! Nothing here uses sockets: the modules of [`http`](crate::http) are private, so the generator cannot
//! import them. Everything up to [`Writer`] is pure: no clock, no I/O, no task. [`StreamBody`] adds the
//! clock, the shutdown signal and the metrics.
//!
//! | file | contents |
//! | --- | --- |
//! | `spec/` | [`Spec`]: a query, read; the table of parameters |
//! | `resume.rs` | where a stream begins for a client that reconnects |
//! | `schedule.rs` | when events are due |
//! | `events/` | the text of the events, a frame at a time |
//! | `data.rs` | JSON objects |
//! | `answer/` | answers of language models, as six APIs stream them |
//! | `date.rs` | dates in the format of ECMAScript |
//! | `framing.rs` | compresses, withholds, splits |
//! | `writer/` | [`Writer`]: what is written next, and when; joins the modules above |
//! | `body.rs` | [`StreamBody`]: runs the writer by the clock |

mod answer;
mod body;
mod data;
mod date;
mod events;
mod framing;
mod resume;
mod schedule;
mod spec;
mod writer;

pub(crate) use body::{CutOff, StreamBody};
pub(crate) use spec::{
    Api, Cors, Data, Encoding, Gzip, OutageState, Spec, json as help_json, text as help_text, us,
};
pub(crate) use writer::Writer;

/// The largest write, and the most bytes that are on their way to a client.
pub(crate) const FRAME: usize = 64 << 10;
