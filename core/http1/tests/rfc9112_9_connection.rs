//! RFC 9112 section 9 and RFC 9110 section 10.1.1: persistence and expectations.

mod events;

use events::{accept, refuse, with_fields};

fn keep_alive(version: &str, connection: &str) -> bool {
    accept(format!("GET / HTTP/{version}\r\nHost: a\r\n{connection}\r\n")).keep_alive
}

#[test]
fn section_9_3_http_1_1_persists_unless_close() {
    assert!(keep_alive("1.1", ""));
    assert!(keep_alive("1.1", "Connection: keep-alive\r\n"));
    assert!(keep_alive("1.1", "Connection: closed, \"close\"\r\n"));
    for lines in [
        "Connection: close\r\n",
        "connection: CLOSE\r\n",
        "Connection: upgrade,\tclose\r\n",
        "Connection: keep-alive, close\r\n",
        "Connection: keep-alive\r\nConnection: close\r\n",
        "Connection: close\r\nConnection: keep-alive\r\n",
        "Connection: ,, close ,\r\n",
    ] {
        assert!(!keep_alive("1.1", lines), "{lines:?}");
    }
}

#[test]
fn section_9_3_http_1_0_persists_only_when_asked() {
    assert!(!keep_alive("1.0", ""));
    assert!(keep_alive("1.0", "Connection: Keep-Alive\r\n"));
    assert!(!keep_alive("1.0", "Connection: keep-alive, close\r\n"));
}

#[test]
fn rfc9110_section_10_1_1_expect_continue() {
    let post = |version: &str, fields: &str| {
        accept(format!("POST / HTTP/{version}\r\nHost: a\r\n{fields}Content-Length: 1\r\n\r\nx"))
    };
    assert!(post("1.1", "Expect: 100-Continue\r\n").expects_continue);
    assert!(!post("1.1", "").expects_continue);
    assert!(!post("1.0", "Expect: 100-continue\r\n").expects_continue);
    assert!(!post("1.0", "Expect: anything\r\n").expects_continue);
}

#[test]
fn rfc9110_section_10_1_1_nothing_to_wait_for_without_content() {
    assert!(!accept(with_fields("Expect: 100-continue\r\n")).expects_continue);
    assert!(!accept(with_fields("Expect: 100-continue\r\nContent-Length: 0\r\n")).expects_continue);
}

#[test]
fn rfc9110_section_10_1_1_other_expectations_fail() {
    for value in ["", "100-continue, a", "200-ok", "100-continue;a"] {
        assert_eq!(refuse(with_fields(&format!("Expect: {value}\r\n"))), 417, "{value}");
    }
}
