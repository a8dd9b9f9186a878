//! The content of a response on its way from a handler that makes it piece by piece.
//!
//! The handler pushes, the connection takes; both are on one thread. A handler that pushes beyond what the peer takes is
//! asked to wait.

use std::cell::RefCell;

use crate::inbox::Trailers;

/// From here on, a handler is asked to wait.
pub const HIGH: usize = 64 * 1024;

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// Go on.
    Room,
    /// Taken, but wait for `Application::wake` before the next.
    Full,
    /// Not taken: the peer is gone.
    Gone,
    /// Not taken: more than the declared length.
    TooMuch,
}

/// Content that is being made.
pub struct Outbox {
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    trailers: Trailers,
    /// Octets that may still be pushed, when a length was declared.
    remaining: Option<u64>,
    full: bool,
    gone: bool,
    waits: bool,
}

impl Outbox {
    pub(crate) fn new(length: Option<u64>) -> Self {
        Outbox { state: RefCell::new(State { remaining: length, ..State::default() }) }
    }

    /// Adds octets.
    pub fn push(&self, bytes: &[u8]) -> Pushed {
        let mut state = self.state.borrow_mut();
        if state.gone {
            return Pushed::Gone;
        }
        if let Some(remaining) = &mut state.remaining {
            match remaining.checked_sub(bytes.len() as u64) {
                Some(left) => *remaining = left,
                None => return Pushed::TooMuch,
            }
        }
        state.bytes.extend_from_slice(bytes);
        if state.full || state.bytes.len() >= HIGH {
            Pushed::Full
        } else {
            Pushed::Room
        }
    }

    /// Whether the next push should wait; then `Application::wake` tells when.
    pub fn is_full(&self) -> bool {
        let mut state = self.state.borrow_mut();
        let full = !state.gone && (state.full || state.bytes.len() >= HIGH);
        state.waits |= full;
        full
    }

    /// Fields to send after the content; those that can't be sent are refused by `Reactor::finish`.
    pub fn set_trailers(&self, trailers: Trailers) {
        self.state.borrow_mut().trailers = trailers;
    }

    /// Octets that were declared and not pushed.
    pub fn missing(&self) -> u64 {
        self.state.borrow().remaining.unwrap_or(0)
    }

    pub(crate) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.state.borrow_mut().bytes)
    }

    pub(crate) fn take_trailers(&self) -> Trailers {
        std::mem::take(&mut self.state.borrow_mut().trailers)
    }

    /// The connection says whether the peer lags. Returns whether the handler must be told that there is room.
    pub(crate) fn set_full(&self, full: bool) -> bool {
        let mut state = self.state.borrow_mut();
        state.full = full;
        let tell = state.waits && !full;
        state.waits &= !tell;
        tell
    }

    pub(crate) fn set_gone(&self) {
        let mut state = self.state.borrow_mut();
        state.gone = true;
        state.bytes = Vec::new();
    }
}
