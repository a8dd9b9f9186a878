//! The parts of field values that the handshake is made of: RFC 9110 section 5.6.

/// Letters, digits and ``!#$%&'*+-.^_`|~``.
pub(crate) fn is_token_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}

/// The text when it is a token.
pub(crate) fn token(text: &[u8]) -> Option<&str> {
    let is_token = !text.is_empty() && text.iter().all(|octet| is_token_octet(*octet));
    std::str::from_utf8(text).ok().filter(|_| is_token)
}

/// Whether a list of tokens, such as Connection, has `member` in it; case does not count.
pub(crate) fn lists(value: &[u8], member: &[u8]) -> bool {
    elements(value).any(|element| element.eq_ignore_ascii_case(member))
}

/// The elements of a list without quoted strings; empty ones are left out, as section 5.6.1.2 asks.
pub(crate) fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|octet| *octet == b',').map(trim).filter(|element| !element.is_empty())
}

/// Remove optional white space on both sides.
fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}
