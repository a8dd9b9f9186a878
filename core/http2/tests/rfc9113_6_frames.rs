//! RFC 9113 sections 3 to 6: the connection itself.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod client;
mod wire;

use bytes::Bytes;
use client::NO_FIELDS;
use spica_http2::{Cause, Connection, Event, Reason, Settings};
use wire::*;

#[test]
fn rfc9113_3_4_settings_are_the_first_output() {
    let mut raw = Raw::silent(Settings::default());
    assert!(raw.events().is_empty());
    let frames = raw.frames();
    assert_eq!((frames.len(), frames[0].kind, frames[0].flags), (1, SETTINGS, 0));
    let has = |id: u16, value: u32| {
        let wanted = [&id.to_be_bytes()[..], &value.to_be_bytes()].concat();
        frames[0].payload.chunks(6).any(|setting| setting == wanted)
    };
    assert!(has(3, 256), "MAX_CONCURRENT_STREAMS");
    assert!(has(4, 256 * 1024), "INITIAL_WINDOW_SIZE");
    assert!(has(6, 64 * 1024), "MAX_HEADER_LIST_SIZE");
}

#[test]
fn rfc9113_3_4_anything_but_the_preface_closes() {
    for octets in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rX", &[0; 64]] {
        let mut raw = Raw::silent(Settings::default());
        assert_eq!(closed(&raw.send(octets)), Some((Reason::PROTOCOL_ERROR, Cause::Protocol)));
        assert!(raw.connection.is_closed() && !raw.connection.wants_input());
        assert_eq!(raw.connection.deadline(), None);
    }
}

#[test]
fn rfc9113_6_5_3_and_6_7_settings_and_pings_are_acknowledged() {
    let mut raw = Raw::silent(Settings::default());
    raw.send(&[PREFACE, &setting(4, 1000)[..], &frame(PING, 0, 0, b"12345678")].concat());
    let acks: Vec<_> = raw.frames().into_iter().filter(|frame| frame.flags == ACK).collect();
    assert_eq!(acks.len(), 2);
    assert!(acks.iter().any(|ack| ack.kind == PING && ack.payload == b"12345678"));
}

#[test]
fn rfc9113_5_4_1_connection_errors_reset_what_runs() {
    let mut raw = Raw::new(Settings::default());
    raw.send(&[get(1), get(3)].concat());
    let events = raw.send(&frame(DATA, 0, 0, b"x"));
    let reset: Vec<_> = events.iter().filter(|event| matches!(event, Event::Reset { .. })).collect();
    assert_eq!((reset.len(), closed(&events)), (2, Some((Reason::PROTOCOL_ERROR, Cause::Protocol))));
    assert!(matches!(events.last(), Some(Event::Closed { .. })));
    assert_eq!(raw.goaway(), Some(Reason::PROTOCOL_ERROR));
    assert_eq!(raw.connection.streams(), 2, "their handlers still run");
    raw.connection.finish(1);
    raw.connection.finish(3);
    assert_eq!(raw.connection.streams(), 0);
}

#[test]
fn rfc9113_6_8_drain_finishes_what_runs() {
    let mut raw = Raw::new(Settings::default());
    raw.send(&get(1));
    raw.connection.drain();
    let events = raw.events();
    assert!(events.is_empty(), "{events:?}");
    let frames = raw.frames();
    let goaway = frames.iter().find(|frame| frame.kind == GOAWAY).unwrap();
    assert_eq!(goaway.payload[..4], 0x7fff_ffff_u32.to_be_bytes());
    let ping = frames.iter().find(|frame| frame.kind == PING).unwrap();
    assert_eq!(requests(&raw.send(&get(3))), [3], "sent before the peer knew");
    raw.send(&frame(PING, ACK, 0, &ping.payload));
    let goaway = raw.frames().into_iter().find(|frame| frame.kind == GOAWAY).unwrap();
    assert_eq!(goaway.payload[..4], 3_u32.to_be_bytes());
    assert!(requests(&raw.send(&get(5))).is_empty());
    for stream in [1, 3] {
        raw.connection.respond(stream, 200, NO_FIELDS, true).unwrap();
        raw.connection.finish(stream);
    }
    assert_eq!(closed(&raw.events()), Some((Reason::NO_ERROR, Cause::Finished)));
}

