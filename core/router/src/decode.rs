//! Percent-encoding (RFC 3986 section 2.1).

use std::borrow::Cow;

use memchr::memchr;

/// Replace every `%` and two hex digits by the octet they stand for.
///
/// Returns: `text` itself when there is nothing to replace. A `%` without two hex digits stays (the HTTP parser refuses it in a path).
pub fn decode(text: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr(b'%', text) else {
        return Cow::Borrowed(text);
    };
    let mut decoded = Vec::with_capacity(text.len());
    decoded.extend_from_slice(&text[..first]);
    let mut rest = &text[first..];
    while let [octet, tail @ ..] = rest {
        match (octet, escaped(tail)) {
            (b'%', Some(value)) => {
                decoded.push(value);
                rest = &tail[2..];
            }
            _ => {
                decoded.push(*octet);
                rest = tail;
            }
        }
    }
    Cow::Owned(decoded)
}

fn escaped(digits: &[u8]) -> Option<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16).map(|value| value as u8);
    match digits {
        [high, low, ..] => Some(value(*high)? << 4 | value(*low)?),
        _ => None,
    }
}

/// Decode, and tell where each octet of the result began in `text`; the last place is the end.
pub(crate) fn decode_with_places(text: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let (mut decoded, mut places) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len() + 1));
    let mut at = 0;
    while let Some(&octet) = text.get(at) {
        let value = (octet == b'%').then(|| escaped(&text[at + 1..])).flatten();
        places.push(at);
        decoded.push(value.unwrap_or(octet));
        at += if value.is_some() { 3 } else { 1 };
    }
    places.push(at);
    (decoded, places)
}
