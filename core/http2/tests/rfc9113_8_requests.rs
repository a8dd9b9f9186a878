//! RFC 9113 section 8: what of a request reaches a handler.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod wire;

use spica_http1::Content;
use spica_http2::{Event, Reason, RequestHead, Settings};
use wire::*;

fn first_request(fields: &[(&str, &str)], flags: u8) -> Option<RequestHead> {
    let mut raw = Raw::new(Settings::default());
    raw.send(&headers(1, flags, fields)).into_iter().find_map(|event| match event {
        Event::Request { request, .. } => Some(request),
        _ => None,
    })
}

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&GET[..], more].concat()
}

/// The status the request is refused with, or 0 for a stream error, without any of it reaching a handler.
fn refusal(fields: &[(&str, &str)]) -> u16 {
    let mut raw = Raw::new(Settings::default());
    let events = raw.send(&headers(1, END_STREAM, fields));
    assert!(requests(&events).is_empty(), "{fields:?} reached the handler");
    assert_eq!(closed(&events), None, "{fields:?} closed the connection");
    match refused(&events)[..] {
        [status] => {
            assert!(raw.frames().iter().any(|frame| frame.kind == HEADERS && frame.flags & END_STREAM != 0));
            status
        }
        _ => {
            let reason = raw.was_reset(1);
            assert!(matches!(reason, Some(Reason::PROTOCOL_ERROR)), "{fields:?}: {reason:?}");
            0
        }
    }
}

#[test]
fn rfc9113_8_3_1_pseudo_fields_become_a_head_of_http1() {
    let fields = [(":method", "GET"), (":scheme", "https"), (":path", "/posts?page=2"), (":authority", "a.test:8443")];
    let request = first_request(&fields, END_STREAM).unwrap();
    let (head, bytes) = (&request.head, &request.bytes);
    assert_eq!(head.method.of(bytes), b"GET");
    assert_eq!(head.target.of(bytes), b"/posts?page=2");
    assert_eq!(head.path.of(bytes), b"/posts");
    assert_eq!(head.query.map(|query| query.of(bytes)), Some(&b"page=2"[..]));
    assert_eq!(head.host.map(|host| host.of(bytes)), Some(&b"a.test:8443"[..]));
    assert_eq!(head.field(bytes, b"host"), Some(&b"a.test:8443"[..]));
    assert_eq!((head.content, head.keep_alive, head.minor, head.len), (Content::None, true, 1, bytes.len()));
}

#[test]
fn rfc9113_8_3_1_host_stands_in_for_authority_and_must_equal_it() {
    let host_only = [(":method", "GET"), (":scheme", "https"), (":path", "/"), ("host", "a.test")];
    let request = first_request(&host_only, END_STREAM).unwrap();
    assert_eq!(request.head.field(&request.bytes, b"host"), Some(&b"a.test"[..]));
    let request = first_request(&with(&[("host", "A.TEST")]), END_STREAM).unwrap();
    assert_eq!(request.head.values(&request.bytes, b"host").count(), 1);
    assert_eq!(refusal(&with(&[("host", "b.test")])), 400);
    assert_eq!(refusal(&with(&[("host", "a.test"), ("host", "b.test")])), 400);
    assert_eq!(refusal(&[(":method", "GET"), (":scheme", "https"), (":path", "/")]), 400);
    assert_eq!(refusal(&[(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "u@a.test")]), 400);
}

#[test]
fn rfc9113_8_3_1_targets_are_those_of_http1() {
    let get = |path| [(":method", "GET"), (":scheme", "https"), (":path", path), (":authority", "a.test")];
    for path in ["x", "http://b.test/", "//%zz", "/%00", "*", "", "/a b", "/a\r\nb: c", "/\u{e9}"] {
        assert!(matches!(refusal(&get(path)), 0 | 400), "{path:?}");
    }
    assert_eq!(refusal(&get(&format!("/{}", "x".repeat(9_000)))), 414);
    let options = [(":method", "OPTIONS"), (":scheme", "https"), (":path", "*"), (":authority", "a.test")];
    assert_eq!(first_request(&options, END_STREAM).unwrap().head.method.start, 0);
}

#[test]
fn rfc9113_8_3_1_missing_repeated_and_late_pseudo_fields_are_stream_errors() {
    assert_eq!(refusal(&[(":scheme", "https"), (":path", "/"), (":authority", "a.test")]), 0);
    assert_eq!(refusal(&[(":method", "GET"), (":path", "/"), (":authority", "a.test")]), 0);
    assert_eq!(refusal(&with(&[(":path", "/again")])), 0);
    assert_eq!(refusal(&with(&[("a", "b"), (":path", "/late")])), 0);
    assert_eq!(refusal(&with(&[(":status", "200")])), 0);
    assert!(matches!(refusal(&with(&[(":protocol", "websocket")])), 0));
}

#[test]
fn rfc9113_8_3_1_schemes_are_http_and_https() {
    assert_eq!(refusal(&[(":method", "GET"), (":scheme", "ftp"), (":path", "/"), (":authority", "a.test")]), 400);
}

#[test]
fn rfc9113_8_5_connect_is_refused() {
    assert_eq!(refusal(&[(":method", "CONNECT"), (":authority", "a.test:443")]), 501);
}

