//! RFC 9110 section 13: conditional requests.

use proptest::prelude::*;
use spica_files::{check_conditions, is_range_wanted, Request, Validators, Verdict};

use Verdict::{Failed, NotModified, Proceed};

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const EARLIER: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const LATER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";
const STRONG: Validators<'static> = Validators { etag: Some("\"a\""), last_modified: Some(784_111_777) };
const WEAK: Validators<'static> = Validators { etag: Some("W/\"a\""), last_modified: Some(784_111_777) };
const NONE: Validators<'static> = Validators { etag: None, last_modified: None };

type Fields<'a> = &'a [(&'a str, &'a str)];

fn with<T>(method: &str, fields: Fields<'_>, ask: impl FnOnce(&Request<'_>) -> T) -> T {
    let field = |name: &str| fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_bytes());
    ask(&Request { method: method.as_bytes(), field: &field, now: 1_800_000_000 })
}

fn verdict(method: &str, fields: Fields<'_>, validators: Validators<'_>) -> Verdict {
    with(method, fields, |request| check_conditions(request, validators))
}

fn check(cases: &[(&str, Fields<'_>, Validators<'_>, Verdict)]) {
    for (method, fields, validators, expected) in cases {
        assert_eq!(verdict(method, fields, *validators), *expected, "{method} {fields:?} {validators:?}");
    }
}

#[test]
fn section_13_1_1_if_match_compares_strongly() {
    check(&[
        ("PUT", &[("if-match", "\"a\"")], STRONG, Proceed),
        ("PUT", &[("if-match", "\"b\"")], STRONG, Failed),
        ("PUT", &[("if-match", "\"b\", \"a\"")], STRONG, Proceed),
        ("PUT", &[("if-match", "W/\"a\"")], STRONG, Failed),
        ("PUT", &[("if-match", "\"a\"")], WEAK, Failed),
        ("PUT", &[("if-match", "W/\"a\"")], WEAK, Failed),
        ("PUT", &[("if-match", "*")], NONE, Proceed),
        ("PUT", &[("if-match", "\"a\"")], NONE, Failed),
        ("PUT", &[("if-match", "a")], STRONG, Failed),
        ("PUT", &[("if-match", "")], STRONG, Failed),
        ("GET", &[("if-match", "\"b\"")], STRONG, Failed),
    ]);
}

#[test]
fn section_13_1_2_if_none_match_compares_weakly() {
    check(&[
        ("GET", &[("if-none-match", "\"a\"")], STRONG, NotModified),
        ("HEAD", &[("if-none-match", "\"a\"")], STRONG, NotModified),
        ("PUT", &[("if-none-match", "\"a\"")], STRONG, Failed),
        ("GET", &[("if-none-match", "W/\"a\"")], STRONG, NotModified),
        ("GET", &[("if-none-match", "\"a\"")], WEAK, NotModified),
        ("GET", &[("if-none-match", "\"b\", W/\"c\" ,\"a\"")], STRONG, NotModified),
        ("GET", &[("if-none-match", ",,\"a\"")], STRONG, NotModified),
        ("GET", &[("if-none-match", "\"b\"")], STRONG, Proceed),
        ("GET", &[("if-none-match", "\"b,\\\"a\"")], STRONG, Proceed),
        ("GET", &[("if-none-match", "\"x, \"a\"")], STRONG, Proceed),
        ("GET", &[("if-none-match", "w/\"a\"")], STRONG, Proceed),
        ("GET", &[("if-none-match", "a")], STRONG, Proceed),
        ("GET", &[("if-none-match", "*")], NONE, NotModified),
        ("PUT", &[("if-none-match", "*")], NONE, Failed),
        ("GET", &[("if-none-match", "\"a\"")], NONE, Proceed),
    ]);
}

#[test]
fn section_13_1_3_if_modified_since() {
    check(&[
        ("GET", &[("if-modified-since", DATE)], STRONG, NotModified),
        ("HEAD", &[("if-modified-since", LATER)], STRONG, NotModified),
        ("GET", &[("if-modified-since", EARLIER)], STRONG, Proceed),
        ("GET", &[("if-modified-since", "Sunday, 06-Nov-94 08:49:37 GMT")], STRONG, NotModified),
        ("GET", &[("if-modified-since", "Sun Nov  6 08:49:37 1994")], STRONG, NotModified),
        ("PUT", &[("if-modified-since", DATE)], STRONG, Proceed),
        ("GET", &[("if-modified-since", "yesterday")], STRONG, Proceed),
        ("GET", &[("if-modified-since", DATE)], NONE, Proceed),
    ]);
}

