//! UTF-8 that arrives in pieces.

use crate::failure::{Failure, NOT_UTF_8};

/// Longest start of a character that is not yet complete.
const MAX_START: usize = 3;

/// Checks text piece by piece, and refuses at the first octet that no continuation could make valid. The whole text is checked once
/// more when it becomes a `str`: there a last character that is not complete is found.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Utf8Check {
    start: [u8; MAX_START],
    length: u8,
}

impl Utf8Check {
    /// Check the next piece.
    pub(crate) fn push(&mut self, mut piece: &[u8]) -> Result<(), Failure> {
        while self.length > 0 {
            let [octet, rest @ ..] = piece else { return Ok(()) };
            self.complete(*octet)?;
            piece = rest;
        }
        match simdutf8::compat::from_utf8(piece) {
            Ok(_) => Ok(()),
            Err(error) if error.error_len().is_some() => Err(NOT_UTF_8),
            Err(error) => {
                for (kept, octet) in self.start.iter_mut().zip(piece.iter().skip(error.valid_up_to())) {
                    *kept = *octet;
                    self.length += 1;
                }
                Ok(())
            }
        }
    }

    /// Add one octet to the incomplete character.
    fn complete(&mut self, octet: u8) -> Result<(), Failure> {
        let length = usize::from(self.length);
        let mut character = [0; MAX_START + 1];
        for (place, octet) in character.iter_mut().zip(self.start.iter().take(length).chain([&octet])) {
            *place = *octet;
        }
        match std::str::from_utf8(character.get(..=length).unwrap_or_default()) {
            Ok(_) => self.length = 0,
            Err(error) if error.error_len().is_some() => return Err(NOT_UTF_8),
            Err(_) => {
                if let Some(place) = self.start.get_mut(length) {
                    *place = octet;
                }
                self.length += 1;
            }
        }
        Ok(())
    }
}
