//! How well the page explains faulty streams: plays 88 of them, by fetch and by EventSource, and 28 healthy ones,
//! and prints a table: `make suite`. Words after `--` choose streams by name.
//!
//! | a faulty stream is | if |
//! | --- | --- |
//! | named | the first finding is a right one, and no wrong one was first before |
//! | named when asked | the same, by EventSource, once the user has pressed “Probe” |
//! | hinted at | the first finding is true, but leaves open what is wrong, such as “the browser gave up” |
//! | misleading | a finding was first that is certain or likely, and wrong |
//! | silent | there was none of these |

#[path = "../browser/mod.rs"]
mod browser;
mod faults;
mod healthy;
mod streams;

use std::{
    collections::BTreeMap,
    env,
    process::ExitCode,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use browser::{Browser, Engine};
use serde::Deserialize;
use streams::{Kind, Stream};

/// How many browsers play at the same time. They mostly wait.
const BROWSERS: usize = 4;

/// How long a finding is waited for, in ms; and for how long it must remain the first one, because another one may
/// be found later.
const PATIENCE_MS: u64 = 30_000;
const NAMED_MS: u64 = 1_000;
const HINTED_MS: u64 = 5_000;

/// After how long without a right finding the probe of the bytes is asked for, by EventSource, in ms: the page sends
/// one by itself after 5 s without an event. For healthy streams it is asked for early.
const ASKS_MS: u64 = 12_000;
const ASKS_EARLY_MS: u64 = 2_000;

/// Findings that leave open what is wrong.
const HINTS: &[&str] = &[
    "silent-by-subscription",
    "silent",
    "gave-up",
    "no-server",
    "no-response",
    "not-reached",
    "broke-off",
    "reset",
    "ended",
];

/// A stream, a way, and what is expected.
struct Play {
    name: &'static str,
    group: String,
    via: &'static str,
    stream: Stream,
    events: &'static str,
    expected: Expected,
}

#[derive(Clone, Copy)]
enum Expected {
    /// One of these findings.
    Named(&'static [&'static str]),
    /// No alarm within this time, in ms.
    Nothing(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Named,
    Asked,
    Hinted,
    Misleading,
    Silent,
    Quiet,
    Alarm,
}

/// What the page found.
#[derive(Debug, Deserialize)]
struct Seen {
    /// Each finding that was first at some moment: its certainty and its name.
    firsts: Vec<(String, String)>,
    /// The line at the end.
    sentence: String,
    /// When the first finding appeared that remained, in ms.
    after: f64,
    /// Whether the probe was asked for before.
    asked: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<_> = env::args().skip(1).collect();
    let plays: Vec<_> = plays()
        .into_iter()
        .filter(|play| words.is_empty() || words.iter().any(|word| play.is_meant(word)))
        .collect();
    let plays = Arc::new(plays);
    let next = Arc::new(AtomicUsize::new(0));
    let results = Arc::new(Mutex::new(BTreeMap::new()));
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..BROWSERS.min(plays.len()) {
        let (plays, next) = (Arc::clone(&plays), Arc::clone(&next));
        let results = Arc::clone(&results);
        workers.spawn(async move {
            let server = browser::Server::start("127.0.0.1:0").await;
            let browser = Browser::start().await;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(play) = plays.get(number) else {
                    return;
                };
                let seen = play.run(&server, &browser).await;
                let result = (play.verdict(&seen), seen);
                println!("{}", play.line(&result));
                results.lock().expect("no panic").insert(number, result);
            }
        });
    }
    while let Some(done) = workers.join_next().await {
        done.expect("a stream is played");
    }
    let results = results.lock().expect("no panic");
    report(&plays, &results)
}

fn plays() -> Vec<Play> {
    let mut plays = Vec::new();
    for (via, is_fetch) in [("fetch", true), ("eventsource", false)] {
        for fault in faults::faults() {
            let right = if is_fetch {
                fault.fetch
            } else {
                fault.event_source
            };
            let expected = match right {
                [] => Expected::Nothing(5_000),
                _ => Expected::Named(right),
            };
            plays.push(Play {
                name: fault.name,
                group: format!("{:?}", fault.group),
                via,
                stream: fault.stream,
                events: fault.events,
                expected,
            });
        }
        for healthy in healthy::streams() {
            plays.push(Play {
                name: healthy.name,
                group: "Healthy".to_owned(),
                via,
                stream: healthy.stream,
                events: healthy.events,
                expected: Expected::Nothing(healthy.lasts),
            });
        }
    }
    plays
}