#[test]
fn rfc9113_8_2_fields_http1_could_not_carry_never_arrive() {
    for (name, value) in
        [("UPPER", "x"), ("a b", "x"), ("", "x"), ("a:b", "x"), ("x", "a\r\nb: c"), ("x", "a\0"), ("x", "\u{7f}")]
    {
        let mut raw = Raw::new(Settings::default());
        let events = raw.send(&headers(1, END_STREAM, &with(&[(name, value)])));
        assert!(requests(&events).is_empty(), "{name:?}: {value:?}");
    }
    for value in [" x", "x ", "\tx", "x\t"] {
        assert_eq!(refusal(&with(&[("x", value)])), 400, "{value:?}");
    }
}

#[test]
fn rfc9113_8_2_2_connection_specific_fields_are_stream_errors() {
    for name in ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"] {
        assert_eq!(refusal(&with(&[(name, "x")])), 0, "{name}");
    }
    assert_eq!(refusal(&with(&[("te", "gzip")])), 0);
    assert!(first_request(&with(&[("te", "trailers")]), END_STREAM).is_some());
}

#[test]
fn rfc9113_8_2_3_cookie_crumbs_are_joined() {
    let crumbs = [("cookie", "a=1"), ("x", "y"), ("cookie", "b=2"), ("cookie", "c=3")];
    let request = first_request(&with(&crumbs), END_STREAM).unwrap();
    let cookies: Vec<_> = request.head.values(&request.bytes, b"cookie").collect();
    assert_eq!(cookies, [b"a=1; b=2; c=3"]);
    assert_eq!(request.head.field(&request.bytes, b"x"), Some(&b"y"[..]));
}

#[test]
fn rfc9113_8_1_1_content_length_is_checked() {
    assert_eq!(refusal(&with(&[("content-length", "5")])), 0);
    assert_eq!(refusal(&with(&[("content-length", "x")])), 0);
    assert_eq!(refusal(&with(&[("content-length", "0"), ("content-length", "0")])), 400);
    for (content, ends) in [("123", true), ("12345", false), ("1234", false)] {
        let mut raw = Raw::new(Settings::default());
        let fields = [&POST[..], &[("content-length", "3")]].concat();
        raw.send(&headers(1, 0, &fields));
        let events = raw.send(&frame(DATA, END_STREAM, 1, content.as_bytes()));
        assert_eq!(events.iter().any(|event| matches!(event, Event::End { .. })), ends, "{content}");
        assert_eq!(events.iter().any(|event| matches!(event, Event::Reset { .. })), !ends, "{content}");
    }
}

#[test]
fn rfc9110_8_6_content_framing_is_told_like_http1() {
    let content = |more: &[(&str, &str)], flags| first_request(&with(more), flags).unwrap().head.content;
    assert_eq!(content(&[], END_STREAM), Content::None);
    assert_eq!(content(&[], 0), Content::Chunked);
    assert_eq!(content(&[("content-length", "7")], 0), Content::Length(7));
    assert_eq!(content(&[("content-length", "0")], END_STREAM), Content::Length(0));
}

#[test]
fn rfc9110_10_1_1_expect_is_told() {
    let request = first_request(&with(&[("expect", "100-continue")]), 0).unwrap();
    assert!(request.head.expects_continue);
    assert_eq!(refusal(&with(&[("expect", "200-ok")])), 417);
}

#[test]
fn rfc9110_6_5_1_trailers_follow_the_rules_of_http1() {
    let mut raw = Raw::new(Settings::default());
    raw.send(&post(1));
    let events = raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(&[("checksum", "1"), ("n", "2")])));
    let [Event::End { trailers, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(trailers[..], [(b"checksum".to_vec(), b"1".to_vec()), (b"n".to_vec(), b"2".to_vec())]);
    raw.send(&post(3));
    let events = raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, 3, &block(&[("host", "b.test")])));
    assert_eq!(refused(&events), [400]);
    assert_eq!(raw.connection.streams(), 2);
}

#[test]
fn rfc9110_15_5_14_content_above_the_limit_is_413_and_stops() {
    let mut settings = Settings::default();
    settings.request.content = 10;
    let mut raw = Raw::new(settings.clone());
    let events = raw.send(&headers(1, 0, &[&POST[..], &[("content-length", "11")]].concat()));
    assert_eq!((refused(&events), raw.connection.streams()), (vec![413], 0));
    assert_eq!(raw.was_reset(1), Some(Reason::NO_ERROR));

    raw.send(&post(3));
    assert!(refused(&raw.send(&frame(DATA, 0, 3, b"0123456789"))).is_empty());
    assert_eq!(refused(&raw.send(&frame(DATA, 0, 3, b"x"))), [413]);
    let frames = raw.frames();
    assert!(frames.iter().any(|frame| frame.kind == HEADERS && frame.stream == 3 && frame.flags & END_STREAM != 0));
    assert!(frames.iter().any(|frame| frame.kind == RST_STREAM && frame.payload == [0, 0, 0, 0]), "{frames:?}");
    assert_eq!(raw.connection.streams(), 1);
    raw.connection.finish(3);
    assert_eq!(raw.connection.streams(), 0);
}

#[test]
fn rfc6585_5_fields_above_the_limits_are_431() {
    let many = [("x", "y"); 100];
    assert!(first_request(&with(&many[..99]), END_STREAM).is_some(), "with Host 100 fields");
    assert_eq!(refusal(&with(&many)), 431);
}
