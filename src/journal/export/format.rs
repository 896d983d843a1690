//! Lines as text for other programs.

use super::super::{Kind, Line, time};
use crate::json;

/// A text format for lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// One JSON object on each line.
    JsonLines,
    /// Comma-separated values (RFC 4180), with a header.
    ///
    /// All text is exactly as received. A spreadsheet may evaluate data that begins with `=`, `+`, `-`
    /// or `@` as a formula: import the columns as text.
    Csv,
}

/// What precedes the first line.
pub(super) fn header(format: Format) -> &'static str {
    match format {
        Format::JsonLines => "",
        Format::Csv => "seq,time,kind,event,id,data\r\n",
    }
}

/// Appends a line.
pub(super) fn line(format: Format, line: &Line<'_>, out: &mut String) {
    match format {
        Format::JsonLines => json_line(line, out),
        Format::Csv => csv_line(line, out),
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Opened => "opened",
        Kind::Closed => "closed",
        Kind::Failed => "failed",
        Kind::Event => "event",
        Kind::Comment => "comment",
        Kind::Retry => "retry",
        Kind::Note => "note",
    }
}

fn json_line(line: &Line<'_>, out: &mut String) {
    out.push_str("{\"seq\":");
    time::digits(line.seq(), 1, out);
    out.push_str(",\"time\":\"");
    time::iso(line.at(), out);
    out.push_str("\",\"kind\":\"");
    out.push_str(kind_name(line.kind()));
    out.push('"');
    if line.kind() == Kind::Event {
        json_member("event", &line.event_type(), out);
        json_member("id", &line.last_event_id(), out);
    }
    if let Some(attempts) = line.failed_attempts() {
        out.push_str(",\"count\":");
        time::digits(attempts.count, 1, out);
    }
    if !matches!(line.kind(), Kind::Opened | Kind::Closed) {
        json_member("data", &line.data(), out);
    }
    out.push_str("}\n");
}

fn json_member(name: &str, text: &str, out: &mut String) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":\"");
    json::escape(text, out);
    out.push('"');
}

fn csv_line(line: &Line<'_>, out: &mut String) {
    time::digits(line.seq(), 1, out);
    out.push(',');
    time::iso(line.at(), out);
    out.push(',');
    out.push_str(kind_name(line.kind()));
    let is_event = line.kind() == Kind::Event;
    csv_field(&line.event_type(), out);
    csv_field(
        &if is_event {
            line.last_event_id()
        } else {
            "".into()
        },
        out,
    );
    csv_field(&line.data(), out);
    out.push_str("\r\n");
}

