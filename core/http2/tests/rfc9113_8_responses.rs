//! RFC 9113 section 8: what a response may be.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod client;

use bytes::Bytes;
use client::{field, Arrived, Cut, Pair, NO_FIELDS};
use h2::client::Builder;
use spica_http2::{Event, Reason, SendError, Settings};

fn pair() -> Pair {
    Pair::new(Settings::default(), &Builder::new(), Cut::Whole)
}

/// Open one GET and return its stream.
fn request(pair: &mut Pair) -> (u32, h2::client::ResponseFuture) {
    let future = pair.get("/");
    let mut opened = 0;
    pair.run(|_, event| match event {
        Event::Request { stream, .. } => opened = stream,
        other => panic!("{other:?}"),
    });
    (opened, future)
}

fn arrive(pair: &mut Pair, future: &mut h2::client::ResponseFuture) -> Arrived {
    pair.run(|_, event| panic!("{event:?}"));
    let mut arrived = Arrived::new(future).unwrap().unwrap();
    arrived.take(true);
    arrived
}

#[test]
fn rfc9113_8_1_a_head_alone_ends_the_response() {
    for status in [200, 204, 304, 404] {
        let mut pair = pair();
        let (stream, mut future) = request(&mut pair);
        pair.server.respond(stream, status, [field("x", "y")], true).unwrap();
        pair.server.finish(stream);
        let arrived = arrive(&mut pair, &mut future);
        assert_eq!((arrived.head.status().as_u16(), arrived.done, &arrived.content[..]), (status, true, &b""[..]));
        assert_eq!(arrived.head.headers()["x"], "y");
    }
}

#[test]
fn rfc9110_8_6_a_length_without_content_is_for_head_and_304() {
    let length = [field("content-length", "13")];
    for (method, status) in [("HEAD", 200), ("GET", 304)] {
        let mut pair = pair();
        let (mut future, _) = pair.request(method, "/", true);
        pair.run(|server, event| {
            let Event::Request { stream, .. } = event else { panic!("{event:?}") };
            server.respond(stream, status, length, true).unwrap();
            server.finish(stream);
        });
        let arrived = arrive(&mut pair, &mut future);
        assert_eq!((arrived.done, &arrived.head.headers()["content-length"]), (true, &"13".parse().unwrap()));
    }
    let mut pair = pair();
    let (stream, _future) = request(&mut pair);
    let refused = pair.server.respond(stream, 200, length, true);
    assert_eq!(refused, Err(SendError::Length { declared: 13, sent: 0 }));
}

#[test]
fn rfc9113_8_1_trailers_follow_content() {
    let mut pair = pair();
    let (stream, mut future) = request(&mut pair);
    pair.server.respond(stream, 200, NO_FIELDS, false).unwrap();
    pair.server.send(stream, Bytes::from_static(b"content"), false).unwrap();
    pair.server.send_trailers(stream, [field("Checksum", "7")]).unwrap();
    assert_eq!(pair.server.send(stream, Bytes::new(), true), Err(SendError::Order));
    pair.server.finish(stream);
    let arrived = arrive(&mut pair, &mut future);
    assert_eq!((&arrived.content[..], arrived.done), (&b"content"[..], true));
    assert_eq!(arrived.trailers.unwrap()["checksum"], "7");
}

#[test]
fn rfc9113_8_1_no_trailers_is_an_end() {
    let mut pair = pair();
    let (stream, mut future) = request(&mut pair);
    pair.server.respond(stream, 200, NO_FIELDS, false).unwrap();
    pair.server.send_trailers(stream, NO_FIELDS).unwrap();
    pair.server.finish(stream);
    let arrived = arrive(&mut pair, &mut future);
    assert!(arrived.done && arrived.trailers.is_none());
}

#[test]
fn rfc8297_2_informational_responses_come_first() {
    let mut pair = pair();
    let (stream, mut future) = request(&mut pair);
    pair.server.respond(stream, 103, [field("link", "</style.css>; rel=preload")], false).unwrap();
    pair.run(|_, event| panic!("{event:?}"));
    let hint = match future.poll_informational(&mut client::context()) {
        std::task::Poll::Ready(Some(Ok(hint))) => hint,
        other => panic!("{other:?}"),
    };
    assert_eq!((hint.status().as_u16(), &hint.headers()["link"]), (103, &"</style.css>; rel=preload".parse().unwrap()));
    pair.server.respond(stream, 200, NO_FIELDS, true).unwrap();
    pair.server.finish(stream);
    assert!(arrive(&mut pair, &mut future).done);
}

#[test]
fn rfc9113_8_6_statuses_that_cannot_be_sent() {
    let mut pair = pair();
    let (stream, _future) = request(&mut pair);
    for (status, end) in [(101, false), (103, true), (99, true), (1000, true)] {
        assert_eq!(pair.server.respond(stream, status, NO_FIELDS, end), Err(SendError::Status(status)));
    }
}

