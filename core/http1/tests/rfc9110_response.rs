//! RFC 9110 sections 5, 8.6 and 15: what a response may say.

use spica_http1::response::{
    body_allowed, check_field, length_allowed, push_decimal, push_field, push_status_line, reason, FieldError,
};

fn status_line(status: u16) -> Vec<u8> {
    let mut out = Vec::new();
    push_status_line(&mut out, status);
    out
}

#[test]
fn section_15_status_lines() {
    assert_eq!(status_line(200), b"HTTP/1.1 200 OK\r\n");
    assert_eq!(status_line(503), b"HTTP/1.1 503 Service Unavailable\r\n");
    assert_eq!(status_line(299), b"HTTP/1.1 299 \r\n");
    assert_eq!((reason(404), reason(299)), ("Not Found", ""));
}

#[test]
fn section_15_a_number_that_is_no_status_is_our_fault() {
    for status in [0, 7, 99, 600, 1000, u16::MAX] {
        assert_eq!(status_line(status), b"HTTP/1.1 500 Internal Server Error\r\n", "{status}");
    }
}

#[test]
fn section_15_content_by_status() {
    let without: Vec<u16> = (100..600).filter(|status| !body_allowed(*status)).collect();
    let expected: Vec<u16> = (100..200).chain([204, 205, 304]).collect();
    assert_eq!(without, expected);
}

#[test]
fn section_8_6_content_length_by_status() {
    assert!(length_allowed(200) && length_allowed(205));
    assert!(!length_allowed(101) && !length_allowed(204) && !length_allowed(304));
}

#[test]
fn section_5_1_names() {
    assert_eq!(check_field(b"", b""), Err(FieldError::EmptyName));
    for octet in 0..=u8::MAX {
        let is_token = octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet);
        let expected = if is_token { Ok(()) } else { Err(FieldError::Name { octet, at: 1 }) };
        assert_eq!(check_field(&[b'a', octet], b"b"), expected, "{octet:#x}");
    }
}

#[test]
fn section_5_5_values() {
    for octet in 0..=u8::MAX {
        let is_control = (octet < 0x20 && octet != b'\t') || octet == 0x7f;
        let expected = if is_control { Err(FieldError::Value { octet, at: 2 }) } else { Ok(()) };
        assert_eq!(check_field(b"a", &[b'b', b'c', octet, b'\r'][..3]), expected, "{octet:#x}");
    }
}

#[test]
fn section_5_5_a_refused_field_writes_nothing() {
    let mut out = b"HTTP/1.1 200 OK\r\n".to_vec();
    let before = out.clone();
    assert!(push_field(&mut out, b"location", b"/a\r\nset-cookie: b").is_err());
    assert!(push_field(&mut out, b"location\r\n", b"/a").is_err());
    assert_eq!(out, before);
    assert_eq!(push_field(&mut out, b"location", b" /a\t"), Ok(()));
    assert_eq!(out, b"HTTP/1.1 200 OK\r\nlocation: /a\r\n");
}

#[test]
fn errors_name_the_octet_and_its_place() {
    let text = |error: FieldError| error.to_string();
    assert_eq!(text(FieldError::Value { octet: b'\r', at: 7 }), "octet 0x0d at 7 is not allowed in a field value");
    assert_eq!(text(FieldError::Name { octet: b' ', at: 0 }), "octet 0x20 at 0 is not allowed in a field name");
    assert_eq!(text(FieldError::EmptyName), "the field name is empty");
}

#[test]
fn decimal_numbers() {
    for number in [0, 9, 10, 42, 999, 1000, u64::from(u32::MAX), u64::MAX] {
        let mut out = Vec::new();
        push_decimal(&mut out, number);
        assert_eq!(out, number.to_string().into_bytes());
    }
}
