//! RFC 9110 section 14: byte ranges.
#![allow(clippy::single_range_in_vec_init, reason = "one range is a list of ranges here")]

use std::ops::Range;

use proptest::prelude::*;
use spica_files::{select_ranges, Selection};

use Selection::{Parts, Unsatisfiable, Whole};

fn select(field: &str, len: u64) -> Selection {
    select_ranges(field.as_bytes(), len)
}

#[test]
fn section_14_1_2_one_range() {
    for (field, len, expected) in [
        ("bytes=0-499", 10_000, 0..500),
        ("bytes=500-999", 10_000, 500..1000),
        ("bytes=-500", 10_000, 9500..10_000),
        ("bytes=9500-", 10_000, 9500..10_000),
        ("bytes=0-0", 10_000, 0..1),
        ("bytes=-1", 10_000, 9999..10_000),
        ("bytes=0-", 10_000, 0..10_000),
        ("bytes=9999-20000", 10_000, 9999..10_000),
        ("bytes=-20000", 10_000, 0..10_000),
        ("bytes=0-18446744073709551615", 10, 0..10),
        ("bytes=5-99999999999999999999999999", 10, 5..10),
        ("bytes=-99999999999999999999999999", 10, 0..10),
        ("Bytes=0-1", 10, 0..2),
        ("bytes= 0-1 ,\t", 10, 0..2),
    ] {
        assert_eq!(select(field, len), Parts(vec![expected]), "{field}");
    }
}

#[test]
fn section_14_1_1_what_is_malformed_is_ignored() {
    for field in [
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=a-b",
        "bytes=1-0",
        "bytes=0",
        "bytes=0-1,x",
        "bytes=1--2",
        "bytes=--1",
        "bytes=0 - 1",
        "bytes=+0-1",
        "bytes=0-1-2",
        "bytes 0-1",
        "bytes=0x1-2",
        "items=0-1",
        "=0-1",
        "bytes =0-1",
        "bytes=0-1;2-3",
        "bytes=1-0,0-1",
    ] {
        assert_eq!(select(field, 10), Whole, "{field}");
    }
}

#[test]
fn section_15_5_17_unsatisfiable() {
    for (field, len) in [
        ("bytes=10-", 10),
        ("bytes=10-20", 10),
        ("bytes=-0", 10),
        ("bytes=18446744073709551615-", 10),
        ("bytes=99999999999999999999999-", 10),
        ("bytes=0-", 0),
        ("bytes=0-0", 0),
        ("bytes=-0", 0),
        ("bytes=10-,20-30,-0", 10),
    ] {
        assert_eq!(select(field, len), Unsatisfiable, "{field}");
    }
}

#[test]
fn section_14_1_2_the_end_of_nothing_is_all_of_it() {
    assert_eq!(select("bytes=-5", 0), Whole);
    assert_eq!(select("bytes=0-,-5", 0), Whole);
}

#[test]
fn section_14_2_several_ranges() {
    for (field, expected) in [
        ("bytes=0-0,500-599,-1", vec![0..1, 500..600, 9999..10_000]),
        ("bytes=500-599,0-0", vec![0..1, 500..600]),
        ("bytes=0-9,20000-,500-509", vec![0..10, 500..510]),
        ("bytes=0-99,50-199", vec![0..200]),
        ("bytes=0-99,100-199", vec![0..200]),
        ("bytes=0-99,180-199", vec![0..200]),
        ("bytes=0-99,181-199", vec![0..100, 181..200]),
        ("bytes=0-,0-,0-", vec![0..10_000]),
        ("bytes=0-999,100-200,5000-", vec![0..1000, 5000..10_000]),
    ] {
        assert_eq!(select(field, 10_000), Parts(expected), "{field}");
    }
}

#[test]
fn section_14_2_many_ranges_are_ignored() {
    let field = |count: u64| {
        let specs: Vec<String> = (0..count).map(|n| format!("{}-{}", n * 1000, n * 1000 + 1)).collect();
        format!("bytes={}", specs.join(","))
    };
    assert_eq!(select(&field(17), 1_000_000), Whole);
    let Parts(parts) = select(&field(16), 1_000_000) else { panic!("16 ranges are fine") };
    assert_eq!(parts.len(), 16);
}

/// CVE-2025-62727: a long field must not cost more than reading it.
#[test]
fn a_long_field_is_read_in_linear_time() {
    let start = std::time::Instant::now();
    for (field, expected) in [
        (format!("bytes={}", "0-1,".repeat(1_000_000)), Whole),
        (format!("bytes={}", ",".repeat(4_000_000)), Whole),
        (format!("bytes={}-", "9".repeat(4_000_000)), Unsatisfiable),
    ] {
        assert_eq!(select(&field, 10), expected);
    }
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

#[derive(Clone, Debug)]
enum Spec {
    From(u64),
    Between(u64, u64),
    Last(u64),
}

fn spec() -> impl Strategy<Value = Spec> {
    prop_oneof![
        (0_u64..600).prop_map(Spec::From),
        (0_u64..600, 0_u64..200).prop_map(|(first, more)| Spec::Between(first, first + more)),
        (0_u64..600).prop_map(Spec::Last),
    ]
}

impl Spec {
    fn contains(&self, at: u64, len: u64) -> bool {
        match *self {
            Spec::From(first) => at >= first,
            Spec::Between(first, last) => (first..=last).contains(&at),
            Spec::Last(count) => at + count >= len,
        }
    }

    fn text(&self) -> String {
        match self {
            Spec::From(first) => format!("{first}-"),
            Spec::Between(first, last) => format!("{first}-{last}"),
            Spec::Last(count) => format!("-{count}"),
        }
    }
}

/// The runs of asked-for octets, one octet at a time, then joined where they are close.
fn naive(specs: &[Spec], len: u64) -> Vec<Range<u64>> {
    let mut runs: Vec<Range<u64>> = Vec::new();
    for at in (0..len).filter(|at| specs.iter().any(|spec| spec.contains(*at, len))) {
        match runs.last_mut() {
            Some(run) if at - run.end <= 80 => run.end = at + 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

proptest! {
    #[test]
    fn agrees_with_counting_octets(specs in prop::collection::vec(spec(), 1..=16), len in 1_u64..600) {
        let field = format!("bytes={}", specs.iter().map(Spec::text).collect::<Vec<_>>().join(", "));
        let expected = match naive(&specs, len) {
            runs if runs.is_empty() => Unsatisfiable,
            runs => Parts(runs),
        };
        prop_assert_eq!(select(&field, len), expected, "{}", field);
    }

    #[test]
    fn any_octets_are_read(tail in prop::collection::vec(any::<u8>(), 0..80), len in any::<u64>()) {
        let field = [b"bytes=", &tail[..]].concat();
        if let Parts(parts) = select_ranges(&field, len) {
            prop_assert!(parts.iter().all(|part| part.start < part.end && part.end <= len));
        }
    }

    #[test]
    fn digits_and_signs_stay_inside(tail in "[0-9,-]{0,60}", len in any::<u64>()) {
        if let Parts(parts) = select(&format!("bytes={tail}"), len) {
            prop_assert!(parts.windows(2).all(|pair| pair[0].end < pair[1].start));
            prop_assert!(parts.iter().all(|part| part.start < part.end && part.end <= len));
        }
    }
}
