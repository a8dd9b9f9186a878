//! The header of a frame: RFC 6455 section 5.2, as a client may send it.

use crate::failure::{
    Failure, CONTROL_FRAGMENTED, CONTROL_TOO_LONG, LENGTH_NOT_MINIMAL, LENGTH_SIGNED, MESSAGE_UNFINISHED,
    NOTHING_TO_CONTINUE, RESERVED_BIT, RESERVED_OPCODE, UNMASKED,
};

/// Longest header: two octets, eight of length, four of mask.
pub(crate) const MAX_HEADER: usize = 14;

pub(crate) const FIN: u8 = 0x80;
pub(crate) const RSV1: u8 = 0x40;
const RSV2_RSV3: u8 = 0x30;
const MASKED: u8 = 0x80;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Opcode {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

impl Opcode {
    fn parse(octet: u8) -> Result<Self, Failure> {
        match octet & 0x0f {
            0 => Ok(Self::Continuation),
            1 => Ok(Self::Text),
            2 => Ok(Self::Binary),
            8 => Ok(Self::Close),
            9 => Ok(Self::Ping),
            10 => Ok(Self::Pong),
            _ => Err(RESERVED_OPCODE),
        }
    }

    pub(crate) fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) fin: bool,
    pub(crate) compressed: bool,
    pub(crate) opcode: Opcode,
    pub(crate) mask: [u8; 4],
    pub(crate) length: u64,
}

/// What decides whether a header may come now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    /// A message was begun and not finished.
    pub(crate) continuation: bool,
    /// permessage-deflate was agreed on.
    pub(crate) deflate: bool,
}

impl Header {
    /// Read a header from the first octets of a frame, judging each octet as soon as it is there.
    ///
    /// Returns: the header and its octets, or `None` when there must be more.
    #[inline]
    pub(crate) fn parse(octets: &[u8], expected: Expected) -> Result<Option<(Self, usize)>, Failure> {
        let [first, rest @ ..] = octets else { return Ok(None) };
        let (fin, compressed) = (first & FIN != 0, first & RSV1 != 0);
        let opcode = Opcode::parse(*first)?;
        check_first(*first, opcode, expected)?;

        let [second, rest @ ..] = rest else { return Ok(None) };
        if second & MASKED == 0 {
            return Err(UNMASKED);
        }
        let short = second & !MASKED;
        if opcode.is_control() && short > 125 {
            return Err(CONTROL_TOO_LONG);
        }
        let Some((length, rest)) = parse_length(short, rest)? else { return Ok(None) };
        let [a, b, c, d, rest @ ..] = rest else { return Ok(None) };
        let header = Self { fin, compressed, opcode, mask: [*a, *b, *c, *d], length };
        Ok(Some((header, octets.len() - rest.len())))
    }
}

#[inline]
fn check_first(first: u8, opcode: Opcode, expected: Expected) -> Result<(), Failure> {
    let may_be_compressed = expected.deflate && matches!(opcode, Opcode::Text | Opcode::Binary);
    if first & RSV2_RSV3 != 0 || (first & RSV1 != 0 && !may_be_compressed) {
        return Err(RESERVED_BIT);
    }
    match opcode {
        Opcode::Continuation if !expected.continuation => Err(NOTHING_TO_CONTINUE),
        Opcode::Text | Opcode::Binary if expected.continuation => Err(MESSAGE_UNFINISHED),
        Opcode::Close | Opcode::Ping | Opcode::Pong if first & FIN == 0 => Err(CONTROL_FRAGMENTED),
        _ => Ok(()),
    }
}

/// The length that begins with the seven bits `short`, and what follows it.
#[inline]
fn parse_length(short: u8, rest: &[u8]) -> Result<Option<(u64, &[u8])>, Failure> {
    let (length, least, rest) = match (short, rest) {
        (0..=125, _) => return Ok(Some((u64::from(short), rest))),
        (126, [a, b, rest @ ..]) => (u64::from(u16::from_be_bytes([*a, *b])), 126, rest),
        (127, [a, b, c, d, e, f, g, h, rest @ ..]) => {
            (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), 0x1_0000, rest)
        }
        _ => return Ok(None),
    };
    if length < least {
        return Err(LENGTH_NOT_MINIMAL);
    }
    if length >> 63 != 0 {
        return Err(LENGTH_SIGNED);
    }
    Ok(Some((length, rest)))
}

/// Append the header of an unmasked, final frame.
#[inline]
pub(crate) fn push_header(out: &mut Vec<u8>, opcode: Opcode, compressed: bool, length: usize) {
    let first = FIN | if compressed { RSV1 } else { 0 } | opcode as u8;
    match length {
        0..=125 => out.extend_from_slice(&[first, length as u8]),
        126..=0xffff => {
            let [a, b] = (length as u16).to_be_bytes();
            out.extend_from_slice(&[first, 126, a, b]);
        }
        _ => {
            out.extend_from_slice(&[first, 127]);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}
