//! The chunked coding (RFC 9112 section 7.1), one octet at a time except for the data.
//!
//! `Size` digits `;` `Extension` CR `SizeLf` LF `Data` CR `DataLf` LF `Size` ..., and after the chunk of size 0 `Trailers`.

use crate::extension::Extension;
use crate::refusal::{Refusal, CHUNK_END, CHUNK_EXTENSIONS_TOO_LARGE, CHUNK_LINE, CHUNK_SIZE, CONTENT_TOO_LARGE};

const MAX_DIGITS: u8 = 16;

/// Where in the chunked content the reader is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum At {
    Size { digits: u8 },
    Extension(Extension),
    SizeLf,
    Data,
    DataCr,
    DataLf,
    Trailers,
}

/// Reads chunk framing.
#[derive(Debug)]
pub(crate) struct Chunks {
    pub at: At,
    /// Octets of the current chunk that are still to come (or its size as read so far).
    pub remaining: u64,
    /// Octets of content that the limit still allows.
    content_left: u64,
    /// Octets of extensions that the limit still allows.
    extensions_left: usize,
}

impl Chunks {
    pub(crate) fn new(content: u64, extensions: usize) -> Self {
        Self { at: At::Size { digits: 0 }, remaining: 0, content_left: content, extensions_left: extensions }
    }

    /// Take one octet of framing; not called in `Data` and `Trailers`.
    pub(crate) fn step(&mut self, octet: u8) -> Result<(), Refusal> {
        self.at = match (self.at, octet) {
            (At::Size { digits }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => self.digit(digits, octet)?,
            (At::Size { digits: 0 }, _) => return Err(CHUNK_SIZE),
            (At::Size { .. }, b'\r') => At::SizeLf,
            (At::Size { .. }, b';' | b' ' | b'\t') => self.extension(Extension::AfterSize, octet)?,
            (At::Size { .. }, _) => return Err(CHUNK_SIZE),
            (At::Extension(state), b'\r') if state.is_complete() => At::SizeLf,
            (At::Extension(state), _) => self.extension(state, octet)?,
            (At::SizeLf, b'\n') => self.begin()?,
            (At::SizeLf, _) => return Err(CHUNK_LINE),
            (At::DataCr, b'\r') => At::DataLf,
            (At::DataLf, b'\n') => At::Size { digits: 0 },
            (At::DataCr | At::DataLf | At::Data | At::Trailers, _) => return Err(CHUNK_END),
        };
        Ok(())
    }

    fn digit(&mut self, digits: u8, octet: u8) -> Result<At, Refusal> {
        if digits == MAX_DIGITS {
            return Err(CHUNK_SIZE);
        }
        let value = match octet {
            b'0'..=b'9' => octet - b'0',
            _ => (octet | 0x20) - b'a' + 10,
        };
        // At most 16 digits: nothing is shifted out.
        self.remaining = self.remaining << 4 | u64::from(value);
        Ok(At::Size { digits: digits + 1 })
    }

    fn extension(&mut self, state: Extension, octet: u8) -> Result<At, Refusal> {
        self.extensions_left = self.extensions_left.checked_sub(1).ok_or(CHUNK_EXTENSIONS_TOO_LARGE)?;
        Ok(At::Extension(state.step(octet)?))
    }

    fn begin(&mut self) -> Result<At, Refusal> {
        self.content_left = self.content_left.checked_sub(self.remaining).ok_or(CONTENT_TOO_LARGE)?;
        Ok(match self.remaining {
            0 => At::Trailers,
            _ => At::Data,
        })
    }
}
