//! RFC 6455 section 5: frames. Every input is read whole, cut in two at every octet, and octet by octet.

mod support;

use spica_websocket::{push_ping, push_pong, Inflater, Reader, Unsendable};
use support::*;

#[test]
fn section_5_7_the_examples() {
    assert_eq!(read(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), [text("Hello")]);
    assert_eq!(frame(FIN | TEXT, b"Hello"), b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "the tests' own client");
    assert_eq!(read(b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), [Seen::Pong(b"Hello".to_vec())]);
}

#[test]
fn section_5_1_a_frame_without_mask_is_refused() {
    assert_eq!(refuse(b"\x81\x05Hello"), 1002);
    assert_eq!(refuse(b"\x89\x00"), 1002);
    assert_eq!(refuse(b"\x81\x7e"), 1002, "before its length is there");
}

#[test]
fn section_5_2_reserved_bits_are_refused() {
    for bits in [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70] {
        for opcode in [TEXT, BINARY, CLOSE, PING, PONG] {
            assert_eq!(refuse(&[FIN | bits | opcode]), 1002, "{bits:#x} {opcode}");
        }
        let late = [frame(TEXT, b"a"), frame(FIN | bits | CONTINUATION, b"b")].concat();
        assert_eq!(refuse(&late), 1002, "{bits:#x}");
    }
}

#[test]
fn section_5_2_reserved_opcodes_are_refused() {
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        assert_eq!(refuse(&[FIN | opcode]), 1002, "{opcode}");
        assert_eq!(refuse(&[opcode]), 1002, "{opcode}");
    }
}

#[test]
fn section_5_2_all_forms_of_length() {
    for length in [0, 1, 125, 126, 127, 128, 255, 256, 1000] {
        let payload: Vec<u8> = (0..length).map(|index| index as u8).collect();
        assert_eq!(read(&message(BINARY, &payload)), [Seen::Binary(payload)]);
    }
    for length in [65_535, 65_536, 70_000] {
        let payload = vec![7; length];
        let octets = message(BINARY, &payload);
        for size in [octets.len(), 1, 4096] {
            let seen = events_of(octets.chunks(size), Reader::new(LIMIT, false));
            assert_eq!(seen, [Seen::Binary(payload.clone())], "{length} in pieces of {size}");
        }
    }
}

#[test]
fn section_5_2_a_length_is_minimal() {
    assert_eq!(refuse(b"\x82\xfe\x00\x7d"), 1002);
    assert_eq!(refuse(b"\x82\xfe\x00\x00"), 1002);
    assert_eq!(refuse(b"\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff"), 1002);
    assert_eq!(refuse(b"\x82\xff\x00\x00\x00\x00\x00\x00\x00\x01"), 1002);
}

#[test]
fn section_5_2_the_highest_bit_of_a_length_is_clear() {
    assert_eq!(refuse(b"\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00"), 1002);
    assert_eq!(refuse(&header(FIN | BINARY, (1 << 63) - 1)), 1009);
}

#[test]
fn section_5_3_any_mask() {
    for mask in [[0; 4], [0xff; 4], [1, 2, 3, 4]] {
        assert_eq!(read(&masked(FIN | TEXT, b"any mask at all", mask)), [text("any mask at all")]);
    }
}

#[test]
fn section_5_4_fragments_are_one_message() {
    assert_eq!(read(&fragments(TEXT, &[b"Hel", b"lo"])), [text("Hello")]);
    assert_eq!(read(&fragments(BINARY, &[b"", b"a", b"", b"bc", b""])), [Seen::Binary(b"abc".to_vec())]);
    assert_eq!(read(&fragments(TEXT, &[b"", b"whole in the last"])), [text("whole in the last")]);
    assert_eq!(read(&fragments(TEXT, &[b"", b"", b""])), [text("")]);
    let two = [fragments(TEXT, &[b"a", b"b"]), message(TEXT, b"c"), fragments(BINARY, &[b"d", b"e"])].concat();
    assert_eq!(read(&two), [text("ab"), text("c"), Seen::Binary(b"de".to_vec())]);
}

#[test]
fn section_5_4_control_frames_come_between_fragments() {
    let octets = [
        frame(TEXT, b"fragment1"),
        message(PING, b"ping payload"),
        frame(CONTINUATION, b"fragment2"),
        message(PONG, b""),
        frame(FIN | CONTINUATION, b"fragment3"),
    ];
    let expected = [Seen::Ping(b"ping payload".to_vec()), Seen::Pong(vec![]), text("fragment1fragment2fragment3")];
    assert_eq!(read(&octets.concat()), expected);
}

#[test]
fn section_5_4_fragments_in_disorder_are_refused() {
    assert_eq!(refuse(&frame(FIN | CONTINUATION, b"x")), 1002);
    assert_eq!(refuse(&frame(CONTINUATION, b"x")), 1002);
    assert_eq!(refuse(&[frame(TEXT, b"a"), message(TEXT, b"b")].concat()), 1002);
    assert_eq!(refuse(&[frame(TEXT, b"a"), frame(BINARY, b"b")].concat()), 1002);
    let after = [fragments(TEXT, &[b"a", b"b"]), frame(FIN | CONTINUATION, b"c")].concat();
    assert_eq!(read(&after), [text("ab"), Seen::Failed(1002)]);
}

#[test]
fn section_5_5_control_frames_are_short_and_whole() {
    assert_eq!(read(&message(PING, &[9; 125])), [Seen::Ping(vec![9; 125])]);
    assert_eq!(read(&message(PING, b"")), [Seen::Ping(vec![])]);
    for opcode in [CLOSE, PING, PONG] {
        assert_eq!(refuse(&message(opcode, &[9; 126])), 1002, "{opcode}");
        assert_eq!(refuse(&[FIN | opcode, 0xff]), 1002, "{opcode}");
        assert_eq!(refuse(&frame(opcode, b"x")), 1002, "{opcode}");
    }
}

#[test]
fn section_5_5_no_longer_control_frame_is_written() {
    for push in [push_ping, push_pong] {
        let mut out = Vec::new();
        assert_eq!(push(&mut out, &[1; 126]), Err(Unsendable::PayloadTooLong(126)));
        assert!(out.is_empty());
        assert_eq!(push(&mut out, &[1; 125]), Ok(()));
        assert_eq!(out.len(), 127);
    }
}

#[test]
fn section_5_the_owner_may_stop_after_any_event() -> Result<(), spica_websocket::Failure> {
    let mut octets = [message(TEXT, b"one"), message(TEXT, b"two")].concat();
    let (mut reader, mut inflater) = (Reader::new(LIMIT, false), Inflater::new());
    let progress = reader.read(&mut octets, &mut inflater)?;
    assert_eq!((progress.consumed, progress.event.map(Seen::from)), (9, Some(text("one"))));
    let mut kept = octets[9..].to_vec();
    let progress = reader.read(&mut kept, &mut inflater)?;
    assert_eq!((progress.consumed, progress.event.map(Seen::from)), (9, Some(text("two"))));
    Ok(())
}
