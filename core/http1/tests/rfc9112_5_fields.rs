//! RFC 9112 section 5: field syntax.

mod events;

use events::{accept, refuse, with_fields};

#[test]
fn section_5_1_no_white_space_before_the_colon() {
    assert_eq!(refuse(with_fields("X : b\r\n")), 400);
    assert_eq!(refuse(with_fields("X\t: b\r\n")), 400);
    assert_eq!(refuse(with_fields("Content-Length : 5\r\n")), 400);
}

#[test]
fn section_5_1_names_are_tokens() {
    for name in
        ["", "a b", "a\"", "a(b)", "a/b", "a[0]", "a{", "a@b", "a\0", "a\x7f", "\u{e9}", "a,b", "a;b", "a=b", "a\\b"]
    {
        assert_eq!(refuse(with_fields(&format!("{name}: b\r\n"))), 400, "{name:?}");
    }
    assert_eq!(refuse(with_fields("no-colon\r\n")), 400);
    let request = accept(with_fields("!#$%&'*+-.^_`|~9aZ: b\r\n"));
    assert_eq!(request.field("!#$%&'*+-.^_`|~9aZ"), Some(&b"b"[..]));
}

#[test]
fn section_5_1_optional_white_space_is_not_part_of_the_value() {
    for line in ["X:b c\r\n", "X: b c\r\n", "X:\t b c \t \r\n"] {
        assert_eq!(accept(with_fields(line)).field("x"), Some(&b"b c"[..]), "{line:?}");
    }
    for line in ["X:\r\n", "X: \t \r\n"] {
        assert_eq!(accept(with_fields(line)).field("x"), Some(&b""[..]), "{line:?}");
    }
}

#[test]
fn section_5_2_line_folding_is_refused() {
    for fold in [" ", "\t", "  b", "\tb: c"] {
        assert_eq!(refuse(with_fields(&format!("X: a\r\n{fold}\r\n"))), 400, "{fold:?}");
        assert_eq!(refuse(with_fields(&format!("X:\r\n{fold}\r\n"))), 400, "{fold:?}");
    }
}

#[test]
fn rfc9110_section_5_5_control_octets_are_refused() {
    for octet in (0..0x20).chain([0x7f]).filter(|octet| *octet != b'\t') {
        let value = char::from(octet);
        assert_eq!(refuse(with_fields(&format!("X: a{value}b\r\n"))), 400, "{octet:#x}");
        assert_eq!(refuse(with_fields(&format!("X: {value}\r\n"))), 400, "{octet:#x}");
    }
}

#[test]
fn rfc9110_section_5_5_obs_text_and_tab_inside_a_value() {
    let mut input = b"GET / HTTP/1.1\r\nHost: a\r\nX: ".to_vec();
    let value: Vec<u8> = (0x21..=0x7e).chain(*b"\t ").chain(0x80..=0xff).collect();
    input.extend_from_slice(&value);
    input.extend_from_slice(b"\r\n\r\n");
    assert_eq!(accept(input).field("x"), Some(value.as_slice()));
}

#[test]
fn rfc9110_section_5_3_repeated_fields_stay_apart_and_in_order() {
    let request = accept(with_fields("X: 1\r\nY: 2\r\nx: 3\r\n"));
    let found: Vec<(&str, &[u8])> =
        request.fields[1..].iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
    assert_eq!(found, [("X", &b"1"[..]), ("Y", b"2"), ("x", b"3")]);
}
