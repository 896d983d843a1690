//! The log as a file, written in steps.

mod format;

use super::{Journal, Matches, capture::Writer, filter::Lines};

pub(crate) use format::Format;

/// How many lines one step writes at most.
const STEP: usize = 500;

/// About how many bytes of a capture one step writes.
const STEP_BYTES: usize = 256 << 10;

/// A file that is being written. Which lines it contains is settled when it begins.
pub(crate) struct Export {
    content: Content,
}

enum Content {
    Lines {
        format: Format,
        lines: Lines,
        /// The index in `lines` of the next line to write.
        next: usize,
        /// How many lines were evicted before they could be written.
        missing: u64,
    },
    Capture(Writer),
}

impl Export {
    /// A file of all kept lines.
    pub(crate) fn all(format: Format, journal: &Journal) -> Self {
        Self::lines(format, Lines::Range(journal.kept()))
    }

    /// A file of the lines before `end` that match.
    pub(crate) fn matches(format: Format, journal: &Journal, matches: &Matches, end: u64) -> Self {
        Self::lines(format, matches.lines(journal, end))
    }

    fn lines(format: Format, lines: Lines) -> Self {
        let content = Content::Lines {
            format,
            lines,
            next: 0,
            missing: 0,
        };
        Self { content }
    }

    /// A capture with the JSON object `facts`.
    pub(crate) fn capture(facts: &str) -> Self {
        let content = Content::Capture(Writer::new(facts));
        Self { content }
    }

    /// Appends the next part of the file to `out`. Returns whether the file is complete.
    pub(crate) fn step(&mut self, journal: &Journal, out: &mut Vec<u8>) -> bool {
        let (format, lines, next, missing) = match &mut self.content {
            Content::Capture(writer) => return writer.step(journal, STEP_BYTES, out),
            Content::Lines {
                format,
                lines,
                next,
                missing,
            } => (*format, lines, next, missing),
        };
        let mut text = String::new();
        if *next == 0 {
            text.push_str(format::header(format));
        }
        let until = (*next + STEP).min(lines.len());
        for place in *next..until {
            match lines.get(place).and_then(|line| journal.get(line)) {
                Some(line) => format::line(format, &line, &mut text),
                None => *missing += 1,
            }
        }
        out.extend_from_slice(text.as_bytes());
        *next = until;
        until == lines.len()
    }

    /// The fraction of the file that is written, from 0 to 1.
    pub(crate) fn progress(&self) -> f64 {
        match &self.content {
            Content::Lines { lines, next, .. } => *next as f64 / lines.len().max(1) as f64,
            Content::Capture(writer) => writer.progress(),
        }
    }

    /// How many lines were evicted before they could be written. A capture has a `break` there.
    pub(crate) fn missing(&self) -> u64 {
        match self.content {
            Content::Lines { missing, .. } => missing,
            Content::Capture(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Criteria, Text},
        *,
    };

    const COUNT: usize = 2 * STEP + 7;

    /// A journal of `COUNT` events whose data are their numbers.
    fn journal() -> Journal {
        let mut journal = Journal::default();
        add(&mut journal, 0..COUNT);
        journal
    }

    fn add(journal: &mut Journal, numbers: std::ops::Range<usize>) {
        for number in numbers {
            journal.receive(0.0, format!("data: {number}\n\n").as_bytes());
        }
    }

    /// Writes the rest of a file, and returns it with the number of steps.
    fn rest(export: &mut Export, journal: &Journal) -> (String, usize) {
        let (mut out, mut steps) = (Vec::new(), 1);
        let mut progress = export.progress();
        while !export.step(journal, &mut out) {
            steps += 1;
            assert!(progress < export.progress() && export.progress() < 1.0);
            progress = export.progress();
        }
        assert_eq!(export.progress(), 1.0);
        (String::from_utf8(out).expect("UTF-8"), steps)
    }

    #[test]
    fn a_file_of_all_lines_has_each_of_them_once() {
        let journal = journal();
        let mut export = Export::all(Format::Csv, &journal);
        let (text, steps) = rest(&mut export, &journal);
        let mut expected = format::header(Format::Csv).to_owned();
        for line in journal.iter() {
            format::line(Format::Csv, &line, &mut expected);
        }
        assert_eq!(text, expected);
        assert_eq!((steps, export.missing()), (3, 0));
    }

    #[test]
    fn a_file_of_no_lines_is_the_header() {
        let journal = Journal::default();
        let mut out = Vec::new();
        assert!(Export::all(Format::Csv, &journal).step(&journal, &mut out));
        assert_eq!(out, format::header(Format::Csv).as_bytes());
        out.clear();
        assert!(Export::all(Format::JsonLines, &journal).step(&journal, &mut out));
        assert_eq!(out, b"");
    }

    #[test]
    fn the_lines_of_a_file_are_settled_when_it_begins() {
        let mut journal = journal();
        let criteria = Criteria {
            text: Text::exact("7"),
            ..Criteria::default()
        };
        let mut matches = Matches::new(criteria);
        assert!(matches.advance(&journal, usize::MAX));
        let mut export = Export::matches(Format::JsonLines, &journal, &matches, 100);
        // Neither a line that arrives later nor another filter changes the file.
        add(&mut journal, 70..80);
        matches = Matches::new(Criteria::default());
        assert!(matches.advance(&journal, usize::MAX));
        let (text, _) = rest(&mut export, &journal);
        let data: Vec<_> = text
            .lines()
            .filter_map(|line| line.split_once("\"data\":\""))
            .map(|(_, data)| data.trim_end_matches("\"}"))
            .collect();
        let expected = (0..100).map(|number: u32| number.to_string());
        let expected: Vec<_> = expected.filter(|number| number.contains('7')).collect();
        assert_eq!(data, expected);
    }

    #[test]
    fn lines_that_are_evicted_meanwhile_are_counted_as_missing() {
        let mut journal = journal();
        let mut export = Export::all(Format::JsonLines, &journal);
        let mut out = Vec::new();
        assert!(!export.step(&journal, &mut out));
        journal.set_bound(20_000);
        let (text, _) = rest(&mut export, &journal);
        let mut expected = String::new();
        for line in journal.iter() {
            format::line(Format::JsonLines, &line, &mut expected);
        }
        assert_eq!(text, expected);
        assert!(!expected.is_empty());
        assert_eq!(export.missing(), (COUNT - STEP - journal.len()) as u64);
    }
}
