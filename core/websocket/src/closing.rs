//! The closing handshake of one connection.
//!
//! | state | event | next state | frame appended |
//! |---|---|---|---|
//! | open | [`Closing::send`] | waiting | Close |
//! | open | [`Closing::receive`] | over | Close with the code that was received |
//! | open | [`Closing::fail`] | over | Close with the code of the failure |
//! | waiting | `send` | waiting | none |
//! | waiting | `receive`, `fail` | over | none |
//! | over | any | over | none |
//!
//! Over means: write what is appended, then end the TCP connection, the server first (RFC 6455 section 7.1.1). How long to wait in
//! `waiting` is the owner's timer.

use crate::close::{code, Close};
use crate::failure::Failure;
use crate::writer::{push_close, Unsendable};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    Waiting,
    Over,
}

/// Knows which Close frames were sent and received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Closing {
    state: State,
    received: Option<u16>,
}

impl Closing {
    /// An open connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether messages, Ping and Pong may be sent: no Close frame was (RFC 6455 section 5.5.1).
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether the TCP connection is to end as soon as everything is written.
    pub fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// Start to close: append a Close frame to `out`, unless one was sent already.
    ///
    /// Raises: [`Unsendable`] for a code or reason that must not be sent; nothing has changed then.
    pub fn send(&mut self, code: Option<u16>, reason: &str, out: &mut Vec<u8>) -> Result<(), Unsendable> {
        if self.is_open() {
            push_close(out, code, reason)?;
            self.state = State::Waiting;
        }
        Ok(())
    }

    /// Note the peer's Close frame and append the answer to `out`, if none was sent.
    pub fn receive(&mut self, close: &Close<'_>, out: &mut Vec<u8>) {
        self.received = Some(close.code.unwrap_or(code::NONE_RECEIVED));
        self.end(close.code, "", out);
    }

    /// Give the connection up: append a Close frame that says why to `out`, if none was sent. The owner may have reasons of its own,
    /// such as [`code::INTERNAL_ERROR`].
    pub fn fail(&mut self, failure: &Failure, out: &mut Vec<u8>) {
        self.end(Some(failure.code), failure.reason, out);
    }

    /// The code to report once the connection is gone: the peer's, 1005 when its Close frame had none, 1006 without a frame.
    ///
    /// Source: RFC 6455 section 7.1.5.
    pub fn code(&self) -> u16 {
        self.received.unwrap_or(code::ABNORMAL)
    }

    fn end(&mut self, code: Option<u16>, reason: &str, out: &mut Vec<u8>) {
        // Only codes that were checked come here, so the frame can't be refused; if it were, TCP still ends.
        let _ = self.send(code, reason, out);
        self.state = State::Over;
    }
}