#[test]
fn rfc9113_6_8_drain_before_the_preface_is_remembered() {
    let mut raw = Raw::silent(Settings::default());
    raw.connection.drain();
    raw.send(&[PREFACE, &frame(SETTINGS, 0, 0, &[])[..]].concat());
    assert_eq!(raw.goaway(), Some(Reason::NO_ERROR));
}

#[test]
fn rfc9113_6_8_a_peer_that_goes_away_is_answered() {
    let mut raw = Raw::new(Settings::default());
    raw.send(&get(1));
    assert_eq!(closed(&raw.send(&frame(GOAWAY, 0, 0, &[0; 8]))), None);
    raw.connection.respond(1, 200, NO_FIELDS, true).unwrap();
    raw.connection.finish(1);
    assert_eq!(closed(&raw.events()), Some((Reason::NO_ERROR, Cause::Finished)));
    assert!(raw.frames().iter().any(|frame| frame.kind == HEADERS && frame.stream == 1));
}

#[test]
fn rfc9113_6_8_close_says_why() {
    let mut raw = Raw::new(Settings::default());
    raw.send(&get(1));
    raw.connection.close(Reason::INTERNAL_ERROR);
    let events = raw.events();
    assert!(matches!(events[0], Event::Reset { stream: 1, .. }), "{events:?}");
    assert_eq!(closed(&events), Some((Reason::INTERNAL_ERROR, Cause::Owner)));
    assert_eq!(raw.goaway(), Some(Reason::INTERNAL_ERROR));
}

#[test]
fn rfc9113_9_1_the_end_of_the_transport_resets_what_runs() {
    let mut raw = Raw::new(Settings::default());
    raw.send(&post(1));
    raw.connection.end_input();
    let events = raw.events();
    assert!(matches!(events[..], [Event::Reset { stream: 1, .. }, Event::Closed { .. }]), "{events:?}");
    assert!(matches!(closed(&events), Some((_, Cause::Transport))));
}

fn send_much(connection: &mut Connection, stream: u32, octets: usize) -> spica_http2::Sent {
    connection.respond(stream, 200, NO_FIELDS, false).unwrap();
    connection.send(stream, Bytes::from(vec![0; octets]), false).unwrap()
}

#[test]
fn rfc9113_6_9_content_waits_for_the_window_and_tells_how_much() {
    let mut raw = Raw::new(Settings::default());
    raw.send(&get(1));
    let sent = send_much(&mut raw.connection, 1, 200_000);
    assert!(sent.full && sent.queued == 200_000, "{sent:?}");
    assert!(raw.events().is_empty());
    assert_eq!(raw.connection.queued(), 200_000 - 65_535);
    assert!(raw.send(&[window(1, 1_000_000), window(0, 50_000)].concat()).is_empty());
    assert_eq!(raw.connection.queued(), 200_000 - 115_535);
    let events = raw.send(&window(0, 1_000_000));
    assert!(matches!(events[..], [Event::Writable { stream: 1 }]), "{events:?}");
    assert_eq!(raw.connection.queued(), 0);
    let sent = raw.connection.send(1, Bytes::new(), true).unwrap();
    assert!(!sent.full);
    raw.connection.finish(1);
    assert!(raw.events().is_empty());
    let data: usize = raw.frames().iter().filter(|frame| frame.kind == DATA).map(|frame| frame.payload.len()).sum();
    assert_eq!(data, 200_000);
}

