//! Each limit accepts its size and refuses one more, with the right status, however the octets arrive and even when the line never ends.

mod events;

use events::{chunked, events_of, Event};
use spica_http1::{Limits, MAX_FIELDS};

/// The outcome of `input` at once and in single octets, which is the same.
fn outcome(input: &str, limits: &Limits) -> Option<u16> {
    let whole = events_of([input.as_bytes()], limits);
    let octets = events_of(input.as_bytes().chunks(1), limits);
    assert_eq!(whole, octets);
    match whole.as_slice() {
        [Event::Request(_)] => None,
        [Event::Refused { refusal, .. }] => Some(refusal.status),
        other => panic!("{other:?}"),
    }
}

#[test]
fn request_line() {
    let limits = Limits::default();
    let line = |length: usize| format!("GET /{} HTTP/1.1", "a".repeat(length - "GET / HTTP/1.1".len()));
    let head = |length: usize| format!("{}\r\nHost: a\r\n\r\n", line(length));
    assert_eq!(outcome(&head(8192), &limits), None);
    assert_eq!(outcome(&format!("\r\n{}", head(8192)), &limits), None);
    assert_eq!(outcome(&head(8193), &limits), Some(414));
    assert_eq!(outcome(&head(80_000), &limits), Some(414));
    assert_eq!(outcome(&line(8194), &limits), Some(414));
    assert_eq!(outcome(&"A".repeat(8194), &limits), Some(414));
}

#[test]
fn field_block() {
    let limits = Limits::default();
    let head = |length: usize| {
        let fields = "Host: a\r\nX: ";
        format!("GET / HTTP/1.1\r\n{fields}{}\r\n", "b".repeat(length - fields.len() - 2))
    };
    assert_eq!(outcome(&format!("{}\r\n", head(65_536)), &limits), None);
    assert_eq!(outcome(&format!("{}\r\n", head(65_537)), &limits), Some(431));
    assert_eq!(outcome(&head(65_538), &limits), Some(431));
    assert_eq!(outcome(&format!("{}\r\n", head(200_000)), &limits), Some(431));
}

#[test]
fn field_block_smaller_than_the_request_line() {
    let limits = Limits { field_block: 9, ..Limits::default() };
    assert_eq!(outcome("GET / HTTP/1.1\r\nHost: a\r\n\r\n", &limits), None);
    assert_eq!(outcome("GET / HTTP/1.1\r\nHost: ab\r\n\r\n", &limits), Some(431));
    assert_eq!(outcome("GET / HTTP/1.1\r\nHost: aaaaaaa", &limits), Some(431));
}

#[test]
fn fields() {
    let head = |count: usize| format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: b\r\n".repeat(count - 1));
    let limits = Limits::default();
    assert_eq!(outcome(&head(100), &limits), None);
    assert_eq!(outcome(&head(101), &limits), Some(431));
    let generous = Limits { fields: 1_000, ..limits };
    assert_eq!(outcome(&head(MAX_FIELDS), &generous), None);
    assert_eq!(outcome(&head(MAX_FIELDS + 1), &generous), Some(431));
}

#[test]
fn content_with_a_length() {
    let limits = Limits { content: 10, ..Limits::default() };
    let post =
        |length: usize| format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{}", "x".repeat(length));
    assert_eq!(outcome(&post(10), &limits), None);
    assert_eq!(outcome(&post(11), &limits), Some(413));
}

#[test]
fn content_in_chunks() {
    let limits = Limits { content: 10, ..Limits::default() };
    assert_eq!(outcome(&chunked("4\r\nxxxx\r\n6\r\nxxxxxx\r\n0\r\n\r\n"), &limits), None);
    assert_eq!(outcome(&chunked("4\r\nxxxx\r\n7\r\n"), &limits), Some(413));
    assert_eq!(outcome(&chunked("b\r\n"), &limits), Some(413));
}

#[test]
fn chunk_extensions_of_all_chunks_together() {
    let limits = Limits::default();
    let two = |length: usize| {
        let extension = |length: usize| format!(";{}", "a".repeat(length - 1));
        chunked(&format!("1{}\r\nx\r\n0{}\r\n\r\n", extension(2048), extension(length - 2048)))
    };
    assert_eq!(outcome(&two(4096), &limits), None);
    assert_eq!(outcome(&two(4097), &limits), Some(400));
    assert_eq!(outcome(&chunked(&format!("1;{}", "a".repeat(4096))), &limits), Some(400));
}

#[test]
fn trailers_share_the_limits_of_the_head() {
    let limits = Limits { field_block: 60, fields: 4, ..Limits::default() };
    let head_fields = "Host: a\r\nTransfer-Encoding: chunked\r\n".len();
    let post = |trailers: &str| chunked(&format!("0\r\n{trailers}\r\n"));
    let line = |length: usize| format!("X: {}\r\n", "b".repeat(length - 5));
    assert_eq!(outcome(&post(&line(60 - head_fields)), &limits), None);
    assert_eq!(outcome(&post(&line(61 - head_fields)), &limits), Some(431));
    assert_eq!(outcome(&chunked(&format!("0\r\n{}", "X".repeat(70))), &limits), Some(431));
    assert_eq!(outcome(&post("A:\r\nB:\r\n"), &limits), None);
    assert_eq!(outcome(&post("A:\r\nB:\r\nC:\r\n"), &limits), Some(431));
}

#[test]
fn a_full_head_leaves_no_room_for_trailers() {
    let limits = Limits { field_block: "Host: a\r\nTransfer-Encoding: chunked\r\n".len(), ..Limits::default() };
    assert_eq!(outcome(&chunked("0\r\n\r\n"), &limits), None);
    assert_eq!(outcome(&chunked("0\r\nX: a\r\n\r\n"), &limits), Some(431));
}
