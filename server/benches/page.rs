//! Measures the page against the budgets of the design, in a real Chromium with the real server:
//! `make bench`. Not a test: it prints what it measures, and asserts nothing about time.
//!
//! The page and bare pages take turns in the same browser, each time in a new document, so that a
//! slow moment of the machine affects all of them. The result is the median of the rounds; the
//! lowest and the highest show how reliable it is.

#[path = "../tests/browser/mod.rs"]
mod browser;

use std::{collections::BTreeSet, io, io::Write, net::TcpStream};

use browser::{Browser, Server};
use form_urlencoded::byte_serialize;
use serde_json::json;

const ROUNDS: usize = 5;
/// The bytes of data in an event: with its number as ID it takes about 90 bytes on the wire.
const SIZE: u64 = 71;
/// The events of a flood by `EventSource`, which takes seconds.
const FLOOD: u64 = 300_000;
/// The events of a flood by `fetch`, and of the log that is filtered.
const MILLION: u64 = 1_000_000;
/// The bound of the log, in MiB: more than a million events.
const BOUND: u64 = 256;

/// Runs in each document before anything else.
const OBSERVER: &str = r#"
globalThis.bench = {
    count: 0, samples: [], tasks: [], since: 0,
    listen(url, onmessage) {
        const source = Object.assign(new EventSource(url), { onmessage, onerror: () => source.close() });
        setInterval(() => bench.sample(bench.count), 100);
    },
    sample(count) { if (count > (bench.samples.at(-1)?.count ?? 0)) bench.samples.push({ at: performance.now(), count }); },
    // The browser reports long tasks a little later.
    reached: count => bench.samples.at(-1)?.count >= count && performance.now() > bench.samples.at(-1).at + 200,
    // Between two samples with an exact time. The end is excluded: it may be sampled late.
    rate(count) {
        const [first, last] = [bench.samples[0], bench.samples.findLast(sample => sample.count < count)];
        return (last.count - first.count) / (last.at - first.at) * 1000;
    },
    longest: () => Math.max(0, ...bench.tasks.filter(task => task.startTime >= bench.since).map(task => task.duration)),
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
new PerformanceObserver(list => bench.tasks.push(...list.getEntries())).observe({ type: 'longtask' });
// The page's event count is exact whenever it is written, so that it does not matter how often that
// is.
new MutationObserver(changes => {
    for (const { target } of changes)
        if (target.dataset.figure === 'events') bench.sample(Number(target.dataset.value));
}).observe(document, { subtree: true, attributes: true, attributeFilter: ['data-value'] });
addEventListener('TrunkApplicationStarted', event => bench.memory = event.detail.wasm.memory);
// Long tasks count from the request for the stream: the start of the page is not part of the flood.
globalThis.EventSource = class extends EventSource { constructor(...given) { super(...given); bench.since = performance.now(); } };
const { fetch } = globalThis;
globalThis.fetch = (...given) => { bench.since = performance.now(); return fetch(...given); };
"#;

/// The pages that are flooded: name, address, script, and number of events.
const PAGES: [(&str, &str, &str, u64); 5] = [
    ("EventSource way", EVENT_SOURCE, "() => {}", FLOOD),
    ("fetch way", FETCH, "() => {}", MILLION),
    ("EventSource, counting", BARE, COUNTS, FLOOD),
    ("EventSource, reading data and ID", BARE, READS, FLOOD),
    // Fewer events would take too little time to measure.
    ("fetch, discarding", BARE, DISCARDS, 4 * MILLION),
];

const EVENT_SOURCE: &str = "/?via=EventSource&url=";
const FETCH: &str = "/?via=fetch&url=";
/// A document of the same origin without a policy: the 404 page.
const BARE: &str = "/bare?url=";

const COUNTS: &str = "url => bench.listen(url, () => { bench.count++; })";
/// What any page has to do that stores the events.
const READS: &str = "url => bench.listen(url, event => { bench.count++; bench.kept = [event.data, event.lastEventId]; })";

const DISCARDS: &str = "async (url, count, total) => {
    const reader = (await fetch(url, { cache: 'no-store' })).body.getReader();
    let [bytes, sampled] = [0, 0];
    for (let read; !(read = await reader.read()).done;) {
        bytes += read.value.length;
        if (bytes < total && performance.now() < sampled + 50) continue;
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
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    let (add, script) = (
        "Page.addScriptToEvaluateOnNewDocument",
        json!({ "source": OBSERVER }),
    );
    browser.devtools(add, script).await;
    let origin = &*server.origin;
    let bench = Bench { browser, origin };
    bench.goto(BARE, 0).await;
    let remember = format!("localStorage.setItem('sse-scope-bound', {BOUND})");
    bench.browser.value(&remember).await;

    bench.print_machine().await;
    let mut verdicts = Vec::new();
    println!("{:48}   median  lowest to highest of {ROUNDS}", "");
    bench.floods(&mut verdicts).await;
    bench.a_million_events(&mut verdicts).await;
    bytes_over_the_wire(server.address(), &mut verdicts);
    println!("\n{}", verdicts.join("\n"));
    bench.print_machine().await;
}

struct Bench<'a> {
    browser: Browser,
    origin: &'a str,
}

