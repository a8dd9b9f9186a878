//! Finds the end of a head, and stops at the first octet that breaks a line end or a limit.
//!
//! Only LF is looked for: a CR in the wrong place is refused by httparse when the head is complete. Nothing is read twice, except
//! that the end of the request line is looked up again (it is at most the limit away).

use memchr::memchr;

use crate::limits::Limits;
use crate::refusal::{Refusal, BARE_LF, FIELD_BLOCK_TOO_LARGE, REQUEST_LINE_TOO_LONG};

const CRLF: usize = 2;

/// What a scan has seen.
pub(crate) struct Seen {
    /// Offset after the request line, when this scan was the one that found it.
    pub line_end: Option<usize>,
    /// Offset after the empty line that ends the head; `None` when it is not there yet.
    pub end: Result<Option<usize>, Refusal>,
}

/// Scan `buf`, whose request line begins at `start` and whose first `scanned` octets are known to contain no end.
pub(crate) fn scan(buf: &[u8], start: usize, scanned: usize, limits: &Limits) -> Seen {
    let mut lines = Lines { buf, start, at: scanned.max(start), limits, line_end: None, found: None };
    let end = lines.find_end();
    Seen { line_end: lines.found, end }
}

struct Lines<'a> {
    buf: &'a [u8],
    start: usize,
    at: usize,
    limits: &'a Limits,
    line_end: Option<usize>,
    found: Option<usize>,
}

impl Lines<'_> {
    fn find_end(&mut self) -> Result<Option<usize>, Refusal> {
        let scanned = self.at;
        while let Some(offset) = memchr(b'\n', &self.buf[self.at..]) {
            let lf = self.at + offset;
            self.look_back(scanned);
            if lf >= self.window() {
                return Err(self.too_long());
            }
            // lf > start: the octet at start is the first of a method.
            if self.buf[lf - 1] != b'\r' {
                return Err(BARE_LF);
            }
            self.at = lf + 1;
            match self.line_end {
                None => (self.line_end, self.found) = (Some(self.at), Some(self.at)),
                Some(_) if self.buf[lf - 2] == b'\n' => return Ok(Some(self.at)),
                Some(_) => {}
            }
        }
        if self.buf.len() >= self.start + self.limits.request_line.min(self.limits.field_block) + CRLF {
            self.look_back(scanned);
            if self.buf.len() >= self.window() {
                return Err(self.too_long());
            }
        }
        Ok(None)
    }

    /// Find the end of the request line among the octets scanned earlier.
    fn look_back(&mut self, scanned: usize) {
        if self.line_end.is_none() {
            self.line_end = memchr(b'\n', &self.buf[self.start..scanned]).map(|offset| self.start + offset + 1);
        }
    }

    /// The offset at which the current part of the head must have ended.
    fn window(&self) -> usize {
        match self.line_end {
            None => self.start + self.limits.request_line + CRLF,
            Some(line_end) => line_end + self.limits.field_block + CRLF,
        }
    }

    fn too_long(&self) -> Refusal {
        match self.line_end {
            None => REQUEST_LINE_TOO_LONG,
            Some(_) => FIELD_BLOCK_TOO_LARGE,
        }
    }
}
