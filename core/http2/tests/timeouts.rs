//! What takes too long, seconds of a clock that the test turns.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod client;
mod wire;

use std::time::Duration;

use client::NO_FIELDS;
use spica_http2::{Cause, Event, Reason, Settings};
use wire::*;

/// Tick once a second, from 0 to `until`, as far as the connection lives.
///
/// Returns: the events, and the second of the last tick.
fn pass(raw: &mut Raw, from: u64, until: u64) -> (Vec<Event>, u64) {
    let mut events = Vec::new();
    for second in from..=until {
        raw.connection.tick(Duration::from_secs(second));
        events.extend(raw.events());
        if raw.connection.is_closed() {
            return (events, second);
        }
    }
    (events, until)
}

#[test]
fn a_preface_that_does_not_come() {
    for sent in [&b""[..], b"PRI * HTTP/2.0\r\n", &[PREFACE, &[0, 0]].concat()] {
        let mut raw = Raw::silent(Settings::default());
        raw.send(sent);
        let (events, second) = pass(&mut raw, 0, 100);
        assert_eq!((closed(&events), second), (Some((Reason::ENHANCE_YOUR_CALM, Cause::Timeout)), 30));
    }
}

#[test]
fn a_field_block_that_does_not_end() {
    let get = get(1);
    let unfinished = [frame(HEADERS, 0, 1, &block(&GET)), get[..12].to_vec(), get[..4].to_vec()];
    for octets in unfinished {
        let mut raw = Raw::new(Settings::default());
        pass(&mut raw, 0, 10);
        raw.send(&octets);
        let (events, second) = pass(&mut raw, 11, 100);
        assert_eq!((closed(&events), second), (Some((Reason::ENHANCE_YOUR_CALM, Cause::Timeout)), 41));
        assert_eq!(raw.goaway(), Some(Reason::ENHANCE_YOUR_CALM));
    }
}

#[test]
fn slow_content_is_not_a_slow_field_block() {
    let mut raw = Raw::new(Settings { keep_alive: Duration::MAX, ..Settings::default() });
    raw.send(&post(1));
    raw.send(&frame(DATA, 0, 1, &[0; 100])[..50]);
    let (events, _) = pass(&mut raw, 0, 200);
    assert!(events.is_empty(), "{events:?}");
}

#[test]
fn rfc9113_9_1_idle_connections_are_drained_then_closed() {
    let mut raw = Raw::new(Settings::default());
    raw.connection.tick(Duration::ZERO);
    assert_eq!(raw.connection.deadline(), Some(Duration::from_secs(75)), "an idle connection costs no ticks");
    let (events, _) = pass(&mut raw, 1, 74);
    assert!(events.is_empty());
    raw.connection.tick(Duration::from_secs(75));
    raw.events();
    assert_eq!(raw.goaway(), Some(Reason::NO_ERROR));
    let (events, second) = pass(&mut raw, 76, 200);
    assert_eq!((closed(&events), second), (Some((Reason::NO_ERROR, Cause::Finished)), 90));
}

#[test]
fn requests_between_ticks_are_not_idle() {
    let mut raw = Raw::new(Settings::default());
    raw.connection.tick(Duration::ZERO);
    for n in 0..20 {
        raw.send(&get(n * 2 + 1));
        raw.connection.respond(n * 2 + 1, 200, NO_FIELDS, true).unwrap();
        raw.connection.finish(n * 2 + 1);
        raw.events();
        raw.connection.tick(Duration::from_secs(u64::from(n) * 74));
    }
    assert_eq!(raw.goaway(), None);
    assert_eq!(raw.connection.deadline(), Some(Duration::from_secs(19 * 74 + 75)));
}

#[test]
fn a_stream_reset_while_its_queue_is_full_leaves_nothing() {
    let mut raw = Raw::new(Settings::default());
    raw.connection.tick(Duration::ZERO);
    raw.send(&[setting(4, 0), get(1)].concat());
    raw.connection.respond(1, 200, NO_FIELDS, false).unwrap();
    raw.connection.send(1, vec![0; 1_000].into(), true).unwrap();
    raw.connection.finish(1);
    raw.events();
    assert!(raw.send(&rst(1)).is_empty(), "the owner has finished it");
    assert_eq!(raw.connection.queued(), 0);
    raw.connection.tick(Duration::from_secs(1));
    assert_eq!(raw.connection.deadline(), Some(Duration::from_secs(76)), "idle");
}

#[test]
fn a_running_request_is_not_idle() {
    let mut raw = Raw::new(Settings::default());
    raw.send(&get(1));
    raw.connection.tick(Duration::ZERO);
    assert_eq!(raw.connection.deadline(), Some(Duration::from_secs(1)));
    for second in 0..300 {
        raw.connection.tick(Duration::from_secs(second));
        raw.events();
        let pings: Vec<_> = raw.frames().into_iter().filter(|frame| frame.kind == PING).collect();
        for ping in pings {
            raw.send(&frame(PING, ACK, 0, &ping.payload));
        }
        assert!(!raw.connection.is_closed());
    }
    raw.connection.respond(1, 200, NO_FIELDS, true).unwrap();
    raw.connection.finish(1);
    raw.events();
    assert!(raw.frames().iter().any(|frame| frame.kind == HEADERS));
    let (_, second) = pass(&mut raw, 300, 500);
    assert_eq!(second, 300 + 75 + 15);
}

#[test]
fn rfc9113_6_7_a_silent_peer_is_asked_and_then_left() {
    let mut raw = Raw::new(Settings::default());
    raw.send(&get(1));
    let (events, _) = pass(&mut raw, 0, 29);
    assert!(events.is_empty() && raw.frames().is_empty());
    pass(&mut raw, 30, 30);
    assert_eq!(raw.frames()[0].kind, PING);
    let (events, second) = pass(&mut raw, 31, 100);
    assert!(matches!(events[0], Event::Reset { stream: 1, .. }), "{events:?}");
    assert_eq!((closed(&events), second), (Some((Reason::NO_ERROR, Cause::Timeout)), 45));
}
