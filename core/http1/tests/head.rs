//! The head as an interface: reuse, look-up, copies.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use spica_http1::{parse_head, Content, ContentReader, Head, Limits, Progress};

const FIRST: &[u8] = b"GET /a?b HTTP/1.1\r\nHost: a\r\nX-Many: 1\r\nx-many: 2\r\nContent-Length: 3\r\n\r\nabc";
const SECOND: &[u8] = b"GET /c HTTP/1.0\r\n\r\n";

fn parse(input: &[u8], head: &mut Head) {
    let mut scanned = 0;
    assert_eq!(parse_head(input, &mut scanned, &Limits::default(), head), Ok(true));
    assert_eq!(scanned, 0);
}

#[test]
fn a_head_that_is_used_again_keeps_nothing_but_its_memory() {
    let mut used = Head::new();
    parse(FIRST, &mut used);
    let capacity = used.fields.capacity();
    parse(SECOND, &mut used);
    assert_eq!(used.fields.capacity(), capacity);
    let mut fresh = Head::new();
    parse(SECOND, &mut fresh);
    assert_eq!(format!("{used:?}"), format!("{fresh:?}"));
}

#[test]
fn fields_are_found_without_case() {
    let mut head = Head::new();
    parse(FIRST, &mut head);
    assert_eq!(head.field(FIRST, b"x-many"), Some(&b"1"[..]));
    assert_eq!(head.values(FIRST, b"x-many").collect::<Vec<_>>(), [b"1", b"2"]);
    assert_eq!(head.field(FIRST, b"x-man"), None);
    assert_eq!(head.host.map(|host| host.of(FIRST)), Some(&b"a"[..]));
}

#[test]
fn a_reader_takes_no_more_than_its_content() {
    let mut sink = Vec::new();
    let mut reader = ContentReader::new(Content::Length(3), &Limits::default()).unwrap();
    assert_eq!(reader.feed(b"ab", &mut sink), Ok(Progress { consumed: 2, done: false }));
    assert!(!reader.done());
    assert_eq!(reader.feed(b"cGET", &mut sink), Ok(Progress { consumed: 1, done: true }));
    assert_eq!(reader.feed(b"GET", &mut sink), Ok(Progress { consumed: 0, done: true }));
    assert_eq!(sink, b"abc");
}

#[test]
fn a_reader_without_content_is_done_at_once() {
    for content in [Content::None, Content::Length(0)] {
        let mut reader = ContentReader::new(content, &Limits::default()).unwrap();
        assert!(reader.done());
        assert_eq!(reader.feed(b"GET", &mut Vec::new()), Ok(Progress { consumed: 0, done: true }));
    }
}

#[test]
fn a_refused_content_stays_refused() {
    let mut sink = Vec::new();
    let mut reader = ContentReader::new(Content::Chunked, &Limits::default()).unwrap();
    let first = reader.feed(b"1\r\nxy", &mut sink).unwrap_err();
    assert_eq!(reader.feed(b"\r\n0\r\n\r\n", &mut sink), Err(first));
    assert_eq!(reader.feed(b"", &mut sink), Err(first));
    assert!(!reader.done());
}

#[test]
fn a_refusal_reads_as_status_and_reason() {
    let (mut scanned, mut head) = (0, Head::new());
    let refusal = parse_head(b"GET / HTTP/2.0\r\n", &mut scanned, &Limits::default(), &mut head).unwrap_err();
    assert_eq!(refusal.to_string(), "505: the version is neither HTTP/1.1 nor HTTP/1.0");
}
