//! RFC 6455 section 8.1: text is UTF-8, and refused as soon as it can't become that.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use spica_websocket::{Inflater, Reader};
use support::*;

const VALID: [&[u8]; 12] = [
    b"",
    b"ascii",
    "κόσμε".as_bytes(),
    b"\xc2\x80",
    b"\xdf\xbf",
    b"\xe0\xa0\x80",
    b"\xed\x9f\xbf",
    b"\xee\x80\x80",
    b"\xef\xbf\xbf",
    b"\xf0\x90\x80\x80",
    b"\xf4\x8f\xbf\xbf",
    b"\0",
];

/// Each with the number of its octets after which nothing can make it valid.
const INVALID: [(&[u8], usize); 20] = [
    (b"\x80", 1),
    (b"\xbf", 1),
    (b"\xc0\x80", 1),
    (b"\xc1\xbf", 1),
    (b"\xc2\x20", 2),
    (b"\xe0\x80\x80", 2),
    (b"\xe0\x9f\xbf", 2),
    (b"\xe2\x28\xa1", 2),
    (b"\xe2\x82\x28", 3),
    (b"\xed\xa0\x80", 2),
    (b"\xed\xbf\xbf", 2),
    (b"\xf0\x80\x80\x80", 2),
    (b"\xf0\x90\x28\x80", 3),
    (b"\xf0\x90\x80\x28", 4),
    (b"\xf4\x90\x80\x80", 2),
    (b"\xf5\x80\x80\x80", 1),
    (b"\xf8\x88\x80\x80\x80", 1),
    (b"\xfe", 1),
    (b"\xff", 1),
    ("κόσμε\u{10ffff}".as_bytes().split_at(11).0, 0),
];

#[test]
fn section_8_1_valid_text_however_fragmented() {
    for octets in VALID {
        let expected = [text(std::str::from_utf8(octets).unwrap())];
        assert_eq!(read(&message(TEXT, octets)), expected);
        let single: Vec<&[u8]> = octets.chunks(1).collect();
        if !single.is_empty() {
            assert_eq!(read(&fragments(TEXT, &single)), expected, "a fragment an octet");
        }
        let padded = [&b"x".repeat(70), octets, &b"y".repeat(70)].concat();
        assert_eq!(read(&message(TEXT, &padded)), [text(std::str::from_utf8(&padded).unwrap())]);
    }
}

#[test]
fn section_8_1_invalid_text_is_refused() {
    for (octets, _) in INVALID {
        assert_eq!(refuse(&message(TEXT, octets)), 1007, "{octets:x?}");
        assert_eq!(refuse(&message(TEXT, &[&b"x".repeat(64), octets].concat())), 1007, "{octets:x?}");
        let single: Vec<&[u8]> = octets.chunks(1).collect();
        assert_eq!(refuse(&fragments(TEXT, &single)), 1007, "{octets:x?}");
        assert_eq!(read(&message(BINARY, octets)), [Seen::Binary(octets.into())], "binary may be anything");
    }
}

/// How many octets of a text message of 100 octets more are read before it is refused.
fn refused_after(octets: &[u8]) -> Option<usize> {
    let (mut reader, mut inflater) = (Reader::new(LIMIT, false), Inflater::new());
    let mut frame = frame(FIN | TEXT, &[octets, &b"x".repeat(100)].concat());
    let payload = frame.len() - octets.len() - 100;
    let (start, rest) = frame.split_at_mut(payload);
    assert!(reader.read(start, &mut inflater).is_ok());
    let refused = rest.chunks_mut(1).position(|octet| failure(reader.read(octet, &mut inflater)) == Some(1007));
    refused.map(|index| index + 1)
}

#[test]
fn section_8_1_invalid_text_is_refused_at_the_first_octet_that_decides() {
    for (octets, decided) in INVALID.iter().filter(|(_, decided)| *decided > 0) {
        assert_eq!(refused_after(octets), Some(*decided), "{octets:x?}");
        let after_text = ["κόσμε".as_bytes(), octets].concat();
        assert_eq!(refused_after(&after_text), Some("κόσμε".len() + decided), "{octets:x?}");
    }
}

#[test]
fn section_8_1_an_earlier_fragment_is_refused_without_the_last() {
    assert_eq!(refuse(&frame(TEXT, b"\xce\xba\xf4\x90")), 1007);
    assert_eq!(refuse(&[frame(TEXT, b"\xf4"), frame(CONTINUATION, b"\x90")].concat()), 1007);
}

#[test]
fn section_8_1_each_message_begins_anew() {
    let octets =
        [frame(BINARY, b"\xff\xe2"), message(PING, b"\xff"), frame(FIN | CONTINUATION, b"\x82"), message(TEXT, b"a")];
    let expected = [Seen::Ping(vec![0xff]), Seen::Binary(b"\xff\xe2\x82".to_vec()), text("a")];
    assert_eq!(read(&octets.concat()), expected);
}