#[test]
fn section_13_1_4_if_unmodified_since() {
    check(&[
        ("PUT", &[("if-unmodified-since", DATE)], STRONG, Proceed),
        ("PUT", &[("if-unmodified-since", LATER)], STRONG, Proceed),
        ("PUT", &[("if-unmodified-since", EARLIER)], STRONG, Failed),
        ("GET", &[("if-unmodified-since", EARLIER)], STRONG, Failed),
        ("PUT", &[("if-unmodified-since", "yesterday")], STRONG, Proceed),
        ("PUT", &[("if-unmodified-since", EARLIER)], NONE, Proceed),
    ]);
}

#[test]
fn section_13_2_2_the_order() {
    check(&[
        ("GET", &[("if-match", "\"a\""), ("if-unmodified-since", EARLIER)], STRONG, Proceed),
        ("GET", &[("if-match", "\"b\""), ("if-none-match", "\"a\"")], STRONG, Failed),
        ("GET", &[("if-match", "\"a\""), ("if-none-match", "\"a\"")], STRONG, NotModified),
        ("GET", &[("if-unmodified-since", EARLIER), ("if-none-match", "\"a\"")], STRONG, Failed),
        ("GET", &[("if-unmodified-since", DATE), ("if-none-match", "\"a\"")], STRONG, NotModified),
        ("GET", &[("if-none-match", "\"b\""), ("if-modified-since", DATE)], STRONG, Proceed),
        ("GET", &[("if-none-match", "\"a\""), ("if-modified-since", EARLIER)], STRONG, NotModified),
        ("GET", &[("if-match", "*"), ("if-modified-since", DATE)], STRONG, NotModified),
        ("GET", &[], STRONG, Proceed),
    ]);
}

#[test]
fn section_13_1_5_if_range() {
    for (value, validators, expected) in [
        (None, NONE, true),
        (Some("\"a\""), STRONG, true),
        (Some("\"b\""), STRONG, false),
        (Some("W/\"a\""), STRONG, false),
        (Some("\"a\""), WEAK, false),
        (Some("W/\"a\""), WEAK, false),
        (Some("\"a\", \"b\""), STRONG, false),
        (Some("*"), STRONG, false),
        (Some(DATE), STRONG, true),
        (Some(LATER), STRONG, false),
        (Some(EARLIER), STRONG, false),
        (Some("yesterday"), STRONG, false),
        (Some("yesterday"), NONE, false),
        (Some("\"a\""), NONE, false),
    ] {
        let fields: Vec<(&str, &str)> = value.iter().map(|value| ("if-range", *value)).collect();
        let wanted = with("GET", &fields, |request| is_range_wanted(request, validators));
        assert_eq!(wanted, expected, "{value:?} {validators:?}");
    }
}

proptest! {
    #[test]
    fn any_octets_are_read(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 5)) {
        let names = ["if-match", "if-unmodified-since", "if-none-match", "if-modified-since", "if-range"];
        let field = |name: &str| names.iter().zip(&values).find(|(known, _)| **known == name).map(|(_, value)| &value[..]);
        let request = Request { method: b"GET", field: &field, now: 0 };
        let _ = (check_conditions(&request, STRONG), is_range_wanted(&request, WEAK));
    }

    #[test]
    fn a_tag_is_found_wherever_it_stands(others in prop::collection::vec("[b-z,]{0,5}", 0..6), at in 0_usize..6) {
        let mut tags: Vec<String> = others.iter().map(|tag| format!("\"{tag}\"")).collect();
        prop_assert_eq!(verdict("GET", &[("if-none-match", &tags.join(", "))], STRONG), Proceed);
        tags.insert(at.min(tags.len()), "W/\"a\"".to_owned());
        prop_assert_eq!(verdict("GET", &[("if-none-match", &tags.join(","))], STRONG), NotModified);
    }
}
