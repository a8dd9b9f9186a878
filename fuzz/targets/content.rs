//! Any octets as chunked content: sizes, extensions, data, trailers, and what follows them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use spica_fuzz::{check_meaning, events::chunked, tight};
use spica_http1::Limits;

fuzz_target!(|input: &[u8]| {
    let mut octets = chunked("").into_bytes();
    let cut = octets.len() + input.len() / 2;
    octets.extend_from_slice(input);
    check_meaning(&octets, cut, &Limits::default());
    check_meaning(&octets, cut, &tight());
});
