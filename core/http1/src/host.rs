//! The Host field (RFC 9112 section 3.2), narrower than the grammar; the crate page says how.

use std::net::Ipv6Addr;

/// Whether `value` is a host with an optional port.
pub(crate) fn is_host(value: &[u8]) -> bool {
    if let [b'[', rest @ ..] = value {
        let Some(close) = rest.iter().position(|&octet| octet == b']') else {
            return false;
        };
        return is_ipv6(&rest[..close]) && is_port_suffix(&rest[close + 1..]);
    }
    let end = value.iter().position(|&octet| !NAME[octet as usize]).unwrap_or(value.len());
    end > 0 && is_port_suffix(&value[end..])
}

/// Octets of a name.
static NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut octet = 0;
    while octet < 256 {
        let byte = octet as u8;
        table[octet] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        octet += 1;
    }
    table
};

fn is_ipv6(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok())
}

fn is_port_suffix(text: &[u8]) -> bool {
    let [b':', digits @ ..] = text else { return text.is_empty() };
    if digits.is_empty() || digits.len() > 5 {
        return false;
    }
    let mut port = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return false;
        }
        port = port * 10 + u32::from(digit - b'0');
    }
    port <= 65_535
}
