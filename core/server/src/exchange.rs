//! One request that has been called and not wholly answered.

use std::time::Instant;

use crate::reply::{Shape, Streaming};

/// What the log line will need when the answer is known.
pub struct LogLine {
    pub method: Vec<u8>,
    pub target: Vec<u8>,
    pub since: Instant,
}

/// A call that has not answered, or whose answer is not whole.
pub struct InFlight {
    /// The application's number of the call.
    pub call: usize,
    /// Which of the connection's requests it is.
    pub stream: u32,
    pub shape: Shape,
    pub log: Option<LogLine>,
    /// The response's content on its way, once its head is written.
    pub streaming: Option<Streaming>,
}

/// Work that must wait until the reactor is not in the middle of another's: done at the end of the turn.
pub enum Notice {
    /// Look at an exchange's inbox and outbox.
    Attend(crate::Exchange),
    /// Send an interim response, rendered.
    Interim(crate::Exchange, Vec<u8>),
}
