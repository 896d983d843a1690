//! Measures the page against the budgets of the design, in a real browser with the real server:
//! `make bench`. Not a test: it prints what it measures, and asserts nothing about time.
//!
//! Outside Chromium some figures are missing: no other engine reports its memory or long tasks, or
//! can be made to forget its cache. Nor is there an endless flood: the other engines take all that the
//! server sends, however slowly a bare page reads (docs/engines.md), until the machine has no memory.
//!
//! The page and bare pages take turns in the same browser, each time in a new document, so that a
//! slow moment of the machine affects all of them. The result is the median of the rounds; the
//! lowest and the highest show how reliable it is.
//!
//! Environment variables: `SSE_SCOPE_BASELINE`, the path of another build of the server, whose page
//! takes its turns beside the current one; `SSE_SCOPE_ROUNDS`, the number of rounds;
//! `SSE_SCOPE_ENGINE`, the browser.

#[path = "../tests/browser/mod.rs"]
mod browser;

use std::{collections::BTreeSet, env, fmt, io, io::Write, net::TcpStream};

use browser::{Browser, Engine, Server};
use form_urlencoded::byte_serialize;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const ROUNDS: usize = 5;
/// The bytes of data in an event: with its number as ID it takes about 90 bytes on the wire.
const SIZE: u64 = 71;
/// The events of a burst by `EventSource`, which takes seconds.
const BURST: u64 = 300_000;
/// The events of a burst by `fetch`, where fewer arrive within a few samples, and of the log that is
/// filtered.
const MILLION: u64 = 1_000_000;
/// The bound of the log, in MiB, for a million events: they fit.
const ROOMY: u64 = 256;
/// The bound of the log that the page has by default, in MiB: an endless flood fills it.
const DEFAULT: u64 = 64;
/// An endless flood is measured between these moments, in ms after the request.
const SUSTAINED: (u64, u64) = (3_000, 15_000);

/// Runs in each document before anything else.
const OBSERVER: &str = r#"
globalThis.bench = {
    count: 0, samples: [], tasks: [], since: 0, waits: [],
    listen(url, onmessage) {
        const onerror = () => { source.close(); bench.sample(bench.count); };
        const source = Object.assign(new EventSource(url), { onmessage, onerror });
        setInterval(() => bench.sample(bench.count), 100);
    },
    sample(count) { if (count > (bench.samples.at(-1)?.count ?? 0)) bench.samples.push({ at: performance.now(), count }); },
    // The browser reports long tasks a little later.
    reached: count => bench.samples.at(-1)?.count >= count && performance.now() > bench.samples.at(-1).at + 200,
    // Between two samples with an exact time. The end is excluded: it may be sampled late. If a browser
    // dispatches all events without a pause, there is only the end: then from the request to the end.
    rate(count, from = 0) {
        bench.sample(bench.count);
        const before = bench.samples.filter(sample => sample.at >= from && sample.count < count);
        const samples = before.length > 1 ? before : [{ at: bench.since, count: 0 }, ...bench.samples];
        const [first, last] = [samples[0], samples.at(-1)];
        return (last.count - first.count) / (last.at - first.at) * 1000;
    },
    longest: () => Math.max(0, ...bench.tasks.filter(task => task.startTime >= bench.since).map(task => task.duration)),
    // How long the page takes to respond: every 50 ms a timer posts a message, whose arrival is the
    // response.
    ask() {
        const { port1, port2 } = new MessageChannel();
        const ask = () => {
            bench.due = performance.now() + 50;
            setTimeout(() => port2.postMessage(null), 50);
        };
        port1.onmessage = () => {
            const now = performance.now();
            bench.waits.push({ now, wait: now - bench.due });
            ask();
        };
        ask();
    },
    // What is measured counts from now on.
    restart() {
        bench.since = performance.now();
        bench.sample(bench.count);
    },
    // The response that is still due counts as far as it is late.
    longestWait: () => Math.max(
        performance.now() - bench.due,
        ...bench.waits.filter(({ now }) => now >= bench.since).map(({ wait }) => wait),
    ),
    // Until the number of matching lines is shown, and until the page reports completion.
    filter: (needle, shown) => new Promise(resolve => setTimeout(() => {
        const [input, counts, work] = ['[name=filter]', '.log-counts', '.work'].map(css => document.querySelector(css));
        const start = bench.since = performance.now();
        let found;
        const observer = new MutationObserver(() => {
            if (!counts.textContent.endsWith(`, ${shown} shown`)) return;
            found ??= performance.now() - start;
            if (!work.hidden) return;
            observer.disconnect();
            const done = performance.now() - start;
            setTimeout(() => resolve([found, done, bench.longest()]), 200);
        });
        for (const element of [counts, work])
            observer.observe(element, { childList: true, characterData: true, attributes: true, subtree: true });
        input.value = needle;
        input.dispatchEvent(new Event('input', { bubbles: true }));
    })),
};
bench.ask();
new PerformanceObserver(list => bench.tasks.push(...list.getEntries())).observe({ type: 'longtask' });
// The page's event count is exact whenever it is written, so that it does not matter how often that
// is.
new MutationObserver(changes => {
    for (const { target } of changes)
        if (target.dataset.figure === 'events') bench.sample(Number(target.dataset.value));
}).observe(document, { subtree: true, attributes: true, attributeFilter: ['data-value'] });
// The first line with data of an event: its time is that of the task after the frame that shows it.
new MutationObserver((_, observer) => {
    if (![...document.querySelectorAll('.row .line')].some(line => line.textContent.includes('xxx'))) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => bench.firstLine = performance.now()));
}).observe(document, { subtree: true, childList: true, characterData: true });
addEventListener('TrunkApplicationStarted', event => bench.memory = event.detail.wasm.memory);
// Long tasks and waits count from the request for the stream: the start of the page is not part of the flood.
globalThis.EventSource = class extends EventSource { constructor(...given) { super(...given); bench.since = performance.now(); } };
const { fetch } = globalThis;
globalThis.fetch = (...given) => { bench.since = performance.now(); return fetch(...given); };
// The bare page that shows lines.
if (location.pathname === '/bare-line') addEventListener('DOMContentLoaded', () => {
    new EventSource(new URLSearchParams(location.search).get('url')).onmessage = ({ data }) => {
        const [row, line] = [document.createElement('p'), document.createElement('span')];
        [row.className, line.className, line.textContent] = ['row', 'line', data];
        row.append(line);
        document.body.append(row);
    };
});
"#;

