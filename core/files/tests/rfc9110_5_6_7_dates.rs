//! RFC 9110 section 5.6.7: dates.

use proptest::prelude::*;
use spica_files::{parse_date, render_date};

const NOW: i64 = 1_800_000_000; // 2027
const EXAMPLE: i64 = 784_111_777;

fn parse(value: &str) -> Option<i64> {
    parse_date(value.as_bytes(), NOW)
}

#[test]
fn section_5_6_7_writes_one_format() {
    for (seconds, expected) in [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (EXAMPLE, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        (i64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT"),
        (i64::MIN, "Thu, 01 Jan 1970 00:00:00 GMT"),
    ] {
        assert_eq!(render_date(seconds), expected);
    }
}

#[test]
fn section_5_6_7_reads_three_formats() {
    for value in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
        assert_eq!(parse(value), Some(EXAMPLE), "{value}");
    }
    assert_eq!(parse("Wed Nov 16 08:49:37 1994"), Some(EXAMPLE + 10 * 86_400));
    assert_eq!(parse("Thu, 29 Feb 2024 00:00:00 GMT"), Some(1_709_164_800));
    assert_eq!(parse("Wed, 31 Dec 1969 23:59:59 GMT"), Some(-1));
    assert_eq!(parse("Sat, 31 Dec 2016 23:59:60 GMT"), parse("Sat, 31 Dec 2016 23:59:59 GMT"), "a leap second");
}

#[test]
fn section_5_6_7_two_digit_years_are_at_most_50_years_ahead() {
    for (year, now, full_year) in
        [("77", NOW, 2077), ("78", NOW, 1978), ("00", NOW, 2000), ("49", 0, 1949), ("20", 0, 2020)]
    {
        let value = format!("Monday, 01-Jan-{year} 00:00:00 GMT");
        let full = format!("Mon, 01 Jan {full_year} 00:00:00 GMT");
        assert_eq!(parse_date(value.as_bytes(), now), parse(&full), "{value}");
        assert_ne!(parse(&full), None);
    }
}

#[test]
fn section_5_6_7_everything_else_is_no_date() {
    for value in [
        "",
        "0",
        "-1",
        "now",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "sun, 06 nov 1994 08:49:37 gmt",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Wed, 29 Feb 2023 00:00:00 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Nov 1994 08:49:37:00 GMT",
        "Sun, 06 Nov 19941 08:49:37 GMT",
        "Sun, 06 Nov +994 08:49:37 GMT",
        "Xyz, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  6 08:49:37 1994 GMT",
        "Sun Nov 006 8:49:37 1994",
    ] {
        assert_eq!(parse(value), None, "{value}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(seconds in 0_i64..=253_402_300_799) {
        prop_assert_eq!(parse(&render_date(seconds)), Some(seconds));
    }

    #[test]
    fn any_octets_are_read(value in prop::collection::vec(any::<u8>(), 0..40), now in any::<i64>()) {
        let _ = parse_date(&value, now.clamp(0, 253_402_300_799));
    }

    #[test]
    fn a_date_with_one_octet_changed_is_read_or_refused(at in 0_usize..29, octet in any::<u8>(), format in 0_usize..3) {
        let dates = ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"];
        let mut value = dates[format].as_bytes().to_vec();
        if let Some(place) = value.get_mut(at) {
            *place = octet;
        }
        if let Some(seconds) = parse_date(&value, NOW) {
            prop_assert_eq!(parse(&render_date(seconds.max(0))), Some(seconds.max(0)));
        }
    }
}
