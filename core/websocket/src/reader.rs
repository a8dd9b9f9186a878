//! Octets of a client to events.
//!
//! | state | ends with | then |
//! |---|---|---|
//! | header | its last octet | payload |
//! | payload | its last octet | header; over after a Close frame |
//! | over | never: everything is ignored | |
//! | failed | never: the failure is raised again | |

use crate::buffer::Buffer;
use crate::event::{Event, Progress};
use crate::failure::{Failure, TOO_BIG, TOO_MANY_EMPTY_FRAGMENTS};
use crate::header::{Expected, Header, Opcode, MAX_HEADER};
use crate::inflater::Inflater;
use crate::mask::apply_mask;
use crate::payload::{Begun, Complete, Meaning, Place};
use crate::utf8::Utf8Check;
use crate::writer::Kind;

/// Fragments without payload in one message. They cost no memory, so the size of the message does not bound them.
const MAX_EMPTY_FRAGMENTS: u8 = 100;

/// Reads the frames of one connection.
#[derive(Debug)]
pub struct Reader {
    state: State,
    /// The first octets of a header, when the input ended in it.
    header: [u8; MAX_HEADER],
    header_len: u8,
    empty_fragments: u8,
    deflate: bool,
    /// The message that was begun and not finished.
    message: Option<Begun>,
    utf8: Utf8Check,
    max_message: usize,
    fragments: Buffer,
    control: Buffer,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Header,
    Payload(Frame),
    Over,
    Failed(Failure),
}

/// The rest of a frame.
#[derive(Clone, Copy, Debug)]
struct Frame {
    opcode: Opcode,
    fin: bool,
    /// Turned so that its first octet belongs to the next of the payload.
    mask: [u8; 4],
    remaining: usize,
}

impl Reader {
    /// A reader of a connection just opened.
    ///
    /// Args: `max_message`, octets of a message, both as sent and inflated; `deflate`, whether permessage-deflate was agreed on.
    pub fn new(max_message: usize, deflate: bool) -> Self {
        Self {
            state: State::Header,
            header: [0; MAX_HEADER],
            header_len: 0,
            empty_fragments: 0,
            deflate,
            message: None,
            utf8: Utf8Check::default(),
            max_message,
            fragments: Buffer::default(),
            control: Buffer::default(),
        }
    }

