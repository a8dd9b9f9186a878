//! Promises 2 and 3: whatever arrives has one meaning, and cutting it differently changes nothing.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use spica_websocket::{push_message, push_ping, Kind, Reader};
use support::*;

/// What a client means, from which both the octets and the expected events follow.
#[derive(Clone, Debug)]
enum Meant {
    Message { is_text: bool, payload: Vec<u8>, cuts: Vec<usize>, deflated: bool, ping: Option<Vec<u8>> },
    Pong(Vec<u8>),
}

fn payload() -> impl Strategy<Value = (bool, Vec<u8>)> {
    prop_oneof![
        "\\PC{0,60}".prop_map(|text| (true, text.into_bytes())),
        "[a-zäöü€\u{10348}]{0,200}".prop_map(|text| (true, text.into_bytes())),
        vec(any::<u8>(), 0..200).prop_map(|octets| (false, octets)),
    ]
}

fn meant() -> impl Strategy<Value = Meant> {
    let ping = proptest::option::of(vec(any::<u8>(), 0..125));
    let message = (payload(), vec(any::<usize>(), 0..4), any::<bool>(), ping).prop_map(
        |((is_text, payload), cuts, deflated, ping)| Meant::Message { is_text, payload, cuts, deflated, ping },
    );
    prop_oneof![4 => message, 1 => vec(any::<u8>(), 0..125).prop_map(Meant::Pong)]
}

impl Meant {
    fn octets(&self) -> Vec<u8> {
        let Self::Message { is_text, payload, cuts, deflated, ping } = self else {
            let Self::Pong(payload) = self else { unreachable!() };
            return message(PONG, payload);
        };
        let payload = if *deflated { deflate(payload) } else { payload.clone() };
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (payload.len() + 1)).collect();
        ends.push(payload.len());
        ends.sort_unstable();
        let (mut out, mut start) = (Vec::new(), 0);
        for (index, end) in ends.iter().enumerate() {
            let opcode = if index > 0 {
                CONTINUATION
            } else if *is_text {
                TEXT
            } else {
                BINARY
            };
            let fin = if index + 1 == ends.len() { FIN } else { 0 };
            let bit = if *deflated && index == 0 { RSV1 } else { 0 };
            out.extend(masked(fin | bit | opcode, &payload[start..*end], (start as u32 ^ 0xdead_beef).to_be_bytes()));
            if let (0, Some(ping), 0) = (index, ping, fin) {
                out.extend(message(PING, ping));
            }
            start = *end;
        }
        out
    }

    fn events(&self) -> Vec<Seen> {
        match self {
            Self::Pong(payload) => vec![Seen::Pong(payload.clone())],
            Self::Message { is_text, payload, cuts, ping, .. } => {
                let ping = ping.iter().filter(|_| !cuts.is_empty()).map(|ping| Seen::Ping(ping.clone()));
                let whole = match is_text {
                    true => text(std::str::from_utf8(payload).unwrap()),
                    false => Seen::Binary(payload.clone()),
                };
                ping.chain([whole]).collect()
            }
        }
    }
}

/// Small, so that generated messages meet it.
fn tight() -> Reader {
    Reader::new(50, true)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_meant_is_understood(all in vec(meant(), 1..4)) {
        let octets: Vec<u8> = all.iter().flat_map(Meant::octets).collect();
        let expected: Vec<Seen> = all.iter().flat_map(Meant::events).collect();
        prop_assert_eq!(read_deflated(&octets), expected);
    }

    #[test]
    fn changed_octets_have_one_meaning(all in vec(meant(), 1..3), changes in vec((any::<usize>(), any::<u8>()), 1..4), small in any::<bool>()) {
        let mut octets: Vec<u8> = all.iter().flat_map(Meant::octets).collect();
        let length = octets.len();
        for (at, octet) in changes {
            octets[at % length] = octet;
        }
        same_however_cut(&octets, || if small { tight() } else { Reader::new(LIMIT, true) });
    }

    #[test]
    fn any_octets_have_one_meaning(octets in vec(any::<u8>(), 0..80)) {
        same_however_cut(&octets, tight);
    }

    #[test]
    fn any_frames_have_one_meaning(frames in vec((any::<u8>(), vec(any::<u8>(), 0..30)), 0..6)) {
        let octets: Vec<u8> = frames.iter().flat_map(|(first, payload)| frame(*first & 0xcf, payload)).collect();
        same_however_cut(&octets, tight);
    }

    #[test]
    fn any_compressed_payload_has_one_meaning(payload in vec(any::<u8>(), 0..60), kind in select(vec![TEXT, BINARY])) {
        same_however_cut(&message(RSV1 | kind, &payload), tight);
    }

    #[test]
    fn what_is_written_is_read(payload in vec(any::<u8>(), 0..70_000), ping in vec(any::<u8>(), 0..=125)) {
        let mut out = Vec::new();
        push_message(&mut out, Kind::Binary, &payload);
        push_ping(&mut out, &ping).unwrap();
        push_message(&mut out, Kind::Text, b"end");
        let seen = events_of(as_client(&out).chunks(1000), Reader::new(LIMIT, false));
        prop_assert_eq!(seen, vec![Seen::Binary(payload), Seen::Ping(ping), text("end")]);
    }

    #[test]
    fn masking_is_octet_by_octet(octets in vec(any::<u8>(), 0..200), mask in any::<[u8; 4]>(), start in 0_usize..9) {
        let octets = &octets[start.min(octets.len())..];
        let expected: Vec<u8> = octets.iter().enumerate().map(|(index, octet)| octet ^ mask[index % 4]).collect();
        prop_assert_eq!(apply(octets, mask), expected);
    }
}
