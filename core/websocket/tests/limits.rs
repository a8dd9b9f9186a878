//! Promise 11: what a peer sends costs no more memory than it has sent and the limit allows.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use spica_websocket::{Failure, Inflater, Reader};
use support::*;

const KIB: usize = 1024;

/// Feed pieces, and after each compare what is allocated with what has arrived.
fn most_ahead(octets: &[u8], piece: usize, max_message: usize) -> (usize, Option<u16>) {
    let (mut reader, mut inflater, mut ahead) = (Reader::new(max_message, true), Inflater::new(), 0);
    for (index, piece_octets) in octets.chunks(piece).enumerate() {
        let mut at = 0;
        let mut octets = piece_octets.to_vec();
        loop {
            match reader.read(&mut octets[at..], &mut inflater) {
                Ok(progress) if progress.event.is_none() => break,
                Ok(progress) => at += progress.consumed,
                Err(failure) => return (ahead, Some(failure.code)),
            }
        }
        ahead = ahead.max(reader.capacity().saturating_sub((index + 1) * piece));
    }
    (ahead, None)
}

#[test]
fn a_huge_announced_frame_allocates_what_has_arrived_and_64_kib() {
    let mut octets = header(FIN | BINARY, 64 << 20);
    octets.extend(vec![0; 300 * KIB]);
    for piece in [1, 7, 1500, 16 * KIB, 128 * KIB] {
        let (ahead, failed) = most_ahead(&octets, piece, 64 << 20);
        assert_eq!(failed, None);
        assert!(ahead > 0 && ahead <= 64 * KIB, "{ahead} in pieces of {piece}");
    }
}

#[test]
fn a_small_announced_frame_is_allocated_once() {
    let (mut reader, mut inflater) = (Reader::new(LIMIT, true), Inflater::new());
    let mut octets = message(BINARY, &[1; 50_000]);
    octets.truncate(1000);
    reader.read(&mut octets, &mut inflater).unwrap();
    assert_eq!(reader.capacity(), 50_000);
}

#[test]
fn many_fragments_allocate_what_has_arrived_and_64_kib() {
    let octets: Vec<u8> =
        std::iter::once(TEXT).chain([CONTINUATION; 3000]).flat_map(|op| frame(op, &[b'x'; 100])).collect();
    let (ahead, failed) = most_ahead(&octets, 1000, 64 << 20);
    assert_eq!(failed, None);
    assert!(ahead <= 64 * KIB, "{ahead}");
}

#[test]
fn a_header_alone_allocates_nothing() {
    let (mut reader, mut inflater) = (Reader::new(64 << 20, true), Inflater::new());
    for first in [FIN | BINARY, TEXT, FIN | RSV1 | TEXT] {
        reader.read(&mut header(first, 1 << 20), &mut inflater).unwrap();
        assert_eq!(reader.capacity(), 0);
        reader = Reader::new(64 << 20, true);
    }
}

#[test]
fn between_messages_a_reader_holds_nothing() {
    let (mut reader, mut inflater) = (Reader::new(LIMIT, true), Inflater::new());
    let octets = [
        message(BINARY, &[1; 100_000]),
        fragments(TEXT, &[b"a", b"b"]),
        message(PING, &[2; 125]),
        message(RSV1 | TEXT, &deflate(&[b'x'; 200_000])),
    ];
    for piece in octets.concat().chunks_mut(50) {
        let mut at = 0;
        loop {
            let progress = reader.read(&mut piece[at..], &mut inflater).unwrap();
            at += progress.consumed;
            if progress.event.is_none() {
                break;
            }
        }
    }
    assert_eq!(reader.capacity(), 0);
    assert!(inflater.capacity() <= 64 * KIB, "{}", inflater.capacity());
}

#[test]
fn an_idle_reader_is_small() {
    assert!(size_of::<Reader>() <= 192, "{}", size_of::<Reader>());
    assert!(size_of::<Reader>() + size_of::<spica_websocket::Closing>() <= 200);
}