/// A build of the server, with its page.
#[derive(Clone, Copy)]
enum Build {
    Current,
    Baseline,
}
use Build::{Baseline, Current};

/// A page that is flooded. A bare page is from the current server.
struct Page {
    name: &'static str,
    build: Build,
    path: &'static str,
    /// A function that opens the stream, if the page does not by itself.
    script: &'static str,
    /// The events of a burst.
    burst: u64,
}

const PAGES: [Page; 7] = [
    Page {
        name: "EventSource way",
        build: Current,
        path: EVENT_SOURCE,
        script: NOTHING,
        burst: BURST,
    },
    Page {
        name: "EventSource way, baseline",
        build: Baseline,
        path: EVENT_SOURCE,
        script: NOTHING,
        burst: BURST,
    },
    Page {
        name: "fetch way",
        build: Current,
        path: FETCH,
        script: NOTHING,
        burst: MILLION,
    },
    Page {
        name: "fetch way, baseline",
        build: Baseline,
        path: FETCH,
        script: NOTHING,
        burst: MILLION,
    },
    Page {
        name: "EventSource, counting",
        build: Current,
        path: BARE,
        script: COUNTS,
        burst: BURST,
    },
    Page {
        name: "EventSource, reading data and ID",
        build: Current,
        path: BARE,
        script: READS,
        burst: BURST,
    },
    Page {
        name: "fetch, discarding",
        build: Current,
        path: BARE,
        script: DISCARDS,
        // Fewer events would take too little time to measure.
        burst: 4 * MILLION,
    },
];

const EVENT_SOURCE: &str = "/?via=EventSource&url=";
const FETCH: &str = "/?via=fetch&url=";
/// A document of the same origin without a policy: the 404 page; of `observed`: an empty one.
const BARE: &str = "/bare?url=";
/// The same, with the lines of the stream: `OBSERVER` adds them.
const BARE_LINE: &str = "/bare-line?url=";

const LONGEST_WAIT: &str = "Longest wait for a response of the page to a timer and a message";

const NOTHING: &str = "() => {}";
const COUNTS: &str = "url => bench.listen(url, () => { bench.count++; })";
/// What any page has to do that stores the events.
const READS: &str = "url => bench.listen(url, event => { bench.count++; bench.kept = [event.data, event.lastEventId]; })";

