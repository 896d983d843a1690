//! The properties of `tests/properties.rs`, on the inputs of libFuzzer.

#![no_main]

#[path = "../../tests/common/mod.rs"]
mod common;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u64, u8, &[u8])| {
    let (seed, bound, stream) = input;
    common::check(seed, bound.into(), stream);
});
