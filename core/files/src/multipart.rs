//! Several ranges in one content: multipart/byteranges (RFC 9110 section 14.6).

use std::hash::{BuildHasher, Hasher, RandomState};
use std::ops::Range;

use crate::answer::Segment;

/// A delimiter that no file contains but by a chance of 2^-128, and that nobody can foresee: the hasher's keys are random.
pub(crate) fn boundary() -> String {
    let half = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", half(), half())
}

/// Lay out the parts with their fields between them.
pub(crate) fn lay_out(parts: &[Range<u64>], len: u64, content_type: &str, boundary: &str) -> Vec<Segment> {
    let mut segments = Vec::with_capacity(parts.len() * 2 + 1);
    for (number, part) in parts.iter().enumerate() {
        let line_end = if number == 0 { "" } else { "\r\n" };
        let range = content_range(part, len);
        let head = format!("{line_end}--{boundary}\r\ncontent-type: {content_type}\r\ncontent-range: {range}\r\n\r\n");
        segments.push(Segment::Bytes(head.into_bytes()));
        segments.push(Segment::File { offset: part.start, len: part.end - part.start });
    }
    segments.push(Segment::Bytes(format!("\r\n--{boundary}--\r\n").into_bytes()));
    segments
}

/// RFC 9110 section 14.4; `part` is not empty.
pub(crate) fn content_range(part: &Range<u64>, len: u64) -> String {
    format!("bytes {}-{}/{len}", part.start, part.end.saturating_sub(1))
}
