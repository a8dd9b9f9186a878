//! HTTP/2 over the reactor: the same application, many requests at once, flow control in both directions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod peer;
mod sockets;

use std::time::{Duration, Instant};

use peer::{content_of, file_of, reactor, Pair, LARGE};
use spica_server::{Options, Pushed, Signal, Taken};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// SETTINGS, GET /version on 1, POST /echo with "abc" on 3.
fn session() -> Vec<u8> {
    let mut octets = [PREFACE, &[0, 0, 0, 4, 0, 0, 0, 0, 0]].concat();
    let mut get = b"\x82\x86\x44\x08/version".to_vec();
    get.extend(b"\x41\x06a.test");
    let mut post = b"\x83\x86\x44\x05/echo".to_vec();
    post.extend(b"\x41\x06a.test");
    for (stream, flags, block) in [(1, 5, get), (3, 4, post)] {
        octets.extend([0, 0, block.len() as u8, 1, flags, 0, 0, 0, stream]);
        octets.extend(block);
    }
    octets.extend([0, 0, 3, 0, 1, 0, 0, 0, 3]);
    octets.extend(b"abc");
    octets
}

/// Type, flags and stream of each frame, with the content of DATA, but for acknowledgements and windows.
fn frames(mut octets: &[u8]) -> Vec<(u8, u8, u8, Vec<u8>)> {
    let mut all = Vec::new();
    while let [a, b, c, kind, flags, _, _, _, stream, rest @ ..] = octets {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let content = if *kind == 0 { rest[..length].to_vec() } else { Vec::new() };
        if matches!(kind, 0 | 1 | 3 | 7) {
            all.push((*kind, *flags, *stream, content));
        }
        octets = &rest[length..];
    }
    assert!(octets.is_empty());
    // Which of two streams comes first is h2's choice.
    all.sort_by_key(|(_, _, stream, _)| *stream);
    all
}

#[test]
fn rfc9113_3_4_a_session_split_at_every_octet() {
    let run = |parts: &[&[u8]]| {
        let mut reactor = reactor(Options::default());
        let token = reactor.open();
        for part in parts {
            reactor.feed(token, part);
        }
        frames(&reactor.app().sent.take())
    };
    let session = session();
    let whole = run(&[&session]);
    assert_eq!(
        whole,
        [(1, 4, 1, vec![]), (0, 1, 1, b"2".to_vec()), (1, 4, 3, vec![]), (0, 1, 3, b"abc".to_vec())],
        "both are answered"
    );
    for at in 0..=session.len() {
        assert_eq!(run(&[&session[..at], &session[at..]]), whole, "split at {at}");
    }
    let single: Vec<&[u8]> = session.chunks(1).collect();
    assert_eq!(run(&single), whole, "one at a time");
}

