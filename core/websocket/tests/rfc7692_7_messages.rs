//! RFC 7692 sections 6, 7.2 and 8: compressed messages.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use spica_websocket::{
    check_upgrade, push_message_deflated, Deflater, Kind, PerMessageDeflate, Prepared, COMPRESSION_THRESHOLD,
};
use support::*;

/// What the examples of section 7.2.3 compress.
const HELLO: &[u8] = b"\xf2\x48\xcd\xc9\xc9\x07\x00";

fn agreed(parameters: &str) -> Option<PerMessageDeflate> {
    let offer = format!("permessage-deflate{parameters}");
    let fields: [(&[u8], &[u8]); 5] = [
        (b"upgrade", b"websocket"),
        (b"connection", b"upgrade"),
        (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
        (b"sec-websocket-version", b"13"),
        (b"sec-websocket-extensions", offer.as_bytes()),
    ];
    let deflate = check_upgrade(b"GET", 1, fields.into_iter()).unwrap().unwrap().deflate;
    assert!(deflate.is_some());
    deflate
}

#[test]
fn section_7_2_3_1_one_block() {
    assert_eq!(read_deflated(&message(RSV1 | TEXT, HELLO)), [text("Hello")]);
}

#[test]
fn section_7_2_3_1_fragmented() {
    let octets = [frame(RSV1 | TEXT, &HELLO[..3]), frame(FIN | CONTINUATION, &HELLO[3..])].concat();
    assert_eq!(read_deflated(&octets), [text("Hello")]);
    let between = [frame(RSV1 | TEXT, b""), message(PING, b"p"), frame(FIN | CONTINUATION, HELLO)].concat();
    assert_eq!(read_deflated(&between), [Seen::Ping(b"p".to_vec()), text("Hello")]);
}

#[test]
fn section_7_2_3_2_no_window_is_carried_over() {
    let twice = [message(RSV1 | TEXT, HELLO), message(RSV1 | TEXT, HELLO)].concat();
    assert_eq!(read_deflated(&twice), [text("Hello"), text("Hello")]);
    let second = message(RSV1 | TEXT, b"\xf2\x00\x11\x00\x00");
    assert_eq!(read_deflated(&[message(RSV1 | TEXT, HELLO), second].concat()), [text("Hello"), Seen::Failed(1007)]);
}

#[test]
fn section_7_2_3_3_a_block_without_compression() {
    let octets = message(RSV1 | TEXT, b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00");
    assert_eq!(read_deflated(&octets), [text("Hello")]);
}

#[test]
fn section_7_2_3_4_a_last_block() {
    assert_eq!(read_deflated(&message(RSV1 | TEXT, b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00")), [text("Hello")]);
}

#[test]
fn section_7_2_3_5_two_blocks() {
    let octets = message(RSV1 | TEXT, b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00");
    assert_eq!(read_deflated(&octets), [text("Hello")]);
}

#[test]
fn section_7_2_3_6_an_empty_message() {
    assert_eq!(read_deflated(&message(RSV1 | TEXT, b"\x00")), [text("")]);
    assert_eq!(read_deflated(&message(RSV1 | BINARY, b"\x02\x00")), [Seen::Binary(vec![])]);
}

#[test]
fn section_7_2_2_what_is_not_deflate_is_refused() {
    let whole = deflate(&b"some text, some text, some text".repeat(4));
    let cut = &whole[..whole.len() / 2];
    let more = [&whole[..], b"\x07more"].concat();
    for payload in [
        &b""[..],
        b"\xff",
        b"\x06",
        b"\x00\x09\x00\xf6\xff\x48",
        &noise(50),
        b"\x00\x20\x00\xdf\xff\x48",
        cut,
        &more,
        &HELLO[..6],
    ] {
        assert_eq!(read_deflated(&message(RSV1 | BINARY, payload)), [Seen::Failed(1007)], "{payload:x?}");
    }
}

#[test]
fn section_6_1_only_the_first_frame_of_data_has_the_bit() {
    let late = [frame(RSV1 | TEXT, &HELLO[..3]), frame(FIN | RSV1 | CONTINUATION, &HELLO[3..])].concat();
    assert_eq!(read_deflated(&late), [Seen::Failed(1002)]);
    let late = [frame(TEXT, b"a"), frame(FIN | RSV1 | CONTINUATION, b"b")].concat();
    assert_eq!(read_deflated(&late), [Seen::Failed(1002)]);
    for opcode in [CLOSE, PING, PONG] {
        assert_eq!(read_deflated(&message(RSV1 | opcode, b"")), [Seen::Failed(1002)]);
    }
    assert_eq!(read_deflated(&message(0x20 | TEXT, b"")), [Seen::Failed(1002)]);
    assert_eq!(read(&message(RSV1 | TEXT, HELLO)), [Seen::Failed(1002)], "nothing was agreed on");
}

#[test]
fn section_6_plain_messages_may_come_too() {
    let octets = [message(TEXT, b"plain"), message(RSV1 | TEXT, HELLO), fragments(TEXT, &[b"pl", b"ain"])].concat();
    assert_eq!(read_deflated(&octets), [text("plain"), text("Hello"), text("plain")]);
}

#[test]
fn rfc6455_section_8_1_compressed_text_is_utf_8() {
    let invalid = deflate(&[&b"x".repeat(200), &b"\xed\xa0\x80"[..]].concat());
    assert_eq!(read_deflated(&message(RSV1 | TEXT, &invalid)), [Seen::Failed(1007)]);
    assert_eq!(read_deflated(&message(RSV1 | TEXT, &deflate("κόσμε".as_bytes()))), [text("κόσμε")]);
}

/// The frame of a message under an agreement, and what a client makes of it.
fn sent(payload: &[u8], agreed: Option<PerMessageDeflate>) -> (bool, usize) {
    let (mut out, mut deflater) = (Vec::new(), Deflater::default());
    push_message_deflated(&mut out, Kind::Binary, payload, agreed, &mut deflater);
    let seen = events_of([as_client(&out).as_slice()], spica_websocket::Reader::new(LIMIT, agreed.is_some()));
    assert_eq!(seen, [Seen::Binary(payload.into())]);

    let mut prepared = Prepared::new(Kind::Binary, payload);
    assert_eq!(prepared.frame(agreed, &mut deflater)[..], out, "once for many is the same");
    let plain = prepared.plain().clone();
    assert_eq!(prepared.frame(None, &mut deflater), &plain);
    (out[0] & RSV1 != 0, out.len())
}

#[test]
fn section_6_1_what_shrinks_is_compressed() {
    let (compressed, length) = sent(&b"{\"id\":1}".repeat(1000), agreed(""));
    assert!(compressed && length < 200, "{length}");
    assert!(!sent(&b"x".repeat(COMPRESSION_THRESHOLD - 1), agreed("")).0);
    assert!(sent(&b"x".repeat(COMPRESSION_THRESHOLD), agreed("")).0);
    assert_eq!(sent(&noise(5000), agreed("")), (false, 5004));
    assert_eq!(sent(&b"x".repeat(5000), None), (false, 5004));
    assert_eq!(sent(b"", agreed("")), (false, 2));
}

#[test]
fn section_7_1_2_1_beyond_a_small_window_messages_are_plain() {
    for bits in 9..15 {
        let agreed = agreed(&format!("; server_max_window_bits={bits}"));
        assert!(sent(&b"x".repeat(1 << bits), agreed).0, "{bits}");
        assert!(!sent(&b"x".repeat((1 << bits) + 1), agreed).0, "{bits}");
    }
    assert!(sent(&b"x".repeat(256), agreed("; server_max_window_bits=8")).0);
    assert!(!sent(&b"x".repeat(257), agreed("; server_max_window_bits=8")).0);
    assert!(sent(&b"x".repeat(100_000), agreed("; server_max_window_bits=15")).0);
}

#[test]
fn section_7_2_1_a_deflater_serves_many_messages() {
    let (mut deflater, agreed) = (Deflater::new(9), agreed(""));
    for payload in [b"abc".repeat(200), noise(300), b"abd".repeat(70_000), b"abc".repeat(200)] {
        let mut out = Vec::new();
        push_message_deflated(&mut out, Kind::Binary, &payload, agreed, &mut deflater);
        let seen = events_of([as_client(&out).as_slice()], spica_websocket::Reader::new(LIMIT, true));
        assert_eq!(out[0] & RSV1 == 0, payload.len() == 300, "only noise stays as it is");
        assert_eq!(seen, [Seen::Binary(payload)]);
    }
}

#[test]
fn section_7_2_1_what_does_not_shrink_leaves_nothing_in_the_deflater() {
    for level in [1, 2, 4, 9] {
        let (mut deflater, agreed) = (Deflater::new(level), agreed(""));
        for round in 0..300 {
            let payload = match round % 3 {
                0 => noise(100 + 7 * round),
                1 => noise(1000 * round),
                _ => [noise(64), b"{\"id\":1}".repeat(50 + round)].concat(),
            };
            let mut out = Vec::new();
            push_message_deflated(&mut out, Kind::Binary, &payload, agreed, &mut deflater);
            let seen = events_of([as_client(&out).as_slice()], spica_websocket::Reader::new(LIMIT, true));
            assert!(seen == [Seen::Binary(payload)], "level {level}, message {round}");
        }
    }
}
