//! Whom the operator trusts to tell where a request comes from.

use std::net::IpAddr;

/// Peers whose forwarded fields are believed. The default trusts nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    networks: Vec<Network>,
    unix: bool,
    any: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    /// The first address.
    address: IpAddr,
    /// How many of its leading bits count.
    prefix: u8,
}

impl TrustedProxies {
    /// Reads addresses (`192.0.2.1`, `2001:db8::1`), networks (`10.0.0.0/8`), `unix` and `any`.
    ///
    /// `unix` trusts whoever connects to a Unix socket: that is decided by the socket's file permissions.
    ///
    /// `any` trusts whoever connects, for networks where the proxy's address is not known beforehand and nobody else can
    /// connect. It trusts that one hop only: the address which the peer gives last is the client, unless it is itself
    /// listed. It is not spelled `*`, because elsewhere that also believes what the client wrote.
    ///
    /// # Errors
    /// A sentence for the operator, on the first entry that is none of these.
    pub fn parse(entries: &[String]) -> Result<Self, String> {
        let mut trusted = TrustedProxies::default();
        for entry in entries {
            match entry.as_str() {
                "unix" => trusted.unix = true,
                "any" => trusted.any = true,
                "*" => {
                    return Err(
                        "\"*\" is no proxy: list addresses or networks, or write \"any\" if nobody but the proxy \
                                can connect"
                            .into(),
                    )
                }
                _ => trusted.networks.push(Network::parse(entry)?),
            }
        }
        Ok(trusted)
    }

    /// Whether nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty() && !self.unix && !self.any
    }

    /// Whether the other end of a connection is believed; None is a Unix socket's.
    pub fn trusts_peer(&self, peer: Option<IpAddr>) -> bool {
        match peer {
            None => self.unix || self.any,
            Some(address) => self.any || self.trusts_hop(address),
        }
    }

    /// Whether an address in a chain is one of the operator's proxies.
    pub(super) fn trusts_hop(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(address))
    }
}

impl Network {
    fn parse(entry: &str) -> Result<Self, String> {
        let (text, prefix) = entry.split_once('/').map_or((entry, None), |(text, prefix)| (text, Some(prefix)));
        let Ok(address) = text.parse::<IpAddr>() else {
            return Err(format!("{entry:?} is no address, no network (10.0.0.0/8), not \"unix\" and not \"any\""));
        };
        if address.to_canonical() != address {
            return Err(format!("{entry:?} is an IPv4 address in IPv6 form: write it as {}", address.to_canonical()));
        }
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => width,
            Some(digits) => match digits.parse::<u8>() {
                Ok(0) => return Err(format!("{entry:?} is everybody: write \"any\" if that is meant")),
                Ok(prefix) if prefix <= width && digits.bytes().all(|octet| octet.is_ascii_digit()) => prefix,
                _ => return Err(format!("{entry:?} has a prefix that is no number from 1 to {width}")),
            },
        };
        let network = Network { address, prefix };
        if network.first(address) == address {
            Ok(network)
        } else {
            Err(format!("{entry:?} has bits behind its prefix: write {}/{prefix}", network.first(address)))
        }
    }

    /// The first address of the network of this size that `address` is in.
    fn first(&self, address: IpAddr) -> IpAddr {
        let prefix = u32::from(self.prefix);
        match address {
            IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() & u32::MAX.checked_shl(32 - prefix).unwrap_or(0)).into()),
            IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & u128::MAX.checked_shl(128 - prefix).unwrap_or(0)).into()),
        }
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.address.is_ipv4() == address.is_ipv4() && self.first(address) == self.address
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is how a test fails")]
mod tests {
    use super::*;

    fn parse(entries: &[&str]) -> Result<TrustedProxies, String> {
        TrustedProxies::parse(&entries.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn networks_hold_what_their_prefix_says() {
        for (entry, inside, outside) in [
            ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
            ("192.0.2.1/32", "192.0.2.1", "192.0.2.0"),
            ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
            ("172.16.0.0/12", "172.31.255.255", "172.32.0.0"),
            ("128.0.0.0/1", "255.255.255.255", "127.255.255.255"),
            ("10.0.0.0/8", "::ffff:10.1.2.3", "::10.1.2.3"),
            ("2001:db8::1", "2001:db8::1", "2001:db8::2"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("2001:db8::8000:0:0:0/65", "2001:db8::8000:0:0:1", "2001:db8::1"),
            ("8000::/1", "ffff::", "255.255.255.255"),
            ("::1", "::1", "0.0.0.1"),
        ] {
            let trusted = parse(&[entry]).unwrap();
            assert!(trusted.trusts_peer(Some(inside.parse().unwrap())), "{inside} is in {entry}");
            assert!(!trusted.trusts_peer(Some(outside.parse().unwrap())), "{outside} is not in {entry}");
            assert!(!trusted.trusts_peer(None), "{entry} is no Unix socket");
        }
    }

    #[test]
    fn nobody_is_trusted_by_default() {
        let address = Some("127.0.0.1".parse().unwrap());
        assert!(!TrustedProxies::default().trusts_peer(address) && !TrustedProxies::default().trusts_peer(None));
        assert_eq!(parse(&[]), Ok(TrustedProxies::default()));
        assert!(parse(&["unix"]).unwrap().trusts_peer(None) && !parse(&["unix"]).unwrap().trusts_peer(address));
        assert!(parse(&["any"]).unwrap().trusts_peer(None) && parse(&["any"]).unwrap().trusts_peer(address));
        assert!(!parse(&["any"]).unwrap().trusts_hop("127.0.0.1".parse().unwrap()), "any peer, but no other hop");
    }

    #[test]
    fn what_is_no_proxy_is_refused_with_a_sentence() {
        for (entry, why) in [
            ("*", "write \"any\""),
            ("0.0.0.0/0", "write \"any\""),
            ("::/0", "write \"any\""),
            ("", "is no address"),
            ("localhost", "is no address"),
            ("10.0.0", "is no address"),
            ("010.0.0.1", "is no address"),
            ("[::1]", "is no address"),
            ("10.0.0.1:80", "is no address"),
            ("10.0.0.0/33", "no number from 1 to 32"),
            ("10.0.0.0/", "no number from 1 to 32"),
            ("10.0.0.0/+8", "no number from 1 to 32"),
            ("10.0.0.0/8/8", "no number from 1 to 32"),
            ("::1/129", "no number from 1 to 128"),
            ("10.1.2.3/8", "write 10.0.0.0/8"),
            ("2001:db8::1/32", "write 2001:db8::/32"),
            ("::ffff:10.0.0.1", "write it as 10.0.0.1"),
            ("::ffff:10.0.0.0/104", "write it as 10.0.0.0"),
        ] {
            assert!(
                parse(&["127.0.0.1", entry]).is_err_and(|text| text.contains(why)),
                "{entry}: {:?}",
                parse(&[entry])
            );
        }
    }
}
