//! RFC 6455 section 10.2: which pages may connect.

use spica_websocket::origin_allowed;

const OWN: [&str; 0] = [];

fn own(origin: &str, host: &str, secure: bool) -> bool {
    origin_allowed(Some(origin.as_bytes()), Some(host.as_bytes()), secure, &OWN)
}

#[test]
fn section_10_2_no_origin_is_no_browser() {
    assert!(origin_allowed(None, Some(b"a.example"), true, &OWN));
    assert!(origin_allowed(None, None, false, &["https://b.example"]));
}

#[test]
fn section_10_2_the_own_origin() {
    for (origin, host) in [
        ("https://a.example", "a.example"),
        ("https://a.example", "A.Example"),
        ("https://a.example", "a.example:443"),
        ("https://a.example:443", "a.example"),
        ("https://a.example:8443", "a.example:8443"),
        ("https://[::1]:8443", "[::1]:8443"),
        ("https://[::1]", "[::1]"),
    ] {
        assert!(own(origin, host, true), "{origin} {host}");
        assert!(own(origin, host, false), "{origin} {host}, TLS ended before");
    }
    assert!(own("http://a.example", "a.example:80", false));
    assert!(own("http://localhost:8000", "localhost:8000", false));
}

#[test]
fn section_10_2_another_origin() {
    for (origin, host) in [
        ("https://b.example", "a.example"),
        ("https://a.example.b.example", "a.example"),
        ("https://a.example:8443", "a.example"),
        ("https://a.example", "a.example:8443"),
        ("https://a.example:80", "a.example"),
        ("https://a.example@b.example", "a.example"),
        ("https://[::1]", "[::2]"),
        ("https://a.example:x", "a.example"),
        ("https://a.example:99999", "a.example"),
        ("https://", ""),
        ("a.example", "a.example"),
        ("ftp://a.example", "a.example"),
        ("null", "null"),
        ("", ""),
    ] {
        assert!(!own(origin, host, false), "{origin} {host}");
        assert!(!own(origin, host, true), "{origin} {host}");
    }
    assert!(!origin_allowed(Some(b"https://a.example"), None, true, &OWN));
}

#[test]
fn section_10_2_a_page_without_tls_is_another_origin_than_one_with() {
    assert!(!own("http://a.example", "a.example", true));
    assert!(own("http://a.example", "a.example", false));
}

#[test]
fn section_10_2_a_list_counts_alone() {
    let listed =
        |origin: &str, allowed: &[&str]| origin_allowed(Some(origin.as_bytes()), Some(b"own.example"), true, allowed);
    let list = ["https://a.example", "https://b.example:8443", "null", "app://x"];
    for origin in ["https://a.example", "https://A.example:443", "https://b.example:8443", "null", "app://x"] {
        assert!(listed(origin, &list), "{origin}");
    }
    for origin in ["http://a.example", "https://b.example", "https://own.example", "app://y", "https://c.a.example"] {
        assert!(!listed(origin, &list), "{origin}");
    }
    for origin in ["https://anything.example", "null", ""] {
        assert!(listed(origin, &["*"]), "{origin}");
    }
}
