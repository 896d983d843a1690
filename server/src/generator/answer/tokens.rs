//! The pieces of a text in the shape of chat completions: a short form of [`openai`](super::openai) whose
//! pieces depend on the seed.

use std::ops::Range;

use fastrand::Rng;
use serde_json::json;

use super::ANSWER;

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
}