    /// Read up to the end of the next message or control frame.
    ///
    /// Call it again with the rest of the input as long as it returns events, and once more: the call that returns none has taken
    /// all input and given back the memory of the last event. An owner that can't take more events keeps the rest of the input.
    ///
    /// Args:    `input`, octets that follow what was consumed before; they are unmasked in place; `inflater`, any, see there.
    /// Returns: how much was taken, and the event that ended there.
    /// Raises:  [`Failure`], see the crate page; every later call raises it again.
    pub fn read<'a>(&'a mut self, input: &'a mut [u8], inflater: &'a mut Inflater) -> Result<Progress<'a>, Failure> {
        self.release();
        inflater.release();
        let (consumed, complete) = match self.advance(input) {
            Ok((consumed, Some(complete))) => (consumed, complete),
            Ok((consumed, None)) => return Ok(Progress { consumed, event: None }),
            Err(failure) => {
                self.state = State::Failed(failure);
                self.message = None;
                self.release();
                return Err(failure);
            }
        };
        let payload = match complete.place {
            Place::Input(range) => input.get(range).unwrap_or_default(),
            Place::Fragments => self.fragments.octets(),
            Place::Control => self.control.octets(),
        };
        match complete.meaning.event(payload, inflater, self.max_message) {
            Ok(event) => {
                if let Event::Close(_) = event {
                    self.state = State::Over;
                }
                Ok(Progress { consumed, event: Some(event) })
            }
            Err(failure) => {
                self.state = State::Failed(failure);
                Err(failure)
            }
        }
    }

    /// Octets allocated at the moment; 0 between messages.
    pub fn capacity(&self) -> usize {
        self.fragments.capacity() + self.control.capacity()
    }

    /// Give back what the last event was borrowed from.
    fn release(&mut self) {
        if self.message.is_none() {
            self.fragments.release();
        }
        if !matches!(self.state, State::Payload(Frame { opcode, .. }) if opcode.is_control()) {
            self.control.release();
        }
    }

    /// Take frames until one completes something, or the input is used up.
    fn advance(&mut self, input: &mut [u8]) -> Result<(usize, Option<Complete>), Failure> {
        let mut at = 0;
        loop {
            let frame = match self.state {
                State::Over => return Ok((input.len(), None)),
                State::Failed(failure) => return Err(failure),
                State::Payload(frame) => frame,
                State::Header => match self.take_header(input.get(at..).unwrap_or_default())? {
                    (count, None) => return Ok((at + count, None)),
                    (count, Some(header)) => {
                        at += count;
                        self.begin(&header)?
                    }
                },
            };
            let end = input.len().min(at.saturating_add(frame.remaining));
            let piece = input.get_mut(at..end).unwrap_or_default();
            apply_mask(piece, frame.mask);
            let complete = self.take_piece(frame, piece, at)?;
            at = end;
            if complete.is_some() || matches!(self.state, State::Payload(_)) {
                return Ok((at, complete));
            }
        }
    }

    /// Take the octets of a header; it is kept here while it is not complete.
    #[inline]
    fn take_header(&mut self, input: &[u8]) -> Result<(usize, Option<Header>), Failure> {
        let expected = Expected { continuation: self.message.is_some(), deflate: self.deflate };
        if self.header_len == 0 {
            if let Some((header, length)) = Header::parse(input, expected)? {
                return Ok((length, Some(header)));
            }
        }
        for (count, octet) in input.iter().enumerate() {
            let length = usize::from(self.header_len);
            if let Some(place) = self.header.get_mut(length) {
                *place = *octet;
            }
            self.header_len += 1;
            let known = self.header.get(..=length).unwrap_or_default();
            if let Some((header, _)) = Header::parse(known, expected)? {
                self.header_len = 0;
                return Ok((count + 1, Some(header)));
            }
        }
        Ok((input.len(), None))
    }

    /// Begin the frame of a header, if its message keeps within the limits.
    #[inline]
    fn begin(&mut self, header: &Header) -> Result<Frame, Failure> {
        let mut room = usize::MAX;
        if !header.opcode.is_control() {
            let message = match header.opcode {
                Opcode::Text => Begun { kind: Kind::Text, compressed: header.compressed },
                Opcode::Binary => Begun { kind: Kind::Binary, compressed: header.compressed },
                _ => self.message.unwrap_or(Begun { kind: Kind::Binary, compressed: false }),
            };
            if self.message.is_none() {
                self.empty_fragments = 0;
            }
            self.message = Some(message);
            room = self.room(message);
            if header.length == 0 && !header.fin {
                self.empty_fragments += 1;
                if self.empty_fragments > MAX_EMPTY_FRAGMENTS {
                    return Err(TOO_MANY_EMPTY_FRAGMENTS);
                }
            }
        }
        let remaining = usize::try_from(header.length).ok().filter(|length| *length <= room).ok_or(TOO_BIG)?;
        let frame = Frame { opcode: header.opcode, fin: header.fin, mask: header.mask, remaining };
        self.state = State::Payload(frame);
        Ok(frame)
    }

    /// How many octets the message may still have. Data that does not compress grows a little in DEFLATE.
    fn room(&self, message: Begun) -> usize {
        let growth = if message.compressed { self.max_message / 1024 + 64 } else { 0 };
        self.max_message.saturating_add(growth).saturating_sub(self.fragments.len())
    }

    /// Take the next octets of a frame, unmasked, which begin at `at` of the input.
    #[inline]
    fn take_piece(&mut self, frame: Frame, piece: &[u8], at: usize) -> Result<Option<Complete>, Failure> {
        let remaining = frame.remaining - piece.len();
        let mut mask = frame.mask;
        mask.rotate_left(piece.len() % 4);
        self.state = if remaining > 0 { State::Payload(Frame { mask, remaining, ..frame }) } else { State::Header };
        let input = Place::Input(at..at + piece.len());
        let meaning = match frame.opcode {
            Opcode::Ping => Meaning::Ping,
            Opcode::Pong => Meaning::Pong,
            Opcode::Close => Meaning::Close,
            _ => return self.take_data(frame.fin, remaining, piece, input),
        };
        let place = if self.control.is_empty() && remaining == 0 {
            input
        } else {
            self.control.push(piece, remaining);
            Place::Control
        };
        Ok((remaining == 0).then_some(Complete { meaning, place }))
    }

    #[inline]
    fn take_data(
        &mut self,
        fin: bool,
        remaining: usize,
        piece: &[u8],
        input: Place,
    ) -> Result<Option<Complete>, Failure> {
        let Some(message) = self.message else { return Ok(None) };
        let ends = fin && remaining == 0;
        let place = if ends && self.fragments.is_empty() {
            input
        } else {
            if message.kind == Kind::Text && !message.compressed {
                self.utf8.push(piece)?;
            }
            self.fragments.push(piece, remaining);
            Place::Fragments
        };
        if !ends {
            return Ok(None);
        }
        self.message = None;
        Ok(Some(Complete { meaning: Meaning::Message(message), place }))
    }
}
