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
    let end = value.iter().position(|&octet| octet == b':').unwrap_or(value.len());
    let (name, port) = value.split_at(end);
    !name.is_empty() && name.iter().all(|&octet| is_name(octet)) && is_port_suffix(port)
}

fn is_name(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~')
}

fn is_ipv6(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok())
}

fn is_port_suffix(text: &[u8]) -> bool {
    match text {
        [] => true,
        [b':', digits @ ..] if (1..=5).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) => {
            digits.iter().fold(0, |port, digit| port * 10 + u32::from(digit - b'0')) <= 65_535
        }
        _ => false,
    }
}
