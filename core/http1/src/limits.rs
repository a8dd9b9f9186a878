//! How much a client may send before it is refused.

/// More fields than this are never accepted, whatever [`Limits::fields`] says: they are parsed on the stack.
pub const MAX_FIELDS: usize = 128;

/// Limits of one request. A size equal to the limit is accepted, one more is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of the request line without its CRLF. Beyond: 414.
    pub request_line: usize,
    /// Octets of all field lines with their CRLFs, head and trailers together. Beyond: 431.
    pub field_block: usize,
    /// Number of fields, head and trailers together, at most [`MAX_FIELDS`]. Beyond: 431.
    pub fields: usize,
    /// Octets of content, however framed. Beyond: 413.
    pub content: u64,
    /// Octets of chunk extensions in all chunks together. Beyond: 400.
    pub chunk_extensions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_line: 8 * 1024,
            field_block: 64 * 1024,
            fields: 100,
            content: 16 * 1024 * 1024,
            chunk_extensions: 4 * 1024,
        }
    }
}
