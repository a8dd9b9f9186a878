//! Who the client is behind proxies, and what nobody can make the server believe.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::net::IpAddr;

use proptest::prelude::*;
use spica_http1::{parse_head, Head, Limits};
use spica_server::forwarded::{resolve, Fields, Origin, Scheme, TrustedProxies};

/// Field lines of a request, as `name: value`.
type Lines<'a> = &'a [&'a str];

const ALL_X: &[&str] = &["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"];
const FORWARDED: &[&str] = &["forwarded"];
/// The proxies of most cases: one at 10.0.0.1, and a network of them.
const PROXIES: &[&str] = &["10.0.0.1", "192.168.0.0/16", "2001:db8:1::/48"];

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

fn resolved<'a>(peer: &str, lines: &'a [(String, Vec<u8>)], trusted: &[&str], fields: &[&str]) -> Origin<'a> {
    let peer: Option<IpAddr> = (peer != "unix").then(|| peer.parse().unwrap());
    let (trusted, fields) = (TrustedProxies::parse(&owned(trusted)).unwrap(), Fields::parse(&owned(fields)).unwrap());
    let values = |name: &'static str| {
        lines.iter().filter(move |(line, _)| line.eq_ignore_ascii_case(name)).map(|(_, value)| &value[..])
    };
    resolve(peer, values, &trusted, &fields)
}

fn split(lines: Lines<'_>) -> Vec<(String, Vec<u8>)> {
    let pair = |line: &&str| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_owned(), value.trim().as_bytes().to_vec())
    };
    lines.iter().map(pair).collect()
}

/// `client scheme host port` in one string, `-` for what is not known.
fn shown(peer: &str, lines: Lines<'_>, trusted: &[&str], fields: &[&str]) -> String {
    let lines = split(lines);
    let origin = resolved(peer, &lines, trusted, fields);
    let client = match origin.client {
        None => "-".to_owned(),
        Some((address, None)) => address.to_string(),
        Some((IpAddr::V6(address), Some(port))) => format!("[{address}]:{port}"),
        Some((address, Some(port))) => format!("{address}:{port}"),
    };
    let scheme = match origin.scheme {
        None => "-",
        Some(Scheme::Http) => "http",
        Some(Scheme::Https) => "https",
    };
    let host = origin.host.map_or("-", |host| std::str::from_utf8(host).unwrap());
    let port = origin.port.map_or("-".to_owned(), |port| port.to_string());
    format!("{client} {scheme} {host} {port}")
}

#[test]
fn who_is_not_trusted_is_not_listened_to() {
    let x = ["X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil", "X-Forwarded-Port: 1"];
    let forwarded = ["Forwarded: for=1.2.3.4;proto=https;host=evil"];
    for (peer, trusted, expected) in [
        ("203.0.113.9", &[][..], "203.0.113.9 - - -"),
        ("127.0.0.1", &[], "127.0.0.1 - - -"),
        ("203.0.113.9", PROXIES, "203.0.113.9 - - -"),
        ("10.0.0.2", PROXIES, "10.0.0.2 - - -"),
        ("::10.0.0.1", PROXIES, "::a00:1 - - -"),
        ("unix", PROXIES, "- - - -"),
        ("10.0.0.1", &["unix"], "10.0.0.1 - - -"),
        ("::ffff:203.0.113.9", PROXIES, "203.0.113.9 - - -"),
    ] {
        assert_eq!(shown(peer, &x, trusted, ALL_X), expected);
        assert_eq!(shown(peer, &forwarded, trusted, FORWARDED), expected);
    }
}

#[test]
fn without_trust_no_field_is_even_looked_up() {
    let peer = Some("203.0.113.9".parse().unwrap());
    let values = |name: &'static str| -> std::iter::Empty<&[u8]> { panic!("{name} was looked up") };
    for trusted in [TrustedProxies::default(), TrustedProxies::parse(&owned(PROXIES)).unwrap()] {
        assert_eq!(
            resolve(peer, values, &trusted, &Fields::default()).client,
            Some(("203.0.113.9".parse().unwrap(), None))
        );
    }
}

