//! The content of a request on its way to a handler that takes it as it comes.
//!
//! The connection fills, the handler takes; both are on one thread. Who fills stops at [`HIGH`] octets, and so does the
//! peer, because nothing more is read from it.

use std::cell::RefCell;

use spica_http1::Refusal;

/// From here on, nothing more is read for the handler until it has taken some.
pub const HIGH: usize = 64 * 1024;

/// Trailer fields, in order.
pub type Trailers = Vec<(Vec<u8>, Vec<u8>)>;

/// What a look into the inbox came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// Octets, at least one.
    Some(Vec<u8>),
    /// Nothing yet: `Application::wake` tells when to look again.
    Nothing,
    /// All of it has been taken.
    End,
    /// The rest will never come, or is not content: answer with the refusal's status.
    Broken(Refusal),
}

/// How the content ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Open,
    Whole,
    Broken(Refusal),
}

/// Content that arrives.
pub struct Inbox {
    state: RefCell<State>,
}

struct State {
    bytes: Vec<u8>,
    end: End,
    wanted: bool,
    trailers: Trailers,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        Inbox { state: RefCell::new(State { bytes: Vec::new(), end: End::Open, wanted: false, trailers: Vec::new() }) }
    }

    /// Takes what has arrived.
    pub fn take(&self) -> Taken {
        let mut state = self.state.borrow_mut();
        if !state.bytes.is_empty() {
            return Taken::Some(std::mem::take(&mut state.bytes));
        }
        match state.end {
            End::Open => {
                state.wanted = true;
                Taken::Nothing
            }
            End::Whole => Taken::End,
            End::Broken(refusal) => Taken::Broken(refusal),
        }
    }

    /// Whether `take` would give anything.
    pub fn is_ready(&self) -> bool {
        let state = self.state.borrow();
        !state.bytes.is_empty() || state.end != End::Open
    }

    /// The trailer fields; empty before the end.
    pub fn trailers(&self) -> Trailers {
        self.state.borrow().trailers.clone()
    }

    /// Lets `fill` append. Returns what it does.
    pub(crate) fn fill<R>(&self, fill: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        fill(&mut self.state.borrow_mut().bytes)
    }

    /// Says that no more comes. The first end counts.
    pub(crate) fn end(&self, end: End, trailers: Trailers) {
        let mut state = self.state.borrow_mut();
        if state.end == End::Open {
            state.end = end;
            state.trailers = trailers;
        }
    }

    /// Octets that have arrived and were not taken.
    pub(crate) fn len(&self) -> usize {
        self.state.borrow().bytes.len()
    }

    /// Whether there is room for more.
    pub(crate) fn has_room(&self) -> bool {
        self.state.borrow().bytes.len() < HIGH
    }

    /// Whether a handler looked and found nothing.
    pub(crate) fn is_wanted(&self) -> bool {
        self.state.borrow().wanted
    }

    /// Whether the handler must be told now; once for each time it looked in vain.
    pub(crate) fn take_wanted(&self) -> bool {
        let mut state = self.state.borrow_mut();
        let tell = state.wanted && (!state.bytes.is_empty() || state.end != End::Open);
        state.wanted &= !tell;
        tell
    }
}
