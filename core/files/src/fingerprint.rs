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
    let name = last_segment(name);
    let Some(dot) = name.iter().rposition(|&octet| octet == b'.') else { return false };
    let (stem, suffix) = name.split_at(dot);
    // The map of a bundle: name-HASH.js.map.
    let is_map = suffix == b".map";
    is_marked(stem)
        || (is_map && stem.iter().rposition(|&octet| octet == b'.').is_some_and(|dot| is_marked(&stem[..dot])))
}

fn is_marked(stem: &[u8]) -> bool {
    let Some(mark) = stem.iter().rposition(|octet| matches!(octet, b'-' | b'.')) else { return false };
    let (name, hash) = (&stem[..mark], &stem[mark + 1..]);
    !name.is_empty()
        && DIGITS.contains(&hash.len())
        && hash.iter().all(u8::is_ascii_hexdigit)
        && hash.iter().any(u8::is_ascii_digit)
        && hash.iter().any(u8::is_ascii_alphabetic)
}
