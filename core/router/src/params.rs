//! What a match captured.

use crate::converter::Kind;

/// The most parameters a pattern may have.
pub const MAX_PARAMS: usize = 16;

/// One captured parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param {
    /// Its type.
    pub kind: Kind,
    /// Offset in the path of its first octet.
    pub start: u32,
    /// Offset in the path after its last octet.
    pub end: u32,
    /// Its number, for [`Kind::Int`]; the bits of one for [`Kind::Float`]; year, month and day as one number for [`Kind::Date`].
    pub int: i64,
    /// Whether it is a part of the host: then `start` and `end` are offsets in the Host field.
    pub in_host: bool,
}

impl Param {
    /// Its octets in `path`, the one that was matched; still percent-encoded, see [`crate::decode`]. For a part of the host, its
    /// octets in the Host field instead, in the case they were sent in.
    pub fn raw<'a>(&self, path: &'a [u8]) -> &'a [u8] {
        &path[self.start as usize..self.end as usize]
    }

    /// Its number, for [`Kind::Float`].
    pub fn float(&self) -> f64 {
        f64::from_bits(self.int as u64)
    }
}

/// The parameters of a match, in the order of the pattern. Made once and used again: it owns no memory.
#[derive(Clone, Debug)]
pub struct Params {
    items: [Param; MAX_PARAMS],
    len: usize,
}

impl Default for Params {
    fn default() -> Self {
        Self::new()
    }
}

impl Params {
    /// No parameters.
    pub const fn new() -> Self {
        Self { items: [Param { kind: Kind::Str, start: 0, end: 0, int: 0, in_host: false }; MAX_PARAMS], len: 0 }
    }

    /// The captured parameters; empty unless a route was found.
    #[inline]
    pub fn as_slice(&self) -> &[Param] {
        &self.items[..self.len]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Never more than [`MAX_PARAMS`]: a pattern has no more, and backtracking takes back what it pushed.
    #[inline]
    pub(crate) fn push(&mut self, param: Param) {
        self.items[self.len] = param;
        self.len += 1;
    }

    #[inline]
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = len;
    }
}