/// `total` is the bytes of a stream of `count` events.
const DISCARDS: &str = "async (url, count, total) => {
    const reader = (await fetch(url, { cache: 'no-store' })).body.getReader();
    for (let [bytes, sampled, done] = [0, 0, false]; !done;) {
        const read = await reader.read();
        done = read.done;
        bytes += read.value?.length ?? 0;
        if (!done && performance.now() < sampled + 50) continue;
        sampled = performance.now();
        bench.sample(Math.floor(bytes / total * count));
    }
}";

/// A page with the data in an array, and the browser's regular expressions.
const SEARCHES: &str = "pattern => {
    const all = Array.from({ length: 1_000_000 }, (_, n) => `${n} `.padEnd(71, 'x'));
    const filter = pattern => all.filter(data => pattern.test(data));
    // Unmeasured: compiles the function, and flattens the strings.
    filter(/12345/i);
    const start = performance.now();
    filter(pattern);
    return performance.now() - start;
}";

/// Patterns to filter a million events by, and how many events match. When the few matches are
/// shown, all events have been searched, because the last event is one of them. The data is nearly
/// all x: the worst case for a search by the first letter.
const NEEDLES: [(&str, u32, &str); 3] = [
    ("99999", 19, "filter: 19 match, ms"),
    ("nothing", 0, "filter: none matches, ms"),
    ("xy", 0, "filter: none matches, all the first letter, ms"),
];

#[tokio::main]
async fn main() {
    let bench = Bench::start().await;
    let mut report = Report::default();
    bench.print_machine().await;
    println!("{:48}   median  lowest to highest of {}", "", bench.rounds);
    bench.bursts(&mut report).await;
    if bench.is_chromium() {
        bench.sustained(&mut report).await;
    }
    bench.a_million_events(&mut report).await;
    if bench.is_chromium() {
        bench.first_line(&mut report).await;
    } else {
        println!(
            "Not measured in this engine: long tasks, memory, an endless flood, the first line"
        );
    }
    bench.bytes_over_the_wire(&mut report);
    println!("\n{}", report.verdicts.join("\n"));
    bench.print_machine().await;
}

/// A server, and where its pages are that run `OBSERVER` first.
struct Site {
    server: Server,
    /// The origin of the pages.
    pages: String,
    /// What precedes the path of a stream: nothing, if it is of the same origin.
    streams: String,
}

struct Bench {
    browser: Browser,
    current: Site,
    baseline: Option<Site>,
    rounds: usize,
}

impl Bench {
    async fn start() -> Self {
        let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let rounds = variable("SSE_SCOPE_ROUNDS").map_or(ROUNDS, |rounds| {
            rounds.parse().expect("SSE_SCOPE_ROUNDS is a number")
        });
        assert!(rounds > 0, "SSE_SCOPE_ROUNDS is at least 1");
        let engine = Engine::chosen();
        let baseline = match variable("SSE_SCOPE_BASELINE") {
            Some(program) => {
                println!("Baseline: {program}");
                let server = Server::start_program(&program, "127.0.0.1:0").await;
                Some(Site::new(server, engine).await)
            }
            None => None,
        };
        let bench = Self {
            browser: Browser::start().await,
            current: Site::new(Server::start("127.0.0.1:0").await, engine).await,
            baseline,
            rounds,
        };
        if bench.is_chromium() {
            let (add, script) = (
                "Page.addScriptToEvaluateOnNewDocument",
                json!({ "source": OBSERVER }),
            );
            bench.browser.devtools(add, script).await;
        }
        bench
    }

    /// Whether the browser has the DevTools protocol.
    fn is_chromium(&self) -> bool {
        self.browser.engine() == Engine::Chromium
    }

    /// What the figures depend on besides the code.
    async fn print_machine(&self) {
        let browser = self.browser.version();
        // Linux only.
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        println!("{browser}, load average {}", load.trim());
    }

    fn site(&self, build: Build) -> Option<&Site> {
        match build {
            Current => Some(&self.current),
            Baseline => self.baseline.as_ref(),
        }
    }

