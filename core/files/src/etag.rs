//! Entity tags (RFC 9110 section 8.8.3) and lists of them.

/// A tag as sent: its opaque part with the quotes, and whether it is weak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ETag<'a> {
    opaque: &'a [u8],
    is_weak: bool,
}

impl<'a> ETag<'a> {
    /// Read one tag from the start of `text`.
    ///
    /// Returns: the tag and what follows it.
    pub(crate) fn parse(text: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (is_weak, quoted) = match text {
            [b'W', b'/', quoted @ ..] => (true, quoted),
            quoted => (false, quoted),
        };
        let inner = quoted.strip_prefix(b"\"")?;
        let len = inner.iter().position(|&octet| octet == b'"')?;
        if !inner.get(..len)?.iter().all(|&octet| octet == b'!' || (0x23..=0x7e).contains(&octet) || octet >= 0x80) {
            return None;
        }
        let (opaque, rest) = quoted.split_at_checked(len + 2)?;
        Some((ETag { opaque, is_weak }, rest))
    }

    /// Read a value that is one tag and nothing else.
    pub(crate) fn parse_only(text: &'a [u8]) -> Option<Self> {
        ETag::parse(text).filter(|(_, rest)| rest.is_empty()).map(|(tag, _)| tag)
    }

    /// RFC 9110 section 8.8.3.2: both strong, and equal.
    pub(crate) fn is_strongly(self, other: ETag<'_>) -> bool {
        !self.is_weak && !other.is_weak && self.opaque == other.opaque
    }

    /// RFC 9110 section 8.8.3.2: equal, weak or not.
    pub(crate) fn is_weakly(self, other: ETag<'_>) -> bool {
        self.opaque == other.opaque
    }
}

/// The tags of a list up to the first thing that is none.
pub(crate) fn tags(list: &[u8]) -> impl Iterator<Item = ETag<'_>> {
    let mut rest = list;
    std::iter::from_fn(move || {
        let start = rest.iter().position(|octet| !matches!(octet, b',' | b' ' | b'\t'))?;
        let (tag, tail) = ETag::parse(rest.get(start..)?)?;
        rest = tail;
        Some(tag)
    })
}
