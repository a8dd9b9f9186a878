//! Hosts: which routes a Host field leads to.
//!
//! A host is compared in lower case, without port and without the dot at its end. Its parts are split at dots; each is a text, a
//! parameter or a mixture, like a segment of a path.
//!
//! Patterns are kept by their tail, the texts at their end with the dot before them: of `{tenant}.example.com` that is `.example.com`. A name
//! is looked up by each of its own tails, the longest first, so a match costs as many look-ups as a name has dots, however many
//! patterns there are. That is also the order of trying: at the same place a text comes before a parameter.

use std::borrow::Cow;
use std::cmp::Ordering;

use memchr::{memchr, memchr_iter};

use crate::params::{Param, Params};
use crate::pattern::Segment;

/// The name in the value of a Host field.
pub(crate) fn host_name(field: &[u8]) -> Cow<'_, [u8]> {
    let end = match field.first() {
        // An IPv6 address has colons of its own (RFC 3986 section 3.2.2).
        Some(b'[') => field.iter().position(|octet| *octet == b']').map_or(field.len(), |place| place + 1),
        _ => field.iter().position(|octet| *octet == b':').unwrap_or(field.len()),
    };
    let name = field[..end].strip_suffix(b".").unwrap_or(&field[..end]);
    match name.iter().any(u8::is_ascii_uppercase) {
        true => Cow::Owned(name.to_ascii_lowercase()),
        false => Cow::Borrowed(name),
    }
}

/// The parts of a host that routes demand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostPattern {
    parts: Vec<Segment>,
    /// How many parts are before its tail.
    open: usize,
}

impl HostPattern {
    pub(crate) fn new(parts: Vec<Segment>) -> Self {
        let open = parts.iter().rposition(|part| part.text().is_none()).map_or(0, |last| last + 1);
        Self { parts, open }
    }

    /// The name of a host without parameters.
    pub(crate) fn fixed(&self) -> Option<Box<[u8]>> {
        let texts: Option<Vec<&[u8]>> = self.parts.iter().map(Segment::text).collect();
        Some(texts?.join(&b'.').into())
    }

    /// The texts at its end, each with the dot before it; empty when it ends with a parameter.
    pub(crate) fn tail(&self) -> Box<[u8]> {
        let texts = &self.parts[self.open..];
        texts.iter().filter_map(Segment::text).flat_map(|text| [b".", text].concat()).collect()
    }

    /// Match what a name has before this pattern's tail, and push what it captures.
    pub(crate) fn capture(&self, head: &[u8], params: &mut Params) -> bool {
        let mut start = 0;
        for part in &self.parts[..self.open] {
            let Some(rest) = head.get(start..) else { return false };
            let text = &rest[..memchr(b'.', rest).unwrap_or(rest.len())];
            if text.is_empty() || !capture_part(part, text, start, params) {
                return false;
            }
            start += text.len() + 1;
        }
        start == head.len() + 1
    }

    /// The order of trying: by the parts, the last first. Equal for two that are tried as declared.
    pub(crate) fn rank(&self, other: &Self) -> Ordering {
        let parts = self.parts.iter().rev().zip(other.parts.iter().rev());
        parts.fold(Ordering::Equal, |order, (one, two)| order.then_with(|| one.rank(two)))
    }

    pub(crate) fn sample(&self) -> String {
        self.parts.iter().map(Segment::sample).collect::<Vec<_>>().join(".")
    }
}

/// A name as head and tail, the longest tail first.
pub(crate) fn tails(name: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    memchr_iter(b'.', name).chain([name.len()]).map(|place| name.split_at(place))
}

fn capture_part(part: &Segment, text: &[u8], start: usize, params: &mut Params) -> bool {
    let mut push = |kind, (from, to): (usize, usize), int| {
        params.push(Param { kind, start: (start + from) as u32, end: (start + to) as u32, int, in_host: true });
    };
    match part {
        Segment::Text(expected) => **expected == *text,
        Segment::Param(take) => match take.accept(text) {
            Some(int) => {
                push(take.kind, (0, text.len()), int);
                true
            }
            None => false,
        },
        Segment::Mixed(mixed) => match mixed.split(text) {
            Some(pieces) => {
                for (&(from, to, int), (take, _)) in pieces.iter().rev().zip(&mixed.takes) {
                    push(take.kind, (from, to), int);
                }
                true
            }
            None => false,
        },
    }
}
