//! A client's frames, and events that outlive the input.

#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses a part; a panic is how a test fails")]

use flate2::{Compress, Compression, FlushCompress};
use spica_websocket::{apply_mask, Event, Failure, Inflater, Reader};

pub const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
pub const LIMIT: usize = 1 << 20;

pub const CONTINUATION: u8 = 0;
pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;
pub const FIN: u8 = 0x80;
pub const RSV1: u8 = 0x40;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
    Failed(u16),
}

impl From<Event<'_>> for Seen {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Text(text) => Self::Text(text.into()),
            Event::Binary(octets) => Self::Binary(octets.into()),
            Event::Ping(payload) => Self::Ping(payload.into()),
            Event::Pong(payload) => Self::Pong(payload.into()),
            Event::Close(close) => Self::Close(close.code, close.reason.into()),
        }
    }
}

pub fn text(text: &str) -> Seen {
    Seen::Text(text.into())
}

/// A frame whose first octet is given, so that any bit can be set.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    masked(first, payload, MASK)
}

pub fn masked(first: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut out = header(first, payload.len() as u64);
    let start = out.len();
    out[start - 4..].copy_from_slice(&mask);
    out.extend_from_slice(payload);
    for (index, octet) in out[start..].iter_mut().enumerate() {
        *octet ^= mask[index % 4];
    }
    out
}

/// A header with [`MASK`] that announces a payload.
pub fn header(first: u8, length: u64) -> Vec<u8> {
    let mut out = vec![first];
    match length {
        0..=125 => out.push(0x80 | length as u8),
        126..=0xffff => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(0x80 | 127);
            out.extend_from_slice(&length.to_be_bytes());
        }
    }
    out.extend_from_slice(&MASK);
    out
}

/// A whole message in one frame.
pub fn message(opcode: u8, payload: &[u8]) -> Vec<u8> {
    frame(FIN | opcode, payload)
}

/// A message in frames of the given payloads.
pub fn fragments(opcode: u8, payloads: &[&[u8]]) -> Vec<u8> {
    let last = payloads.len() - 1;
    let frames = payloads.iter().enumerate().map(|(index, payload)| {
        let opcode = if index == 0 { opcode } else { CONTINUATION };
        frame(if index == last { FIN | opcode } else { opcode }, payload)
    });
    frames.flatten().collect()
}

pub fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    message(CLOSE, &[&code.to_be_bytes(), reason].concat())
}

/// The octets of a message as a client compresses them.
pub fn deflate(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + payload.len() / 100 + 1024);
    Compress::new(Compression::new(6), false).compress_vec(payload, &mut out, FlushCompress::Sync).unwrap();
    assert!(out.len() < out.capacity() && out.ends_with(&[0, 0, 0xff, 0xff]));
    out.truncate(out.len() - 4);
    out
}

/// Octets that hardly compress.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..length).map(next).collect()
}

/// The events of an input that arrives in pieces; a failure is the last.
pub fn events_of<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, mut reader: Reader) -> Vec<Seen> {
    let (mut inflater, mut seen) = (Inflater::new(), Vec::new());
    for piece in pieces {
        let (mut piece, mut at) = (piece.to_vec(), 0);
        loop {
            match reader.read(&mut piece[at..], &mut inflater) {
                Ok(progress) => {
                    at += progress.consumed;
                    match progress.event {
                        Some(event) => seen.push(event.into()),
                        None => break assert_eq!(at, piece.len(), "without an event everything is taken"),
                    }
                }
                Err(failure) => {
                    assert_eq!(reader.read(&mut piece[at..], &mut inflater).err(), Some(failure), "raised again");
                    seen.push(Seen::Failed(failure.code));
                    return seen;
                }
            }
        }
    }
    seen
}

/// Compare all at once, cut in two at every octet, and octet by octet; return the events.
pub fn same_however_cut(octets: &[u8], reader: impl Fn() -> Reader) -> Vec<Seen> {
    let whole = events_of([octets], reader());
    assert_eq!(events_of(octets.chunks(1), reader()), whole, "octet by octet");
    for at in 1..octets.len() {
        let (left, right) = octets.split_at(at);
        assert_eq!(events_of([left, right], reader()), whole, "cut at {at}");
    }
    whole
}

/// The events of an input without compression, however it is cut.
pub fn read(octets: &[u8]) -> Vec<Seen> {
    same_however_cut(octets, || Reader::new(LIMIT, false))
}

/// The events of an input when permessage-deflate was agreed on.
pub fn read_deflated(octets: &[u8]) -> Vec<Seen> {
    same_however_cut(octets, || Reader::new(LIMIT, true))
}

/// The code of the failure an input ends with, and nothing before it.
pub fn refuse(octets: &[u8]) -> u16 {
    match read(octets).as_slice() {
        [Seen::Failed(code)] => *code,
        other => panic!("{other:?}"),
    }
}

/// Read a server's frames: first octet and payload, by a reader that knows nothing of ours.
pub fn frames_of(mut octets: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let [first, second, rest @ ..] = octets {
        let (length, rest) = match second {
            126 => (u16::from_be_bytes([rest[0], rest[1]]) as usize, &rest[2..]),
            127 => (u64::from_be_bytes(rest[..8].try_into().unwrap()) as usize, &rest[8..]),
            short => (usize::from(*short), rest),
        };
        frames.push((*first, rest[..length].to_vec()));
        octets = &rest[length..];
    }
    assert!(octets.is_empty());
    frames
}

/// A server's frames as the frames of a client, so that our reader can read what we write.
pub fn as_client(octets: &[u8]) -> Vec<u8> {
    frames_of(octets).into_iter().flat_map(|(first, payload)| frame(first, &payload)).collect()
}

pub fn apply(octets: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut octets = octets.to_vec();
    apply_mask(&mut octets, mask);
    octets
}

pub fn failure(result: Result<spica_websocket::Progress<'_>, Failure>) -> Option<u16> {
    result.err().map(|failure| failure.code)
}
