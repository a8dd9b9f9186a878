//! The first octet chooses compression and the limit; the rest are a client's octets after the handshake.

#![no_main]

#[path = "../../core/websocket/tests/support/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;
use spica_websocket::Reader;
use support::{events_of, masked, Seen, BINARY, FIN, MASK, PING, PONG, TEXT};

/// The event as the plainest frame that means it; `None` for what ends a connection.
fn plain(event: &Seen) -> Option<Vec<u8>> {
    Some(match event {
        Seen::Text(text) => masked(FIN | TEXT, text.as_bytes(), MASK),
        Seen::Binary(octets) => masked(FIN | BINARY, octets, MASK),
        Seen::Ping(payload) => masked(FIN | PING, payload, MASK),
        Seen::Pong(payload) => masked(FIN | PONG, payload, MASK),
        Seen::Close(..) | Seen::Failed(_) => return None,
    })
}

fuzz_target!(|input: &[u8]| {
    let Some((choice, octets)) = input.split_first() else { return };
    let limit = if choice & 2 == 0 { 1 << 20 } else { 64 };
    let reader = || Reader::new(limit, choice & 1 != 0);
    let whole = events_of([octets], reader());
    assert_eq!(events_of(octets.chunks(1), reader()), whole, "octet by octet");
    let (left, right) = octets.split_at(octets.len() / 2);
    assert_eq!(events_of([left, right], reader()), whole, "cut in the middle");
    for event in &whole {
        if let Some(frame) = plain(event) {
            assert_eq!(events_of([frame.as_slice()], Reader::new(limit, false)), [event.clone()], "written plainly");
        }
    }
});