    /// The current server, and the baseline if there is one.
    fn builds(&self) -> &'static [Build] {
        match self.baseline {
            Some(_) => &[Current, Baseline],
            None => &[Current],
        }
    }

    /// Opens a page; the product then opens the stream.
    async fn goto(&self, build: Build, page: &str, stream: &str) {
        let site = self.site(build).expect("checked before");
        let stream = format!("{}{stream}", site.streams);
        let stream: String = byte_serialize(stream.as_bytes()).collect();
        let url = format!("{}{page}{stream}", site.pages);
        self.browser.goto(&url).await;
    }

    async fn number(&self, expression: &str) -> f64 {
        let value = self.browser.value(expression).await;
        let number = value.as_f64();
        number.unwrap_or_else(|| panic!("{expression} is {value}"))
    }

    /// Sets the bound of the log, as the page remembers it.
    async fn bound(&self, mebibytes: u64) {
        for &build in self.builds() {
            self.goto(build, BARE, "").await;
            let remember = format!("localStorage.setItem('sse-scope-bound', {mebibytes})");
            self.browser.value(&remember).await;
        }
    }

    /// The WebAssembly memory and the JavaScript heap without garbage, in MB, where the browser reports
    /// the latter.
    async fn megabytes(&self) -> Option<f64> {
        if !self.is_chromium() {
            return None;
        }
        let collect = "HeapProfiler.collectGarbage";
        self.browser.devtools(collect, json!({})).await;
        let usage = "Runtime.getHeapUsage";
        let usage = self.browser.devtools_answer(usage, json!({})).await;
        let heap = usage["usedSize"].as_f64().expect("a number");
        let wasm = self.number("bench.memory?.buffer.byteLength ?? 0").await;
        Some((heap + wasm) / 1e6)
    }

    /// Measures all pages in turn, several times. The result is each figure of each page in each
    /// round; a page that is not there has none.
    async fn in_turn<const FIGURES: usize>(
        &self,
        measure: impl AsyncFn(&Page) -> [f64; FIGURES],
    ) -> [[Vec<f64>; PAGES.len()]; FIGURES] {
        let mut all = [(); FIGURES].map(|()| [(); PAGES.len()].map(|()| Vec::new()));
        for round in 0..self.rounds {
            for place in rotated(round, PAGES.len()) {
                if self.site(PAGES[place].build).is_none() {
                    continue;
                }
                let figures = measure(&PAGES[place]).await;
                for (all, figure) in all.iter_mut().zip(figures) {
                    all[place].push(figure);
                }
            }
        }
        all
    }

    /// The rate of events in a burst, and whether the page remains responsive.
    async fn bursts(&self, report: &mut Report) {
        self.bound(ROOMY).await;
        // Unmeasured: the browser compiles the page and caches the code.
        for page in &PAGES {
            if page.path == FETCH && self.site(page.build).is_some() {
                self.burst(page).await;
            }
        }
        let [rates, tasks, waits] = self.in_turn(async |page| self.burst(page).await).await;
        println!("A burst: events a second");
        report.pages(&rates);
        let [event_source, old_event_source, fetch, old_fetch, ..] = &rates;
        let [.., counts, reads, discards] = &rates;
        let what = "burst, fetch way / counting";
        let limit = ratios(discards, counts);
        report.goal(what, &ratios(fetch, counts), AtLeast(5.0), &limit);
        let what = "burst, EventSource way / reading";
        report.goal(what, &ratios(event_source, reads), AtLeast(0.65), &[]);
        let what = "burst, fetch way";
        report.compare(what, fetch, old_fetch, NO_LESS);
        let what = "burst, EventSource way";
        report.compare(what, event_source, old_event_source, NO_LESS);
        if self.is_chromium() {
            println!("Longest task in a burst, ms");
            report.tasks("burst", &tasks);
        }
        println!("{LONGEST_WAIT} in a burst, ms");
        report.pages(&waits);
    }

    /// A burst until the page has all events: events a second, longest task and longest wait in ms.
    async fn burst(&self, page: &Page) -> [f64; 3] {
        let events = page.burst;
        self.open(page, &stream(events), events).await;
        let reached = format!("bench.reached({events})");
        self.browser.until(&reached).await;
        let rate = self.number(&format!("bench.rate({events})")).await;
        let wait = self.number("bench.longestWait()").await;
        [rate, self.number("bench.longest()").await, wait]
    }

    /// Opens a page and has it open the stream, of which `events` events take `bytes(events)`.
    async fn open(&self, page: &Page, stream: &str, events: u64) {
        self.goto(page.build, page.path, stream).await;
        let (script, bytes) = (page.script, bytes(events));
        let stream = format!("{}{stream}", self.current.streams);
        let call = format!("void ({script})('{stream}', {events}, {bytes})");
        self.browser.value(&call).await;
    }

    /// The rate of events in an endless flood, how long the page takes to respond, and its memory.
    ///
    /// The DevTools domain `Network` must not be enabled: with it Chromium reports each message of an
    /// `EventSource` to the DevTools client too, and all pages with one are limited to the same tenth
    /// of the rate.
    async fn sustained(&self, report: &mut Report) {
        self.bound(DEFAULT).await;
        let [rates, tasks, waits, memory, growth] =
            self.in_turn(async |page| self.flood(page).await).await;
        let (from, to) = (SUSTAINED.0 / 1000, SUSTAINED.1 / 1000);
        println!("Sustained, from {from} s to {to} s of an endless flood: events a second");
        report.pages(&rates);
        let [event_source, old_event_source, fetch, old_fetch, ..] = &rates;
        let [.., counts, reads, discards] = &rates;
        let what = "sustained, fetch way / counting";
        report.goal(what, &ratios(fetch, counts), AtLeast(40.0), &[]);
        let what = "sustained, fetch way / discarding";
        report.goal(what, &ratios(fetch, discards), AtLeast(0.35), &[]);
        let what = "sustained, EventSource way / reading";
        report.goal(what, &ratios(event_source, reads), AtLeast(0.95), &[]);
        let what = "sustained, fetch way";
        report.compare(what, fetch, old_fetch, NO_LESS);
        let what = "sustained, EventSource way";
        report.compare(what, event_source, old_event_source, NO_LESS);
        println!("Sustained: longest task, ms");
        report.tasks("sustained", &tasks);
        println!("{LONGEST_WAIT}, sustained, ms");
        report.pages(&waits);
        let [_, _, fetch, old_fetch, ..] = &waits;
        let what = "sustained, longest wait, fetch way";
        report.compare(what, fetch, old_fetch, NO_MORE);
        println!("Sustained: memory at {from} s, MB");
        report.pages(&memory);
        println!("Sustained: memory at {to} s / at {from} s; a log that is not yet full grows");
        report.pages(&growth);
        let what = "sustained, fetch way, growth of memory";
        let [_, _, fetch, ..] = &growth;
        report.goal(what, fetch, AtMost(1.1), &[]);
    }

    /// An endless flood: events a second, longest task and longest wait in ms, memory at first and
    /// its growth.
    async fn flood(&self, page: &Page) -> [f64; 5] {
        // The sizes of the last of these events are those of most events that arrive.
        self.open(page, &endless(), 50 * MILLION).await;
        let (from, to) = SUSTAINED;
        let settled = format!("performance.now() > bench.since + {from}");
        self.browser.until(&settled).await;
        let memory = self.megabytes().await.expect("Chromium reports it");
        self.browser.value("bench.restart()").await;
        let done = format!("performance.now() > bench.since + {}", to - from);
        self.browser.until(&done).await;
        let rate = self.number("bench.rate(Infinity, bench.since)").await;
        let wait = self.number("bench.longestWait()").await;
        let task = self.number("bench.longest()").await;
        let growth = self.megabytes().await.expect("Chromium reports it") / memory;
        [rate, task, wait, memory, growth]
    }

    /// The memory of a million events, and the time to filter them.
    async fn a_million_events(&self, report: &mut Report) {
        self.bound(ROOMY).await;
        let mut pages = [Million::default(), Million::default()];
        let mut bare: [Vec<f64>; NEEDLES.len()] = Default::default();
        for round in 0..self.rounds {
            for place in rotated(round, self.builds().len()) {
                let build = self.builds()[place];
                self.million(build, &mut pages[build as usize]).await;
            }
            self.goto(Current, BARE, "").await;
            for ((needle, ..), bare) in NEEDLES.iter().zip(&mut bare) {
                let call = format!("({SEARCHES})(/{needle}/i)");
                bare.push(self.number(&call).await);
            }
        }
        let [current, old] = &pages;
        let kept = bytes(MILLION) as f64 / 1e6;
        let allowed = 1.5 * kept + 48.0 * MILLION as f64 / 1e6;
        println!("A million events by fetch: {kept:.1} MB on the wire, {allowed:.1} MB allowed");
        let what = "memory above that of an empty log, MB";
        report.row(what, &current.memory);
        report.row("  baseline", &old.memory);
        report.compare(
            "memory above that of an empty log",
            &current.memory,
            &old.memory,
            NO_MORE,
        );
        let ratio: Vec<f64> = current.memory.iter().map(|mb| mb / allowed).collect();
        report.goal("memory / allowed", &ratio, AtMost(1.0), &[]);
        report.row("DOM nodes", &current.nodes);
        report.row("  baseline", &old.nodes);
        report.compare("DOM nodes", &current.nodes, &old.nodes, NO_MORE);
        let ratio = ratios(&current.nodes, &current.few_nodes);
        report.goal("DOM nodes / with 1000", &ratio, AtMost(1.0), &[]);
        for (place, (_, shown, what)) in NEEDLES.iter().enumerate() {
            // Without matches only the page knows when the search is complete.
            let times =
                |of: &Million| [&of.done, &of.found][usize::from(*shown > 0)][place].clone();
            report.goal(what, &times(current), AtMost(250.0), &bare[place]);
            if *shown > 0 {
                let what = "  until the page reports completion";
                report.row(what, &current.done[place]);
            }
            report.row("  a page with the data in an array", &bare[place]);
            report.row("  baseline", &times(old));
            report.compare(what, &times(current), &times(old), None);
        }
        let what = "longest task, filter";
        report.goal(what, &current.tasks, AtMost(50.0), &[]);
        report.row("  baseline", &old.tasks);
        report.compare(
            what,
            &over_50(&current.tasks),
            &over_50(&old.tasks),
            NO_MORE,
        );
    }

    /// A round of the figures of a million events.
    async fn million(&self, build: Build, figures: &mut Million) {
        const NODES: &str = "document.querySelectorAll('*').length";
        let empty = self.megabytes_with(build, 0).await;
        self.megabytes_with(build, 1_000).await;
        figures.few_nodes.push(self.number(NODES).await);
        let full = self.megabytes_with(build, MILLION).await;
        figures
            .memory
            .extend(full.zip(empty).map(|(full, empty)| full - empty));
        figures.nodes.push(self.number(NODES).await);
        for (place, (needle, shown, _)) in NEEDLES.iter().enumerate() {
            let call = format!("bench.filter('{needle}', {shown})");
            let seen = self.browser.value(&call).await;
            let seen = |figure: usize| seen[figure].as_f64().expect("a number");
            figures.found[place].push(seen(0));
            figures.done[place].push(seen(1));
            if self.is_chromium() {
                figures.tasks.push(seen(2));
            }
        }
    }

    /// The memory of the page with this many events, in MB.
    async fn megabytes_with(&self, build: Build, events: u64) -> Option<f64> {
        self.goto(build, FETCH, &stream(events)).await;
        let count = "document.querySelector('[data-figure=events]')?.dataset.value";
        // After a second, so that the page has settled: an empty stream ends at once.
        let reached = format!("bench.memory && {count} == {events} && performance.now() > 1000");
        self.browser.until(&reached).await;
        self.megabytes().await
    }

    /// The time from the request for the page to the first line of the log, with an empty cache.
    async fn first_line(&self, report: &mut Report) {
        const PAGES: [(Build, &str); 3] = [
            (Current, EVENT_SOURCE),
            (Baseline, EVENT_SOURCE),
            (Current, BARE_LINE),
        ];
        let mut times: [Vec<f64>; PAGES.len()] = Default::default();
        for round in 0..self.rounds {
            for place in rotated(round, PAGES.len()) {
                let (build, page) = PAGES[place];
                if self.site(build).is_some() {
                    times[place].push(self.line(build, page).await);
                }
            }
        }
        let [current, old, bare] = times;
        println!("First line on the screen, cold cache, ms");
        report.row("EventSource way", &current);
        // The budget is a multiple of a bare Leptos page, which is not measured here.
        report.row("  a bare page without Leptos", &bare);
        report.row("  difference", &differences(&current, &bare));
        report.row("  baseline", &old);
        report.compare("first line", &current, &old, None);
    }

    async fn line(&self, build: Build, page: &str) -> f64 {
        // Compiled code is shared with documents that are not yet collected as garbage.
        self.browser.goto("about:blank").await;
        for command in ["HeapProfiler.collectGarbage", "Network.clearBrowserCache"] {
            self.browser.devtools(command, json!({})).await;
        }
        self.goto(build, page, &stream(1_000)).await;
        self.browser.until("bench.firstLine").await;
        self.number("bench.firstLine").await
    }

    /// The page and the files that it starts with.
    fn bytes_over_the_wire(&self, report: &mut Report) {
        println!("Bytes over the wire");
        let total = |site: &Site| {
            let sizes = sizes(site.server.address());
            let total: usize = sizes.iter().map(|(_, bytes)| bytes).sum();
            (sizes, vec![total as f64])
        };
        let (sizes, current) = total(&self.current);
        for (path, bytes) in sizes {
            println!("  {path:46} {bytes:>8}");
        }
        report.goal("first load", &current, AtMost(250_000.0), &[]);
        if let Some(baseline) = &self.baseline {
            let (_, old) = total(baseline);
            report.row("  baseline", &old);
            report.compare("first load", &current, &old, None);
        }
    }
}

