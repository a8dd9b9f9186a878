//! Hosts: which routes a Host field leads to.
//!
//! A host is compared in lower case, without port and without the dot at its end. Its parts are split at dots; each is a text, a
//! parameter or a mixture, like a segment of a path.

use std::borrow::Cow;
use std::cmp::Ordering;

use memchr::memchr_iter;

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
    pub parts: Vec<Segment>,
}

impl HostPattern {
    /// The name of a host without parameters.
    pub(crate) fn fixed(&self) -> Option<Box<[u8]>> {
        let texts: Option<Vec<&[u8]>> = self.parts.iter().map(Segment::text).collect();
        Some(texts?.join(&b'.').into())
    }

    /// Match a name, and push what it captures.
    pub(crate) fn capture(&self, name: &[u8], params: &mut Params) -> bool {
        if memchr_iter(b'.', name).count() + 1 != self.parts.len() {
            return false;
        }
        let mut start = 0;
        for (part, text) in self.parts.iter().zip(name.split(|octet| *octet == b'.')) {
            if text.is_empty() || !capture_part(part, text, start, params) {
                return false;
            }
            start += text.len() + 1;
        }
        true
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