#[test]
fn the_client_is_the_rightmost_address_that_is_no_proxy() {
    let cases: &[(&str, Lines<'_>, &str)] = &[
        ("10.0.0.1", &["X-Forwarded-For: 203.0.113.9"], "203.0.113.9 - - -"),
        ("::ffff:10.0.0.1", &["X-Forwarded-For: 203.0.113.9"], "203.0.113.9 - - -"),
        ("10.0.0.1", &["X-Forwarded-For: 203.0.113.9:4711"], "203.0.113.9:4711 - - -"),
        ("10.0.0.1", &["X-Forwarded-For: 2001:db8::9"], "2001:db8::9 - - -"),
        ("10.0.0.1", &["X-Forwarded-For: [2001:db8::9]"], "2001:db8::9 - - -"),
        ("10.0.0.1", &["X-Forwarded-For: [2001:db8::9]:80"], "[2001:db8::9]:80 - - -"),
        ("10.0.0.1", &["X-Forwarded-For: ::ffff:203.0.113.9"], "203.0.113.9 - - -"),
        // Several proxies: each adds whom it heard it from.
        ("10.0.0.1", &["X-Forwarded-For: 203.0.113.9, 192.168.1.1"], "203.0.113.9 - - -"),
        ("10.0.0.1", &["X-Forwarded-For: 203.0.113.9,192.168.1.1,2001:db8:1::7"], "203.0.113.9 - - -"),
        ("10.0.0.1", &["X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 192.168.1.1"], "203.0.113.9 - - -"),
        // Somebody inside the trusted networks is the client.
        ("10.0.0.1", &["X-Forwarded-For: 192.168.7.7"], "192.168.7.7 - - -"),
        // The proxy speaks for itself.
        ("10.0.0.1", &[], "10.0.0.1 - - -"),
    ];
    for (peer, lines, expected) in cases {
        assert_eq!(shown(peer, lines, PROXIES, ALL_X), *expected, "{lines:?}");
    }
}

#[test]
fn what_the_client_wrote_itself_is_never_reached() {
    for words in [
        "1.2.3.4",
        "10.0.0.1",
        "127.0.0.1",
        "192.168.0.1",
        "unknown",
        "",
        ",",
        "\"",
        "for=\"",
        "1.2.3.4, \"",
        "\\",
        "\\\"",
        "for=1.2.3.4;host=\"",
        "\u{7f}é",
        "1.2.3.4;",
        "a,b,c,,",
    ] {
        let one_line = format!("X-Forwarded-For: {words}, 203.0.113.9");
        let own_line = format!("X-Forwarded-For: {words}");
        for lines in [&[&one_line[..]][..], &[&own_line, "X-Forwarded-For: 203.0.113.9"]] {
            assert_eq!(shown("10.0.0.1", lines, PROXIES, ALL_X), "203.0.113.9 - - -", "{lines:?}");
        }
        let one_line = format!("Forwarded: {words}, for=203.0.113.9;proto=https;host=example.com");
        let own_line = format!("Forwarded: {words}");
        for lines in [&[&one_line[..]][..], &[&own_line, "Forwarded: for=203.0.113.9;proto=https;host=example.com"]] {
            assert_eq!(shown("10.0.0.1", lines, PROXIES, FORWARDED), "203.0.113.9 https example.com -", "{lines:?}");
        }
    }
}

#[test]
fn a_field_that_the_proxy_does_not_set_is_the_clients() {
    let lines: Lines<'_> = &[
        "Forwarded: for=1.1.1.1;proto=https;host=evil",
        "X-Forwarded-For: 203.0.113.9",
        "X-Forwarded-Proto: http",
        "X-Forwarded-Host: evil",
        "X-Forwarded-Port: 1",
        "X_Forwarded_For: 1.1.1.1",
        "X-Real-IP: 1.1.1.1",
    ];
    let by_default = ["x-forwarded-for", "x-forwarded-proto"];
    assert_eq!(shown("10.0.0.1", lines, PROXIES, &by_default), "203.0.113.9 http - -");
    assert_eq!(shown("10.0.0.1", lines, PROXIES, &["x-forwarded-proto"]), "10.0.0.1 http - -");
    assert_eq!(shown("10.0.0.1", lines, PROXIES, &[]), "10.0.0.1 - - -");
    assert_eq!(shown("10.0.0.1", &["X_Forwarded_For: 1.1.1.1"], PROXIES, ALL_X), "10.0.0.1 - - -");
    let forwarded = [
        "Forwarded: for=203.0.113.9",
        "X-Forwarded-For: 1.1.1.1",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: evil",
    ];
    assert_eq!(shown("10.0.0.1", &forwarded, PROXIES, FORWARDED), "203.0.113.9 - - -");
}

#[test]
fn whom_the_proxy_does_not_name_is_not_taken_for_the_proxy() {
    for address in [
        "unknown",
        "_hidden",
        "",
        "unix:",
        "localhost",
        "203.0.113",
        "203.0.113.9:",
        "203.0.113.9:0",
        "203.0.113.9:65536",
        "203.0.113.9:_port",
        "0203.0.113.9",
        "[2001:db8::9",
        "2001:db8::9]",
        "[2001:db8::9]80",
        "[203.0.113.9]",
        "fe80::1%eth0",
        "203.0.113.9 1.2.3.4",
        "\"203.0.113.9\"",
        "1.2.3.4, 203.0.113.9,",
    ] {
        let line = format!("X-Forwarded-For: {address}");
        assert_eq!(shown("10.0.0.1", &[&line], PROXIES, ALL_X), "- - - -", "{line}");
    }
}