impl Site {
    async fn new(server: Server, engine: Engine) -> Self {
        // DevTools has a command that runs a script in each document.
        let (pages, streams) = match engine {
            Engine::Chromium => (server.origin.clone(), String::new()),
            _ => (observed(&server).await, server.origin.clone()),
        };
        Self {
            server,
            pages,
            streams,
        }
    }
}

/// Starts a server with the pages of `server`, which run `OBSERVER` before anything else. Returns its origin.
async fn observed(server: &Server) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("bound"));
    let address = server.address().to_owned();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let address = address.clone();
            tokio::spawn(async move {
                let mut request = [0; 8192];
                let length = connection.read(&mut request).await?;
                let request = String::from_utf8_lossy(&request[..length]);
                let target = request.split(' ').nth(1).unwrap_or_default();
                let path = target.split('?').next().unwrap_or_default();
                let (kind, observer) = match path.rsplit_once('.') {
                    Some((_, "wasm")) => ("application/wasm", String::new()),
                    Some((_, "js")) => ("text/javascript", String::new()),
                    Some((_, "css")) => ("text/css", String::new()),
                    Some((_, "svg")) => ("image/svg+xml", String::new()),
                    _ => (
                        "text/html",
                        format!("<!DOCTYPE html><script>{OBSERVER}</script>"),
                    ),
                };
                // Firefox asks each origin for an icon.
                let body = match path.starts_with("/bare") || path == "/favicon.ico" {
                    true => Vec::new(),
                    false => get(&address, path, "identity"),
                };
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n{observer}"
                );
                connection.write_all(head.as_bytes()).await?;
                connection.write_all(&body).await
            });
        }
    });
    origin
}

