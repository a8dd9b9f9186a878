//! Close frames: their codes, and their payload.

use crate::failure::{Failure, CLOSE_CODE, CLOSE_LENGTH, CLOSE_REASON};

/// The codes of RFC 6455 section 7.4.1 and of the IANA registry that this crate or a server names.
pub mod code {
    /// The purpose of the connection is fulfilled.
    pub const NORMAL: u16 = 1000;
    /// The server goes down, or the page is left.
    pub const GOING_AWAY: u16 = 1001;
    /// The peer broke the protocol.
    pub const PROTOCOL_ERROR: u16 = 1002;
    /// The kind of message (text or binary) is not accepted here.
    pub const UNSUPPORTED_DATA: u16 = 1003;
    /// Reported, never sent: the peer's Close frame had no code.
    pub const NONE_RECEIVED: u16 = 1005;
    /// Reported, never sent: the connection ended without a Close frame.
    pub const ABNORMAL: u16 = 1006;
    /// The data is not what its kind promises, such as text that is not UTF-8.
    pub const INVALID_DATA: u16 = 1007;
    /// The peer broke a rule of the application or a limit that has no code of its own.
    pub const POLICY_VIOLATION: u16 = 1008;
    /// A message is larger than the limit.
    pub const TOO_BIG: u16 = 1009;
    /// The server met a condition it did not expect.
    pub const INTERNAL_ERROR: u16 = 1011;
    /// The server restarts.
    pub const SERVICE_RESTART: u16 = 1012;
    /// The server is overloaded, or the peer reads too slowly.
    pub const TRY_AGAIN_LATER: u16 = 1013;
}

/// Longest reason in octets: 125 of a control frame without the two of the code.
pub const MAX_REASON: usize = 123;

/// What a Close frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Close<'a> {
    /// The code, or `None` when the frame was empty; then [`code::NONE_RECEIVED`] is reported.
    pub code: Option<u16>,
    /// Text for people, possibly empty.
    pub reason: &'a str,
}

impl<'a> Close<'a> {
    /// Read the payload of a Close frame (RFC 6455 section 5.5.1).
    pub(crate) fn parse(payload: &'a [u8]) -> Result<Self, Failure> {
        match payload {
            [] => Ok(Self { code: None, reason: "" }),
            [_] => Err(CLOSE_LENGTH),
            [high, low, reason @ ..] => {
                let code = u16::from_be_bytes([*high, *low]);
                if !is_sendable(code) {
                    return Err(CLOSE_CODE);
                }
                let reason = std::str::from_utf8(reason).map_err(|_| CLOSE_REASON)?;
                Ok(Self { code: Some(code), reason })
            }
        }
    }
}

/// Whether a code may stand in a Close frame.
///
/// Source: RFC 6455 section 7.4; the IANA registry of close codes for 1012 to 1014.
pub fn is_sendable(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
