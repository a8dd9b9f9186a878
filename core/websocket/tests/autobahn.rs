//! The ideas of the Autobahn test suite, one table a group: what an echo server sends back.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use spica_websocket::{
    check_upgrade, push_message_deflated, push_pong, Closing, Deflater, Event, Inflater, Kind, PerMessageDeflate,
    Reader,
};
use support::*;

/// The frames an echo server answers to octets that arrive in pieces.
fn echo(octets: &[u8], piece: usize, agreed: Option<PerMessageDeflate>) -> Vec<(u8, Vec<u8>)> {
    let (mut reader, mut closing) = (Reader::new(LIMIT, agreed.is_some()), Closing::new());
    let (mut inflater, mut deflater, mut out) = (Inflater::new(), Deflater::default(), Vec::new());
    for piece in octets.chunks(piece) {
        let (mut piece, mut at) = (piece.to_vec(), 0);
        while !closing.is_over() {
            let progress = match reader.read(&mut piece[at..], &mut inflater) {
                Ok(progress) => progress,
                Err(failure) => {
                    closing.fail(&failure, &mut out);
                    break;
                }
            };
            at += progress.consumed;
            let (kind, payload) = match progress.event {
                Some(Event::Text(text)) => (Kind::Text, text.as_bytes()),
                Some(Event::Binary(octets)) => (Kind::Binary, octets),
                Some(Event::Ping(payload)) => {
                    push_pong(&mut out, payload).unwrap();
                    continue;
                }
                Some(Event::Pong(_)) => continue,
                Some(Event::Close(close)) => {
                    closing.receive(&close, &mut out);
                    continue;
                }
                None => break,
            };
            push_message_deflated(&mut out, kind, payload, agreed, &mut deflater);
        }
    }
    frames_of(&out)
}

fn check(case: &str, octets: &[u8], expected: &[(u8, &[u8])]) {
    for piece in [octets.len().max(1), 1, 997] {
        let answer = echo(octets, piece, None);
        let answer: Vec<(u8, &[u8])> = answer.iter().map(|(first, payload)| (*first, payload.as_slice())).collect();
        assert!(answer == expected, "case {case} in pieces of {piece}: {answer:x?}");
    }
}

/// The code the server closes with after `before` frames.
fn check_failed(case: &str, octets: &[u8], before: usize, code: u16) {
    for piece in [octets.len(), 1] {
        let answer = echo(octets, piece, None);
        assert_eq!(answer.len(), before + 1, "case {case}: {answer:x?}");
        let (first, payload) = &answer[before];
        assert_eq!((*first, &payload[..2]), (FIN | CLOSE, &code.to_be_bytes()[..]), "case {case}");
    }
}

#[test]
fn group_1_payloads_of_all_lengths() {
    for length in [0, 1, 125, 126, 127, 128, 65_535, 65_536] {
        let payload = vec![b'*'; length];
        check("1.1", &message(TEXT, &payload), &[(FIN | TEXT, &payload)]);
        check("1.2", &message(BINARY, &payload), &[(FIN | BINARY, &payload)]);
    }
}

#[test]
fn group_2_pings_and_pongs() {
    for payload in [&b""[..], b"Hello, world!", &[0x00, 0xff, 0xfe, 0xfd], &[0xfe; 125]] {
        check("2.1-2.4, 2.6", &message(PING, payload), &[(FIN | PONG, payload)]);
        check("2.7, 2.8", &message(PONG, payload), &[]);
    }
    check_failed("2.5", &message(PING, &[0xfe; 126]), 0, 1002);
    check("2.9", &[message(PONG, b"x"), message(PING, b"y")].concat(), &[(FIN | PONG, b"y")]);
    let ten: Vec<u8> = (0..10).flat_map(|index| message(PING, &[index])).collect();
    let answers: Vec<[u8; 1]> = (0..10).map(|index| [index]).collect();
    check("2.10, 2.11", &ten, &answers.iter().map(|payload| (FIN | PONG, &payload[..])).collect::<Vec<_>>());
}

