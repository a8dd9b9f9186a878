//! Compression: who gets it, what the fields say, and that what is decoded is what was made.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use spica_coding::{Coding, Offered, Policy};
use spica_server::{Options, Pushed, Reactor};
use support::{ask, begin, chunks, decode, first, reactor, Answer, Given, Giver};

const ALL: (&str, &str) = ("Accept-Encoding", "gzip, deflate, br, zstd");

fn default(given: Given) -> Reactor<Giver> {
    reactor(given, Options::default())
}

fn answer(given: Given, target: &str, fields: &[(&str, &str)]) -> Answer {
    ask(&mut default(given), target, fields)
}

#[test]
fn rfc9110_8_4_each_coding_decodes_to_what_was_made() {
    for target in ["GET /now", "GET /plain", "GET /wait"] {
        for (accepted, coding) in [("gzip", "gzip"), ("br", "br"), ("zstd", "zstd"), ("gzip, br;q=0.5", "gzip")] {
            let given = Given::html(5000);
            let answer = answer(given.clone(), target, &[("Accept-Encoding", accepted)]);
            assert_eq!((answer.status, answer.coding()), (200, Some(coding)), "{target} {accepted}");
            assert_eq!(answer.field("vary"), Some("accept-encoding"));
            assert_eq!(answer.len(), Some(answer.content.len()));
            assert!(answer.content.len() < 500);
            assert_eq!(decode(answer.coding(), &answer.content), given.content);
        }
    }
}

#[test]
fn rfc9110_12_5_3_who_takes_no_coding_gets_none_and_caches_are_told() {
    for fields in [&[][..], &[("Accept-Encoding", "identity")], &[("Accept-Encoding", "gzip;q=0, deflate")]] {
        for target in ["GET /now", "GET /plain", "GET /wait"] {
            let answer = answer(Given::html(5000), target, fields);
            assert_eq!((answer.coding(), answer.len()), (None, Some(5000)));
            assert_eq!(answer.field("vary"), Some("accept-encoding"), "{target} {fields:?}");
        }
    }
}

#[test]
fn rfc9110_12_5_3_repeated_accept_encoding_lines_are_one_list() {
    let fields = [("Accept-Encoding", "gzip;q=0.1"), ("accept-encoding", "zstd")];
    assert_eq!(answer(Given::html(5000), "GET /now", &fields).coding(), Some("zstd"));
}

#[test]
fn small_and_incompressible_content_goes_as_it_is() {
    let small = answer(Given::html(1023), "GET /now", &[ALL]);
    assert_eq!((small.coding(), small.field("vary")), (None, None));
    assert_eq!(answer(Given::html(1024), "GET /now", &[ALL]).coding(), Some("zstd"));
    let mut state = 1_u32;
    let mut noise = Given::html(5000);
    noise.content.fill_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    let sent = answer(noise.clone(), "GET /now", &[ALL]);
    assert_eq!((sent.coding(), sent.field("vary")), (None, Some("accept-encoding")));
    assert_eq!(sent.content, noise.content);
}

#[test]
fn what_a_response_says_of_itself_counts() {
    let given = || Given::html(5000);
    let untouched = [
        given().with("content-encoding", "gzip"),
        given().with("cache-control", "public, no-transform"),
        given().with("repr-digest", "sha-256=:AA==:"),
        Given { fields: vec![("content-type", "image/png")], ..given() },
        Given { fields: vec![], ..given() },
        Given { status: 206, ..given() }.with("content-range", "bytes 0-4999/9000"),
    ];
    for given in untouched {
        let fields = given.fields.clone();
        let sent = answer(given.clone(), "GET /now", &[ALL]);
        assert_eq!((sent.field("vary"), &sent.content), (None, &given.content), "{fields:?}");
    }
    for status in [204, 304] {
        let sent = answer(Given { status, ..given() }, "GET /now", &[ALL]);
        assert_eq!((sent.coding(), sent.content.len()), (None, 0));
    }
    assert_eq!(answer(Given { status: 404, ..given() }, "GET /now", &[ALL]).coding(), Some("zstd"));
}

#[test]
fn rfc9110_8_8_3_3_a_strong_etag_becomes_weak_where_it_is_encoded() {
    let given = || Given::html(5000).with("etag", "\"7\"");
    assert_eq!(answer(given(), "GET /now", &[ALL]).field("etag"), Some("W/\"7\""));
    assert_eq!(answer(given(), "GET /now", &[]).field("etag"), Some("\"7\""));
    let weak = Given::html(5000).with("etag", "W/\"7\"");
    assert_eq!(answer(weak, "GET /now", &[ALL]).field("etag"), Some("W/\"7\""));
}

