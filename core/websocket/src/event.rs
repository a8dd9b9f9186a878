//! What a reader finds.

use crate::close::Close;

/// One message or control frame. Payloads are borrowed from the input where they lie whole in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A text message, checked to be UTF-8.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// To be answered with a Pong of the same payload, at most 125 octets; when several came, the last is enough.
    Ping(&'a [u8]),
    /// An answer to a Ping, or a sign of life nobody asked for.
    Pong(&'a [u8]),
    /// The peer's Close frame; nothing after it is read.
    Close(Close<'a>),
}

/// What one [`crate::Reader::read`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Octets of the input that were taken. All of them when there is no event.
    pub consumed: usize,
    /// What was completed by the last of them.
    pub event: Option<Event<'a>>,
}
