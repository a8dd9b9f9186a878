//! Every way a handshake can be refused.

use std::fmt;

/// Why a request that asks for a WebSocket does not get one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Status to answer with: 400 or 426.
    pub status: u16,
    /// What was wrong, for logs; never contains octets of the request.
    pub reason: &'static str,
}

impl Refusal {
    /// Fields the answer must have: with 426 the version and the protocol that are understood.
    ///
    /// Source: RFC 6455 section 4.4; RFC 9110 section 15.5.22. The owner adds Connection: Upgrade, as for every Upgrade field.
    pub fn fields(&self) -> &'static [(&'static str, &'static str)] {
        match self.status {
            426 => &[("Sec-WebSocket-Version", "13"), ("Upgrade", "websocket")],
            _ => &[],
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, self.reason)
    }
}

impl std::error::Error for Refusal {}

const fn bad(reason: &'static str) -> Refusal {
    Refusal { status: 400, reason }
}

pub(crate) const METHOD: Refusal = bad("a WebSocket is asked for with GET");
pub(crate) const CONTENT: Refusal = bad("a request for a WebSocket has no content: frames follow its head");
pub(crate) const KEY: Refusal = bad("there is not exactly one Sec-WebSocket-Key of 16 octets in base64");
pub(crate) const PROTOCOL: Refusal = bad("Sec-WebSocket-Protocol is not a list of tokens");
pub(crate) const EXTENSIONS: Refusal = bad("Sec-WebSocket-Extensions is malformed");
pub(crate) const ORIGIN_REPEATED: Refusal = bad("there is more than one Origin field");
pub(crate) const VERSION: Refusal = Refusal { status: 426, reason: "the version of the WebSocket protocol is not 13" };
