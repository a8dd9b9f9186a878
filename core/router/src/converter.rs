//! The types of parameters. A new one is a [`Kind`] and a row of [`CONVERTERS`].

/// The type of a parameter. The order is the order in which alternatives are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A number without sign and leading zeros: [`crate::Param::int`].
    Int,
    /// One segment.
    Str,
    /// The rest of the path.
    Path,
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

/// In the order of [`Kind`].
pub(crate) static CONVERTERS: [Converter; 3] = [
    Converter { name: "int", kind: Kind::Int, reach: Reach::Segment, convert: convert_int, sample: "1" },
    Converter { name: "str", kind: Kind::Str, reach: Reach::Segment, convert: |_| Some(0), sample: "a" },
    Converter { name: "path", kind: Kind::Path, reach: Reach::Rest, convert: |_| Some(0), sample: "a/b" },
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
        CONVERTERS.iter().find(|converter| converter.name == name).map(|converter| converter.kind)
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