fn csv_field(text: &str, out: &mut String) {
    out.push(',');
    if !text.contains([',', '"', '\r', '\n']) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for part in text.split_inclusive('"') {
        out.push_str(part);
        if part.ends_with('"') {
            out.push('"');
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use sse_wire::Event;

    use super::{
        super::super::{
            Journal,
            tests::{Live, Owned},
        },
        *,
    };

    const STREAM: &[u8] =
        b": a, b\nretry: 5\nevent: \"x\"\nid: 7\ndata: =1+1\ndata: \"q\"\n\nfoo\n";

    fn exported(journal: &Journal, format: Format) -> String {
        let mut out = header(format).to_owned();
        for kept in journal.iter() {
            line(format, &kept, &mut out);
        }
        out
    }

    fn journal() -> Journal {
        let mut journal = Journal::default();
        journal.opened(1_795_403_666_120.0);
        journal.receive(1_795_403_666_120.25, STREAM);
        journal.closed(1_795_403_666_121.0);
        journal.failed(1_795_403_666_122.0, "503, busy", Some(2.0));
        journal.failed(1_795_403_666_123.0, "503, busy", Some(3.0));
        journal
    }

    #[test]
    fn each_line_is_an_object() {
        assert_eq!(
            exported(&journal(), Format::JsonLines),
            r#"{"seq":0,"time":"2026-11-23T03:14:26.120000Z","kind":"opened"}
{"seq":1,"time":"2026-11-23T03:14:26.120250Z","kind":"comment","data":"a, b"}
{"seq":2,"time":"2026-11-23T03:14:26.120250Z","kind":"retry","data":"5"}
{"seq":3,"time":"2026-11-23T03:14:26.120250Z","kind":"event","event":"\"x\"","id":"7","data":"=1+1\n\"q\""}
{"seq":4,"time":"2026-11-23T03:14:26.120250Z","kind":"note","data":"The line “foo” was ignored: it is neither a field nor a comment."}
{"seq":5,"time":"2026-11-23T03:14:26.121000Z","kind":"closed"}
{"seq":6,"time":"2026-11-23T03:14:26.122000Z","kind":"failed","count":2,"data":"503, busy, 2 times, the last at 2026-11-23T03:14:26.123000Z in 3.00 ms"}
"#
        );
    }

    #[test]
    fn each_line_is_a_record() {
        assert_eq!(
            exported(&journal(), Format::Csv),
            "seq,time,kind,event,id,data\r\n\
             0,2026-11-23T03:14:26.120000Z,opened,,,\r\n\
             1,2026-11-23T03:14:26.120250Z,comment,,,\"a, b\"\r\n\
             2,2026-11-23T03:14:26.120250Z,retry,,,5\r\n\
             3,2026-11-23T03:14:26.120250Z,event,\"\"\"x\"\"\",7,\"=1+1\n\"\"q\"\"\"\r\n\
             4,2026-11-23T03:14:26.120250Z,note,,,The line “foo” was ignored: it is neither a field nor a comment.\r\n\
             5,2026-11-23T03:14:26.121000Z,closed,,,\r\n\
             6,2026-11-23T03:14:26.122000Z,failed,,,\"503, busy, 2 times, the last at 2026-11-23T03:14:26.123000Z in 3.00 ms\"\r\n"
        );
    }

    #[test]
    fn characters_that_could_end_a_line_are_escaped() {
        let data: String = (0..=0x100_u32)
            .chain(0x2020..=0x2030)
            .chain([0xFEFF, 0xFFFD, 0x1F600])
            .filter_map(char::from_u32)
            .filter(|c| *c != '\r')
            .collect();
        let mut journal = Journal::default();
        journal.event(
            0.0,
            Event {
                event_type: "message",
                data: &data,
                last_event_id: "",
            },
        );
        let out = exported(&journal, Format::JsonLines);
        assert!(
            !out.trim_end()
                .contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
        );
        assert!(out.contains(r#"\u0000\u0001"#));
        assert!(out.contains(r#"\u0008\t\n\u000b"#));
        assert!(out.contains(r##" !\"#"##) && out.contains(r#"[\\]"#));
        assert!(out.contains("~\\u007f\\u0080") && out.contains("\\u009f\u{A0}"));
        assert!(out.contains("\u{2027}\\u2028\\u2029\u{202A}"));
        let (_, told) = out.split_once(r#""data":"#).expect("data");
        assert_eq!(parsed(told.trim_end().trim_end_matches('}')), data);
    }

    /// The text of a string of JSON.
    fn parsed(string: &str) -> String {
        let inner = &string[1..string.len() - 1];
        let (mut out, mut chars) = (String::new(), inner.chars());
        while let Some(c) = chars.next() {
            if c != '\\' {
                out.push(c);
                continue;
            }
            out.push(match chars.next().expect("an escape") {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    let digits: String = chars.by_ref().take(4).collect();
                    let code = u32::from_str_radix(&digits, 16).expect("digits");
                    char::from_u32(code).expect("no surrogate")
                }
                itself => itself,
            });
        }
        out
    }

    /// The fields of records of CSV.
    fn records(csv: &str) -> Vec<Vec<String>> {
        let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
        let (mut quoted, mut chars) = (false, csv.chars().peekable());
        while let Some(c) = chars.next() {
            match c {
                '"' if quoted && chars.peek() == Some(&'"') => {
                    chars.next();
                    field.push('"');
                }
                '"' => quoted = !quoted,
                ',' if !quoted => record.push(std::mem::take(&mut field)),
                '\r' if !quoted => {
                    assert_eq!(chars.next(), Some('\n'));
                    record.push(std::mem::take(&mut field));
                    records.push(std::mem::take(&mut record));
                }
                c => field.push(c),
            }
        }
        assert!(!quoted && field.is_empty() && record.is_empty());
        records
    }

    #[test]
    fn exported_lines_are_those_received() {
        for seed in 0..100 {
            let mut live = Live::new(seed, usize::MAX, usize::MAX);
            for _ in 0..60 {
                live.step();
            }
            let journal = &live.journal;
            let csv = records(&exported(journal, Format::Csv));
            let json = exported(journal, Format::JsonLines);
            assert_eq!(csv.len(), journal.len() + 1);
            assert_eq!(json.lines().count(), journal.len());
            for ((kept, csv), json) in journal.iter().zip(&csv[1..]).zip(json.lines()) {
                let Owned {
                    event_type,
                    data,
                    id,
                    kind,
                    ..
                } = Owned::of(&kept);
                let id = if kind == Kind::Event {
                    id
                } else {
                    String::new()
                };
                assert_eq!(csv[0], kept.seq().to_string());
                assert_eq!(csv[3..], [event_type, id, data.clone()]);
                let told = json.split_once(r#","data":"#);
                let told = told.map(|(_, data)| parsed(&data[..data.len() - 1]));
                let has_data = !matches!(kind, Kind::Opened | Kind::Closed);
                assert_eq!(told, has_data.then_some(data));
            }
        }
    }
}