#[test]
fn group_3_reserved_bits() {
    let hello = message(TEXT, b"Hello");
    for bits in 1..=7_u8 {
        let first = FIN | bits << 4;
        check_failed("3.1", &frame(first | TEXT, b"x"), 0, 1002);
        check_failed("3.2-3.4", &[hello.clone(), frame(first | TEXT, b"x"), message(PING, b"")].concat(), 1, 1002);
        check_failed("3.5", &frame(first | BINARY, b"x"), 0, 1002);
        check_failed("3.6", &frame(first | PING, b"x"), 0, 1002);
        check_failed("3.7", &frame(first | CLOSE, b""), 0, 1002);
    }
}

#[test]
fn group_4_reserved_opcodes() {
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        check_failed("4.1.1, 4.2.1", &message(opcode, b""), 0, 1002);
        let late = [message(TEXT, b"Hello"), message(opcode, b"x"), message(PING, b"")].concat();
        check_failed("4.1.3, 4.2.3", &late, 1, 1002);
    }
}

#[test]
fn group_5_fragmentation() {
    check_failed("5.1", &[frame(PING, b"a"), frame(FIN, b"b")].concat(), 0, 1002);
    check_failed("5.2", &[frame(PONG, b"a"), frame(FIN, b"b")].concat(), 0, 1002);
    check("5.3-5.5", &fragments(TEXT, &[b"fragment1", b"fragment2"]), &[(FIN | TEXT, b"fragment1fragment2")]);
    let pinged = [frame(TEXT, b"f1"), message(PING, b"ping"), frame(FIN, b"f2")].concat();
    check("5.6-5.8", &pinged, &[(FIN | PONG, b"ping"), (FIN | TEXT, b"f1f2")]);
    for first in [FIN, 0] {
        let lonely = [frame(first | CONTINUATION, b"no start"), message(TEXT, b"x")].concat();
        check_failed("5.9-5.14", &lonely, 0, 1002);
    }
    let after = [fragments(TEXT, &[b"f1", b"f2"]), frame(0, b"f3"), frame(FIN | TEXT, b"f4")].concat();
    check_failed("5.15", &after, 1, 1002);
    check_failed("5.16, 5.17", &[frame(0, b"f1"), frame(TEXT, b"f2"), frame(FIN, b"f3")].concat(), 0, 1002);
    check_failed("5.18", &[frame(TEXT, b"f1"), message(TEXT, b"f2")].concat(), 0, 1002);
    let long = [
        frame(TEXT, b"f1"),
        frame(0, b"f2"),
        message(PING, b"p1"),
        frame(0, b"f3"),
        frame(0, b"f4"),
        message(PING, b"p2"),
        frame(FIN, b"f5"),
    ];
    check("5.19, 5.20", &long.concat(), &[(FIN | PONG, b"p1"), (FIN | PONG, b"p2"), (FIN | TEXT, b"f1f2f3f4f5")]);
}

#[test]
fn group_6_utf_8() {
    check("6.1.1", &message(TEXT, b""), &[(FIN | TEXT, b"")]);
    check("6.1.2", &fragments(TEXT, &[b"", b"", b""]), &[(FIN | TEXT, b"")]);
    check("6.1.3", &fragments(TEXT, &[b"", b"middle", b""]), &[(FIN | TEXT, b"middle")]);
    let valid = "Hello-µ@ßöäüàá-UTF-8!!".as_bytes();
    check("6.2.1", &message(TEXT, valid), &[(FIN | TEXT, valid)]);
    for cut in 0..valid.len() {
        check("6.2.2", &fragments(TEXT, &[&valid[..cut], &valid[cut..]]), &[(FIN | TEXT, valid)]);
    }
    check("6.2.3", &fragments(TEXT, &valid.chunks(1).collect::<Vec<_>>()), &[(FIN | TEXT, valid)]);
    let invalid = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited";
    check_failed("6.3.1", &message(TEXT, invalid), 0, 1007);
    check_failed("6.3.2", &fragments(TEXT, &invalid.chunks(1).collect::<Vec<_>>()), 0, 1007);
    let (good, bad) = invalid.split_at(11);
    check_failed("6.4.1", &[frame(TEXT, good), frame(0, bad)].concat(), 0, 1007);
    let announced = header(FIN | TEXT, 1000);
    let masked: Vec<u8> =
        [good, &b"\xf4\x90"[..]].concat().iter().zip(MASK.iter().cycle()).map(|(a, b)| a ^ b).collect();
    check_failed("6.4.3, 6.4.4", &[announced, masked].concat(), 0, 1007);
    for octets in ["\u{fffe}", "\u{ffff}", "\u{1fffe}", "\u{10ffff}", "\u{feff}", "\u{fdd0}"] {
        check("6.22, 6.23", &message(TEXT, octets.as_bytes()), &[(FIN | TEXT, octets.as_bytes())]);
    }
}

