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
    /// Its number, for [`Kind::Int`]; otherwise 0.
    pub int: i64,
}

impl Param {
    /// Its octets in `path`, the one that was matched; still percent-encoded, see [`crate::decode`].
    pub fn raw<'a>(&self, path: &'a [u8]) -> &'a [u8] {
        &path[self.start as usize..self.end as usize]
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
        Self { items: [Param { kind: Kind::Str, start: 0, end: 0, int: 0 }; MAX_PARAMS], len: 0 }
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

    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    /// Never more than [`MAX_PARAMS`]: a pattern has no more, and backtracking takes back what it pushed.
    #[inline]
    pub(crate) fn push(&mut self, param: Param) {
        self.items[self.len] = param;
        self.len += 1;
    }

    #[inline]
    pub(crate) fn pop(&mut self) {
        self.len -= 1;
    }
}
