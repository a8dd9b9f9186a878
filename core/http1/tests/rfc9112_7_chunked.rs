//! RFC 9112 section 7: the chunked transfer coding.

mod events;

use events::{accept, chunked, events, refuse, Event};

#[test]
fn section_7_1_chunks_are_joined() {
    assert_eq!(accept(chunked("5\r\nhello\r\n00b\r\n, wide wide\r\n0\r\n\r\n")).content, b"hello, wide wide");
    assert_eq!(accept(chunked("a\r\n0123456789\r\nA\r\n0123456789\r\n0000\r\n\r\n")).content.len(), 20);
    assert_eq!(accept(chunked("0\r\n\r\n")).content, b"");
}

#[test]
fn section_7_1_what_follows_the_last_chunk_is_the_next_request() {
    let found = events(chunked("1\r\nx\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert!(
        matches!(found.as_slice(), [Event::Request(_), Event::Request(second)] if second.path == "/b"),
        "{found:?}"
    );
}

#[test]
fn section_7_1_a_size_is_hex_digits_and_nothing_else() {
    for size in
        ["", "+5", "-5", "0x5", "5 ", " 5", "5\t", "\t5", "g", "5h", "５", "5_0", "5.", "\"5\"", "5\0", "\r\n5", "\n5"]
    {
        assert_eq!(refuse(chunked(&format!("{size}\r\nhello\r\n0\r\n\r\n"))), 400, "{size:?}");
    }
}

#[test]
fn section_7_1_a_size_does_not_overflow() {
    assert_eq!(accept(chunked("0000000000000005\r\nhello\r\n0\r\n\r\n")).content, b"hello");
    assert_eq!(refuse(chunked("00000000000000005\r\nhello\r\n0\r\n\r\n")), 400);
    assert_eq!(refuse(chunked("10000000000000005\r\nhello\r\n0\r\n\r\n")), 400);
    assert_eq!(refuse(chunked("ffffffffffffffff\r\n")), 413);
    assert_eq!(refuse(chunked("1\r\nx\r\nffffffffffffffff\r\n")), 413);
}

#[test]
fn section_7_1_every_line_ends_with_crlf() {
    for content in [
        "5\nhello\r\n0\r\n\r\n",
        "5\rhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello\r0\r\n\r\n",
        "5\r\nhello!\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\n\r\n",
        "5\r\nhello\r\n0\r\n\n",
        "5\r\nhello\r\n0\r\r\n\r\n",
        "5;a\nhello\r\n0\r\n\r\n",
        "5;a\r\rhello",
    ] {
        assert_eq!(refuse(chunked(content)), 400, "{content:?}");
    }
}

#[test]
fn section_7_1_1_extensions_are_ignored() {
    for extension in [
        ";a",
        ";a=b",
        "; a=b",
        " ;a",
        "\t; \ta \t=\t b",
        ";a=\"b;\\\"c\"",
        ";a;b;c=d",
        ";a=\"\"",
        ";a=\"\u{e9}\"",
        ";a=b ;c",
        ";a=\"x\" ; b",
    ] {
        let request = accept(chunked(&format!("5{extension}\r\nhello\r\n0{extension}\r\n\r\n")));
        assert_eq!(request.content, b"hello", "{extension:?}");
    }
}

#[test]
fn section_7_1_1_malformed_extensions_are_refused() {
    for extension in [
        ";",
        "; ",
        ";;a",
        ";=b",
        ";a=",
        ";a= ",
        ";a=b=c",
        ";a b",
        ";a=\"b",
        ";a=\"b\"c",
        ";a=b c",
        "x",
        " a",
        ";a ",
        ";a=b ",
        ";a=\"\\\r\n\"",
        ";\u{e9}",
        ";a=\"\x7f\"",
        ";a=\"\\\x01\"",
        ";a=\u{e9}",
        ";a,b",
        ";a=\"\n\"",
    ] {
        assert_eq!(refuse(chunked(&format!("5{extension}\r\nhello\r\n0\r\n\r\n"))), 400, "{extension:?}");
    }
}

#[test]
fn section_7_1_2_trailers_are_kept_apart_from_fields() {
    let request = accept(chunked("1\r\nx\r\n0\r\nX-Sum:  12 \r\nY:\r\n\r\n"));
    assert_eq!(request.trailers, [("X-Sum".to_string(), b"12".to_vec()), ("Y".to_string(), Vec::new())]);
    assert_eq!(request.field("x-sum"), None);
}

#[test]
fn section_7_1_2_trailers_have_the_syntax_of_fields() {
    for trailers in ["X : b", " X: b", "X: b\r\n c", "X", ": b", "X: \0", "X: b\r c", "X: b\n", "\rX: b"] {
        assert_eq!(refuse(chunked(&format!("0\r\n{trailers}\r\n\r\n"))), 400, "{trailers:?}");
    }
}

#[test]
fn rfc9110_section_6_5_1_fields_that_must_not_be_trailers() {
    for name in [
        "Transfer-Encoding",
        "content-length",
        "HOST",
        "Trailer",
        "Connection",
        "TE",
        "Upgrade",
        "Authorization",
        "Cookie",
        "Set-Cookie",
        "Content-Type",
        "Content-Encoding",
        "Content-Range",
        "Expect",
        "Max-Forwards",
        "Cache-Control",
        "Range",
        "If-Match",
        "Proxy-Authorization",
        "X-Forwarded-For",
        "Forwarded",
    ] {
        assert_eq!(refuse(chunked(&format!("0\r\nX: a\r\n{name}: b\r\n\r\n"))), 400, "{name}");
    }
}

#[test]
fn section_8_an_incomplete_chunked_content_is_never_a_request() {
    let whole = chunked("5\r\nhello\r\n0\r\nX: a\r\n\r\n");
    for end in chunked("").len()..whole.len() {
        let found = events(&whole[..end]);
        assert!(matches!(found.as_slice(), [Event::ContentPending { .. }]), "{:?}: {found:?}", &whole[..end]);
    }
}