#[test]
fn rfc9113_8_2_2_connection_specific_fields_are_left_out() {
    let mut pair = pair();
    let (stream, mut future) = request(&mut pair);
    let fields = [field("Connection", "close"), field("Transfer-Encoding", "chunked"), field("X", " y ")];
    pair.server.respond(stream, 200, fields, true).unwrap();
    let arrived = arrive(&mut pair, &mut future);
    assert_eq!(arrived.head.headers().len(), 1);
    assert_eq!(arrived.head.headers()["x"], "y");
}

#[test]
fn rfc9113_8_2_1_a_broken_field_sends_nothing() {
    let mut pair = pair();
    let (stream, mut future) = request(&mut pair);
    for (name, value) in [("x", "a\r\nset-cookie: b"), ("x", "\0"), ("a b", "x"), ("", "x"), (":status", "200")] {
        assert!(matches!(pair.server.respond(stream, 200, [field(name, value)], true), Err(SendError::Field(_))));
    }
    pair.server.respond(stream, 200, NO_FIELDS, true).unwrap();
    assert!(arrive(&mut pair, &mut future).head.headers().is_empty());
}

#[test]
fn rfc9113_8_1_1_an_untrue_length_resets_the_stream() {
    for (content, end) in [("12", true), ("1234", false)] {
        let mut pair = pair();
        let (stream, mut future) = request(&mut pair);
        pair.server.respond(stream, 200, [field("content-length", "3")], false).unwrap();
        let sent = content.len() as u64;
        let outcome = pair.server.send(stream, Bytes::from(content), end);
        assert_eq!(outcome, Err(SendError::Length { declared: 3, sent }));
        pair.server.finish(stream);
        pair.run(|_, event| panic!("{event:?}"));
        // The head may be dropped with the stream: what matters is that no complete response arrives.
        let complete = Arrived::new(&mut future).unwrap().is_ok_and(|mut arrived| {
            arrived.take(true);
            arrived.done
        });
        assert!(!complete);
    }
}

#[test]
fn rfc9113_8_1_an_unfinished_response_is_reset() {
    let mut pair = pair();
    let (stream, mut future) = request(&mut pair);
    pair.server.respond(stream, 200, NO_FIELDS, false).unwrap();
    pair.run(|_, event| panic!("{event:?}"));
    let mut arrived = Arrived::new(&mut future).unwrap().unwrap();
    pair.server.finish(stream);
    pair.run(|_, event| panic!("{event:?}"));
    arrived.take(true);
    assert_eq!(arrived.error.unwrap().reason(), Some(Reason::INTERNAL_ERROR));
}

#[test]
fn rfc9113_8_1_an_early_response_stops_the_content_without_an_error() {
    let mut pair = pair();
    let (mut future, mut body) = pair.request("POST", "/", false);
    pair.run(|server, event| {
        if let Event::Request { stream, .. } = event {
            server.respond(stream, 401, NO_FIELDS, true).unwrap();
            server.finish(stream);
        }
    });
    let mut arrived = Arrived::new(&mut future).unwrap().unwrap();
    arrived.take(true);
    assert_eq!((arrived.head.status().as_u16(), arrived.done), (401, true));
    let reason = match body.poll_reset(&mut client::context()) {
        std::task::Poll::Ready(reason) => reason.unwrap(),
        std::task::Poll::Pending => panic!("the client is not told to stop"),
    };
    assert_eq!(reason, Reason::NO_ERROR);
}

#[test]
fn rfc9113_5_4_2_both_sides_can_reset() {
    let mut pair = pair();
    let (stream, mut future) = request(&mut pair);
    pair.server.reset(stream, Reason::CANCEL);
    assert_eq!(pair.server.respond(stream, 200, NO_FIELDS, true), Err(SendError::Gone));
    assert_eq!(pair.server.streams(), 1, "running until finished");
    pair.server.finish(stream);
    pair.run(|_, event| panic!("{event:?}"));
    let error = Arrived::new(&mut future).unwrap().err().unwrap();
    assert_eq!(error.reason(), Some(Reason::CANCEL));

    let (future, mut send) = pair.request("POST", "/", false);
    let mut opened = 0;
    pair.run(|_, event| {
        if let Event::Request { stream, .. } = event {
            opened = stream
        }
    });
    send.send_reset(Reason::CANCEL);
    drop(future);
    let mut events = Vec::new();
    pair.run(|_, event| events.push(event));
    assert!(matches!(events[..], [Event::Reset { stream, reason: Reason::CANCEL }] if stream == opened), "{events:?}");
    assert_eq!(pair.server.send(opened, Bytes::new(), true), Err(SendError::Gone));
    pair.server.finish(opened);
    pair.server.finish(opened);
    assert_eq!(pair.server.streams(), 0);
}
