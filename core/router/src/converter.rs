//! The types of parameters. A new one is a [`Kind`] and a row of [`CONVERTERS`].

/// The type of a parameter. The order is the order in which alternatives are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// One of a few texts.
    Choice,
    /// A number without sign and leading zeros: [`crate::Param::int`].
    Int,
    /// A decimal number: [`crate::Param::float`].
    Float,
    /// A UUID in its canonical form, in either case.
    Uuid,
    /// A day of the calendar, `2026-11-21`.
    Date,
    /// ASCII letters, digits, `-` and `_`.
    Slug,
    /// One segment.
    Str,
    /// The rest of the path.
    Path,
    /// The rest of the path, which may be empty: of fallbacks.
    Rest,
}

/// How much of the path a parameter takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Segment,
    Rest,
}

/// One type of parameter.
pub(crate) struct Converter {
    /// As written after the colon.
    pub name: &'static str,
    pub kind: Kind,
    pub reach: Reach,
    /// What the decoded text, never empty, becomes: the value of [`crate::Param::int`] (0 when it has none), or `None` for no match.
    pub convert: fn(&[u8]) -> Option<i64>,
    /// A text that matches, for messages.
    pub sample: &'static str,
}

const fn row(
    name: &'static str,
    kind: Kind,
    reach: Reach,
    convert: fn(&[u8]) -> Option<i64>,
    sample: &'static str,
) -> Converter {
    Converter { name, kind, reach, convert, sample }
}

/// In the order of [`Kind`]. A choice is checked by its constraint; nobody writes its name.
pub(crate) static CONVERTERS: [Converter; 9] = [
    row("choice", Kind::Choice, Reach::Segment, |_| Some(0), "a"),
    row("int", Kind::Int, Reach::Segment, convert_int, "1"),
    row("float", Kind::Float, Reach::Segment, convert_float, "1.5"),
    row("uuid", Kind::Uuid, Reach::Segment, convert_uuid, "6f1c1e0e-5f6f-4a3c-9d5b-0d9d1c2b3a4f"),
    row("date", Kind::Date, Reach::Segment, convert_date, "2026-11-21"),
    row("slug", Kind::Slug, Reach::Segment, convert_slug, "a"),
    row("str", Kind::Str, Reach::Segment, |_| Some(0), "a"),
    row("path", Kind::Path, Reach::Rest, |_| Some(0), "a/b"),
    row("rest", Kind::Rest, Reach::Rest, |_| Some(0), "a/b"),
];

impl Kind {
    /// The name as written in a pattern.
    pub fn name(self) -> &'static str {
        self.converter().name
    }

    pub(crate) fn converter(self) -> &'static Converter {
        &CONVERTERS[self as usize]
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        let known = CONVERTERS.iter().find(|converter| converter.name == name).map(|converter| converter.kind);
        known.filter(|kind| *kind != Kind::Choice)
    }

    /// The names that may stand in a pattern, for messages.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        CONVERTERS.iter().filter(|row| !matches!(row.kind, Kind::Choice | Kind::Rest)).map(|row| row.name)
    }
}

fn convert_int(text: &[u8]) -> Option<i64> {
    // 19 digits are below 2^64; whether they are below 2^63 is the last check.
    if text.len() > 19 || (text[0] == b'0' && text.len() > 1) {
        return None;
    }
    let mut number = 0_u64;
    for octet in text {
        let digit = octet.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u64::from(digit);
    }
    i64::try_from(number).ok()
}

/// `-?` digits without a leading zero, then perhaps `.` and digits; 32 octets at most. The bits of the number are its value.
fn convert_float(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let (whole, part) = match memchr::memchr(b'.', digits) {
        Some(dot) => (&digits[..dot], Some(&digits[dot + 1..])),
        None => (digits, None),
    };
    let is_number = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let is_whole = is_number(whole) && (whole[0] != b'0' || whole.len() == 1);
    if text.len() > 32 || !is_whole || !part.is_none_or(is_number) {
        return None;
    }
    let number: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(number.to_bits() as i64)
}

fn convert_uuid(text: &[u8]) -> Option<i64> {
    let fits = |(place, octet): (usize, &u8)| match place {
        8 | 13 | 18 | 23 => *octet == b'-',
        _ => octet.is_ascii_hexdigit(),
    };
    (text.len() == 36 && text.iter().enumerate().all(fits)).then_some(0)
}

/// RFC 3339 section 5.6, `full-date`. The value is year, month and day as one number: 20261121.
fn convert_date(text: &[u8]) -> Option<i64> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else {
        return None;
    };
    let number = |digits: &[&u8]| {
        digits
            .iter()
            .try_fold(0_i64, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i64::from(**digit - b'0')))
    };
    let (year, month, day) = (number(&[y1, y2, y3, y4])?, number(&[m1, m2])?, number(&[d1, d2])?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (year > 0 && (1..=days).contains(&day)).then_some(year * 10_000 + month * 100 + day)
}

fn convert_slug(text: &[u8]) -> Option<i64> {
    text.iter().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_')).then_some(0)
}
