//! What the server did, for Prometheus.

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use crate::generator::Written;

/// Why a request got no stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Refusal {
    /// Its host is not one of this server's.
    Host,
    /// There were too many connections.
    Connections,
    /// Its query was not understood.
    Query,
    /// Too many streams compress.
    Gzip,
    /// It asked for an outage.
    Outage,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: Refusal,
}

pub(crate) struct Metrics {
    registry: Registry,
    live: Gauge,
    events: Counter,
    bytes: Counter,
    refusals: Family<Reason, Counter>,
    lateness: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("sse_scope");
        let metrics = Self {
            live: Gauge::default(),
            events: Counter::default(),
            bytes: Counter::default(),
            refusals: Family::default(),
            lateness: Histogram::new([
                0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0,
            ]),
            registry: Registry::default(),
        };
        registry.register(
            "live_streams",
            "Streams that are open",
            metrics.live.clone(),
        );
        registry.register("events", "Events that were written", metrics.events.clone());
        registry.register_with_unit(
            "written",
            "What was written to streams, without what HTTP adds",
            Unit::Bytes,
            metrics.bytes.clone(),
        );
        registry.register(
            "refusals",
            "Requests that got no stream, by reason",
            metrics.refusals.clone(),
        );
        registry.register_with_unit(
            "lateness",
            "How long after they were due events were written, one for each time that some were",
            Unit::Seconds,
            metrics.lateness.clone(),
        );
        Self {
            registry,
            ..metrics
        }
    }
}

impl Metrics {
    pub(crate) fn count(&self, written: Written) {
        if written.events > 0 {
            self.events.inc_by(written.events);
        }
        if let Some(late) = written.late {
            self.lateness.observe(late as f64 / 1e6);
        }
    }

    pub(crate) fn count_bytes(&self, bytes: usize) {
        self.bytes.inc_by(bytes as u64);
    }

    pub(crate) fn refuse(&self, reason: Refusal) {
        self.refusals.get_or_create(&Reason { reason }).inc();
    }

    pub(crate) fn text(&self, live: usize) -> String {
        self.live.set(i64::try_from(live).unwrap_or(i64::MAX));
        let mut text = String::new();
        text::encode(&mut text, &self.registry).expect("writing to memory");
        text
    }
}