#[test]
fn scheme_host_and_port_are_one_value() {
    let cases: &[(Lines<'_>, &str)] = &[
        (&["X-Forwarded-Proto: HTTPS"], "https - -"),
        (&["X-Forwarded-Proto: ws"], "http - -"),
        (&["X-Forwarded-Proto: wss"], "https - -"),
        (&["X-Forwarded-Proto: https, http"], "- - -"),
        (&["X-Forwarded-Proto: https", "X-Forwarded-Proto: https"], "- - -"),
        (&["X-Forwarded-Proto: javascript"], "- - -"),
        (&["X-Forwarded-Proto:"], "- - -"),
        (&["X-Forwarded-Host: example.com"], "- example.com -"),
        (&["X-Forwarded-Host: [2001:db8::1]:8443"], "- [2001:db8::1]:8443 -"),
        (&["X-Forwarded-Host: example.com, evil"], "- - -"),
        (&["X-Forwarded-Host: evil", "X-Forwarded-Host: example.com"], "- - -"),
        (&["X-Forwarded-Host: example.com/path"], "- - -"),
        (&["X-Forwarded-Host: user@example.com"], "- - -"),
        (&["X-Forwarded-Host: exa mple"], "- - -"),
        (&["X-Forwarded-Host:"], "- - -"),
        (&["X-Forwarded-Host: example.com", "X-Forwarded-Port: 8443"], "- example.com 8443"),
        (&["X-Forwarded-Host: [2001:db8::1]", "X-Forwarded-Port: 8443"], "- [2001:db8::1] 8443"),
        (&["X-Forwarded-Host: example.com:80", "X-Forwarded-Port: 8443"], "- example.com:80 -"),
        (&["X-Forwarded-Port: 443"], "- - 443"),
        (&["X-Forwarded-Port: 0"], "- - -"),
        (&["X-Forwarded-Port: 65536"], "- - -"),
        (&["X-Forwarded-Port: 443, 80"], "- - -"),
        (&["X-Forwarded-Port: +443"], "- - -"),
    ];
    for (lines, expected) in cases {
        assert_eq!(shown("10.0.0.1", lines, PROXIES, ALL_X), format!("10.0.0.1 {expected}"), "{lines:?}");
    }
}

#[test]
fn rfc7239_4_elements_and_parameters() {
    let cases: &[(Lines<'_>, &str)] = &[
        (&["Forwarded: for=203.0.113.9"], "203.0.113.9 - - -"),
        (&["Forwarded: For=\"[2001:db8:cafe::17]:4711\""], "[2001:db8:cafe::17]:4711 - - -"),
        (&["Forwarded: for=203.0.113.9;proto=http;by=203.0.113.43"], "203.0.113.9 http - -"),
        (
            &["Forwarded: for=203.0.113.9; PROTO=\"https\" ;host=\"example.com:8443\""],
            "203.0.113.9 https example.com:8443 -",
        ),
        (&["Forwarded: for=\"203.0.113.9:_tcp\";secret=\"a,b;for=1.2.3.4\""], "203.0.113.9 - - -"),
        (&["Forwarded: for=203.0.113.9;;proto=https;"], "203.0.113.9 https - -"),
        // The first proxy spoke TLS with the client, the second in clear with the first: the client's element counts.
        (
            &["Forwarded: for=203.0.113.9;proto=https;host=example.com, for=192.168.1.1;proto=http;host=inner"],
            "203.0.113.9 https example.com -",
        ),
        (&["Forwarded: for=203.0.113.9;proto=https", "Forwarded: for=192.168.1.1;proto=http"], "203.0.113.9 https - -"),
        (&["Forwarded: for=1.2.3.4;host=evil, for=203.0.113.9;proto=https"], "203.0.113.9 https - -"),
        (&["Forwarded: for=192.168.7.7;proto=https"], "192.168.7.7 https - -"),
        // Section 6: nodes without an address.
        (&["Forwarded: for=unknown;proto=https;host=example.com"], "- https example.com -"),
        (&["Forwarded: for=1.2.3.4, for=\"_gazonk\";proto=https"], "- https - -"),
        (&["Forwarded: proto=https"], "- https - -"),
        (&["Forwarded: for=2001:db8::9"], "- - - -"),
        (&["Forwarded: for=\"203.0.113.9:_\""], "- - - -"),
        (&["Forwarded: for=1.2.3.4, "], "- - - -"),
        (&["Forwarded:"], "- - - -"),
        // Malformed: nothing of it.
        (&["Forwarded: for=203.0.113.9;for=1.2.3.4;proto=https"], "- https - -"),
        (&["Forwarded: for=203.0.113.9;proto=http;proto=https"], "203.0.113.9 - - -"),
        (&["Forwarded: for=203.0.113.9;host=a;host=b"], "203.0.113.9 - - -"),
        (&["Forwarded: for=203.0.113.9;host=\"a/b\""], "203.0.113.9 - - -"),
        (&["Forwarded: for=203.0.113.9;proto=\"https"], "- - - -"),
        (&["Forwarded: for=203.0.113.9;secret=\"a\\\"b;for=1.2.3.4\""], "- - - -"),
        (&["Forwarded: for=1.2.3.4;secret=\"a\\\", for=203.0.113.9;x=\""], "- - - -"),
    ];
    for (lines, expected) in cases {
        assert_eq!(shown("10.0.0.1", lines, PROXIES, FORWARDED), *expected, "{lines:?}");
    }
}

#[test]
fn any_trusts_one_hop_and_a_unix_socket_is_a_peer() {
    let lines: Lines<'_> = &["X-Forwarded-For: 1.2.3.4, 203.0.113.9", "X-Forwarded-Proto: https"];
    for (peer, trusted) in [("172.17.0.5", &["any"][..]), ("unix", &["unix"]), ("unix", &["any"])] {
        assert_eq!(shown(peer, lines, trusted, ALL_X), "203.0.113.9 https - -");
        assert_eq!(shown(peer, &[], trusted, ALL_X), format!("{} - - -", if peer == "unix" { "-" } else { peer }));
    }
    let two: Lines<'_> = &["X-Forwarded-For: 1.2.3.4, 203.0.113.9, 192.168.1.1"];
    assert_eq!(shown("unix", two, &["unix", "192.168.0.0/16"], ALL_X), "203.0.113.9 - - -");
}

#[test]
fn the_fields_are_those_of_a_parsed_request() {
    let request = b"GET / HTTP/1.1\r\nHost: inner\r\nX-FORWARDED-FOR: 1.2.3.4\r\nX_Forwarded_For: 1.1.1.1\r\n\
        x-forwarded-for: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n\r\n";
    let mut head = Head::new();
    assert_eq!(parse_head(request, &mut 0, &Limits::default(), &mut head), Ok(true));
    let trusted = TrustedProxies::parse(&owned(PROXIES)).unwrap();
    let values = |name: &'static str| head.values(request, name.as_bytes());
    let origin = resolve(Some("10.0.0.1".parse().unwrap()), values, &trusted, &Fields::default());
    assert_eq!(origin.client, Some(("203.0.113.9".parse().unwrap(), None)));
    assert_eq!((origin.scheme, origin.host, origin.port), (Some(Scheme::Https), None, None));
}

proptest! {
    /// Whatever a client writes before it, what the proxy adds decides.
    #[test]
    fn nothing_on_the_left_changes_the_result(words in proptest::collection::vec(any::<u8>(), 0..40), own_line: bool) {
        for (fields, name, added) in [
            (ALL_X, "x-forwarded-for", "203.0.113.9"),
            (FORWARDED, "forwarded", "for=203.0.113.9;proto=https;host=example.com"),
        ] {
            let alone = vec![(name.to_owned(), added.as_bytes().to_vec())];
            let mut lines = vec![(name.to_owned(), words.clone())];
            if own_line {
                lines.extend(alone.clone());
            } else {
                lines[0].1.extend_from_slice(b", ");
                lines[0].1.extend_from_slice(added.as_bytes());
            }
            prop_assert_eq!(resolved("10.0.0.1", &lines, PROXIES, fields), resolved("10.0.0.1", &alone, PROXIES, fields));
        }
    }

    /// Octets of the grammar in any order: no panic, and no host that holds a part of the grammar around it.
    #[test]
    fn nothing_panics(value in r#"([a-f0-9.:;,="\\ \[\]_]|for=|host=|proto=|unknown){0,30}"#) {
        for fields in [ALL_X, FORWARDED] {
            for name in ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "forwarded"] {
                let lines = vec![(name.to_owned(), value.clone().into_bytes())];
                let origin = resolved("10.0.0.1", &lines, PROXIES, fields);
                prop_assert!(origin.host.is_none_or(|host| !host.contains(&b'"') && !host.contains(&b',')));
            }
        }
    }
}