#[test]
fn rfc9113_3_3_prior_knowledge_can_be_turned_off_and_comes_first_or_never() {
    let mut off = reactor(Options { http2: false, ..Options::default() });
    let token = off.open();
    off.feed(token, PREFACE);
    assert!(off.app().sent.take().starts_with(b"HTTP/1.1 505 "));
    let mut late = reactor(Options::default());
    let token = late.open();
    late.feed(token, b"GET /version HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(late.app().sent.take().starts_with(b"HTTP/1.1 200 "));
    late.feed(token, PREFACE);
    assert!(late.app().sent.take().starts_with(b"HTTP/1.1 505 "));
}

#[test]
fn rfc9113_8_1_answers_have_their_fields_and_no_connection_fields() {
    let mut pair = Pair::new();
    let mut answer = pair.get("/version");
    let got = pair.got(&mut answer);
    assert_eq!(got.text(), (200, "2"));
    assert_eq!(got.fields["content-length"], "1");
    assert!(got.fields.contains_key("date"));
    assert!(!got.fields.contains_key("connection") && !got.fields.contains_key("transfer-encoding"));
    let (mut head, _) = pair.begin("HEAD", "/large", true);
    let got = pair.got(&mut head);
    assert_eq!((got.status, got.content.len(), got.done), (200, 0, true));
    assert_eq!(got.fields["content-length"], LARGE.to_string().as_str());
    let (mut none, _) = pair.begin("DELETE", "/nothing", true);
    let got = pair.got(&mut none);
    assert_eq!((got.status, got.done, got.fields.contains_key("content-length")), (204, true, false));
    assert_eq!(pair.fetch("/miss").text(), (404, "none"));
    let mut miss = pair.post("/miss", content_of(10_000));
    assert_eq!(pair.got(&mut miss).text(), (404, "none"));
}

#[test]
fn answers_to_one_flight_leave_in_one_send() {
    let mut pair = Pair::new();
    pair.run();
    let before = pair.app().sends.get();
    let mut answers: Vec<_> = (0..50).map(|_| pair.get("/version")).collect();
    let first = pair.got(&mut answers[0]);
    assert_eq!(first.text(), (200, "2"));
    assert_eq!(pair.app().sends.get() - before, 1);
    for answer in &mut answers[1..] {
        assert_eq!(pair.got(answer).text(), (200, "2"));
    }
}

#[test]
fn completions_of_one_turn_leave_in_one_send_and_in_any_order() {
    let mut pair = Pair::new();
    let mut answers: Vec<_> = (0..10).map(|_| pair.get("/wait")).collect();
    pair.run();
    let before = pair.app().sends.get();
    for stream in (1..20).step_by(2).rev() {
        assert!(pair.complete(stream, 200, format!("{stream}").as_bytes()));
    }
    pair.run();
    assert!(pair.app().sends.get() - before <= 2, "one by one or all at once, not each by itself");
    for (at, answer) in answers.iter_mut().enumerate() {
        assert_eq!(pair.got(answer).text(), (200, format!("{}", 2 * at + 1).as_str()));
    }
}

#[test]
fn content_beyond_memory_is_spooled_and_windows_do_not_hinder_it() {
    for piece in [usize::MAX, 1000] {
        let mut pair = Pair::new();
        pair.piece = piece;
        let (mut answer, mut send) = pair.begin("POST", "/echo", false);
        send.send_data(content_of(LARGE).into(), true).unwrap();
        let got = pair.got(&mut answer);
        assert_eq!((got.status, got.done), (200, true));
        assert!(got.content == content_of(LARGE));
        assert_eq!(pair.app().spooled.get(), LARGE as u64);
    }
}

#[test]
fn content_beyond_the_limit_is_413_and_the_others_go_on() {
    let mut options = Options::default();
    options.limits.content = 100_000;
    let mut pair = Pair::with(options);
    let mut refused = pair.post("/echo", content_of(200_000));
    assert_eq!(pair.got(&mut refused).status, 413);
    assert_eq!(pair.fetch("/version").text(), (200, "2"));
}

#[test]
fn a_streaming_handler_takes_and_only_then_the_window_opens() {
    let mut pair = Pair::new();
    let mut answer = pair.post("/take", content_of(LARGE));
    pair.run();
    let inbox = pair.app().inbox.borrow().clone().unwrap();
    let mut taken = Vec::new();
    let mut turns = 0;
    loop {
        turns += 1;
        match inbox.take() {
            Taken::Some(bytes) => {
                assert!(bytes.len() <= 256 * 1024, "{} octets were let in", bytes.len());
                taken.extend(bytes);
            }
            Taken::End => break,
            other => panic!("{other:?}"),
        }
        pair.reactor.attend(pair.exchange(1));
        pair.run();
    }
    assert!(taken == content_of(LARGE) && turns > 10);
    pair.complete(1, 200, b"all");
    assert_eq!(pair.got(&mut answer).text(), (200, "all"));
}

#[test]
fn a_streaming_handler_that_waits_is_woken() {
    let mut pair = Pair::new();
    let (mut answer, mut send) = pair.begin("POST", "/take", false);
    pair.run();
    let inbox = pair.app().inbox.borrow().clone().unwrap();
    assert_eq!(inbox.take(), Taken::Nothing);
    send.send_data("ab".into(), false).unwrap();
    pair.run();
    assert_eq!(pair.app().woken.take(), [(1, Signal::Content)]);
    assert_eq!(inbox.take(), Taken::Some(b"ab".to_vec()));
    assert_eq!(inbox.take(), Taken::Nothing);
    let mut trailers = http::HeaderMap::new();
    trailers.insert("x-sum", "3".parse().unwrap());
    send.send_trailers(trailers).unwrap();
    pair.run();
    assert_eq!(pair.app().woken.take(), [(1, Signal::Content)]);
    assert_eq!(inbox.take(), Taken::End);
    assert_eq!(inbox.trailers(), [(b"x-sum".to_vec(), b"3".to_vec())]);
    pair.complete(1, 200, b"ok");
    assert_eq!(pair.got(&mut answer).text(), (200, "ok"));
}

#[test]
fn a_streamed_answer_waits_for_the_peer_and_ends_with_trailers() {
    let mut pair = Pair::new();
    let mut answer = pair.get("/stream");
    pair.run();
    let outbox = pair.app().outbox.borrow().clone().unwrap();
    let (mut pushed, mut waits) = (0, 0);
    while pushed < LARGE {
        while outbox.push(&[b'x'; 8192]) == Pushed::Room {
            pushed += 8192;
            pair.reactor.attend(pair.exchange(1));
        }
        pushed += 8192;
        pair.reactor.attend(pair.exchange(1));
        if outbox.is_full() {
            waits += 1;
            pair.got(&mut answer);
            assert_eq!(pair.app().woken.take(), [(70, Signal::Room)]);
        }
    }
    assert!(waits > 10, "{waits}");
    outbox.set_trailers(vec![(b"x-sum".to_vec(), b"1".to_vec())]);
    pair.reactor.finish(pair.exchange(1), true);
    let got = pair.got(&mut answer);
    assert_eq!((got.done, got.content.len(), &got.trailers["x-sum"]), (true, pushed, &"1".parse().unwrap()));
    assert_eq!(got.fields["x"], "y");
}

#[test]
fn a_streamed_answer_that_breaks_off_is_reset() {
    let mut pair = Pair::new();
    let mut answer = pair.get("/stream");
    pair.run();
    pair.reactor.finish(pair.exchange(1), false);
    assert_eq!(pair.got(&mut answer).reset, Some(h2::Reason::INTERNAL_ERROR));
    assert_eq!(pair.fetch("/version").text(), (200, "2"));
}

#[test]
fn files_go_piece_by_piece() {
    for len in [10, 70_000, LARGE] {
        let mut pair = Pair::new();
        pair.app().file.replace(Some(file_of(len)));
        let mut answer = pair.get("/file");
        let mut other = pair.get("/version");
        let got = pair.got(&mut answer);
        assert_eq!(pair.got(&mut other).text(), (200, "2"), "beside a file of {len} octets");
        assert!(got.done && got.content == content_of(len), "{len}");
        assert_eq!(got.fields["content-length"], len.to_string().as_str());
    }
}

#[test]
fn a_file_that_became_shorter_is_reset() {
    let mut pair = Pair::new();
    let file = file_of(LARGE);
    pair.app().file.replace(Some(file.try_clone().unwrap()));
    let mut answer = pair.get("/file");
    pair.run();
    file.set_len(1_000_000).unwrap();
    assert_eq!(pair.got(&mut answer).reset, Some(h2::Reason::INTERNAL_ERROR));
}

#[test]
fn handlers_are_not_called_while_too_much_waits_for_the_peer() {
    let mut pair = Pair::new();
    let mut answers: Vec<_> = (0..8).map(|_| pair.get("/large")).collect();
    pair.run();
    assert_eq!(pair.app().large.get(), 1, "one answer beyond the bound, the others wait");
    for _ in 0..10_000 {
        // All are read: they share the connection's window.
        let mut missing = false;
        for answer in &mut answers {
            let got = pair.got(answer);
            missing |= !got.done;
            assert!(!got.done || got.content.len() == LARGE);
        }
        if !missing {
            break;
        }
        assert!(pair.reactor.connections() == 1);
    }
    assert_eq!(pair.app().large.get(), 8);
    assert!(answers.iter_mut().all(|answer| pair.got(answer).done));
}

#[test]
fn a_panic_is_500_on_its_stream_alone() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut pair = Pair::new();
    let (mut other, mut broken) = (pair.get("/wait"), pair.get("/panic"));
    assert_eq!(pair.got(&mut broken).status, 500);
    std::panic::set_hook(hook);
    pair.complete(1, 200, b"fine");
    assert_eq!(pair.got(&mut other).text(), (200, "fine"));
}