#[test]
fn group_7_closing() {
    let bye = close(1000, b"Hello World!");
    let answered: (u8, &[u8]) = (FIN | CLOSE, b"\x03\xe8");
    check("7.1.1", &[message(TEXT, b"Hello"), close(1000, b"")].concat(), &[(FIN | TEXT, b"Hello"), answered]);
    check("7.1.2-7.1.4", &[bye.clone(), bye.clone(), message(PING, b""), message(TEXT, b"x")].concat(), &[answered]);
    check("7.1.5", &[frame(TEXT, b"f1"), bye, frame(FIN, b"f2")].concat(), &[answered]);
    check("7.3.1", &message(CLOSE, b""), &[(FIN | CLOSE, b"")]);
    check_failed("7.3.2", &message(CLOSE, b"a"), 0, 1002);
    check("7.3.5", &close(1000, &[b'*'; 123]), &[answered]);
    check_failed("7.3.6", &close(1000, &[b'*'; 124]), 0, 1002);
    check_failed("7.5.1", &close(1000, b"\xce\xba\xed\xa0\x80"), 0, 1007);
    for code in [1000_u16, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999] {
        check("7.7", &close(code, b""), &[(FIN | CLOSE, &code.to_be_bytes())]);
    }
    for code in [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535] {
        check_failed("7.9, 7.13", &close(code, b""), 0, 1002);
    }
}

#[test]
fn group_9_large_messages_in_small_pieces() {
    let payload: Vec<u8> = (0..256 * 1024).map(|index| b'a' + (index % 26) as u8).collect();
    for opcode in [TEXT, BINARY] {
        let expected = [(FIN | opcode, payload.clone())];
        for piece in [64, 4096, 1 << 20] {
            assert!(echo(&message(opcode, &payload), piece, None) == expected, "9.1, 9.2, 9.5, 9.6: {piece}");
        }
        for fragment in [64, 256, 4096, 65_536] {
            let octets = fragments(opcode, &payload.chunks(fragment).collect::<Vec<_>>());
            assert!(echo(&octets, 1500, None) == expected, "9.3, 9.4: {fragment}");
        }
    }
}

#[test]
fn groups_12_and_13_compressed_messages_under_all_parameters() {
    let offers = [
        "permessage-deflate",
        "permessage-deflate; client_no_context_takeover; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover; client_max_window_bits=9",
        "permessage-deflate; server_max_window_bits=9; client_max_window_bits=9",
        "permessage-deflate; server_max_window_bits=15",
    ];
    for offer in offers {
        let fields: [(&[u8], &[u8]); 5] = [
            (b"upgrade", b"websocket"),
            (b"connection", b"upgrade"),
            (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
            (b"sec-websocket-version", b"13"),
            (b"sec-websocket-extensions", offer.as_bytes()),
        ];
        let agreed = check_upgrade(b"GET", 1, fields.into_iter()).unwrap().unwrap().deflate;
        for length in [0, 16, 64, 256, 1024, 4096, 131_072] {
            let payload: Vec<u8> =
                b"{\"id\": 17, \"name\": \"caf\xc3\xa9\"}, ".iter().copied().cycle().take(length).collect();
            let payload = String::from_utf8_lossy(&payload).into_owned().into_bytes();
            let deflated = deflate(&payload);
            let pieces: Vec<&[u8]> = deflated.chunks(50).collect();
            let fragmented = fragments(RSV1 | TEXT, &pieces);
            for octets in [message(RSV1 | TEXT, &deflated), fragmented] {
                let answer = echo(&[octets.clone(), octets].concat(), 700, agreed);
                let echoed: Vec<u8> = answer.iter().flat_map(|(first, payload)| frame(*first, payload)).collect();
                let text = Seen::Text(String::from_utf8(payload.clone()).unwrap());
                assert_eq!(events_of([echoed.as_slice()], Reader::new(LIMIT, true)), [text.clone(), text]);
            }
        }
    }
}
