//! What the rules ask of a request.

/// The parts of a request that decide how a file is answered.
#[derive(Clone, Copy)]
pub struct Request<'r> {
    /// As received; only GET and HEAD have files.
    pub method: &'r [u8],
    /// The value of a field by its lower-case name. Where a list came in several fields, joined by commas; a caller that has only the
    /// first sends a few octets too many (a 200 instead of a 304), never wrong ones.
    pub field: &'r dyn Fn(&str) -> Option<&'r [u8]>,
    /// Seconds since 1970.
    pub now: i64,
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").field("method", &self.method).field("now", &self.now).finish_non_exhaustive()
    }
}

impl<'r> Request<'r> {
    pub(crate) fn field(&self, name: &str) -> Option<&'r [u8]> {
        (self.field)(name)
    }

    /// GET or HEAD.
    pub(crate) fn is_read(&self) -> bool {
        self.method == b"GET" || self.is_head()
    }

    pub(crate) fn is_head(&self) -> bool {
        self.method == b"HEAD"
    }
}
