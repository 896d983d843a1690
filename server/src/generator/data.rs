//! Event data that is more than a date or a number. Pure: depends on the seed only.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_determines_the_data() {
        let object = |seed, number| object(number, &mut rng(seed, number));
        assert_eq!(object(1, 5), object(1, 5));
        assert_ne!(object(1, 5), object(2, 5));
        let all: std::collections::BTreeSet<_> = (0..1_000).map(|n| object(3, n)).collect();
        assert_eq!(all.len(), 1_000);
    }
}
