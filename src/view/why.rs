//! Why the stream shows nothing, or the wrong thing.

use leptos::{ev, html, prelude::*};

use super::{
    controls::Controls,
    detail::CopyButton,
    part::{Part, part},
    watched::Watched,
};
use crate::{
    clock::now,
    diagnosis::{
        Certainty, Doubt, Evidence, Finding, Means, Mistake, diagnose, doubt, markdown,
        probe_lines, sample_line,
    },
    offers::offers,
    session::{Link, Sample, Trouble, UseEventSourceReturn, use_sample},
};

/// How often the stream is diagnosed at most while the connection stays as it is, in ms.
const PACE_MS: f64 = 1_000.0;

/// After how long without a response to find out why there is none, in ms.
const PATIENCE_MS: f64 = 5_000.0;

/// [`Findings`], once they are loaded: the page itself starts without them.
#[component]
pub(crate) fn Why() -> impl IntoView {
    // A connection may fail before the part is there.
    Watched::expect().stream.explain_failures();
    let view = Callback::new(move |()| findings_view::call());
    view! { <Part needed=Signal::stored(true) ahead=true load=findings_view::load view /> }
}

part! {
    reading: fn findings_view() -> AnyView { view! { <Findings /> }.into_any() }
}

/// One line with the most certain finding, which opens to all of them. The line is always there, so that nothing
/// moves when something is found.
#[component]
fn Findings() -> impl IntoView {
    let watched = Watched::expect();
    let stream = watched.stream;
    explain_hanging(watched);
    let sample = use_sample(stream, watched.clock);
    let findings = findings(watched, sample);
    let open = RwSignal::new(false);
    let dismissed = RwSignal::new(Vec::<Mistake>::new());
    let button = NodeRef::<html::Button>::new();

    let first = Memo::new(move |_| {
        let dismissed = dismissed.read();
        findings.with(|findings| {
            let mut findings = findings.iter();
            findings
                .find(|finding| !dismissed.contains(&finding.mistake))
                .map(|finding| (finding.mistake, finding.certainty))
        })
    });
    let certainty = Memo::new(move |_| first.get().map_or("", |(_, certainty)| certainty.name()));
    let sentence = Memo::new(move |_| {
        let first = first.get().map(|(mistake, _)| mistake);
        findings.with(|findings| {
            first
                .map(|first| sentence_of(findings, first))
                .unwrap_or_default()
        })
    });
    // Once for each mistake, not each time that its figures change, and only what is certain.
    let spoken = Memo::new(move |_| match first.get() {
        Some((mistake, Certainty::Certain)) => {
            findings.with_untracked(|findings| sentence_of(findings, mistake))
        }
        _ => String::new(),
    });
    let is_empty = Memo::new(move |_| findings.read().is_empty());
    let sampled = Memo::new(move |_| {
        findings.track();
        let sampled = sample.stream();
        let mut line = String::new();
        if let Some(by_fetch) = sampled {
            with_evidence(by_fetch, Means::Fetch, &[], None, &mut |sample| {
                line = sample_line(sample)
            });
        }
        line
    });
    let nothing_first = Memo::new(move |_| first.get().is_none());
    let mistakes = Memo::new(move |_| {
        findings.with(|findings| -> Vec<_> {
            let findings = findings.iter();
            findings
                .map(|finding| (finding.mistake, finding.certainty))
                .collect()
        })
    });

    let focus = move || {
        if let Some(button) = button.get_untracked() {
            let _ = button.focus();
        }
    };
    let dismiss = move |_| {
        if let Some((mistake, _)) = first.get_untracked() {
            dismissed.update(|dismissed| dismissed.push(mistake));
        }
        focus();
    };
    let on_keydown = move |event: ev::KeyboardEvent| {
        if open.get_untracked() && event.key() == "Escape" {
            event.prevent_default();
            event.stop_propagation();
            open.set(false);
            focus();
        }
    };
    let probe = move |_| match sample.adds_something() {
        true => sample.take(),
        false => stream.find_out(Trouble::Asked),
    };
    let report = Callback::new(move |()| {
        let state = stream.link.with_untracked(ToString::to_string);
        findings.with_untracked(|findings| markdown(&stream.url(), &state, findings))
    });

    view! {
        <section class="why" data-certainty=certainty aria-label="Why?" on:keydown=on_keydown>
            <div class="why-line">
                <button
                    type="button"
                    class="quiet"
                    aria-expanded=move || if open.get() { "true" } else { "false" }
                    aria-controls="why-findings"
                    node_ref=button
                    on:click=move |_| open.update(|open| *open = !*open)
                >
                    "Why?"
                </button>
                <p class="why-sentence" title=sentence>
                    {sentence}
                </p>
                <button
                    type="button"
                    class="quiet"
                    aria-label="Dismiss this finding"
                    hidden=nothing_first
                    on:click=dismiss
                >
                    "×"
                </button>
            </div>
            <p class="unseen" role="status">{spoken}</p>
            <div class="why-findings" id="why-findings" hidden=move || !open.get()>
                <p hidden=move || !is_empty.get()>
                    "Nothing was found that explains a fault."
                </p>
                <ol>
                    <For
                        each=move || mistakes.get()
                        key=|(mistake, certainty)| (*mistake as u8, *certainty as u8)
                        children=move |(mistake, certainty)| {
                            view! { <Found findings mistake certainty /> }
                        }
                    />
                </ol>
                <ul>
                    {move || {
                        let probes = stream.probes.read();
                        let lines = probe_lines(&probes).into_iter();
                        lines.map(|line| view! { <li>{line}</li> }.into_any()).collect_view()
                    }}
                    <li hidden=move || sampled.read().is_empty()>{sampled}</li>
                </ul>
                <button
                    type="button"
                    title="Requests the address again. Of a stream that an EventSource receives, it reads the first 64 KiB, or what arrives in 16 s; otherwise it asks in several ways, and closes each request at the head of its response."
                    hidden=move || !stream.can_be_probed()
                    disabled=move || {
                        stream.probes.with(|probes| probes.goes_on) || sample.is_under_way()
                    }
                    on:click=probe
                >
                    "Probe"
                </button>
                <CopyButton label="Copy report" hidden=is_empty text=report />
            </div>
        </section>
    }
}