/// The figures of a million events in one page, of all rounds.
#[derive(Default)]
struct Million {
    memory: Vec<f64>,
    nodes: Vec<f64>,
    few_nodes: Vec<f64>,
    /// For each needle: until the matches are shown, in ms.
    found: [Vec<f64>; NEEDLES.len()],
    /// For each needle: until the page reports completion, in ms.
    done: [Vec<f64>; NEEDLES.len()],
    /// The longest task of each search, in ms.
    tasks: Vec<f64>,
}

/// The places of `count` things: a different one is first in each round.
fn rotated(round: usize, count: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |place| (round + place) % count)
}

/// The address of a stream without an end.
fn endless() -> String {
    format!("/stream?interval=0&size={SIZE}&id=seq")
}

/// The address of a stream of this many events.
fn stream(events: u64) -> String {
    format!("{}&count={events}", endless())
}

/// The bytes of a stream of this many events.
fn bytes(events: u64) -> u64 {
    let digits = |number: u64| u64::from(number.checked_ilog10().unwrap_or(0)) + 1;
    let rest = "id: \ndata: \n\n".len() as u64 + SIZE;
    "retry: 10000\n".len() as u64 + (0..events).map(|n| digits(n) + rest).sum::<u64>()
}

/// The files that the page at `/` names, itself included, and their compressed sizes. Parts that are loaded later are
/// named in the JavaScript.
fn sizes(address: &str) -> Vec<(String, usize)> {
    let html = String::from_utf8(get(address, "/", "identity")).expect("a page in UTF-8");
    // No other strings of the page look like a path.
    let files: BTreeSet<&str> = html
        .split(['"', '\'', '`', '=', ' ', '>'])
        .filter(|text| text.starts_with('/') && text.contains('.'))
        .collect();
    let paths = ["/"].into_iter().chain(files);
    paths
        .map(|path| (path.to_owned(), get(address, path, "br, gzip").len()))
        .collect()
}