impl Bench<'_> {
    /// What the figures depend on besides the code.
    async fn print_machine(&self) {
        let browser = "navigator.userAgent.match(/\\S*Chrome\\S*/)[0]";
        let browser = self.browser.value(browser).await;
        // Linux only.
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let (browser, load) = (browser.as_str().unwrap_or_default(), load.trim());
        println!("{browser}, load average {load}");
    }

    /// Opens a page; the product then opens a stream of this many events.
    async fn goto(&self, page: &str, events: u64) {
        let stream: String = byte_serialize(stream(events).as_bytes()).collect();
        let url = format!("{}{page}{stream}", self.origin);
        self.browser.goto(&url).await;
    }

    async fn number(&self, expression: &str) -> f64 {
        let value = self.browser.value(expression).await;
        let number = value.as_f64();
        number.unwrap_or_else(|| panic!("{expression} is {value}"))
    }

    /// Rows 1 to 3: the rate of events, and whether the page remains responsive.
    async fn floods(&self, verdicts: &mut Vec<String>) {
        // Unmeasured: the browser compiles the page and caches the code.
        self.flood(PAGES[1]).await;
        let mut rates: [Vec<f64>; PAGES.len()] = Default::default();
        let mut tasks: [Vec<f64>; PAGES.len()] = Default::default();
        for round in 0..ROUNDS {
            for place in 0..PAGES.len() {
                // A different page is first in each round.
                let place = (round + place) % PAGES.len();
                let (rate, task) = self.flood(PAGES[place]).await;
                rates[place].push(rate);
                tasks[place].push(task);
            }
        }
        println!("Events a second");
        for ((name, ..), rates) in PAGES.iter().zip(&rates) {
            row(name, rates);
        }
        let [ways @ .., counts, reads, discards] = &rates;
        for (way, bare, least) in [(0, reads, ">= 0.95"), (1, discards, ">= 15")] {
            let (name, limit) = (PAGES[way].0, ratios(bare, counts));
            let ratio = ratios(&ways[way], counts);
            let what = format!("{name} / counting");
            goal(verdicts, &what, &ratio, least, &limit);
            row("  limit / counting", &limit);
            row("  of the limit", &ratios(&ways[way], bare));
        }
        println!("Longest task in ms: 0 is none over 50, the least that a browser reports");
        let [event_source, fetch, counts, ..] = &tasks;
        let what = "longest task, EventSource way";
        goal(verdicts, what, event_source, "<= 50", counts);
        row("  EventSource, counting", counts);
        goal(verdicts, "longest task, fetch way", fetch, "<= 50", &[]);
    }

    /// Floods a page until it has all events: events a second, and the longest task in ms.
    async fn flood(&self, (_, page, script, events): (&str, &str, &str, u64)) -> (f64, f64) {
        self.goto(page, events).await;
        let (url, bytes) = (stream(events), bytes(events));
        let call = format!("void ({script})('{url}', {events}, {bytes})");
        self.browser.value(&call).await;
        let reached = format!("bench.reached({events})");
        self.browser.until(&reached).await;
        let rate = self.number(&format!("bench.rate({events})")).await;
        (rate, self.number("bench.longest()").await)
    }

    /// Rows 4 and 5: the memory of a million events, and the time to filter them.
    async fn a_million_events(&self, verdicts: &mut Vec<String>) {
        const NODES: &str = "document.querySelectorAll('*').length";
        let [mut memory, mut nodes, mut few_nodes] = [(); 3].map(|()| Vec::new());
        // For each needle: until the matches are shown, until the page is done, longest task, bare
        // page.
        let mut filters = [(); NEEDLES.len()].map(|()| [(); 4].map(|()| Vec::new()));
        for _ in 0..ROUNDS {
            let empty = self.megabytes_with(0).await;
            self.megabytes_with(1_000).await;
            few_nodes.push(self.number(NODES).await);
            memory.push(self.megabytes_with(MILLION).await - empty);
            nodes.push(self.number(NODES).await);
            for ((needle, shown, _), seen) in NEEDLES.iter().zip(&mut filters) {
                let call = format!("bench.filter('{needle}', {shown})");
                let figures = self.browser.value(&call).await;
                for (seen, figure) in seen.iter_mut().zip(0..3) {
                    seen.push(figures[figure].as_f64().expect("a number"));
                }
            }
            self.goto(BARE, 0).await;
            for ((needle, ..), seen) in NEEDLES.iter().zip(&mut filters) {
                let call = format!("({SEARCHES})(/{needle}/i)");
                seen[3].push(self.number(&call).await);
            }
        }
        let kept = bytes(MILLION) as f64 / 1e6;
        let allowed = 1.5 * kept + 48.0 * MILLION as f64 / 1e6;
        println!("A million events by fetch: {kept:.1} MB on the wire, {allowed:.1} MB allowed");
        row("memory above that of an empty log, MB", &memory);
        let ratio: Vec<f64> = memory.iter().map(|memory| memory / allowed).collect();
        goal(verdicts, "memory / allowed", &ratio, "<= 1", &[]);
        row("DOM nodes", &nodes);
        let ratio = ratios(&nodes, &few_nodes);
        goal(verdicts, "DOM nodes / with 1000", &ratio, "<= 1", &[]);
        for ((_, shown, what), [found, done, _, bare]) in NEEDLES.iter().zip(&filters) {
            // Without matches only the page knows when the search is complete.
            if *shown > 0 {
                goal(verdicts, what, found, "<= 250", bare);
                row("  until the page reports completion", done);
            } else {
                goal(verdicts, what, done, "<= 250", bare);
            }
            row("  a page with the data in an array", bare);
        }
        let tasks = filters.each_ref().map(|filter| &filter[2][..]).concat();
        goal(verdicts, "longest task, filter", &tasks, "<= 50", &[]);
    }

    /// The WebAssembly memory and JavaScript heap of the page with this many events, in MB.
    async fn megabytes_with(&self, events: u64) -> f64 {
        self.goto(FETCH, events).await;
        let count = "document.querySelector('[data-figure=events]')?.dataset.value";
        // After a second, so that the page has settled: an empty stream ends at once.
        let reached = format!("bench.memory && {count} == {events} && performance.now() > 1000");
        self.browser.until(&reached).await;
        let collect = "HeapProfiler.collectGarbage";
        self.browser.devtools(collect, json!({})).await;
        let both = "bench.memory.buffer.byteLength + performance.memory.usedJSHeapSize";
        self.number(both).await / 1e6
    }
}