/// A finding: its evidence as it was when it was found, its sentence with the figures of now.
#[component]
fn Found(findings: Memo<Vec<Finding>>, mistake: Mistake, certainty: Certainty) -> impl IntoView {
    let watched = Watched::expect();
    let sentence = Memo::new(move |_| findings.with(|findings| sentence_of(findings, mistake)));
    let evidence = findings.with_untracked(|findings| {
        let mut findings = findings.iter();
        let finding = findings.find(|finding| finding.mistake == mistake);
        finding
            .map(|finding| finding.evidence.clone())
            .unwrap_or_default()
    });
    let evidence: Vec<_> = evidence
        .into_iter()
        .map(|trace| match trace.line {
            Some(line) => view! {
                <li>
                    <button type="button" class="quiet" on:click=move |_| watched.go_to(line)>
                        {trace.text}
                    </button>
                </li>
            }
            .into_any(),
            None => view! { <li>{trace.text}</li> }.into_any(),
        })
        .collect();
    let mend = mistake.mend();
    let section = offers().faults.then(|| {
        let href = ["/faults#", mistake.name()].concat();
        view! { <a href=href target="_blank" rel="noopener">{mistake.name()}</a> " " }
    });
    view! {
        <li data-certainty=certainty.name() data-mistake=mistake.name()>
            <p class="why-found">
                <b>{certainty.name()}</b>
                " "
                {sentence}
            </p>
            <ul>{evidence}</ul>
            <pre hidden=mend.is_empty()>{mend}</pre>
            <p class="why-source">{section}{mistake.source()}</p>
        </li>
    }
}

/// The sentence of the finding of `mistake`; empty if there is none.
fn sentence_of(findings: &[Finding], mistake: Mistake) -> String {
    let mut findings = findings.iter();
    let found = findings.find(|finding| finding.mistake == mistake);
    found
        .map(|finding| finding.sentence.clone())
        .unwrap_or_default()
}

/// Sends probes when the response is late.
fn explain_hanging(watched: Watched) {
    let stream = watched.stream;
    let since = Memo::new(move |_| {
        let is_connecting = |link: &Link| matches!(link, Link::Connecting { .. });
        stream.link.with(is_connecting).then(now)
    });
    let is_late = Memo::new(move |_| {
        let late = |since| watched.clock.get() - since > PATIENCE_MS;
        since.get().is_some_and(late)
    });
    Effect::new(move |_| {
        if is_late.get() {
            stream.find_out(Trouble::Hanging);
        }
    });
}

/// What is found, at most once a second and when the connection changes.
fn findings(watched: Watched, sample: Sample) -> Memo<Vec<Finding>> {
    let asked = Controls::get().map(|controls| controls.asked);
    let moment = Memo::new(move |_| (watched.clock.get() / PACE_MS) as u64);
    let playback = watched.stream.playback;
    let is_capture = Memo::new(move |_| playback.with(|playback| playback.facts.is_some()));
    let look = move |look: &mut dyn FnMut(&Evidence<'_>)| {
        moment.get();
        let stream = watched.stream;
        let means = match stream.way() {
            _ if is_capture.get() => Means::Capture,
            "fetch" => Means::Fetch,
            "relay" => Means::Relay,
            _ => Means::EventSource,
        };
        let asked = asked.map(|asked| asked.get()).unwrap_or_default();
        match sample.stream() {
            Some(by_fetch) if means == Means::EventSource => {
                with_evidence(by_fetch, Means::Fetch, &asked, None, &mut |sample| {
                    with_evidence(stream, means, &asked, Some(sample), look);
                });
            }
            _ => with_evidence(stream, means, &asked, None, look),
        }
    };
    let findings = Memo::new(move |_| {
        let mut findings = Vec::new();
        look(&mut |evidence| findings = diagnose(evidence));
        findings
    });
    let doubt = Memo::new(move |_| {
        let mut doubted = None;
        findings.with(|findings| look(&mut |evidence| doubted = doubt(evidence, findings)));
        doubted
    });
    Effect::new(move |_| {
        if let Some(doubt) = doubt.get() {
            watched.stream.compare(doubt == Doubt::Held);
        }
    });
    findings
}

/// Shows `look` what is known of `stream`. It subscribes to all of it but the log.
fn with_evidence(
    stream: UseEventSourceReturn,
    means: Means,
    asked: &[String],
    sample: Option<&Evidence<'_>>,
    look: &mut dyn FnMut(&Evidence<'_>),
) {
    let (link, response) = (stream.link.read(), stream.response.read());
    let (relayed, failure) = (stream.relayed.read(), stream.failure.read());
    look(&Evidence {
        means,
        link: &link,
        response: response.as_ref(),
        relayed: relayed.as_ref(),
        failure: failure.as_ref(),
        probes: &stream.probes.read(),
        comparison: stream.comparison.read().as_ref(),
        journal: &stream.entries.read_untracked(),
        sample,
        asked,
        now: now(),
    });
}
