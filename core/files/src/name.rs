//! A request's path to the name of a file below a folder.

/// Octets of a name at most; the kernel's PATH_MAX, which counts the NUL.
const MAX_NAME: usize = 4095;

/// The one hidden name that is meant to be public (RFC 8615).
const WELL_KNOWN: &[u8] = b".well-known";

/// The file of a path that ends with `/`.
const INDEX: &[u8] = b"index.html";

/// Decode a raw request path once and check each of its segments; the crate page has the rules.
///
/// Returns: a relative name with neither `.` nor `..` in it; None when the path can't name a public file.
pub(crate) fn parse_name(raw_path: &[u8]) -> Option<Vec<u8>> {
    let relative = raw_path.strip_prefix(b"/")?;
    if relative.len() > 3 * MAX_NAME {
        return None;
    }
    let mut name = Vec::with_capacity(relative.len() + INDEX.len());
    let mut segments = relative.split(|&octet| octet == b'/').peekable();
    while let Some(segment) = segments.next() {
        let start = name.len();
        match (segment.is_empty(), segments.peek().is_some()) {
            (true, true) => return None,
            (true, false) => name.extend_from_slice(INDEX),
            (false, _) => decode(segment, &mut name)?,
        }
        if !is_public(name.get(start..)?) {
            return None;
        }
        if segments.peek().is_some() {
            name.push(b'/');
        }
    }
    (name.len() <= MAX_NAME).then_some(name)
}

/// What follows the last `/`.
pub(crate) fn last_segment(name: &[u8]) -> &[u8] {
    name.rsplit(|&octet| octet == b'/').next().unwrap_or_default()
}

fn decode(segment: &[u8], name: &mut Vec<u8>) -> Option<()> {
    let mut rest = segment;
    loop {
        match rest {
            [] => return Some(()),
            [b'%', high, low, tail @ ..] => {
                let digit = |octet: u8| char::from(octet).to_digit(16);
                name.push(u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?);
                rest = tail;
            }
            [b'%', ..] => return None,
            [octet, tail @ ..] => {
                name.push(*octet);
                rest = tail;
            }
        }
    }
}

fn is_public(segment: &[u8]) -> bool {
    if segment.first() == Some(&b'.') && segment != WELL_KNOWN {
        return false;
    }
    !segment.iter().any(|&octet| octet.is_ascii_control() || matches!(octet, b'/' | b'\\' | b':'))
}