#[test]
fn rfc9110_12_5_5_vary_grows_and_is_not_repeated() {
    for (own, sent) in [("cookie", "cookie, accept-encoding"), ("*", "*"), ("Accept-Encoding", "Accept-Encoding")] {
        assert_eq!(answer(Given::html(5000).with("vary", own), "GET /now", &[ALL]).field("vary"), Some(sent));
    }
}

#[test]
fn breach_credentials_are_encoded_only_where_no_other_site_can_ask() {
    let cases: [(&[(&str, &str)], bool); 9] = [
        (&[], true),
        (&[("Sec-Fetch-Site", "cross-site")], true),
        (&[("Cookie", "a=b")], false),
        (&[("Authorization", "Bearer x")], false),
        (&[("Cookie", "a=b"), ("Sec-Fetch-Site", "same-origin")], true),
        (&[("Cookie", "a=b"), ("Sec-Fetch-Site", "none")], true),
        (&[("Cookie", "a=b"), ("Sec-Fetch-Site", "same-site")], false),
        (&[("Cookie", "a=b"), ("Sec-Fetch-Site", "cross-site")], false),
        (&[("Cookie", "a=b"), ("Sec-Fetch-Site", "none"), ("Sec-Fetch-Site", "none")], false),
    ];
    for (fields, encoded) in cases {
        for target in ["GET /now", "GET /wait"] {
            let fields = [&[ALL], fields].concat();
            let sent = answer(Given::html(5000), target, &fields);
            assert_eq!(sent.coding().is_some(), encoded, "{target} {fields:?}");
            assert_eq!(sent.field("vary"), Some("accept-encoding"));
            assert!(answer(Given::html(5000).wanting(true), target, &fields).coding().is_some());
            let never = answer(Given::html(5000).wanting(false), target, &fields);
            assert_eq!((never.coding(), never.field("vary")), (None, None));
        }
    }
}

#[test]
fn rfc9110_9_3_2_head_says_what_get_says() {
    for fields in [&[ALL][..], &[]] {
        for path in ["/now", "/plain", "/wait"] {
            let mut get = answer(Given::html(5000).with("etag", "\"7\""), &format!("GET {path}"), fields);
            let head = answer(Given::html(5000).with("etag", "\"7\""), &format!("HEAD {path}"), fields);
            get.content.clear();
            get.fields.retain(|(name, _)| name != "date");
            assert_eq!(Answer { fields: head.fields.into_iter().filter(|(n, _)| n != "date").collect(), ..head }, get);
        }
    }
}

#[test]
fn brotli_is_for_contents_that_it_does_not_take_long_for() {
    let br = [("Accept-Encoding", "br, gzip;q=0.5")];
    assert_eq!(answer(Given::html(64 * 1024), "GET /now", &br).coding(), Some("br"));
    assert_eq!(answer(Given::html(64 * 1024 + 1), "GET /now", &br).coding(), Some("gzip"));
    assert_eq!(answer(Given::html(64 * 1024 + 1), "GET /now", &[("Accept-Encoding", "br")]).coding(), None);
}

#[test]
fn a_content_length_of_the_handlers_own_is_about_what_it_made() {
    let answer = answer(Given::html(5000).with("content-length", "5000"), "GET /now", &[ALL]);
    assert_eq!((answer.coding(), answer.len()), (Some("zstd"), Some(answer.content.len())));
}

#[test]
fn the_policy_is_the_operators() {
    let with = |compression| Options { compression, ..Options::default() };
    let off = ask(&mut reactor(Given::html(5000), with(None)), "GET /now", &[ALL]);
    assert_eq!((off.coding(), off.field("vary")), (None, None));
    let gzip = Policy { offered: Offered::NONE.with(Coding::Gzip), threshold: 100, ..Policy::default() };
    let sent = ask(&mut reactor(Given::html(150), with(Some(gzip))), "GET /now", &[ALL]);
    assert_eq!(sent.coding(), Some("gzip"));
    let types = Policy { types: std::iter::once("text/css".to_owned()).collect(), ..Policy::default() };
    let sent = ask(&mut reactor(Given::html(5000), with(Some(types))), "GET /now", &[ALL]);
    assert_eq!((sent.coding(), sent.field("vary")), (None, None));
}

fn events() -> Given {
    Given { fields: vec![("content-type", "text/event-stream")], ..Given::html(0) }
}

