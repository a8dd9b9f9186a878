//! A client's octets after its preface and SETTINGS, cut in pieces whose size the first octet chooses, to an owner that echoes.
//!
//! No comparison of cuts here: when a request and its reset arrive together, the request may rightly never be seen.

#![no_main]

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use spica_http1::{parse_head, Head, Limits};
use spica_http2::{Connection, Event, Settings};

const START: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// The owner of a connection, and what it must never be told.
struct Owner {
    connection: Connection,
    running: HashSet<u32>,
    seen: HashSet<u32>,
    closed: bool,
}

impl Owner {
    fn turn(&mut self, max_streams: usize) {
        while let Some(event) = self.connection.poll() {
            assert!(!self.closed, "{event:?} after the last event");
            self.handle(event);
            assert!(self.running.len() <= max_streams);
        }
        self.connection.take_output(&mut Vec::new());
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Request { stream, request, end } => {
                assert!(stream % 2 == 1 && self.seen.insert(stream), "stream {stream} begins twice");
                let (mut head, mut scanned) = (Head::new(), 0);
                let parsed = parse_head(&request.bytes, &mut scanned, &Limits::default(), &mut head);
                assert_eq!(parsed, Ok(true), "a head that HTTP/1.1 could not carry");
                self.running.insert(stream);
                if end {
                    self.answer(stream);
                }
            }
            Event::Data { stream, data } => {
                assert!(!data.is_empty());
                self.connection.release(stream, data.len());
            }
            Event::End { stream, .. } => self.answer(stream),
            Event::Refused { stream, .. } | Event::Reset { stream, .. } => self.finish(stream),
            Event::Writable { .. } => {}
            Event::Closed { .. } => self.closed = true,
        }
    }

    fn answer(&mut self, stream: u32) {
        if self.connection.respond(stream, 200, [(&b"content-length"[..], &b"2"[..])], false).is_ok() {
            let _ = self.connection.send(stream, Bytes::from_static(b"ok"), true);
        }
        self.finish(stream);
    }

    fn finish(&mut self, stream: u32) {
        if self.running.remove(&stream) {
            self.connection.finish(stream);
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((size, octets)) = input.split_first() else { return };
    let settings = Arc::new(Settings { max_streams: 8, ..Settings::default() });
    let mut owner =
        Owner { connection: Connection::new(&settings), running: HashSet::new(), seen: HashSet::new(), closed: false };
    owner.connection.receive(START);
    for piece in octets.chunks(usize::from(*size).max(1)) {
        owner.connection.receive(piece);
        owner.turn(8);
    }
    owner.connection.end_input();
    owner.turn(8);
    assert!(owner.closed && owner.connection.is_closed(), "the end of the input does not end the connection");
});
