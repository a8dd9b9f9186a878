//! Tests: a streamed answer that can't be sent, or not any more, ends its handler.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

#[path = "../tests/support/mod.rs"]
mod support;

use crate::compression::FAILS;
use crate::{Options, Pushed, Token};

use support::{first, reactor, Given, Giver};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const GET: &[u8] = b"GET /stream HTTP/1.1\r\nHost: t\r\nAccept-Encoding: gzip\r\n\r\n";
const RST_STREAM: u8 = 3;

/// The octets of a session of HTTP/2 that asks for the same.
fn http2() -> Vec<u8> {
    let block = b"\x82\x86\x44\x07/stream\x41\x01t\x0f\x01\x04gzip";
    let head = [0, 0, block.len() as u8, 1, 5, 0, 0, 0, 1];
    [PREFACE, &head, block].concat()
}

/// The types of the frames that were sent.
fn frames(mut octets: &[u8]) -> Vec<u8> {
    let mut kinds = Vec::new();
    while let [a, b, c, kind, _, _, _, _, _, rest @ ..] = octets {
        kinds.push(*kind);
        octets = &rest[u32::from_be_bytes([0, *a, *b, *c]) as usize..];
    }
    kinds
}

/// A handler pushes something when the encoders have begun to fail.
fn push_in_vain(octets: &[u8]) -> (crate::Reactor<Giver>, Token) {
    let mut reactor = reactor(Given::html(0), Options::default());
    let token = reactor.open();
    reactor.feed(token, octets);
    let outbox = reactor.app().outboxes.borrow_mut().pop_front().unwrap();
    assert_eq!(outbox.push(b"<p>whole</p>"), Pushed::Room);
    reactor.attend(first(token));
    assert_eq!(reactor.app().cancelled.get(), 0, "nothing has failed yet");
    FAILS.set(true);
    outbox.push(b"<p>lost</p>");
    reactor.attend(first(token));
    FAILS.set(false);
    assert_eq!(reactor.app().cancelled.get(), 1, "nobody needs what it makes");
    assert_eq!(outbox.push(b"more"), Pushed::Gone);
    (reactor, token)
}

#[test]
fn a_coding_that_fails_in_the_middle_ends_its_handler_and_the_connection() {
    let (mut reactor, token) = push_in_vain(GET);
    let sent = reactor.app().sent.take();
    assert!(sent.starts_with(b"HTTP/1.1 200 ") && !sent.ends_with(b"0\r\n\r\n"), "it must not look whole");
    assert!(reactor.app().closed.get());
    assert!(!reactor.finish(first(token), true), "it is over");
}

#[test]
fn over_http2_it_ends_the_stream_alone() {
    let (mut reactor, token) = push_in_vain(&http2());
    assert_eq!(frames(&reactor.app().sent.take()).last(), Some(&RST_STREAM));
    assert!(!reactor.app().closed.get());
    reactor.finish(first(token), true);
    assert!(reactor.feed(token, &[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]), "the others go on");
    assert_eq!(frames(&reactor.app().sent.take()), [6]);
}

#[test]
fn a_head_that_http2_cannot_carry_ends_its_handler() {
    let name: &str = Box::leak("x".repeat(70_000).into_boxed_str());
    let mut reactor = reactor(Given::html(0).with(name, "y"), Options::default());
    let token = reactor.open();
    reactor.feed(token, &http2());
    let outbox = reactor.app().outboxes.borrow_mut().pop_front().unwrap();
    assert_eq!(reactor.app().cancelled.get(), 1);
    assert_eq!(outbox.push(b"more"), Pushed::Gone);
    assert_eq!(frames(&reactor.app().sent.take()).last(), Some(&RST_STREAM));
    assert!(!reactor.app().closed.get());
}
