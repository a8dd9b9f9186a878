//! One line a request: the only log line that the core writes itself, and never on the thread that serves.
//!
//! | step | where | how |
//! |---|---|---|
//! | render | the reactor's thread, [`AccessLog::push`] | straight into a buffer, without an allocation or a system call |
//! | hand over | the reactor's thread, [`AccessLog::flush`] | one exchange of buffers a poll, under a lock nobody holds for long |
//! | write | `writer`'s thread, begun with the first line | whatever has gathered, in one call |
//!
//! Rules:
//! - A sink that does not take its lines never delays a request. At most [`WAITING_BYTES`] wait for it; lines beyond
//!   that are lost, and a line that gets through tells how many.
//! - A sink that fails loses lines, never a request; they are counted and told likewise.
//! - Dropping the log, or [`AccessLog::finish`], waits for the last lines, but at most [`FINISH_TIMEOUT`].
//! - What a client sends can't forge a line or a column of one: `line` escapes it.

mod line;
mod writer;

use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use line::Lines;
use writer::Writer;

/// Bytes that wait for the sink at most.
pub const WAITING_BYTES: usize = 1024 * 1024;
/// The longest wait for the last lines.
pub const FINISH_TIMEOUT: Duration = Duration::from_secs(1);
/// Rendered bytes that are handed over before the poll's end.
const BATCH_BYTES: usize = 64 * 1024;

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people: `09:30:00 GET /posts 200 1234 B 0.41 ms`.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// Collects lines during a poll and hands them to the writer at its end.
pub struct AccessLog {
    lines: Lines,
    /// The thread begins with the first line: a server that logs nothing has none.
    writer: Option<Writer>,
    unused: Option<Box<dyn Write + Send>>,
}

/// What a line tells.
pub struct Entry<'a> {
    /// The request's method as sent.
    pub method: &'a [u8],
    /// The target as sent.
    pub target: &'a [u8],
    /// The response's status.
    pub status: u16,
    /// Content bytes of the response.
    pub bytes: u64,
    /// When the head was complete.
    pub since: Instant,
    /// The other end.
    pub peer: Option<SocketAddr>,
}

impl AccessLog {
    /// Writes to `sink` in `format`; the sink should not buffer, for only the octets that it takes count as written.
    pub fn new(format: LogFormat, sink: Box<dyn Write + Send>) -> Self {
        AccessLog { lines: Lines::new(format), writer: None, unused: Some(sink) }
    }

    /// Adds a line.
    pub fn push(&mut self, unix_second: i64, entry: &Entry<'_>) {
        self.lines.push(unix_second, entry);
        if self.lines.text.len() >= BATCH_BYTES {
            self.flush();
        }
    }

    /// Hands the collected lines to the writer. Never waits for the sink.
    pub fn flush(&mut self) {
        if self.lines.text.is_empty() {
            return;
        }
        if let Some(sink) = self.unused.take() {
            match Writer::start(self.lines.format(), sink) {
                Ok(writer) => self.writer = Some(writer),
                // The system has no thread to give now: these lines are lost, the next ones try again.
                Err(sink) => self.unused = sink,
            }
        }
        if let Some(writer) = &mut self.writer {
            writer.give(&mut self.lines.text, self.lines.count);
        }
        self.lines.clear();
    }

    /// Hands over what there is and waits until it is written, at most one second. Returns whether it is.
    pub fn finish(&mut self) -> bool {
        self.flush();
        self.writer.as_mut().is_none_or(|writer| writer.finish(FINISH_TIMEOUT))
    }
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        self.finish();
    }
}
