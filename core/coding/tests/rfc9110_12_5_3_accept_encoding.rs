//! RFC 9110 section 12.5.3: which coding a client takes.

use proptest::prelude::*;
use spica_coding::{Accepted, Coding, Offered};

fn accepted(value: &str) -> Accepted {
    Accepted::parse([value.as_bytes()])
}

fn chosen(value: &str) -> Option<&'static str> {
    accepted(value).choose(Offered::ALL).map(Coding::token)
}

#[test]
fn section_12_5_3_choice() {
    for (value, expected) in [
        ("", None),
        ("identity", None),
        ("gzip", Some("gzip")),
        ("gzip, deflate, br, zstd", Some("zstd")),
        ("gzip, deflate, br", Some("br")),
        ("compress, gzip", Some("gzip")),
        ("deflate", None),
        ("*", Some("zstd")),
        ("*;q=0", None),
        ("zstd;q=0, *", Some("br")),
        ("gzip;q=1.0, *;q=0", Some("gzip")),
        ("gzip;q=1.0, identity; q=0.5, *;q=0", Some("gzip")),
        ("gzip;q=0.9, br;q=0.8", Some("gzip")),
        ("zstd;q=0.5, br;q=0.5, gzip;q=0.501", Some("gzip")),
        ("gzip;q=0", None),
        ("gzip;q=0.000", None),
        ("gzip;q=0.001", Some("gzip")),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=0.5", Some("gzip")),
        ("identity;q=0, gzip;q=0.1", Some("gzip")),
    ] {
        assert_eq!(chosen(value), expected, "{value}");
    }
}

#[test]
fn section_12_5_3_only_what_is_offered() {
    let browser = accepted("gzip, deflate, br, zstd");
    assert_eq!(browser.choose(Offered::NONE), None);
    assert_eq!(browser.choose(Offered::ALL.without(Coding::Zstd)), Some(Coding::Brotli));
    assert_eq!(browser.choose(Offered::NONE.with(Coding::Gzip)), Some(Coding::Gzip));
    assert_eq!(accepted("br").choose(Offered::NONE.with(Coding::Gzip)), None);
}

#[test]
fn section_12_5_3_without_the_field() {
    let none = Accepted::parse([]);
    assert_eq!((none, none.choose(Offered::ALL), none.refuses_identity()), (Accepted::default(), None, false));
}

#[test]
fn section_12_5_3_refusing_identity() {
    for (value, expected) in [
        ("identity;q=0", true),
        ("*;q=0", true),
        ("gzip, *;q=0", true),
        ("identity;q=0.1, *;q=0", false),
        ("*;q=0.1", false),
        ("gzip", false),
        ("", false),
        ("identity;q=0, *", true),
    ] {
        assert_eq!(accepted(value).refuses_identity(), expected, "{value}");
    }
}

#[test]
fn section_5_3_several_fields_are_one_list() {
    let both = Accepted::parse([&b"gzip;q=0.5"[..], b"br;q=0.6, zstd;q=0"]);
    assert_eq!(both, accepted("gzip;q=0.5, br;q=0.6, zstd;q=0"));
    assert_eq!(both.choose(Offered::ALL), Some(Coding::Brotli));
}

#[test]
fn section_5_6_1_odd_members_say_nothing() {
    for value in [
        "br;q=2",
        "br;q=1.001",
        "br;q=0.1234",
        "br;q=",
        "br;q",
        "br;level=4",
        "br;q=0.5;x=1",
        "br;q=-1",
        "br;q=.5",
        "br;q=01",
        "b r",
        ";q=1",
        "br;q=0,5",
        "br;",
        "\"br\"",
        "br;q = 1",
    ] {
        let value = format!("{value}, gzip;q=0.1");
        assert_eq!(chosen(&value), Some("gzip"), "{value}");
    }
}

#[test]
fn section_5_6_1_empty_members_and_spaces() {
    for value in [",,gzip,,", " gzip ", "\tgzip;q=1", "gzip ; q=1.", "gzip;Q=1.000", "GZIP", "x-gzip", "X-GZip;q=0.5"] {
        assert_eq!(chosen(value), Some("gzip"), "{value}");
    }
}

#[test]
fn the_first_of_two_members_counts() {
    assert_eq!(chosen("gzip;q=0, gzip"), None);
    assert_eq!(chosen("gzip, gzip;q=0"), Some("gzip"));
}

/// The text of section 12.5.3, without regard to cost.
fn naive(members: &[(&'static str, u16)], offered: &[Coding]) -> Option<Coding> {
    let find = |name: &str| members.iter().find(|(member, _)| *member == name).map(|(_, weight)| *weight);
    let weight = |coding: &Coding| find(coding.token()).or(find("*")).unwrap_or(0);
    let mut candidates: Vec<Coding> = offered.iter().copied().filter(|coding| weight(coding) > 0).collect();
    candidates.sort_by_key(|coding| {
        (1000 - weight(coding), Coding::ALL.iter().position(|other| other == coding).unwrap_or(9))
    });
    let explicit = members.iter().find(|(member, _)| *member == "identity").map_or(0, |(_, weight)| *weight);
    candidates.first().copied().filter(|coding| weight(coding) >= explicit)
}

proptest! {
    #[test]
    fn agrees_with_the_text(
        members in prop::collection::vec(
            (prop::sample::select(vec!["zstd", "br", "gzip", "identity", "*", "deflate"]), 0_u16..=1000), 0..8),
        offered in prop::sample::subsequence(Coding::ALL.to_vec(), 0..=3),
    ) {
        let value = members.iter().map(|(name, weight)| match weight {
            1000 => (*name).to_owned(),
            _ => format!("{name};q=0.{weight:03}"),
        }).collect::<Vec<_>>().join(" , ");
        let set = offered.iter().fold(Offered::NONE, |set, coding| set.with(*coding));
        prop_assert_eq!(accepted(&value).choose(set), naive(&members, &offered), "{}", value);
    }

    #[test]
    fn any_octets_are_read(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..4)) {
        let accepted = Accepted::parse(values.iter().map(Vec::as_slice));
        prop_assert!(accepted.choose(Offered::NONE).is_none());
    }
}
