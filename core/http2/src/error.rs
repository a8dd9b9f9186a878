//! Why something could not be sent.

use std::fmt;

use spica_http1::response::FieldError;

/// Why something could not be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendError {
    /// The stream is gone: reset by either side, finished, or never there. Nobody is waiting.
    Gone,
    /// The response has already begun, or not yet, or has ended.
    Order,
    /// Not a status that may be sent here: outside 100 to 999, 101, or 1xx with `end`.
    Status(u16),
    /// A field that would break the response.
    Field(FieldError),
    /// More fields, or larger ones, than HTTP/2 can carry.
    FieldsTooLarge,
    /// More or less content than Content-Length said. After the head the stream has been reset.
    Length {
        /// What Content-Length said.
        declared: u64,
        /// What was sent.
        sent: u64,
    },
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("the stream is gone"),
            Self::Order => f.write_str("the response has already begun, or not yet, or has ended"),
            Self::Status(status) => write!(f, "{status} is not a status for a response here"),
            Self::Field(error) => error.fmt(f),
            Self::FieldsTooLarge => f.write_str("the fields are more than HTTP/2 can carry"),
            Self::Length { declared, sent } => write!(f, "Content-Length said {declared} octets, {sent} were sent"),
        }
    }
}

impl std::error::Error for SendError {}
