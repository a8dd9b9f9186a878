//! One element of a forwarded field: finding it from the right, reading its parameters and its address.
//!
//! From the right, because what is left of a trusted proxy's elements is written by somebody else: an unbalanced quote
//! there must not swallow what the proxy added.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an element says about the one it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    /// An address, and its port unless that is missing or obfuscated.
    Address(IpAddr, Option<u16>),
    /// "unknown", an obfuscated identifier, nothing, or nothing readable.
    Unknown,
}

/// An element of Forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// The `for` parameter.
    pub node: Node,
    /// The `proto` parameter.
    pub proto: Option<&'a [u8]>,
    /// The `host` parameter.
    pub host: Option<&'a [u8]>,
}

/// Splits the last element off a Forwarded line: what is before its comma, if there is one, and the element.
///
/// None when quotes do not match, and at a backslash: it can only quote an octet that is in no address, scheme or host, and
/// without it a quote has the same meaning from either side.
pub fn element_from_right(line: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let mut quoted = false;
    for (index, octet) in line.iter().enumerate().rev() {
        match octet {
            b'\\' => return None,
            b'"' => quoted = !quoted,
            b',' if !quoted => return Some((Some(&line[..index]), &line[index + 1..])),
            _ => {}
        }
    }
    (!quoted).then_some((None, line))
}

impl<'a> Element<'a> {
    /// Reads `for`, `proto` and `host` of what `element_from_right` found; a parameter given twice says nothing.
    pub fn parse(text: &'a [u8]) -> Self {
        let (mut node, mut proto, mut host) = (Once::Missing, Once::Missing, Once::Missing);
        let mut quoted = false;
        for pair in text.split(|&octet| {
            quoted ^= octet == b'"';
            octet == b';' && !quoted
        }) {
            let Some(equals) = pair.iter().position(|&octet| octet == b'=') else { continue };
            let (name, value) = (pair[..equals].trim_ascii(), unquoted(&pair[equals + 1..]));
            if name.eq_ignore_ascii_case(b"for") {
                node.set(value);
            } else if name.eq_ignore_ascii_case(b"proto") {
                proto.set(value);
            } else if name.eq_ignore_ascii_case(b"host") {
                host.set(value);
            }
        }
        let node =
            node.get().and_then(parse_node).map_or(Node::Unknown, |(address, port)| Node::Address(address, port));
        Element { node, proto: proto.get(), host: host.get() }
    }
}

/// A value that may be given once.
enum Once<'a> {
    Missing,
    Given(&'a [u8]),
    Twice,
}

impl<'a> Once<'a> {
    fn set(&mut self, value: &'a [u8]) {
        *self = if matches!(self, Once::Missing) { Once::Given(value) } else { Once::Twice };
    }

    fn get(self) -> Option<&'a [u8]> {
        match self {
            Once::Given(value) => Some(value),
            Once::Missing | Once::Twice => None,
        }
    }
}

fn unquoted(value: &[u8]) -> &[u8] {
    match value.trim_ascii() {
        [b'"', inner @ .., b'"'] => inner,
        value => value,
    }
}

/// Reads a node of RFC 7239 section 6: `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]`, `[2001:db8::1]:_port`.
fn parse_node(value: &[u8]) -> Option<(IpAddr, Option<u16>)> {
    let (address, port) = split_port(value)?;
    match port {
        None => Some((address, None)),
        Some([b'_', rest @ ..]) => (!rest.is_empty() && rest.iter().all(is_obfuscated)).then_some((address, None)),
        Some(digits) => Some((address, Some(parse_port(digits)?))),
    }
}

fn is_obfuscated(octet: &u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'_' | b'-')
}

/// Reads an address of X-Forwarded-For: as a node, but IPv6 also without brackets.
pub fn parse_address(value: &[u8]) -> Option<(IpAddr, Option<u16>)> {
    if let Some(address) = ipv6(value) {
        return Some((address, None));
    }
    let (address, port) = split_port(value)?;
    match port {
        None => Some((address, None)),
        Some(digits) => Some((address, Some(parse_port(digits)?))),
    }
}

fn split_port(value: &[u8]) -> Option<(IpAddr, Option<&[u8]>)> {
    if let [b'[', rest @ ..] = value {
        let close = rest.iter().position(|&octet| octet == b']')?;
        let port = match &rest[close + 1..] {
            [] => None,
            [b':', port @ ..] => Some(port),
            _ => return None,
        };
        return Some((ipv6(&rest[..close])?, port));
    }
    let mut parts = value.splitn(2, |&octet| octet == b':');
    let address: Ipv4Addr = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
    Some((address.into(), parts.next()))
}

fn ipv6(text: &[u8]) -> Option<IpAddr> {
    let address: Ipv6Addr = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(IpAddr::V6(address).to_canonical())
}

/// Reads a port from 1 to 65535.
pub fn parse_port(digits: &[u8]) -> Option<u16> {
    if !(1..=5).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok().filter(|&port| port != 0)
}
