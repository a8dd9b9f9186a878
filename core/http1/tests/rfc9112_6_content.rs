//! RFC 9112 section 6: where a request ends.

mod events;

use events::{accept, events, refuse, with_fields, Event};

#[test]
fn section_6_2_content_length() {
    let request = accept("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    assert_eq!(request.content, b"hello");
    assert_eq!(accept("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").content, b"");
    assert_eq!(accept("GET / HTTP/1.1\r\nHost: a\r\ncontent-length: \t005 \r\n\r\nhello").content, b"hello");
}

#[test]
fn section_6_3_no_framing_means_no_content() {
    let found = events("POST /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(
        matches!(found.as_slice(), [Event::Request(_), Event::Request(second)] if second.path == "/b"),
        "{found:?}"
    );
}

#[test]
fn section_6_3_a_length_is_digits_and_nothing_else() {
    for value in [
        "", "+5", "-5", "0x5", "5.0", "5e1", "5 5", "five", "\"5\"", "5;", "５", "٥", "5_0", "1,000", "5, 5", "5,5",
        ",", "5,",
    ] {
        assert_eq!(refuse(with_fields(&format!("Content-Length: {value}\r\n"))), 400, "{value}");
    }
}

#[test]
fn section_6_3_a_length_is_given_once() {
    assert_eq!(refuse(with_fields("Content-Length: 5\r\nContent-Length: 5\r\n")), 400);
    assert_eq!(refuse(with_fields("Content-Length: 5\r\nX: a\r\ncontent-length: 6\r\n")), 400);
}

#[test]
fn section_6_3_a_length_that_overflows_is_too_large() {
    for value in ["18446744073709551615", "18446744073709551616", "99999999999999999999999999", "16777217"] {
        assert_eq!(refuse(with_fields(&format!("Content-Length: {value}\r\n"))), 413, "{value}");
    }
}

#[test]
fn section_6_1_chunked_without_regard_to_case() {
    let input = "POST / HTTP/1.1\r\nHost: a\r\nTRANSFER-ENCODING: Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
    assert_eq!(accept(input).content, b"x");
}

#[test]
fn section_6_1_transfer_encoding_and_content_length_exclude_each_other() {
    for lines in [
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: gzip, chunked\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: identity\r\n",
    ] {
        assert_eq!(refuse(with_fields(lines)), 400, "{lines:?}");
    }
}

#[test]
fn section_6_1_transfer_encoding_in_http_1_0_is_refused() {
    assert_eq!(refuse("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
    assert_eq!(refuse("POST / HTTP/1.0\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), 400);
}

#[test]
fn section_6_1_a_coding_before_chunked_is_not_implemented() {
    for value in ["gzip, chunked", "gzip,deflate ,\tchunked", "x, Chunked"] {
        assert_eq!(refuse(with_fields(&format!("Transfer-Encoding: {value}\r\n"))), 501, "{value}");
    }
}

#[test]
fn section_6_3_without_chunked_at_the_end_the_length_is_unknown() {
    for value in [
        "",
        "gzip",
        "identity",
        "chunked, gzip",
        "chunked, chunked",
        "chunked,",
        ",chunked",
        "chunked;a=b",
        "chunked chunked",
        "xchunked",
        "chunkedx",
        "\"chunked\"",
        "'chunked'",
        "chunked\u{b}",
        "g zip, chunked",
        "chunked, identity",
    ] {
        assert_eq!(refuse(with_fields(&format!("Transfer-Encoding: {value}\r\n"))), 400, "{value}");
    }
    assert_eq!(refuse(with_fields("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n")), 400);
    assert_eq!(refuse(with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")), 400);
}

#[test]
fn section_8_an_incomplete_content_is_never_a_request() {
    let found = events("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell");
    assert!(matches!(found.as_slice(), [Event::ContentPending { .. }]), "{found:?}");
}
