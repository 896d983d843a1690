//! Event data that is more than a date or a number. Pure: depends on the seed only.

use std::ops::Range;

use fastrand::Rng;
use serde_json::json;

/// Words for the data. Some have characters of two, three or four bytes, so that a write can cut through
/// a character.
const WORDS: [&str; 8] = [
    "steady",
    "naïve",
    "“quoted”",
    "温度",
    "🛰️",
    "a\tb",
    "line\nbreak",
    "Ω",
];

/// The answer of the language model.
const ANSWER: &str = "Server-Sent Events are one HTTP response that does not end. The server writes \
lines of text, an empty line ends each event, and the browser hands it to the page at once. If the \
connection is lost, the browser connects again and says which event it saw last, so nothing needs to \
get lost. It is the simplest way to show people that something is happening — like this answer, which \
arrives in small pieces, each an event of its own.";

/// The random numbers for item `number` of a stream: the same whichever connection sends the item.
pub(crate) fn rng(seed: u64, number: u64) -> Rng {
    // Fibonacci hashing: the seeds of consecutive items must not be similar.
    Rng::with_seed(seed ^ (number.wrapping_add(1)).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// A small JSON object that contains `number`.
pub(crate) fn object(number: u64, rng: &mut Rng) -> String {
    let word = WORDS[rng.usize(..WORDS.len())];
    json!({"n": number, "value": rng.u32(..1_000), "ok": rng.bool(), "text": word}).to_string()
}

/// The answer of a language model, in the format of chat completions that common APIs stream.
pub(crate) struct Tokens {
    pieces: Vec<Range<usize>>,
    /// The number of events in the answer.
    pub(crate) count: u64,
}

impl Tokens {
    /// An answer of `count` events, or as many as it takes.
    pub(crate) fn new(seed: u64, count: Option<u64>) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut pieces = Vec::new();
        let mut from = 0;
        while from < ANSWER.len() {
            let rest = &ANSWER[from..];
            let most = rng.usize(2..=7);
            // Like tokens: a space begins a piece, and a long word has several.
            let end = rest
                .char_indices()
                .skip(1)
                .find(|&(at, char)| char == ' ' || at >= most)
                .map_or(rest.len(), |(at, _)| at);
            pieces.push(from..from + end);
            from += end;
        }
        // The role before the pieces; the finish reason and the end marker after them.
        let complete = pieces.len() as u64 + 3;
        Self {
            pieces,
            count: count.unwrap_or(complete),
        }
    }

    /// The data of event `number`.
    pub(crate) fn data(&self, number: u64) -> String {
        let left = self.count.saturating_sub(number);
        let (delta, reason) = match (number, left) {
            (_, 0 | 1) => return "[DONE]".to_owned(),
            (_, 2) => (json!({}), Some("stop")),
            (0, _) => (json!({"role": "assistant", "content": ""}), None),
            _ => {
                let piece = (number - 1) % self.pieces.len() as u64;
                let piece = usize::try_from(piece).expect("an index");
                (
                    json!({"content": &ANSWER[self.pieces[piece].clone()]}),
                    None,
                )
            }
        };
        json!({
            "id": "chatcmpl-scope",
            "object": "chat.completion.chunk",
            "created": 1_700_000_000,
            "model": "sse-scope",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
        })
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_pieces_join_to_the_answer() {
        for seed in 0..50 {
            let tokens = Tokens::new(seed, None);
            let mut answer = String::new();
            let mut reasons = Vec::new();
            for number in 0..tokens.count - 1 {
                let data: Value = serde_json::from_str(&tokens.data(number)).expect("JSON");
                let choice = &data["choices"][0];
                answer += choice["delta"]["content"].as_str().unwrap_or_default();
                reasons.push(choice["finish_reason"].clone());
            }
            assert_eq!(answer, ANSWER);
            assert_eq!(reasons.pop(), Some(Value::from("stop")));
            assert!(reasons.iter().all(Value::is_null));
            assert_eq!(tokens.data(tokens.count - 1), "[DONE]");
        }
    }

    #[test]
    fn an_answer_of_any_length_ends_with_the_marker() {
        for count in 1..400 {
            let tokens = Tokens::new(7, Some(count));
            let done = (0..count).filter(|number| tokens.data(*number) == "[DONE]");
            assert_eq!(done.collect::<Vec<_>>(), [count - 1]);
        }
    }

    #[test]
    fn the_seed_determines_the_data() {
        let object = |seed, number| object(number, &mut rng(seed, number));
        assert_eq!(object(1, 5), object(1, 5));
        assert_ne!(object(1, 5), object(2, 5));
        let all: std::collections::BTreeSet<_> = (0..1_000).map(|n| object(3, n)).collect();
        assert_eq!(all.len(), 1_000);
    }
}
