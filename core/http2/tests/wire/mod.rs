//! A peer that writes its frames by hand, so that it can do what no client does.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::sync::Arc;

use spica_http2::{Cause, Connection, Event, Reason, Settings};

pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 1;
pub const ACK: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut octets = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    octets.extend([kind, flags]);
    octets.extend(stream.to_be_bytes());
    octets.extend(payload);
    octets
}

/// A field as HPACK's literal without indexing.
pub fn field(name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut octets = vec![0x00];
    for text in [name, value] {
        push_length(&mut octets, text.len());
        octets.extend(text);
    }
    octets
}

fn push_length(octets: &mut Vec<u8>, length: usize) {
    if length < 127 {
        return octets.push(length as u8);
    }
    octets.push(127);
    let mut rest = length - 127;
    while rest >= 128 {
        octets.push((rest % 128 + 128) as u8);
        rest /= 128;
    }
    octets.push(rest as u8);
}

pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| field(name.as_bytes(), value.as_bytes())).collect()
}

pub const GET: [(&str, &str); 4] = [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "a.test")];
pub const POST: [(&str, &str); 4] =
    [(":method", "POST"), (":scheme", "https"), (":path", "/"), (":authority", "a.test")];

pub fn headers(stream: u32, flags: u8, fields: &[(&str, &str)]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | flags, stream, &block(fields))
}

pub fn get(stream: u32) -> Vec<u8> {
    headers(stream, END_STREAM, &GET)
}

pub fn post(stream: u32) -> Vec<u8> {
    headers(stream, 0, &POST)
}

pub fn rst(stream: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())
}

pub fn window(stream: u32, octets: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &octets.to_be_bytes())
}

pub fn setting(id: u16, value: u32) -> Vec<u8> {
    let mut payload = id.to_be_bytes().to_vec();
    payload.extend(value.to_be_bytes());
    frame(SETTINGS, 0, 0, &payload)
}

/// A connection and what it has said.
pub struct Raw {
    pub connection: Connection,
    pub output: Vec<u8>,
    read: usize,
}

impl Raw {
    /// After the prefaces, its first frames read.
    pub fn new(settings: Settings) -> Self {
        let mut raw = Self::silent(settings);
        raw.connection.receive(PREFACE);
        raw.connection.receive(&[frame(SETTINGS, 0, 0, &[]), frame(SETTINGS, ACK, 0, &[])].concat());
        assert!(raw.events().is_empty());
        raw.frames();
        raw
    }

    /// Nothing received yet.
    pub fn silent(settings: Settings) -> Self {
        Self { connection: Connection::new(&Arc::new(settings)), output: Vec::new(), read: 0 }
    }

    pub fn send(&mut self, octets: &[u8]) -> Vec<Event> {
        self.connection.receive(octets);
        self.events()
    }

    pub fn events(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        for _ in 0..1_000 {
            events.extend(std::iter::from_fn(|| self.connection.poll()));
            self.connection.take_output(&mut self.output);
            if !self.connection.is_ready() {
                return events;
            }
        }
        panic!("the connection never comes to rest");
    }

    /// The frames said since the last call.
    pub fn frames(&mut self) -> Vec<Frame> {
        self.connection.take_output(&mut self.output);
        let mut frames = Vec::new();
        while let Some(header) = self.output.get(self.read..self.read + 9) {
            let length = u32::from_be_bytes([0, header[0], header[1], header[2]]) as usize;
            let stream = u32::from_be_bytes([header[5], header[6], header[7], header[8]]);
            let (kind, flags) = (header[3], header[4]);
            let payload = self.output[self.read + 9..self.read + 9 + length].to_vec();
            self.read += 9 + length;
            frames.push(Frame { kind, flags, stream, payload });
        }
        assert_eq!(self.read, self.output.len(), "a frame is cut short");
        frames
    }

    /// The code of the last GOAWAY said since the last look.
    pub fn goaway(&mut self) -> Option<Reason> {
        let frame = self.frames().into_iter().rfind(|frame| frame.kind == GOAWAY)?;
        Some(Reason::from(u32::from_be_bytes(frame.payload[4..8].try_into().unwrap())))
    }

    /// The code of the RST_STREAM for `stream` said since the last look.
    pub fn was_reset(&mut self, stream: u32) -> Option<Reason> {
        let frame = self.frames().into_iter().find(|frame| frame.kind == RST_STREAM && frame.stream == stream)?;
        Some(Reason::from(u32::from_be_bytes(frame.payload[..4].try_into().unwrap())))
    }
}

pub fn closed(events: &[Event]) -> Option<(Reason, Cause)> {
    events.iter().find_map(|event| match event {
        Event::Closed { reason, cause } => Some((*reason, *cause)),
        _ => None,
    })
}

pub fn refused(events: &[Event]) -> Vec<u16> {
    let status = |event: &Event| match event {
        Event::Refused { refusal, .. } => Some(refusal.status),
        _ => None,
    };
    events.iter().filter_map(status).collect()
}

pub fn requests(events: &[Event]) -> Vec<u32> {
    let stream = |event: &Event| match event {
        Event::Request { stream, .. } => Some(*stream),
        _ => None,
    };
    events.iter().filter_map(stream).collect()
}