impl Play {
    /// Whether `word` on the command line names this stream, its group or its way.
    fn is_meant(&self, word: &str) -> bool {
        self.name.contains(word) || self.group == word || self.via == word
    }

    /// Plays the stream, and watches what the page finds.
    async fn run(&self, server: &browser::Server, browser: &Browser) -> Seen {
        let start = |turns, kind| streams::Server::start(turns, kind);
        let mut query = String::new();
        let url = match &self.stream {
            Stream::Generator(query) => format!("/stream?{query}"),
            Stream::OtherOrigin(query) => {
                let origin = server.origin.replace("127.0.0.1", "localhost");
                format!("{origin}/stream?{query}")
            }
            Stream::Script(steps) => plain(start(vec![steps.clone()], Kind::Plain).await),
            Stream::Turns(turns) => plain(start(turns.clone(), Kind::Plain).await),
            Stream::WithoutPreflight(turns) => {
                plain(start(turns.clone(), Kind::WithoutPreflight).await)
            }
            Stream::SixBefore(steps) => {
                let url = plain(start(vec![steps.clone()], Kind::Plain).await);
                occupy(server, browser, &url).await;
                url
            }
            Stream::Tls(steps) => {
                let port = start(vec![steps.clone()], Kind::Tls).await.port();
                format!("https://127.0.0.1:{port}/events")
            }
            Stream::At(url) => {
                // What a server answers that expects HTTP.
                let refusal = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n";
                let steps = vec![streams::Step::Send(refusal.into())];
                let port = start(vec![steps], Kind::Plain).await.port();
                url.replace("PORT", &port.to_string())
            }
            Stream::WithCredentials(steps) => {
                query.push_str("&credentials=include");
                plain(start(vec![steps.clone()], Kind::Plain).await)
            }
        };
        let encoded: String = url.bytes().map(|byte| format!("%{byte:02x}")).collect();
        if !self.events.is_empty() {
            query.push_str(&format!("&events={}", self.events));
        }
        browser
            .goto(&format!(
                "{}/?via={}&url={encoded}{query}",
                server.origin, self.via
            ))
            .await;
        let (names, patience): (&[&str], _) = match self.expected {
            Expected::Named(names) => (names, PATIENCE_MS),
            Expected::Nothing(lasts) => (&[], lasts),
        };
        let hints = if names.is_empty() { &[] } else { HINTS };
        // Zero for never.
        let asks = match (self.via, self.expected) {
            ("fetch", _) => 0,
            (_, Expected::Named(_)) => ASKS_MS,
            (_, Expected::Nothing(_)) => ASKS_EARLY_MS,
        };
        // Looks as often as a frame may change something, until what is first has remained so for long enough.
        let script = "
            const [names, hints, patience, named, hinted, asks, done] = arguments;
            const start = performance.now();
            const firsts = [];
            let last = '', since = 0, asked = asks === 0 ? start : Infinity;
            const button = name => [...document.querySelectorAll('.why button')]
                .find(button => button.textContent.trim() === name && button.checkVisibility() && !button.disabled);
            (function look() {
                const now = performance.now();
                const first = document.querySelector('[data-mistake]');
                const name = first?.dataset.mistake ?? '';
                if (name !== last) [last, since] = [name, now];
                const certainty = first?.dataset.certainty;
                if (first && !firsts.some(known => known[0] === certainty && known[1] === name))
                    firsts.push([certainty, name]);
                const held = now - since;
                if (asks > 0 && now - start > asks && asked === Infinity && !names.includes(name)) {
                    const probe = button('Probe');
                    if (probe) asked = now;
                    if (probe) probe.click();
                    else if (!document.querySelector('.why [aria-expanded=true]')) button('Why?').click();
                }
                // An answer to the probe may take as long as an event may take to end.
                const settled = asks === 0 ? hinted : patience;
                const is_over = now - start > patience
                    || names.includes(name) && held > named
                    || hints.includes(name) && held > settled;
                if (!is_over) return setTimeout(look, 50);
                const sentence = document.querySelector('.why-sentence')?.textContent ?? '';
                done({ firsts, sentence, after: since - start, asked: asks > 0 && since >= asked });
            })();";
        let arguments = vec![
            names.into(),
            hints.into(),
            patience.into(),
            NAMED_MS.into(),
            HINTED_MS.into(),
            asks.into(),
        ];
        let seen = browser.client.execute_async(script, arguments).await;
        let seen = seen.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        if matches!(self.stream, Stream::SixBefore(_)) {
            browser.close_others().await;
        }
        serde_json::from_value(seen).expect("what was seen")
    }

