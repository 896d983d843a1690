//! The exchanges of the taps, as the server reports them. Pure.
//!
//! | file | contents |
//! | --- | --- |
//! | `exchange.rs` | one exchange, in a line of the list |
//! | `exchanges.rs` | the list of exchanges, within a bound |
//! | `details.rs` | the request and the response of an exchange |
//! | `ledger.rs` | the connections of its client |
//! | `mask.rs` | hides what looks like a key |
//! | `member.rs` | reads the members of JSON objects |

mod details;
mod exchange;
mod exchanges;
mod ledger;
mod mask;
mod member;

pub(crate) use details::{Details, Request, Response};
pub(crate) use exchange::{Exchange, Lag, State};
pub(crate) use exchanges::{Exchanges, ROWS, Tap};
pub(crate) use ledger::Connection;
pub(crate) use mask::{Secrets, masked_facts};
pub(crate) use member::Member;