/// The body of a response, as transferred.
fn get(address: &str, path: &str, encoding: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    let headers = format!("host: {address}\r\naccept-encoding: {encoding}\r\nconnection: close");
    write!(stream, "GET {path} HTTP/1.1\r\n{headers}\r\n\r\n").expect("the server reads");
    let mut response = Vec::new();
    io::Read::read_to_end(&mut stream, &mut response).expect("the server responds");
    assert!(response.starts_with(b"HTTP/1.1 200 "), "{path} exists");
    let end = response.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    response.split_off(end.expect("a head") + 4)
}

#[derive(Clone, Copy)]
enum Goal {
    AtLeast(f64),
    AtMost(f64),
}
use Goal::{AtLeast, AtMost};

/// What a change of the page may cost, as a ratio to the baseline.
const NO_LESS: Option<Goal> = Some(AtLeast(0.95));
const NO_MORE: Option<Goal> = Some(AtMost(1.05));

impl Goal {
    fn is_met(self, figure: f64) -> bool {
        match self {
            AtLeast(least) => figure >= least,
            AtMost(most) => figure <= most,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AtLeast(least) => write!(f, ">= {least}"),
            AtMost(most) => write!(f, "<= {most}"),
        }
    }
}

/// Prints the figures, and collects what is printed last: which goals are met.
#[derive(Default)]
struct Report {
    verdicts: Vec<String>,
}

