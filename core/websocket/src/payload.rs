//! Complete payloads, and the events they make.

use std::ops::Range;

use crate::close::Close;
use crate::event::Event;
use crate::failure::{Failure, NOT_UTF_8};
use crate::inflater::Inflater;
use crate::writer::Kind;

/// A message that was begun.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Begun {
    pub(crate) kind: Kind,
    pub(crate) compressed: bool,
}

/// A payload that is complete, and where it lies.
#[derive(Debug)]
pub(crate) struct Complete {
    pub(crate) meaning: Meaning,
    pub(crate) place: Place,
}

/// What a payload is of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Meaning {
    Message(Begun),
    Ping,
    Pong,
    Close,
}

/// Where a payload lies: in the input, or in one of the reader's buffers.
#[derive(Debug)]
pub(crate) enum Place {
    Input(Range<usize>),
    Fragments,
    Control,
}

impl Meaning {
    /// Make the event of a payload, if that is what it has to be.
    #[inline]
    pub(crate) fn event<'a>(
        self,
        payload: &'a [u8],
        inflater: &'a mut Inflater,
        max_message: usize,
    ) -> Result<Event<'a>, Failure> {
        match self {
            Self::Ping => Ok(Event::Ping(payload)),
            Self::Pong => Ok(Event::Pong(payload)),
            Self::Close => Close::parse(payload).map(Event::Close),
            Self::Message(Begun { kind, compressed }) => {
                let octets = if compressed { inflater.inflate(payload, max_message)? } else { payload };
                match kind {
                    Kind::Binary => Ok(Event::Binary(octets)),
                    Kind::Text => simdutf8::basic::from_utf8(octets).map(Event::Text).map_err(|_| NOT_UTF_8),
                }
            }
        }
    }
}