/// The address of a stream of this many events.
fn stream(events: u64) -> String {
    format!("/stream?interval=0&count={events}&size={SIZE}&id=seq")
}

/// The bytes of a stream of this many events.
fn bytes(events: u64) -> u64 {
    let digits = |number: u64| u64::from(number.checked_ilog10().unwrap_or(0)) + 1;
    let rest = "id: \ndata: \n\n".len() as u64 + SIZE;
    "retry: 10000\n".len() as u64 + (0..events).map(|n| digits(n) + rest).sum::<u64>()
}

/// Row 6: the page and all its files.
fn bytes_over_the_wire(address: &str, verdicts: &mut Vec<String>) {
    let html = String::from_utf8(get(address, "/", "identity")).expect("a page in UTF-8");
    // No other strings of the page look like a path.
    let files: BTreeSet<&str> = html
        .split(['"', '\'', '=', ' ', '>'])
        .filter(|text| text.starts_with('/') && text.contains('.'))
        .collect();
    println!("Bytes over the wire");
    let mut total = 0.0;
    for path in ["/"].into_iter().chain(files) {
        let bytes = get(address, path, "br, gzip").len() as f64;
        println!("  {path:46} {bytes:>8}");
        total += bytes;
    }
    goal(verdicts, "whole page", &[total], "<= 100000", &[]);
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

/// Prints a row with a goal, and adds its verdict. `limit` is the figure of a bare page, which is
/// hard to exceed.
fn goal(verdicts: &mut Vec<String>, what: &str, figures: &[f64], goal: &str, limit: &[f64]) {
    row(what, figures);
    let (sign, number) = goal.split_once(' ').expect("a sign and a number");
    let (figure, number) = (median(figures), number.parse().expect("a number"));
    let met = figure == number || (figure > number) == (sign == ">=");
    let met = if met { "met   " } else { "missed" };
    let mut verdict = format!("{met} {what}: {}, goal {goal}", show(figure));
    if !limit.is_empty() {
        verdict += &format!(" (limit: {})", show(median(limit)));
    }
    verdicts.push(verdict);
}

fn row(what: &str, figures: &[f64]) {
    let low = figures.iter().copied().fold(f64::INFINITY, f64::min);
    let high = figures.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let spread = format!("{} to {}", show(low), show(high));
    println!("{what:48} {:>8}  {spread}", show(median(figures)));
}

/// The ratios of figures of the same round.
fn ratios(of: &[f64], to: &[f64]) -> Vec<f64> {
    of.iter().zip(to).map(|(of, to)| of / to).collect()
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