#[test]
fn each_push_of_a_stream_can_be_decoded_at_once() {
    for (accepted, coding) in [("gzip", "gzip"), ("zstd", "zstd"), ("br, gzip;q=0.1", "gzip")] {
        let mut reactor = default(events());
        let token = begin(&mut reactor, "GET /stream", &[("Accept-Encoding", accepted)]);
        let outbox = reactor.app().outboxes.borrow_mut().pop_front().unwrap();
        let head = Answer::parse(&reactor.app().sent.take());
        assert_eq!((head.coding(), head.field("vary"), head.len()), (Some(coding), Some("accept-encoding"), None));
        let (mut encoded, mut made) = (head.content, Vec::new());
        for number in 0..20 {
            let event = format!("data: {number}\n\n");
            made.extend_from_slice(event.as_bytes());
            outbox.push(event.as_bytes());
            reactor.attend(first(token));
            let (parts, ended) = chunks(&reactor.app().sent.take());
            assert_eq!((parts.len(), ended), (1, false));
            encoded.extend(parts.concat());
            assert_eq!(decode_so_far(coding, &encoded), made);
        }
        // Nothing was pushed: nothing is sent.
        reactor.attend(first(token));
        assert!(reactor.app().sent.borrow().is_empty());
        assert!(reactor.finish(first(token), true));
        let (parts, ended) = chunks(&reactor.app().sent.take());
        assert!(ended && !reactor.app().closed.get());
        encoded.extend(parts.concat());
        assert_eq!(decode(Some(coding), &encoded), made);
    }
}

/// What a decoder gives before the end has come.
fn decode_so_far(coding: &str, encoded: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let mut decoder: Box<dyn Read + '_> = match coding {
        "gzip" => Box::new(flate2::read::GzDecoder::new(encoded)),
        _ => Box::new(zstd::Decoder::new(encoded).unwrap()),
    };
    let mut plain = Vec::new();
    let ended = decoder.read_to_end(&mut plain);
    assert!(ended.is_err(), "the end has not come");
    plain
}

#[test]
fn promise_7_an_encoded_stream_that_breaks_off_has_no_end() {
    let mut reactor = default(events());
    let token = begin(&mut reactor, "GET /stream", &[ALL]);
    let outbox = reactor.app().outboxes.borrow_mut().pop_front().unwrap();
    outbox.push(b"data: half");
    reactor.finish(first(token), false);
    let (_, ended) = chunks(&Answer::parse(&reactor.app().sent.take()).content);
    assert!(!ended && reactor.app().closed.get());
}

#[test]
fn a_declared_length_is_not_sent_but_still_holds() {
    for pushed in [&b"0123456789"[..], b"012345678"] {
        let mut reactor = default(events().with("content-length", "10"));
        let token = begin(&mut reactor, "GET /stream", &[ALL]);
        let outbox = reactor.app().outboxes.borrow_mut().pop_front().unwrap();
        assert_eq!(outbox.push(b"01234567890"), Pushed::TooMuch);
        outbox.push(pushed);
        reactor.finish(first(token), true);
        let answer = Answer::parse(&reactor.app().sent.take());
        assert_eq!((answer.len(), answer.field("transfer-encoding")), (None, Some("chunked")));
        let (parts, ended) = chunks(&answer.content);
        assert_eq!((ended, reactor.app().closed.get()), (pushed.len() == 10, pushed.len() < 10));
        if ended {
            assert_eq!(decode(Some("zstd"), &parts.concat()), pushed);
        }
    }
}

#[test]
fn head_of_a_stream_says_what_get_says() {
    let mut reactor = default(events());
    let head = ask(&mut reactor, "HEAD /stream", &[ALL]);
    assert_eq!((head.coding(), head.len(), head.content.len()), (Some("zstd"), None, 0));
}

#[test]
fn a_stream_of_credentials_is_not_encoded() {
    let mut reactor = default(events());
    begin(&mut reactor, "GET /stream", &[ALL, ("Cookie", "a=b")]);
    let head = Answer::parse(&reactor.app().sent.take());
    assert_eq!((head.coding(), head.field("vary")), (None, Some("accept-encoding")));
}

#[test]
fn promise_5_the_memory_of_encoders_is_bounded() {
    let mut reactor = default(events());
    let tokens: Vec<_> = (0..257).map(|_| begin(&mut reactor, "GET /stream", &[ALL])).collect();
    let sent = String::from_utf8(reactor.app().sent.take()).unwrap();
    assert_eq!(sent.matches("content-encoding: zstd").count(), 256);
    assert_eq!(sent.matches("vary: accept-encoding").count(), 257);
    // One that has ended, one whose client is gone: two more are encoded.
    reactor.finish(first(tokens[0]), true);
    reactor.hang_up(tokens[1]);
    reactor.app().sent.take();
    for coding in [Some("zstd"), Some("zstd"), None] {
        begin(&mut reactor, "GET /stream", &[ALL]);
        assert_eq!(Answer::parse(&reactor.app().sent.take()).coding(), coding);
    }
}
