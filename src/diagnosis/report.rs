//! Findings as Markdown.

use super::Finding;

/// A report on the stream at `url`.
pub(crate) fn markdown(url: &str, state: &str, findings: &[Finding]) -> String {
    let mut out = format!(
        "# SSE Scope: {}\n\nThe connection: {}.\n",
        line(url),
        line(state)
    );
    if findings.is_empty() {
        out.push_str("\nNothing was found.\n");
    }
    for finding in findings {
        let about = [
            "\n## ",
            &line(&finding.sentence),
            "\n\n",
            finding.mistake.name(),
            " (",
            finding.certainty.name(),
            "). Source: ",
            finding.mistake.source(),
            "\n",
        ];
        about.iter().for_each(|part| out.push_str(part));
        if !finding.evidence.is_empty() {
            out.push_str("\nEvidence:\n\n");
        }
        for trace in &finding.evidence {
            out.push_str("- ");
            out.push_str(&line(&trace.text));
            out.push('\n');
        }
        if !finding.mistake.mend().is_empty() {
            out.push_str("\nMend:\n\n");
        }
        for mend in finding.mistake.mend().lines() {
            // Code, because Markdown would read some characters.
            out.push_str("    ");
            out.push_str(mend);
            out.push('\n');
        }
    }
    out
}

/// `text` on one line, with nothing that Markdown or HTML reads as markup.
fn line(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '#' | '|' | '~' | '&' => {
                out.extend(['\\', c])
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
