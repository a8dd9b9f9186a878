//! Public files by the reactor: where no route is, whole and in parts, in memory and over sockets.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use spica_files::{Options as FileOptions, Root};
use spica_server::{Options, Reactor};
use support::{ask, reactor, Answer, Given, Giver};

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("small.txt"), b"0123456789").unwrap();
    std::fs::write(folder.path().join("form.txt"), b"a form").unwrap();
    std::fs::write(folder.path().join("empty.txt"), b"").unwrap();
    std::fs::write(folder.path().join("large.bin"), large()).unwrap();
    folder
}

fn large() -> Vec<u8> {
    (0..3_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn options(folder: &Path) -> Options {
    let root = Root::open(folder, FileOptions::default()).unwrap();
    Options { files: vec![Arc::new(root)], fields: vec![("x-safe".to_owned(), "1".to_owned())], ..Options::default() }
}

fn asked(target: &str, fields: &[(&str, &str)]) -> (Answer, usize) {
    let folder = folder();
    let mut reactor = reactor(Given::html(10), options(folder.path()));
    let answer = ask(&mut reactor, target, fields);
    let called = reactor.app().called.get();
    (answer, called)
}

#[test]
fn a_public_file_answers_get_and_head_without_the_application() {
    let (get, called) = asked("GET /small.txt", &[]);
    assert_eq!((get.status, get.content.as_slice(), called), (200, &b"0123456789"[..], 0));
    assert_eq!(get.field("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!((get.field("accept-ranges"), get.field("cache-control")), (Some("bytes"), Some("no-cache")));
    let (head, _) = asked("HEAD /small.txt", &[]);
    assert_eq!((head.status, head.len(), head.content.len()), (200, Some(10), 0));
    assert_eq!(asked("HEAD /large.bin", &[]).0.len(), Some(3_000_000));
    let (empty, _) = asked("GET /empty.txt", &[]);
    assert_eq!((empty.status, empty.len()), (200, Some(0)));
}

#[test]
fn promise_43_the_applications_fields_are_on_files_too() {
    for fields in [&[][..], &[("If-None-Match", "*")], &[("Range", "bytes=99-")], &[("If-Match", "\"x\"")]] {
        assert_eq!(asked("GET /small.txt", fields).0.field("x-safe"), Some("1"), "{fields:?}");
    }
}

#[test]
fn other_methods_and_other_names_are_the_applications() {
    for (target, status) in [
        ("POST /small.txt", 404),
        ("OPTIONS /small.txt", 404),
        ("GET /form.txt", 405),
        ("GET /none.txt", 404),
        ("GET /../small.txt", 404),
        ("GET /%2e%2e/etc/passwd", 404),
        ("GET //small.txt", 404),
    ] {
        let (answer, called) = asked(target, &[]);
        assert_eq!((answer.status, called), (status, 1), "{target}");
    }
}

#[test]
fn files_are_not_encoded_on_the_way() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("page.html"), Given::html(5000).content).unwrap();
    let mut reactor = reactor(Given::html(10), options(folder.path()));
    let answer = ask(&mut reactor, "GET /page.html", &[("Accept-Encoding", "gzip")]);
    assert_eq!((answer.coding(), answer.len(), answer.field("vary")), (None, Some(5000), Some("accept-encoding")));
}

#[test]
fn an_encoded_sibling_is_sent_to_who_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("app.css"), b"plain").unwrap();
    std::fs::write(folder.path().join("app.css.gz"), b"encoded").unwrap();
    let mut reactor = reactor(Given::html(10), options(folder.path()));
    // Two lines of one list: the second has the coding.
    let fields = [("Accept-Encoding", "identity;q=0.1"), ("Accept-Encoding", "gzip")];
    let answer = ask(&mut reactor, "GET /app.css", &fields);
    assert_eq!((answer.coding(), answer.content.as_slice()), (Some("gzip"), &b"encoded"[..]));
    assert_eq!(ask(&mut reactor, "GET /app.css", &[]).content, b"plain");
}

#[test]
fn rfc9110_13_conditions_of_several_lines_are_one_list() {
    let folder = folder();
    let mut reactor = reactor(Given::html(10), options(folder.path()));
    let etag = ask(&mut reactor, "GET /small.txt", &[]).field("etag").unwrap().to_owned();
    let answer = ask(&mut reactor, "GET /small.txt", &[("If-None-Match", "\"other\""), ("If-None-Match", &etag)]);
    assert_eq!((answer.status, answer.len(), answer.content.len()), (304, None, 0));
    assert_eq!(ask(&mut reactor, "GET /small.txt", &[("If-Match", "\"other\"")]).status, 412);
}

