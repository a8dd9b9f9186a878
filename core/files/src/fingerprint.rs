//! Names that carry a hash of their content.

use crate::name::last_segment;

/// The Cache-Control of a fingerprinted name: its content never changes (RFC 8246).
pub const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Hex digits of a fingerprint: 8 is what bundlers shorten to, 128 is SHA-512.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=128;

/// Whether a name is `name-HASH.ext` or `name.HASH.ext`, with `HASH` of hex digits.
///
/// There must be a figure and a letter in it, or `report-20241121.pdf` would be cached for a year. A real hash of 8 digits fails that one
/// time in 43, and is then revalidated like any other file.
pub fn is_fingerprinted(name: &[u8]) -> bool {
    fingerprint_of(name).is_some()
}

/// The hash in a name, by the rules of [`is_fingerprinted`].
pub fn fingerprint_of(name: &[u8]) -> Option<&str> {
    let name = last_segment(name);
    let dot = name.iter().rposition(|&octet| octet == b'.')?;
    let (stem, suffix) = name.split_at(dot);
    // The map of a bundle: name-HASH.js.map.
    let is_map = suffix == b".map";
    mark_of(stem).or_else(|| {
        let dot = stem.iter().rposition(|&octet| octet == b'.').filter(|_| is_map)?;
        mark_of(&stem[..dot])
    })
}

fn mark_of(stem: &[u8]) -> Option<&str> {
    let mark = stem.iter().rposition(|octet| matches!(octet, b'-' | b'.'))?;
    let (name, hash) = (&stem[..mark], &stem[mark + 1..]);
    let is_mark = !name.is_empty()
        && DIGITS.contains(&hash.len())
        && hash.iter().all(u8::is_ascii_hexdigit)
        && hash.iter().any(u8::is_ascii_digit)
        && hash.iter().any(u8::is_ascii_alphabetic);
    std::str::from_utf8(hash).ok().filter(|_| is_mark)
}