impl Report {
    /// A row without figures is not printed.
    fn row(&self, what: &str, figures: &[f64]) {
        if figures.is_empty() {
            return;
        }
        let low = figures.iter().copied().fold(f64::INFINITY, f64::min);
        let high = figures.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let spread = format!("{} to {}", show(low), show(high));
        println!("{what:48} {:>8}  {spread}", show(median(figures)));
    }

    /// A row for each of `PAGES`.
    fn pages(&self, figures: &[Vec<f64>]) {
        for (page, figures) in PAGES.iter().zip(figures) {
            self.row(page.name, figures);
        }
    }

    /// Prints a row with a goal, and adds its verdict. `limit` is the figure of a bare page, which
    /// is hard to exceed.
    fn goal(&mut self, what: &str, figures: &[f64], goal: Goal, limit: &[f64]) {
        if figures.is_empty() {
            return;
        }
        self.row(what, figures);
        let figure = median(figures);
        let met = if goal.is_met(figure) {
            "met   "
        } else {
            "missed"
        };
        let mut verdict = format!("{met} {what}: {}, goal {goal}", show(figure));
        if !limit.is_empty() {
            verdict += &format!(" (limit: {})", show(median(limit)));
        }
        self.verdicts.push(verdict);
    }

    /// Prints the ratio of figures to those of the baseline, if there is a baseline.
    fn compare(&mut self, what: &str, current: &[f64], baseline: &[f64], goal: Option<Goal>) {
        let (what, ratio) = (format!("{what} / baseline"), ratios(current, baseline));
        match goal {
            Some(goal) if !ratio.is_empty() => self.goal(&what, &ratio, goal, &[]),
            _ => self.row(&what, &ratio),
        }
    }

    /// The longest tasks of `PAGES`. 0 is none over 50 ms, the least that a browser reports.
    fn tasks(&mut self, when: &str, tasks: &[Vec<f64>; PAGES.len()]) {
        self.pages(tasks);
        let [event_source, old_event_source, fetch, old_fetch, counts, ..] = tasks;
        let what = format!("{when}, longest task, fetch way");
        self.goal(&what, fetch, AtMost(50.0), &[]);
        self.compare(&what, &over_50(fetch), &over_50(old_fetch), NO_MORE);
        // No goal: the browser decides how many events it dispatches in one task.
        let what = format!("{when}, longest task, EventSource way");
        self.row(&what, event_source);
        self.row("  EventSource, counting", counts);
        let [current, old] = [event_source, old_event_source].map(|tasks| over_50(tasks));
        self.compare(&what, &current, &old, NO_MORE);
    }
}

/// Longest tasks with 50 ms for none, so that two of them have a ratio.
fn over_50(tasks: &[f64]) -> Vec<f64> {
    tasks.iter().map(|task| task.max(50.0)).collect()
}

/// The ratios of figures of the same round.
fn ratios(of: &[f64], to: &[f64]) -> Vec<f64> {
    of.iter().zip(to).map(|(of, to)| of / to).collect()
}

/// The differences of figures of the same round.
fn differences(of: &[f64], to: &[f64]) -> Vec<f64> {
    of.iter().zip(to).map(|(of, to)| of - to).collect()
}

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn show(figure: f64) -> String {
    let whole = figure == 0.0 || figure >= 100.0;
    format!("{figure:.0$}", if whole { 0 } else { 2 })
}