    /// A line of the report.
    fn line(&self, (verdict, seen): &(Verdict, Seen)) -> String {
        let firsts = seen.firsts.iter();
        let firsts: Vec<_> = firsts
            .map(|(certainty, name)| format!("{name} ({certainty})"))
            .collect();
        format!(
            "{verdict:?}, {}: {}: {}, after {:.1} s: {}: {}",
            self.via,
            self.group,
            self.name,
            seen.after / 1_000.0,
            firsts.join(", "),
            seen.sentence
        )
    }

    fn verdict(&self, seen: &Seen) -> Verdict {
        let is_alarm = |certainty: &str| certainty != "information";
        match self.expected {
            Expected::Nothing(_) => {
                match seen.firsts.iter().any(|(certainty, _)| is_alarm(certainty)) {
                    true => Verdict::Alarm,
                    false => Verdict::Quiet,
                }
            }
            Expected::Named(names) => {
                let is_right = |name: &String| names.contains(&name.as_str());
                let is_hint = |name: &String| HINTS.contains(&name.as_str());
                let mut firsts = seen.firsts.iter();
                if firsts.any(|(certainty, name)| {
                    is_alarm(certainty) && !is_right(name) && !is_hint(name)
                }) {
                    return Verdict::Misleading;
                }
                match seen.firsts.last() {
                    Some((_, name)) if is_right(name) && seen.asked => Verdict::Asked,
                    Some((_, name)) if is_right(name) => Verdict::Named,
                    Some((_, name)) if is_hint(name) => Verdict::Hinted,
                    _ => Verdict::Silent,
                }
            }
        }
    }
}

fn plain(server: streams::Server) -> String {
    format!("http://127.0.0.1:{}/events", server.port())
}

/// Opens six streams of the server at `url` in another tab.
async fn occupy(server: &browser::Server, browser: &Browser, url: &str) {
    browser
        .open_tab(&format!("{}/stream/help", server.origin))
        .await;
    let script = "
        const [url, done] = arguments;
        let open = 0;
        for (let n = 0; n < 6; n += 1)
            new EventSource(url).onopen = () => (open += 1) === 6 && done(open);";
    let opened = browser.client.execute_async(script, vec![url.into()]).await;
    opened.expect("six streams open");
    browser.first_tab().await;
}

fn report(plays: &[Play], results: &BTreeMap<usize, (Verdict, Seen)>) -> ExitCode {
    let mut counts = BTreeMap::<_, BTreeMap<Verdict, usize>>::new();
    for (number, (verdict, _)) in results {
        let play = &plays[*number];
        *counts
            .entry((play.via, play.group == "Healthy"))
            .or_default()
            .entry(*verdict)
            .or_default() += 1;
    }
    let count = |key, verdict| {
        counts
            .get(&key)
            .and_then(|all| all.get(&verdict))
            .copied()
            .unwrap_or(0)
    };
    println!("\n{:?}\n", Engine::chosen());
    println!(
        "| by | named | named when asked | hinted at | misleading | silent | false alarms |\n| --- | --- | --- | --- | --- | --- | --- |"
    );
    let mut is_good = true;
    for via in ["fetch", "eventsource"] {
        let faulty = |verdict| count((via, false), verdict);
        // A fault that does not concern this way is right if nothing is reported.
        let named = faulty(Verdict::Named) + faulty(Verdict::Quiet);
        let misleading = faulty(Verdict::Misleading) + faulty(Verdict::Alarm);
        let (asked, hinted) = (faulty(Verdict::Asked), faulty(Verdict::Hinted));
        let silent = faulty(Verdict::Silent);
        let alarms = count((via, true), Verdict::Alarm);
        println!("| {via} | {named} | {asked} | {hinted} | {misleading} | {silent} | {alarms} |");
        is_good &= misleading + silent + alarms == 0;
    }
    match is_good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
