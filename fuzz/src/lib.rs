//! What the targets have in common: how a connection reads, and what must hold whatever it reads.

#[path = "../../core/http1/tests/events/mod.rs"]
pub mod events;

use std::time::{Duration, Instant};

use events::{events_of, Event, Request};
use spica_http1::Limits;

/// Limits that short inputs meet.
pub fn tight() -> Limits {
    Limits { request_line: 40, field_block: 120, fields: 6, content: 80, chunk_extensions: 24 }
}

/// Promises 2 and 3: cutting the input changes nothing, and what was understood, written plainly, is understood the same.
///
/// Args: `cut`, any number; it chooses where the input is cut in two.
pub fn check_meaning(octets: &[u8], cut: usize, limits: &Limits) {
    let whole = events_of([octets], limits);
    assert_eq!(events_of(octets.chunks(1), limits), whole, "octet by octet");
    if !octets.is_empty() {
        let (left, right) = octets.split_at(cut % octets.len());
        assert_eq!(events_of([left, right], limits), whole, "cut at {}", left.len());
    }
    for event in whole {
        if let Event::Request(request) = event {
            let again = events_of([plain(&request).as_slice()], &Limits::default());
            assert_eq!(again, vec![Event::Request(request)], "written plainly");
        }
    }
}

/// The request with one space, one CRLF and one chunk wherever the grammar leaves a choice.
fn plain(request: &Request) -> Vec<u8> {
    let mut out = format!("{} {} HTTP/1.{}\r\n", request.method, request.target, request.minor).into_bytes();
    push_fields(&mut out, &request.fields);
    out.extend_from_slice(b"\r\n");
    if request.field("transfer-encoding").is_none() {
        out.extend_from_slice(&request.content);
        return out;
    }
    if !request.content.is_empty() {
        out.extend_from_slice(format!("{:x}\r\n", request.content.len()).as_bytes());
        out.extend_from_slice(&request.content);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n");
    push_fields(&mut out, &request.trailers);
    out.extend_from_slice(b"\r\n");
    out
}

fn push_fields(out: &mut Vec<u8>, fields: &[(String, Vec<u8>)]) {
    for (name, value) in fields {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    }
}

/// Promise 19: sixteen times the input may cost at most eighty times the time, best of three, and a millisecond.
/// Quadratic reading costs 256 times.
///
/// Args: `run`, reads `unit` repeated that many times.
pub fn check_linear(unit: &[u8], run: impl Fn(&[u8])) {
    let best = |repeats: usize| {
        let input = unit.repeat(repeats);
        let time = || {
            let began = Instant::now();
            run(&input);
            began.elapsed()
        };
        time().min(time()).min(time())
    };
    let repeats = (4096 / unit.len().max(1)).max(1);
    let (small, large) = (best(repeats), best(16 * repeats));
    assert!(
        large <= 80 * small + Duration::from_millis(1),
        "{} octets take {small:?}, sixteen times as many {large:?}",
        unit.len() * repeats
    );
}