#[test]
fn a_reset_cancels_its_call_and_makes_room() {
    let mut pair = Pair::with(Options { max_waiting: 1, ..Options::default() });
    let answer = pair.get("/wait");
    pair.run();
    let mut shed = pair.get("/version");
    let got = pair.got(&mut shed);
    assert_eq!((got.status, &got.fields["retry-after"]), (503, &"1".parse().unwrap()));
    assert_eq!(pair.fetch("/vital").text(), (200, "well"));
    drop(answer);
    pair.run();
    assert_eq!(pair.app().cancelled.take(), [1]);
    assert_eq!(pair.fetch("/version").text(), (200, "2"));
    assert!(pair.complete(1, 200, b"too late"), "the connection is there, the stream is not");
    assert_eq!(pair.fetch("/version").text(), (200, "2"));
}

#[test]
fn a_reset_ends_both_streams_of_a_handler() {
    let mut pair = Pair::new();
    let (answer, send) = pair.begin("POST", "/take", false);
    let streamed = pair.get("/stream");
    pair.run();
    let inbox = pair.app().inbox.borrow().clone().unwrap();
    let outbox = pair.app().outbox.borrow().clone().unwrap();
    drop((answer, send, streamed));
    pair.run();
    assert!(matches!(inbox.take(), Taken::Broken(_)));
    assert_eq!(outbox.push(b"x"), Pushed::Gone);
    let mut cancelled = pair.app().cancelled.take();
    cancelled.sort_unstable();
    assert_eq!(cancelled, [1, 70]);
}

