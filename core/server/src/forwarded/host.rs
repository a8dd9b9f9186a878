//! Whether a forwarded host may stand in for the Host field: by the rules of `spica_http1` (its crate page, "Host").

use std::net::Ipv6Addr;

/// Whether `value` is a name, an IPv4 address or a bracketed IPv6 address, with an optional port.
pub fn is_host(value: &[u8]) -> bool {
    split(value).is_some_and(|(name, port)| {
        let is_name = match name {
            [b'[', address @ .., b']'] => {
                std::str::from_utf8(address).is_ok_and(|address| address.parse::<Ipv6Addr>().is_ok())
            }
            name => !name.is_empty() && name.iter().all(|&octet| is_name_octet(octet)),
        };
        is_name && port.is_none_or(is_port)
    })
}

/// Whether a host has a port.
pub fn has_port(host: &[u8]) -> bool {
    split(host).is_some_and(|(_, port)| port.is_some())
}

fn split(value: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let name_end = if value.starts_with(b"[") { value.iter().position(|&octet| octet == b']')? + 1 } else { 0 };
    let colon = value.iter().skip(name_end).position(|&octet| octet == b':').map(|colon| name_end + colon);
    match colon {
        None => Some((value, None)),
        Some(colon) => Some((&value[..colon], Some(&value[colon + 1..]))),
    }
}

fn is_name_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~')
}

fn is_port(digits: &[u8]) -> bool {
    (1..=5).contains(&digits.len())
        && digits.iter().all(u8::is_ascii_digit)
        && std::str::from_utf8(digits).is_ok_and(|digits| digits.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use spica_http1::{parse_head, Head, Limits};

    use super::*;

    /// What the parser of requests says of a Host field.
    fn is_host_of_a_request(value: &str) -> bool {
        let request = format!("GET / HTTP/1.1\r\nHost: {value}\r\n\r\n");
        parse_head(request.as_bytes(), &mut 0, &Limits::default(), &mut Head::new()) == Ok(true)
    }

    #[test]
    fn rfc9112_3_2_hosts_that_matter() {
        for (value, valid, port) in [
            ("example.com", true, false),
            ("example.com:8000", true, true),
            ("[2001:db8::1]", true, false),
            ("[2001:db8::1]:443", true, true),
            ("192.0.2.1:0", true, true),
            ("", false, false),
            (":80", false, true),
            ("example.com:", false, true),
            ("example.com:65536", false, true),
            ("example.com/path", false, false),
            ("user@example.com", false, false),
            ("a b", false, false),
            ("[::1", false, false),
            ("[::1]x", false, false),
            ("[::1]x:80", false, true),
            ("::1", false, true),
        ] {
            assert_eq!(is_host(value.as_bytes()), valid, "{value:?}");
            assert_eq!(is_host_of_a_request(value), valid, "{value:?}");
            assert_eq!(valid && has_port(value.as_bytes()), valid && port, "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn the_rules_are_those_of_a_request(value in r"[a1.\-_~:@/%\[\]]{1,12}|\[[0-9a-f:]{2,8}\](:[0-9]{0,6})?|[a-z.]{1,5}:[0-9]{0,6}") {
            prop_assert_eq!(is_host(value.as_bytes()), is_host_of_a_request(&value), "{:?}", value);
        }
    }
}
