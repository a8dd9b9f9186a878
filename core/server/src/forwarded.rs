//! Who the client is when a proxy stands between: forwarded fields, believed only from peers that the operator trusts.
//!
//! Anybody can write these fields, so a value counts only where a trusted proxy must have written it:
//!
//! | value | where it is taken from | otherwise |
//! |---|---|---|
//! | client | the addresses of `X-Forwarded-For`, or each `for` of `Forwarded`, from the right: trusted ones are skipped, the first that is not is the client; when all are trusted, the leftmost | no field: the peer itself; an element that names no address: unknown |
//! | scheme | `X-Forwarded-Proto`, or the `proto` of the client's element | None |
//! | host | `X-Forwarded-Host`, or the `host` of the client's element | None |
//! | port | `X-Forwarded-Port`, when the host has none of its own | None |
//!
//! Rules:
//! - From a peer that is not trusted, every field is the client's own words and ignored; nothing is allocated.
//! - Elements left of the client's are the client's own words and never looked at, so they can't break anything either.
//! - Nothing malformed is an error for the client: the value is None, and the connection's own scheme and host stand.
//! - "unknown", an obfuscated identifier, an empty element and an unreadable one make the client unknown, not the proxy:
//!   an address rule that lets the proxy's own network in must not let in whom the proxy did not name.
//! - `X-Forwarded-Proto`, `-Host` and `-Port` are one line with one value: of a list nobody can tell who wrote which.
//! - A backslash in an element of `Forwarded` makes it unreadable: no address, scheme or host needs one (RFC 7239 allows it).
//! - Names are compared exactly, apart from case: `X_Forwarded_For` is another field (Django's CVE-2026-3902).
//!
//! **Only fields that the proxy sets** may be read, because a proxy passes those through that it does not set: behind an
//! nginx that sets `X-Forwarded-For`, a client's own `Forwarded` or `X-Forwarded-Host` arrives unchanged. So the operator
//! names the fields ([`Fields`]). The default is what nearly every proxy sets, `X-Forwarded-For` and `X-Forwarded-Proto`;
//! the host is not among them, as a forged one ends up in password reset links.
//!
//! Source: RFC 7239; nginx's realip module (`real_ip_recursive on`) for the walk from the right.

mod element;
mod fields;
mod host;
mod trusted;

use std::net::IpAddr;

pub use fields::Fields;
pub use trusted::TrustedProxies;

use element::{element_from_right, Element, Node};

/// What a request came by before the first proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// In clear text.
    Http,
    /// Over TLS.
    Https,
}

/// Where a request comes from, as far as trusted peers tell. None: nobody trusted says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The client's address, and its port when that is told.
    pub client: Option<(IpAddr, Option<u16>)>,
    /// What the client used to reach the first proxy.
    pub scheme: Option<Scheme>,
    /// The host that the client asked for, a valid Host value.
    pub host: Option<&'a [u8]>,
    /// The port that the client asked for, when `host` has none.
    pub port: Option<u16>,
}

/// Finds out where a request comes from.
///
/// `peer` is the other end of the connection, None for a Unix socket; `values` gives the values of all fields of a
/// lower-case name, in order.
pub fn resolve<'a, V>(
    peer: Option<IpAddr>,
    values: impl Fn(&'static str) -> V,
    trusted: &TrustedProxies,
    fields: &Fields,
) -> Origin<'a>
where
    V: Iterator<Item = &'a [u8]>,
{
    let itself = Origin { client: peer.map(|peer| (peer.to_canonical(), None)), ..Origin::default() };
    if !trusted.trusts_peer(peer) {
        return itself;
    }
    if fields.forwarded {
        return by_forwarded(itself, values("forwarded").collect(), trusted);
    }
    let mut origin = itself;
    if fields.x_for {
        origin.client = by_addresses(itself.client, values("x-forwarded-for").collect(), trusted);
    }
    if fields.x_proto {
        origin.scheme = only(values("x-forwarded-proto")).and_then(parse_scheme);
    }
    if fields.x_host {
        origin.host = only(values("x-forwarded-host")).filter(|value| host::is_host(value));
    }
    if fields.x_port && !origin.host.is_some_and(host::has_port) {
        origin.port = only(values("x-forwarded-port")).and_then(element::parse_port);
    }
    origin
}

type Client = Option<(IpAddr, Option<u16>)>;

/// The walk through X-Forwarded-For.
fn by_addresses(peer: Client, lines: Vec<&[u8]>, trusted: &TrustedProxies) -> Client {
    let mut client = peer;
    for address in lines.iter().rev().flat_map(|line| line.rsplit(|&octet| octet == b',')) {
        client = element::parse_address(address.trim_ascii());
        if !client.is_some_and(|(address, _)| trusted.trusts_hop(address)) {
            break;
        }
    }
    client
}

/// The walk through Forwarded; scheme and host are those of the element at which it ends.
fn by_forwarded<'a>(itself: Origin<'a>, lines: Vec<&'a [u8]>, trusted: &TrustedProxies) -> Origin<'a> {
    let mut origin = itself;
    for line in lines.into_iter().rev() {
        let mut rest = Some(line);
        while let Some(line) = rest {
            let Some((before, text)) = element_from_right(line) else {
                return Origin::default();
            };
            rest = before;
            let Element { node, proto, host } = Element::parse(text);
            origin.client = match node {
                Node::Address(address, port) => Some((address, port)),
                Node::Unknown => None,
            };
            origin.scheme = proto.and_then(parse_scheme);
            origin.host = host.filter(|value| host::is_host(value));
            if !origin.client.is_some_and(|(address, _)| trusted.trusts_hop(address)) {
                return origin;
            }
        }
    }
    origin
}

/// The value of a field that has one line with one value.
fn only<'a>(mut values: impl Iterator<Item = &'a [u8]>) -> Option<&'a [u8]> {
    let value = values.next()?;
    (values.next().is_none() && !value.contains(&b',')).then_some(value)
}

/// WebSocket schemes are what some proxies (Traefik) send for an upgrade.
fn parse_scheme(value: &[u8]) -> Option<Scheme> {
    let is = |name: &[u8]| value.eq_ignore_ascii_case(name);
    if is(b"https") || is(b"wss") {
        Some(Scheme::Https)
    } else if is(b"http") || is(b"ws") {
        Some(Scheme::Http)
    } else {
        None
    }
}
