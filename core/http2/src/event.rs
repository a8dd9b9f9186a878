//! What a connection tells its owner.

use bytes::Bytes;
use h2::Reason;
use spica_http1::Refusal;

use crate::head::RequestHead;

/// Names and values of a trailer section, in order.
pub type Trailers = Vec<(Vec<u8>, Vec<u8>)>;

/// Something the owner should act upon.
#[derive(Debug)]
pub enum Event {
    /// A request begins. The owner calls [`crate::Connection::finish`] once for each.
    Request {
        /// The stream to answer on.
        stream: u32,
        /// Its head, by the rules of HTTP/1.1.
        request: RequestHead,
        /// Whether it has no content: neither `Data` nor `End` follows.
        end: bool,
    },
    /// Content of a request; given back to the peer's window by [`crate::Connection::release`].
    Data {
        /// The stream.
        stream: u32,
        /// At least one octet. It shares the memory of what was received with it: copy small pieces that are kept.
        data: Bytes,
    },
    /// The content of a request is complete.
    End {
        /// The stream.
        stream: u32,
        /// Empty when there are none.
        trailers: Trailers,
    },
    /// A request was answered (or its stream reset) by this crate. Before `Request`: only for the log. After it, because of too
    /// much content or malformed trailers: the owner stops working on it and calls [`crate::Connection::finish`].
    Refused {
        /// The stream.
        stream: u32,
        /// Status and reason.
        refusal: Refusal,
    },
    /// The stream is gone, nothing can be sent on it: the owner stops working on it and calls [`crate::Connection::finish`].
    Reset {
        /// The stream.
        stream: u32,
        /// The code of the peer's RST_STREAM, or ours.
        reason: Reason,
    },
    /// A stream that was [`crate::Sent::full`] may be sent to again.
    Writable {
        /// The stream.
        stream: u32,
    },
    /// The connection is over; nothing follows. The owner sends what output there is, then closes the socket.
    Closed {
        /// The code of the GOAWAY sent or received; NO_ERROR for an orderly end.
        reason: Reason,
        /// Why, for the log.
        cause: Cause,
    },
}

/// Why a connection is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Both sides have finished.
    Finished,
    /// The owner closed it.
    Owner,
    /// The peer sent GOAWAY with an error.
    Peer,
    /// The peer broke the protocol, or a limit of the protocol library.
    Protocol,
    /// The peer sent too many frames that do no work.
    ControlFrames,
    /// The peer had too many streams reset or refused.
    Resets,
    /// The peer took too long, see the timeouts of [`crate::Settings`].
    Timeout,
    /// The transport ended.
    Transport,
}

/// What became of octets given to [`crate::Connection::send`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Octets of the stream that wait for the peer's window or the owner's socket.
    pub queued: usize,
    /// Whether the owner should wait for [`Event::Writable`] before it sends more.
    pub full: bool,
}