#[test]
fn rfc9110_14_ranges_of_small_and_large_files() {
    let (one, _) = asked("GET /small.txt", &[("Range", "bytes=2-4")]);
    assert_eq!(
        (one.status, one.field("content-range"), one.content.as_slice()),
        (206, Some("bytes 2-4/10"), &b"234"[..])
    );
    let (none, _) = asked("GET /small.txt", &[("Range", "bytes=10-")]);
    assert_eq!((none.status, none.field("content-range"), none.len()), (416, Some("bytes */10"), Some(0)));
    let (several, _) = asked("GET /large.bin", &[("Range", "bytes=5-9, 2000000-2000009")]);
    assert_eq!((several.status, several.len()), (206, Some(several.content.len())));
    let content = several.content;
    for part in [&large()[5..10], &large()[2_000_000..2_000_010]] {
        assert_eq!(content.windows(part.len()).filter(|window| *window == part).count(), 1);
    }
}

fn connected(options: Options) -> (Reactor<Giver>, TcpStream) {
    let mut reactor = reactor(Given::html(10), options);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    reactor.listen(listener.into(), None).unwrap();
    peer.set_nonblocking(true).unwrap();
    (reactor, peer)
}

/// Reads what comes, `most` octets at a time, until the answer has ended or the connection has. Returns it and whether it
/// was whole.
fn read_answer(reactor: &mut Reactor<Giver>, peer: &mut TcpStream, most: usize) -> (Vec<u8>, bool) {
    let (began, mut received, mut part) = (Instant::now(), Vec::new(), vec![0; most]);
    loop {
        assert!(began.elapsed() < Duration::from_secs(20), "nothing happens any more");
        reactor.poll().unwrap();
        match peer.read(&mut part) {
            Ok(0) => return (received, false),
            Ok(n) => received.extend_from_slice(&part[..n]),
            Err(_) => std::thread::sleep(Duration::from_micros(100)),
        }
        if let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") {
            let answer = Answer::parse(&received[..end + 4]);
            if answer.len().is_some_and(|len| received.len() >= end + 4 + len) {
                return (received, true);
            }
        }
    }
}

#[test]
fn promise_12_a_slow_reader_of_a_large_range_gets_all_of_it() {
    let folder = folder();
    let (mut reactor, mut peer) = connected(options(folder.path()));
    peer.write_all(b"GET /large.bin HTTP/1.1\r\nHost: t\r\nRange: bytes=100-2900099\r\n\r\n").unwrap();
    let (received, whole) = read_answer(&mut reactor, &mut peer, 30_000);
    assert!(whole);
    let answer = Answer::parse(&received);
    assert_eq!(answer.field("content-range"), Some("bytes 100-2900099/3000000"));
    assert!(answer.content == large()[100..2_900_100]);
}

#[test]
fn promise_7_a_file_that_becomes_shorter_while_it_is_sent_ends_the_connection() {
    let folder = folder();
    let (mut reactor, mut peer) = connected(options(folder.path()));
    let file = std::fs::OpenOptions::new().write(true).open(folder.path().join("large.bin")).unwrap();
    file.set_len(300_000_000).unwrap();
    peer.write_all(b"GET /large.bin HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
    let began = Instant::now();
    while reactor.counts().requests == 0 && began.elapsed() < Duration::from_secs(5) {
        reactor.poll().unwrap();
    }
    file.set_len(1000).unwrap();
    let (received, whole) = read_answer(&mut reactor, &mut peer, 65_536);
    assert!(!whole && received.len() < 300_000_000, "only the end of the connection can say it");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// What a range gives over the socket is that part of the file, whether it was read or sent by the kernel.
    #[test]
    fn a_range_is_that_part_of_the_file(start in 0_usize..3_000_000, len in 1_usize..400_000) {
        let folder = folder();
        let (mut reactor, mut peer) = connected(options(folder.path()));
        let end = (start + len).min(3_000_000);
        write!(peer, "GET /large.bin HTTP/1.1\r\nHost: t\r\nRange: bytes={start}-{}\r\n\r\n", start + len - 1).unwrap();
        let (received, whole) = read_answer(&mut reactor, &mut peer, 65_536);
        let answer = Answer::parse(&received);
        prop_assert!(whole && answer.status == 206);
        prop_assert!(answer.content == large()[start..end]);
    }
}
