//! RFC 9112 section 2: lines and what surrounds a message.

mod events;

use events::{accept, events, refuse, Event};

#[test]
fn section_2_2_one_empty_line_before_the_request_is_skipped() {
    let request = accept("\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((request.path.as_str(), request.field("host")), ("/a", Some(&b"a"[..])));
}

#[test]
fn section_2_2_an_empty_line_between_requests_is_skipped() {
    let found =
        events("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(
        matches!(found.as_slice(), [Event::Request(_), Event::Request(second)] if second.path == "/b"),
        "{found:?}"
    );
}

#[test]
fn section_2_2_more_empty_lines_are_refused() {
    assert_eq!(refuse("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    assert_eq!(refuse("\n"), 400);
    assert_eq!(refuse("\rG"), 400);
    assert_eq!(refuse("\r\n\n"), 400);
}

#[test]
fn section_2_2_bare_lf_is_refused_in_every_line() {
    for input in [
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: b\n",
        "GET /\n",
    ] {
        assert_eq!(refuse(input), 400, "{input:?}");
    }
}

#[test]
fn section_2_2_bare_cr_is_refused_in_every_line() {
    for input in [
        "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\rHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX\r: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\rX: b\r\n\r\n",
    ] {
        assert_eq!(refuse(input), 400, "{input:?}");
    }
}

#[test]
fn section_2_2_white_space_before_the_first_field_is_refused() {
    assert_eq!(refuse("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), 400);
    assert_eq!(refuse("GET / HTTP/1.1\r\n\tHost: a\r\n\r\n"), 400);
}

#[test]
fn section_2_2_what_is_not_http_is_refused_at_its_first_octet() {
    assert_eq!(refuse([0x16, 0x03, 0x01]), 400); // a TLS client hello
    assert_eq!(refuse([0]), 400);
    assert_eq!(refuse(" GET / HTTP/1.1\r\n"), 400);
}

#[test]
fn section_2_3_versions() {
    assert_eq!(accept("GET / HTTP/1.1\r\nHost: a\r\n\r\n").minor, 1);
    assert_eq!(accept("GET / HTTP/1.0\r\n\r\n").minor, 0);
    for version in ["HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/3.0", "HTTP/9.9"] {
        assert_eq!(refuse(format!("GET / {version}\r\n")), 505, "{version}");
        assert_eq!(refuse(format!("GET / {version}\r\nHost: a\r\n\r\n")), 505, "{version}");
    }
    for version in
        ["http/1.1", "HTTP/1", "HTTP/1.10", "HTTP/11", "HTTP/1,1", "HTTP1.1", "HTTP/01.1", "HTTP/1.1 ", "HTTPS/1.1", ""]
    {
        assert_eq!(refuse(format!("GET / {version}\r\n")), 400, "{version}");
        assert_eq!(refuse(format!("GET / {version}\r\nHost: a\r\n\r\n")), 400, "{version}");
    }
}
