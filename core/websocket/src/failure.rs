//! Every way a connection can fail while its frames are read.

use std::fmt;

use crate::close::code;

/// Why no more frames are read. The connection is closed with `code`; no octet after it has a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Close code to send: 1002, 1007, 1008 or 1009.
    pub code: u16,
    /// What was wrong; never contains octets of the peer, so it may be sent as the reason of the Close frame.
    pub reason: &'static str,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.reason)
    }
}

impl std::error::Error for Failure {}

const fn protocol(reason: &'static str) -> Failure {
    Failure { code: code::PROTOCOL_ERROR, reason }
}

// Headers of frames
pub(crate) const RESERVED_BIT: Failure = protocol("a reserved bit is set");
pub(crate) const RESERVED_OPCODE: Failure = protocol("the opcode is reserved");
pub(crate) const UNMASKED: Failure = protocol("a frame of a client is not masked");
pub(crate) const LENGTH_NOT_MINIMAL: Failure = protocol("a length is written longer than needed");
pub(crate) const LENGTH_SIGNED: Failure = protocol("a length has its highest bit set");
pub(crate) const CONTROL_FRAGMENTED: Failure = protocol("a control frame is fragmented");
pub(crate) const CONTROL_TOO_LONG: Failure = protocol("a control frame has more than 125 octets");

// Order of frames
pub(crate) const NOTHING_TO_CONTINUE: Failure = protocol("a continuation frame without a message");
pub(crate) const MESSAGE_UNFINISHED: Failure = protocol("a new message before the last one was finished");
pub(crate) const TOO_MANY_EMPTY_FRAGMENTS: Failure =
    Failure { code: code::POLICY_VIOLATION, reason: "a message has too many empty fragments" };

// Payloads
pub(crate) const TOO_BIG: Failure = Failure { code: code::TOO_BIG, reason: "the message is larger than the limit" };
pub(crate) const NOT_UTF_8: Failure = Failure { code: code::INVALID_DATA, reason: "the text is not UTF-8" };
pub(crate) const NOT_DEFLATE: Failure =
    Failure { code: code::INVALID_DATA, reason: "the compressed message is not DEFLATE data" };
pub(crate) const CLOSE_LENGTH: Failure = protocol("the Close frame has one octet, half a code");
pub(crate) const CLOSE_CODE: Failure = protocol("the code of the Close frame may not be sent");
pub(crate) const CLOSE_REASON: Failure =
    Failure { code: code::INVALID_DATA, reason: "the reason of the Close frame is not UTF-8" };
