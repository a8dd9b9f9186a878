//! Byte ranges (RFC 9110 section 14): what of a representation is asked for.

use std::ops::Range;

/// Ranges in one field at most; a field with more is ignored (RFC 9110 section 14.2 allows it). Players ask for one, PDF viewers for a few.
const MAX_RANGES: usize = 16;

/// Ranges closer than this are one: about what another part's fields would take (RFC 9110 section 15.3.7.2).
const GAP: u64 = 80;

/// What a Range field selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// 200: no usable Range.
    Whole,
    /// 206: at least one range, ascending, none empty, none overlapping or adjacent.
    Parts(Vec<Range<u64>>),
    /// 416: nothing of what is asked for exists.
    Unsatisfiable,
}

#[derive(Clone, Copy)]
enum Spec {
    From(u64),
    Between(u64, u64),
    Last(u64),
}

/// Apply a Range field to a representation of `len` octets. One pass over the field, then a sort of at most 16 ranges.
pub fn select_ranges(field: &[u8], len: u64) -> Selection {
    let Some(specs) = parse_specs(field) else { return Selection::Whole };
    if len == 0 && specs.iter().any(|spec| matches!(spec, Spec::Last(1..))) {
        // Satisfiable, and yet there is no Content-Range that says so.
        return Selection::Whole;
    }
    let mut parts: Vec<Range<u64>> = specs.into_iter().filter_map(|spec| resolve(spec, len)).collect();
    parts.sort_unstable_by_key(|part| part.start);
    parts.dedup_by(|next, previous| {
        let is_near = next.start <= previous.end.saturating_add(GAP);
        if is_near {
            previous.end = previous.end.max(next.end);
        }
        is_near
    });
    match parts.is_empty() {
        true => Selection::Unsatisfiable,
        false => Selection::Parts(parts),
    }
}

fn resolve(spec: Spec, len: u64) -> Option<Range<u64>> {
    let (start, end) = match spec {
        Spec::From(first) => (first, len),
        Spec::Between(first, last) => (first, last.saturating_add(1).min(len)),
        Spec::Last(count) => (len.saturating_sub(count), len),
    };
    (start < end).then_some(start..end)
}

/// Returns: None when the field is malformed, in another unit, or has too many ranges.
fn parse_specs(field: &[u8]) -> Option<Vec<Spec>> {
    let equals = field.iter().position(|&octet| octet == b'=')?;
    let (unit, set) = field.split_at(equals);
    if !unit.eq_ignore_ascii_case(b"bytes") {
        return None;
    }
    let mut specs = Vec::with_capacity(1);
    for member in set.get(1..)?.split(|&octet| octet == b',') {
        let member = member.trim_ascii();
        if member.is_empty() {
            continue;
        }
        if specs.len() == MAX_RANGES {
            return None;
        }
        specs.push(parse_spec(member)?);
    }
    (!specs.is_empty()).then_some(specs)
}

fn parse_spec(member: &[u8]) -> Option<Spec> {
    let dash = member.iter().position(|&octet| octet == b'-')?;
    let (first, last) = (member.get(..dash)?, member.get(dash + 1..)?);
    match (first, last) {
        ([], count) => Some(Spec::Last(parse_position(count)?)),
        (first, []) => Some(Spec::From(parse_position(first)?)),
        (first, last) => {
            let (first, last) = (parse_position(first)?, parse_position(last)?);
            (first <= last).then_some(Spec::Between(first, last))
        }
    }
}

/// A position beyond what 64 bits hold is beyond every file.
fn parse_position(digits: &[u8]) -> Option<u64> {
    let mut position: u64 = 0;
    for octet in digits {
        let digit = octet.checked_sub(b'0').filter(|digit| *digit < 10)?;
        position = position.saturating_mul(10).saturating_add(u64::from(digit));
    }
    (!digits.is_empty()).then_some(position)
}
