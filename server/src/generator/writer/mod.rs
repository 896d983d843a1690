//! What a stream writes next, and when: joins the events, their schedule and their framing. Pure:
//! times are µs since the stream began, and the caller has the clock.

#[cfg(test)]
mod tests;

use bytes::Bytes;
use jiff::Timestamp;

use super::{
    FRAME,
    events::Events,
    framing::Framing,
    resume::Start,
    schedule::Schedule,
    spec::{End, Spec, us},
};

/// A moment in a stream.
#[derive(Clone, Copy)]
pub(crate) struct Now {
    /// µs since the stream began.
    pub(crate) elapsed: u64,
    /// The date that events carry.
    pub(crate) date: Timestamp,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Write(Bytes),
    /// Call again after other tasks have run.
    Yield,
    /// Call again at this moment; `None` is never.
    Wait(Option<u64>),
    End(End),
}

/// How many frames in a row may be generated of which nothing is written, because the framing
/// withholds them.
const TURNS: usize = 16;

pub(crate) struct Writer {
    phase: Phase,
    schedule: Schedule,
    framing: Framing,
    /// Events that are due and not begun.
    owed: u64,
    heartbeat: Option<Heartbeat>,
    end: End,
    /// When an outage ends the stream.
    outage_at: Option<u64>,
    written: Written,
}

/// Where a stream is. Phases follow each other in this order; a stream of given bytes has `Raw` in
/// place of `Opening` and `Running`.
enum Phase {
    /// Nothing is generated yet.
    Opening(Box<Events>),
    /// Events when they are due, and heartbeats between them.
    Running(Box<Events>),
    /// The rest of the bytes that the query gives.
    Raw(Bytes),
    /// All is generated. What the framing still has is written, then the stream ends.
    Ending,
}

struct Heartbeat {
    period: u64,
    due: u64,
}

/// What was written since the last call of [`Writer::take_written`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) events: u64,
    /// How long after it was due the first of the events was written, in µs.
    pub(crate) late: Option<u64>,
}

impl Writer {
    /// `now` is in µs since 1970; `outage_at` is when an outage ends the stream.
    pub(crate) fn new(
        spec: Spec,
        seed: u64,
        start: Start,
        now: u64,
        outage_at: Option<u64>,
    ) -> Self {
        Self {
            schedule: Schedule::new(&spec, seed, start.number, now),
            framing: Framing::new(&spec),
            owed: 0,
            heartbeat: spec.heartbeat.map(|period| Heartbeat {
                period: us(period),
                due: us(period),
            }),
            end: spec.end,
            outage_at,
            written: Written::default(),
            phase: match &spec.raw {
                Some(bytes) => Phase::Raw(bytes.clone()),
                None => Phase::Opening(Box::new(Events::new(spec, seed, start))),
            },
        }
    }

    /// What was written since the last call.
    pub(crate) fn take_written(&mut self) -> Written {
        std::mem::take(&mut self.written)
    }

    /// Returns what to do at `now`. The caller must send the bytes of a write before the next call.
    pub(crate) fn step(&mut self, now: Now) -> Step {
        for _ in 0..TURNS {
            if let Some(write) = self.framing.next(now.elapsed) {
                return Step::Write(write);
            }
            let is_out = self.outage_at.is_some_and(|at| at <= now.elapsed);
            match std::mem::replace(&mut self.phase, Phase::Ending) {
                Phase::Opening(events) | Phase::Running(events) if is_out => {
                    self.end_events(events, now);
                }
                Phase::Raw(_) if is_out => self.finish_framing(),
                Phase::Opening(events) => self.open(events, now),
                Phase::Running(events) => {
                    if let Some(until) = self.run(events, now) {
                        return Step::Wait(until);
                    }
                }
                Phase::Raw(bytes) => self.push_raw(bytes, now),
                Phase::Ending => {
                    return match self.end {
                        End::Stall => Step::Wait(self.framing.release()),
                        end => Step::End(end),
                    };
                }
            }
        }
        Step::Yield
    }

