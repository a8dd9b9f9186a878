//! Chunk extensions (RFC 9112 section 7.1.1): checked, then ignored.
//!
//! `chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )`
//!
//! | state | `;` | `=` | token | `"` | white space | CR |
//! |---|---|---|---|---|---|---|
//! | `AfterSize` | `BeforeName` | | | | stays | |
//! | `BeforeName` | | | `Name` | | stays | |
//! | `Name` | `BeforeName` | `BeforeValue` | stays | | `AfterName` | end |
//! | `AfterName` | `BeforeName` | `BeforeValue` | | | stays | |
//! | `BeforeValue` | | | `Value` | `Quoted` | stays | |
//! | `Value` | `BeforeName` | | stays | | `AfterSize` | end |
//! | `Quoted` | stays | stays | stays | `AfterQuoted` | stays | |
//! | `Escaped` | `Quoted` | `Quoted` | `Quoted` | `Quoted` | `Quoted` | |
//! | `AfterQuoted` | `BeforeName` | | | | `AfterSize` | end |
//!
//! White space must be followed by another part: before the CR it belongs to nothing. An empty cell is a refusal.

use crate::refusal::{Refusal, CHUNK_EXTENSION};
use crate::syntax::{is_field_value, is_token};

/// Where in an extension the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extension {
    AfterSize,
    BeforeName,
    Name,
    AfterName,
    BeforeValue,
    Value,
    Quoted,
    Escaped,
    AfterQuoted,
}

impl Extension {
    /// The state after `octet`, which is not a CR.
    pub(crate) fn step(self, octet: u8) -> Result<Self, Refusal> {
        use Extension::{AfterName, AfterQuoted, AfterSize, BeforeName, BeforeValue, Escaped, Name, Quoted, Value};
        match (self, octet) {
            (Quoted, b'\\') => Ok(Escaped),
            (Quoted, b'"') => Ok(AfterQuoted),
            (Quoted | Escaped, octet) if is_field_value(octet) => Ok(Quoted),
            (Quoted | Escaped, _) => Err(CHUNK_EXTENSION),
            (AfterSize | Name | AfterName | Value | AfterQuoted, b';') => Ok(BeforeName),
            (Name | AfterName, b'=') => Ok(BeforeValue),
            (BeforeValue, b'"') => Ok(Quoted),
            (AfterSize | BeforeName | AfterName | BeforeValue, b' ' | b'\t') => Ok(self),
            (Name, b' ' | b'\t') => Ok(AfterName),
            (Value | AfterQuoted, b' ' | b'\t') => Ok(AfterSize),
            (BeforeName | Name, octet) if is_token(octet) => Ok(Name),
            (BeforeValue | Value, octet) if is_token(octet) => Ok(Value),
            _ => Err(CHUNK_EXTENSION),
        }
    }

    /// Whether the line may end here.
    pub(crate) fn is_complete(self) -> bool {
        matches!(self, Self::Name | Self::Value | Self::AfterQuoted)
    }
}