#[test]
fn the_end_of_the_connection_cancels_everything() {
    let mut pair = Pair::with(Options { max_waiting: 3, ..Options::default() });
    let _answers: Vec<_> = (0..3).map(|_| pair.get("/wait")).collect();
    pair.run();
    pair.reactor.hang_up(pair.token);
    assert_eq!(pair.app().cancelled.take(), [1, 3, 5]);
    assert_eq!(pair.reactor.connections(), 0);
    let token = pair.reactor.open();
    pair.app().sent.take();
    pair.reactor.feed(token, b"GET /version HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(pair.app().sent.take().starts_with(b"HTTP/1.1 200 "), "nothing is counted as waiting any more");
}

#[test]
fn a_draining_server_ends_what_runs_then_the_connection() {
    let mut pair = Pair::new();
    let mut answer = pair.get("/wait");
    pair.run();
    pair.reactor.drain(Duration::ZERO);
    pair.run();
    assert!(!pair.app().closed.get());
    pair.complete(1, 200, b"last");
    assert_eq!(pair.got(&mut answer).text(), (200, "last"));
    assert!(pair.app().closed.get());
    let mut idle = Pair::new();
    idle.run();
    idle.reactor.drain(Duration::ZERO);
    idle.run();
    assert!(idle.app().closed.get());
}

#[test]
fn early_hints_come_before_the_answer() {
    let mut pair = Pair::new();
    let mut answer = pair.get("/wait");
    pair.run();
    let head = b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n";
    assert!(pair.reactor.interim(pair.exchange(1), head));
    pair.got(&mut answer);
    assert_eq!(answer.interim, [103]);
    pair.complete(1, 200, b"ok");
    assert_eq!(pair.got(&mut answer).text(), (200, "ok"));
}

#[test]
fn content_that_comes_too_slowly_is_408_and_the_others_go_on() {
    let mut pair = Pair::with(Options { content_timeout: Duration::from_millis(300), ..Options::default() });
    let (mut slow, mut send) = pair.begin("POST", "/echo", false);
    let (_taken, mut send_taken) = pair.begin("POST", "/take", false);
    send.send_data("a".into(), false).unwrap();
    send_taken.send_data("b".into(), false).unwrap();
    pair.run();
    let inbox = pair.app().inbox.borrow().clone().unwrap();
    assert_eq!(inbox.take(), Taken::Some(b"b".to_vec()));
    assert_eq!(inbox.take(), Taken::Nothing);
    let begun = Instant::now();
    while pair.got(&mut slow).status == 0 && begun.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(pair.got(&mut slow).status, 408);
    assert!(matches!(inbox.take(), Taken::Broken(refusal) if refusal.status == 408));
    assert_eq!(pair.app().woken.take(), [(3, Signal::Content)]);
    assert_eq!(pair.fetch("/version").text(), (200, "2"));
}

#[test]
fn an_idle_connection_is_told_goodbye() {
    let mut pair = Pair::with(Options { keep_alive_timeout: Duration::from_millis(500), ..Options::default() });
    assert_eq!(pair.fetch("/version").text(), (200, "2"));
    let begun = Instant::now();
    while !pair.app().closed.get() && begun.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(20));
        pair.run();
    }
    assert!(pair.app().closed.get());
}
