//! Classes of octets, as tables.

/// RFC 9110 section 5.6.2: letters, digits and ``!#$%&'*+-.^_`|~``.
pub(crate) const fn is_token(octet: u8) -> bool {
    TOKEN[octet as usize]
}

/// RFC 9110 section 5.5: HTAB, space, visible ASCII and obs-text.
pub(crate) const fn is_field_value(octet: u8) -> bool {
    matches!(octet, b'\t' | b' '..=b'~' | 0x80..)
}

/// Remove the optional white space of RFC 9110 section 5.6.3 on both sides.
pub(crate) fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

static TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut octet = 0;
    while octet < 256 {
        let byte = octet as u8;
        table[octet] = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
            );
        octet += 1;
    }
    table
};
