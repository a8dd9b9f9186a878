//! Any octets as a connection's input: requests with their fields and framing, pipelined.

#![no_main]

use libfuzzer_sys::fuzz_target;
use spica_fuzz::{check_meaning, tight};
use spica_http1::Limits;

fuzz_target!(|input: &[u8]| {
    check_meaning(input, input.len() / 2, &Limits::default());
    check_meaning(input, input.len() / 3, &tight());
});
