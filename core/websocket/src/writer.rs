//! Frames of a server: final and unmasked.

use std::fmt;

use crate::close::{is_sendable, MAX_REASON};
use crate::deflater::Deflater;
use crate::header::{push_header, Opcode};
use crate::permessage_deflate::PerMessageDeflate;

/// Longest payload of a control frame, RFC 6455 section 5.5.
pub const MAX_CONTROL: usize = 125;

/// Messages shorter than this are sent as they are.
///
/// They fit into one packet either way, and compression, which begins with an empty window, gains little on them for microseconds of
/// work here and as much at the client: 256 octets of JSON become about 110. `examples/measure.rs` prints more.
pub const COMPRESSION_THRESHOLD: usize = 256;

/// The two kinds of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8; whoever sends one answers for that.
    Text,
    /// Any octets.
    Binary,
}

impl Kind {
    pub(crate) fn opcode(self) -> Opcode {
        match self {
            Self::Text => Opcode::Text,
            Self::Binary => Opcode::Binary,
        }
    }
}

/// Why a control frame can't be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsendable {
    /// The payload of a Ping or Pong has more than 125 octets.
    PayloadTooLong(usize),
    /// The code must not stand in a Close frame.
    Code(u16),
    /// The reason of a Close frame has more than 123 octets.
    ReasonTooLong(usize),
    /// A Close frame with a reason needs a code.
    ReasonWithoutCode,
}

impl fmt::Display for Unsendable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PayloadTooLong(length) => write!(f, "a Ping or Pong carries at most 125 octets, not {length}"),
            Self::Code(code) => {
                write!(f, "the close code {code} may not be sent: use 1000 to 1003, 1007 to 1014 or 3000 to 4999")
            }
            Self::ReasonTooLong(length) => write!(f, "the reason of a close has at most 123 octets, not {length}"),
            Self::ReasonWithoutCode => f.write_str("a close with a reason needs a code"),
        }
    }
}

impl std::error::Error for Unsendable {}

/// Append a message as one frame, as it is.
pub fn push_message(out: &mut Vec<u8>, kind: Kind, payload: &[u8]) {
    push_header(out, kind.opcode(), false, payload.len());
    out.extend_from_slice(payload);
}

/// Append a message as one frame, compressed when the connection agreed on it and it is worth it.
pub fn push_message_deflated(
    out: &mut Vec<u8>,
    kind: Kind,
    payload: &[u8],
    agreed: Option<PerMessageDeflate>,
    deflater: &mut Deflater,
) {
    if agreed.is_some_and(|agreed| agreed.may_compress(payload.len())) {
        if let Some(deflated) = deflater.deflate(payload) {
            push_header(out, kind.opcode(), true, deflated.len());
            return out.extend_from_slice(deflated);
        }
    }
    push_message(out, kind, payload);
}

/// Append a Ping.
///
/// Raises: [`Unsendable`] for more than [`MAX_CONTROL`] octets.
pub fn push_ping(out: &mut Vec<u8>, payload: &[u8]) -> Result<(), Unsendable> {
    push_control(out, Opcode::Ping, payload)
}

/// Append a Pong, with the payload of the Ping it answers.
///
/// Raises: [`Unsendable`] for more than [`MAX_CONTROL`] octets.
pub fn push_pong(out: &mut Vec<u8>, payload: &[u8]) -> Result<(), Unsendable> {
    push_control(out, Opcode::Pong, payload)
}

/// Append a Close frame. [`crate::Closing`] is the one to call for a connection: it sends only one.
///
/// Raises: [`Unsendable`] for a code or reason that must not be sent.
pub fn push_close(out: &mut Vec<u8>, code: Option<u16>, reason: &str) -> Result<(), Unsendable> {
    let Some(code) = code else {
        return if reason.is_empty() {
            push_control(out, Opcode::Close, b"")
        } else {
            Err(Unsendable::ReasonWithoutCode)
        };
    };
    if !is_sendable(code) {
        return Err(Unsendable::Code(code));
    }
    if reason.len() > MAX_REASON {
        return Err(Unsendable::ReasonTooLong(reason.len()));
    }
    push_header(out, Opcode::Close, false, 2 + reason.len());
    out.extend_from_slice(&code.to_be_bytes());
    out.extend_from_slice(reason.as_bytes());
    Ok(())
}

fn push_control(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) -> Result<(), Unsendable> {
    if payload.len() > MAX_CONTROL {
        return Err(Unsendable::PayloadTooLong(payload.len()));
    }
    push_header(out, opcode, false, payload.len());
    out.extend_from_slice(payload);
    Ok(())
}