#[test]
fn rfc9113_6_9_2_a_larger_initial_window_lets_content_go() {
    let mut raw = Raw::new(Settings::default());
    raw.send(&[setting(4, 0), get(1)].concat());
    send_much(&mut raw.connection, 1, 1_000);
    raw.events();
    assert_eq!(raw.connection.queued(), 1_000);
    raw.send(&setting(4, 10));
    assert_eq!(raw.connection.queued(), 990);
    raw.send(&setting(4, 2_000));
    assert_eq!(raw.connection.queued(), 0);
}

#[test]
fn rfc9113_6_9_content_of_a_finished_stream_still_arrives() {
    let mut raw = Raw::new(Settings::default());
    raw.send(&[setting(4, 0), get(1)].concat());
    raw.connection.respond(1, 200, NO_FIELDS, false).unwrap();
    raw.connection.send(1, Bytes::from_static(b"later"), true).unwrap();
    raw.connection.finish(1);
    assert_eq!((raw.connection.streams(), raw.connection.queued()), (0, 5));
    raw.events();
    raw.send(&window(1, 5));
    assert_eq!(raw.connection.queued(), 0);
    let last = raw.frames().pop().unwrap();
    assert_eq!((last.kind, last.flags, &last.payload[..]), (DATA, END_STREAM, &b"later"[..]));
}

#[test]
fn rfc9113_6_9_released_content_opens_the_window() {
    let mut raw = Raw::new(Settings::default());
    raw.send(&post(1));
    let events = raw.send(&(0..8).flat_map(|_| frame(DATA, 0, 1, &[0; 16_384])).collect::<Vec<_>>());
    let held: usize =
        events.iter().map(|event| if let Event::Data { data, .. } = event { data.len() } else { 0 }).sum();
    assert_eq!(held, 128 * 1024);
    raw.frames();
    raw.connection.release(1, 10);
    raw.events();
    assert!(raw.frames().is_empty(), "not for so little");
    raw.connection.release(1, held);
    raw.events();
    let opened = raw.frames();
    assert_eq!(opened.len(), 1, "the connection's window is still wide: {opened:?}");
    assert_eq!((opened[0].kind, opened[0].stream, &opened[0].payload[..]), (WINDOW_UPDATE, 1, &[0, 2, 0, 0][..]));
}

#[test]
fn rfc9113_6_9_finishing_gives_unreleased_content_back() {
    let mut raw = Raw::new(Settings::default());
    for n in 0..40 {
        let stream = n * 2 + 1;
        raw.send(&post(stream));
        let events = raw.send(&(0..8).flat_map(|_| frame(DATA, 0, stream, &[0; 16_384])).collect::<Vec<_>>());
        assert_eq!(events.len(), 8, "the connection's window stayed shut at {stream}");
        raw.connection.finish(stream);
        raw.events();
    }
}

#[test]
fn rfc9113_6_9_finishing_gives_content_back_though_the_answer_still_waits() {
    let mut raw = Raw::new(Settings::default());
    raw.send(&setting(4, 0));
    for n in 0..40 {
        let stream = n * 2 + 1;
        raw.send(&post(stream));
        let events = raw.send(&(0..8).flat_map(|_| frame(DATA, 0, stream, &[0; 16_384])).collect::<Vec<_>>());
        assert_eq!(events.len(), 8, "the connection's window stayed shut at {stream}");
        raw.connection.respond(stream, 200, NO_FIELDS, false).unwrap();
        raw.connection.send(stream, Bytes::from_static(b"waits"), true).unwrap();
        raw.connection.finish(stream);
        raw.events();
    }
    assert_eq!(raw.connection.queued(), 200);
}

#[test]
fn output_nobody_takes_stops_production() {
    let mut raw = Raw::new(Settings::default());
    raw.send(&[setting(4, 1 << 30), window(0, 1 << 30), get(1)].concat());
    send_much(&mut raw.connection, 1, 10_000_000);
    while raw.connection.poll().is_some() {}
    assert!(raw.connection.queued() > 9_800_000, "{}", raw.connection.queued());
    raw.events();
    assert_eq!(raw.connection.queued(), 0);
}