    /// `Opening` → `Running`. The opening is a separate write unless the first events are due
    /// from the beginning: the writes must not depend on how late the machine is.
    fn open(&mut self, mut events: Box<Events>, now: Now) {
        if self.schedule.due().is_none_or(|due| due == 0) {
            self.owe_due_events(now);
        }
        self.push_events(&mut events, now);
        self.phase = Phase::Running(events);
    }

    /// `Running` → `Running`, or `Ending` after the last event. If nothing is due, returns when
    /// something will be.
    fn run(&mut self, mut events: Box<Events>, now: Now) -> Option<Option<u64>> {
        if events.is_over() {
            self.end_events(events, now);
            return None;
        }
        let mut wait = None;
        // An event that is begun is completed first: the writes must not depend on how long it
        // takes.
        if events.is_within_an_event() {
            self.push_events(&mut events, now);
        } else {
            if self.owed == 0 {
                self.owe_due_events(now);
            }
            if self.take_heartbeat(now) {
                self.framing.push(events.heartbeat(), now.elapsed);
            } else if self.owed > 0 {
                self.push_events(&mut events, now);
            } else {
                wait = Some(self.next_moment());
            }
        }
        self.phase = Phase::Running(events);
        wait
    }

    /// `Raw` → `Raw`, or `Ending` after the last byte.
    fn push_raw(&mut self, mut bytes: Bytes, now: Now) {
        if bytes.is_empty() {
            self.finish_framing();
            return;
        }
        let frame = bytes.split_to(bytes.len().min(FRAME));
        self.framing.push(frame.into(), now.elapsed);
        self.phase = Phase::Raw(bytes);
    }

    /// → `Ending`.
    fn end_events(&mut self, mut events: Box<Events>, now: Now) {
        if self.end == End::Truncate && !events.is_within_an_event() {
            self.framing.push(events.half(now.date), now.elapsed);
        }
        self.finish_framing();
    }

    /// Stops the stream because the server shuts down: asks the client to reconnect after `ms`, and ends
    /// with a complete response.
    pub(crate) fn stop(&mut self, ms: u64, now: Now) {
        self.end = End::Close;
        if let Phase::Opening(events) | Phase::Running(events) = &mut self.phase
            && !events.is_within_an_event()
        {
            self.framing.push(events.reconnection_time(ms), now.elapsed);
        }
        self.phase = Phase::Ending;
        self.finish_framing();
    }

    fn owe_due_events(&mut self, now: Now) {
        let (due, late) = self.schedule.take(now.elapsed);
        self.owed = self.owed.saturating_add(due);
        self.written.late = self.written.late.or(late);
    }

    /// Generates the next frame: the rest of an event that is begun, and events that are owed.
    fn push_events(&mut self, events: &mut Events, now: Now) {
        let owed = self.owed;
        let frame = events.frame(&mut self.owed, now.date);
        self.written.events += owed - self.owed;
        self.framing.push(frame, now.elapsed);
    }

    /// Whether a heartbeat is due. If so, the next one is due at the next multiple of the period.
    fn take_heartbeat(&mut self, now: Now) -> bool {
        let Some(heartbeat) = self.heartbeat.as_mut() else {
            return false;
        };
        if heartbeat.due > now.elapsed {
            return false;
        }
        heartbeat.due = (now.elapsed / heartbeat.period + 1) * heartbeat.period;
        true
    }

    fn finish_framing(&mut self) {
        // A stream that stalls does not end, so bytes withheld until a size is reached stay withheld.
        if self.end != End::Stall {
            self.framing.finish(self.end == End::Close);
        }
    }

    fn next_moment(&self) -> Option<u64> {
        [
            self.schedule.due(),
            self.heartbeat.as_ref().map(|heartbeat| heartbeat.due),
            self.framing.release(),
            self.outage_at,
        ]
        .into_iter()
        .flatten()
        .min()
    }
}