#[test]
fn rfc6455_section_10_4_the_limit_is_judged_by_the_header() {
    let limit = |octets: &[u8]| same_however_cut(octets, || Reader::new(100, false));
    assert_eq!(limit(&message(BINARY, &[0; 100])), [Seen::Binary(vec![0; 100])]);
    assert_eq!(limit(&header(FIN | BINARY, 101)), [Seen::Failed(1009)]);
    assert_eq!(limit(&header(BINARY, u64::MAX >> 1)), [Seen::Failed(1009)]);
    assert_eq!(limit(&fragments(BINARY, &[&[0; 60], &[0; 40]])), [Seen::Binary(vec![0; 100])]);
    let third = [frame(BINARY, &[0; 60]), frame(CONTINUATION, &[0; 40]), header(FIN, 1)].concat();
    assert_eq!(limit(&third), [Seen::Failed(1009)]);
    let control = [frame(BINARY, &[0; 100]), message(PING, &[0; 125]), frame(FIN, b"")].concat();
    assert_eq!(limit(&control), [Seen::Ping(vec![0; 125]), Seen::Binary(vec![0; 100])]);
}

#[test]
fn rfc6455_section_10_4_empty_fragments_are_counted() {
    let flood = |count: usize| {
        let mut octets = frame(TEXT, b"");
        (1..count).for_each(|_| octets.extend(frame(CONTINUATION, b"")));
        octets.extend(frame(FIN | CONTINUATION, b"x"));
        events_of([octets.as_slice()], Reader::new(LIMIT, false))
    };
    assert_eq!(flood(100), [text("x")]);
    assert_eq!(flood(101), [Seen::Failed(1008)]);
    let each: Vec<u8> = (0..300).flat_map(|_| fragments(TEXT, &[b"", b"y"])).collect();
    assert_eq!(events_of([each.as_slice()], Reader::new(LIMIT, false)), vec![text("y"); 300], "each message anew");
}

#[test]
fn rfc7692_section_8_the_inflated_message_keeps_the_limit() {
    let limited = |length: usize| {
        let octets = message(RSV1 | BINARY, &deflate(&vec![0; length]));
        events_of([octets.as_slice()], Reader::new(100_000, true))
    };
    assert_eq!(limited(100_000), [Seen::Binary(vec![0; 100_000])]);
    assert_eq!(limited(100_001), [Seen::Failed(1009)]);
    let noise = noise(100_000);
    let stored = deflate(&noise);
    assert!(stored.len() > 100_000, "what does not compress grows");
    let stored = message(RSV1 | BINARY, &stored);
    assert_eq!(events_of([stored.as_slice()], Reader::new(100_000, true)), [Seen::Binary(noise)]);
    let announced = header(FIN | RSV1 | BINARY, 100_200);
    assert_eq!(events_of([announced.as_slice()], Reader::new(100_000, true)), [Seen::Failed(1009)]);
}

#[test]
fn a_bomb_is_refused_within_twice_the_limit() {
    let mut bomb = message(RSV1 | BINARY, &deflate(&vec![0; 64 << 20]));
    assert!(bomb.len() < 100 * KIB, "{}", bomb.len());
    let (mut reader, mut inflater) = (Reader::new(LIMIT, true), Inflater::new());
    let refused = reader.read(&mut bomb, &mut inflater).err();
    assert_eq!(refused, Some(Failure { code: 1009, reason: "the message is larger than the limit" }));
    assert!(inflater.capacity() <= LIMIT + 1, "{}", inflater.capacity());
    let mut other = message(RSV1 | TEXT, &deflate(b"next"));
    let (mut reader, mut event) = (Reader::new(LIMIT, true), None);
    if let Ok(progress) = reader.read(&mut other, &mut inflater) {
        event = progress.event.map(Seen::from);
    }
    assert_eq!(event, Some(text("next")), "another connection's message is not concerned");
    assert!(inflater.capacity() <= 64 * KIB, "given back");
}

#[test]
fn a_limit_of_nothing_and_of_everything() {
    for (limit, expected) in [(0, Seen::Failed(1009)), (usize::MAX, text("x"))] {
        let plain = events_of([message(TEXT, b"x").as_slice()], Reader::new(limit, true));
        assert_eq!(plain.first(), Some(&expected));
        let deflated = events_of([message(RSV1 | TEXT, &deflate(b"x")).as_slice()], Reader::new(limit, true));
        assert_eq!(deflated, [expected]);
    }
}
