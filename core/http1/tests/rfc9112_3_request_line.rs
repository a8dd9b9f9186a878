//! RFC 9112 section 3: the request line and the request target.

mod events;

use events::{accept, refuse, Request};

fn get(target: &str) -> Request {
    accept(format!("GET {target} HTTP/1.1\r\nHost: a.example\r\n\r\n"))
}

fn refuse_target(method: &str, target: &str) -> u16 {
    refuse(format!("{method} {target} HTTP/1.1\r\nHost: a.example\r\n\r\n"))
}

#[test]
fn section_3_single_spaces_only() {
    for line in [
        "GET  / HTTP/1.1",
        "GET /  HTTP/1.1",
        "GET\t/ HTTP/1.1",
        "GET /\tHTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET /a b HTTP/1.1",
        "GET /",
        "GET",
        "GET / ",
        "GET HTTP/1.1",
        "/ HTTP/1.1",
    ] {
        assert_eq!(refuse(format!("{line}\r\n")), 400, "{line}");
        assert_eq!(refuse(format!("{line}\r\nHost: a.example\r\n\r\n")), 400, "{line}");
    }
}

#[test]
fn section_3_1_methods_are_tokens_with_case() {
    for method in ["GET", "get", "M-SEARCH", "VERSION-CONTROL", "X!#$%&'*+-.^_`|~9"] {
        assert_eq!(accept(format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n")).method, method);
    }
    for method in ["GE(T", "G\"T", "GET:", "GET/", "G\u{e9}T", "G\0T", "{GET}", "G\x7fT"] {
        assert_eq!(refuse(format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n")), 400, "{method}");
    }
}

#[test]
fn section_3_a_method_longer_than_any_is_not_implemented() {
    assert_eq!(accept(format!("{} / HTTP/1.1\r\nHost: a\r\n\r\n", "M".repeat(24))).method.len(), 24);
    assert_eq!(refuse(format!("{} / HTTP/1.1\r\nHost: a\r\n\r\n", "M".repeat(25))), 501);
}

#[test]
fn section_3_2_1_origin_form() {
    let request = get("/a/b;c=d/%e2%82%ac?x=%zz&y=?/");
    assert_eq!(request.target, "/a/b;c=d/%e2%82%ac?x=%zz&y=?/");
    assert_eq!(request.path, "/a/b;c=d/%e2%82%ac");
    assert_eq!(request.query.as_deref(), Some("x=%zz&y=?/"));
    assert_eq!(get("/").query, None);
    assert_eq!(get("/?").query.as_deref(), Some(""));
    assert_eq!(get("//double//slash").path, "//double//slash");
}

#[test]
fn section_3_2_octets_outside_visible_ascii_and_fragments() {
    for target in ["/\u{e9}", "/a#b", "/?a#b", "#", "/\x7f", "/\x01", "/a\0b", "/?\0", "/?\u{80}", "/\u{feff}"] {
        assert_eq!(refuse_target("GET", target), 400, "{target:?}");
    }
    let mut not_utf8 = b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n".to_vec();
    assert_eq!(refuse(&not_utf8), 400);
    not_utf8.splice(5..6, *b"?\xff");
    assert_eq!(refuse(&not_utf8), 400);
}

#[test]
fn section_3_2_escapes_in_the_path() {
    for target in ["/%", "/%a", "/%zz", "/%0", "/%%20", "/a%2", "/%00", "/a%00.png", "/%u0041"] {
        assert_eq!(refuse_target("GET", target), 400, "{target}");
    }
    assert_eq!(get("/%2F%2e%41").path, "/%2F%2e%41");
}

#[test]
fn section_3_2_2_absolute_form() {
    let request = get("http://a.example/b?c");
    assert_eq!((request.path.as_str(), request.query.as_deref()), ("/b", Some("c")));
    assert_eq!(request.target, "http://a.example/b?c");
    assert_eq!(get("HTTPS://A.Example/b").path, "/b");
    assert_eq!(get("http://a.example").path, "/");
    let request = get("http://a.example?q=/");
    assert_eq!((request.path.as_str(), request.query.as_deref()), ("/", Some("q=/")));
    assert_eq!(accept("GET http://b/ HTTP/1.0\r\n\r\n").path, "/");
}

#[test]
fn section_3_2_2_an_authority_that_is_not_the_host_is_refused() {
    for target in [
        "http://b.example/",
        "http://a.example:80/",
        "http://u@a.example/",
        "http:///",
        "http://",
        "http://a.example#/",
        "http://a.example\\/",
        "http:/a.example/",
        "http:a",
        "ftp://a.example/",
        "a.example",
        "http//a.example/",
    ] {
        assert_eq!(refuse_target("GET", target), 400, "{target}");
    }
    assert_eq!(refuse("GET http://u@a/ HTTP/1.0\r\n\r\n"), 400);
}

#[test]
fn section_3_2_3_authority_form_and_connect() {
    assert_eq!(refuse_target("CONNECT", "a.example:443"), 501);
    assert_eq!(refuse_target("CONNECT", "/"), 501);
    assert_eq!(refuse_target("GET", "a.example:443"), 400);
}

#[test]
fn section_3_2_4_asterisk_form() {
    assert_eq!(accept("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").path, "*");
    assert_eq!(refuse_target("GET", "*"), 400);
    assert_eq!(refuse_target("OPTIONS", "*?a"), 400);
    assert_eq!(refuse_target("OPTIONS", "**"), 400);
}

#[test]
fn section_3_2_host_exactly_once() {
    assert_eq!(refuse("GET / HTTP/1.1\r\n\r\n"), 400);
    assert_eq!(refuse("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
    assert_eq!(refuse("GET / HTTP/1.0\r\nHost: a\r\nhost: a\r\n\r\n"), 400);
    assert_eq!(accept("GET / HTTP/1.0\r\n\r\n").field("host"), None);
}

#[test]
fn section_3_2_host_is_a_host_with_an_optional_port() {
    for host in [
        "a",
        "A.b-c_d~e",
        "127.0.0.1:8000",
        "[::1]",
        "[::1]:80",
        "[2001:db8::ffff:1.2.3.4]:65535",
        "a:0",
        "xn--bcher-kva.example",
    ] {
        assert_eq!(accept(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).field("host"), Some(host.as_bytes()));
    }
    for host in [
        "",
        "a b",
        "a,b",
        "a/b",
        "u@a",
        "a:b",
        "a:",
        "a:65536",
        "a:000080",
        "a:80:80",
        ":80",
        "[::1",
        "[::1]x",
        "[]",
        "[::g]",
        "[fe80::1%25eth0]",
        "a?b",
        "a#b",
        "a\\b",
        "\u{e9}",
        "a%62",
        "a\tb",
        "[a]",
        "http://a",
    ] {
        assert_eq!(refuse(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")), 400, "{host:?}");
        assert_eq!(refuse(format!("GET / HTTP/1.0\r\nHost: {host}\r\n\r\n")), 400, "{host:?}");
    }
}
