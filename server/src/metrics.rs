//! Metrics for Prometheus.

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

/// Why a request got no stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Refusal {
    /// The server does not answer for the host in the request.
    Host,
    /// There were too many connections.
    Connections,
    /// The query is invalid.
    Query,
    /// Too many streams compress.
    Gzip,
    /// The query asks for an outage.
    Outage,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    reason: Refusal,
}

pub(crate) struct Metrics {
    registry: Registry,
    live: Gauge,
    events: Counter,
    bytes: Counter,
    refusals: Family<Labels, Counter>,
    lateness: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("sse_scope");
        let live = Gauge::default();
        registry.register("live_streams", "Streams that are open", live.clone());
        let events = Counter::default();
        registry.register("events", "Events written", events.clone());
        let bytes = Counter::default();
        registry.register_with_unit(
            "written",
            "Bytes written to streams, without the framing of HTTP",
            Unit::Bytes,
            bytes.clone(),
        );
        let refusals = Family::default();
        registry.register(
            "refusals",
            "Requests that got no stream, by reason",
            refusals.clone(),
        );
        let lateness = Histogram::new([
            0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0,
        ]);
        registry.register_with_unit(
            "lateness",
            "How long after they were due events were written, one observation for each tick",
            Unit::Seconds,
            lateness.clone(),
        );
        Self {
            registry,
            live,
            events,
            bytes,
            refusals,
            lateness,
        }
    }
}

impl Metrics {
    pub(crate) fn count_events(&self, count: u64) {
        // Most steps of a stream write no event, and the counter is shared by all processors.
        if count > 0 {
            self.events.inc_by(count);
        }
    }

    /// How long after they were due events were written, in µs.
    pub(crate) fn observe_lateness(&self, us: u64) {
        self.lateness.observe(us as f64 / 1e6);
    }

    pub(crate) fn count_bytes(&self, count: usize) {
        self.bytes.inc_by(count as u64);
    }

    pub(crate) fn count_refusal(&self, reason: Refusal) {
        self.refusals.get_or_create(&Labels { reason }).inc();
    }

    /// All metrics in the text format of OpenMetrics.
    pub(crate) fn text(&self, live: usize) -> String {
        self.live.set(i64::try_from(live).unwrap_or(i64::MAX));
        let mut text = String::new();
        text::encode(&mut text, &self.registry).expect("writing to memory");
        text
    }
}
