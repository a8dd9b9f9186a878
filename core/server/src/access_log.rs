//! One line a request, written in batches: the only log line that the core writes itself.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Instant;

use crate::clock::timestamp;

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people: `09:30:00 GET /posts 200 1.2 kB 0.41 ms`.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// Collects lines during a poll and writes them at its end.
pub struct AccessLog {
    format: LogFormat,
    lines: Vec<u8>,
    sink: Box<dyn Write>,
}

/// What a line tells.
pub struct Entry<'a> {
    /// The request's method and target as sent; the parser lets only visible ASCII through, so a line stays a line.
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
    /// Writes to `sink` in `format`.
    pub fn new(format: LogFormat, sink: Box<dyn Write>) -> Self {
        AccessLog { format, lines: Vec::new(), sink }
    }

    /// Adds a line.
    pub fn push(&mut self, unix_second: i64, entry: &Entry<'_>) {
        let ms = entry.since.elapsed().as_secs_f64() * 1000.0;
        let (method, target) = (String::from_utf8_lossy(entry.method), String::from_utf8_lossy(entry.target));
        let time = timestamp(unix_second);
        // Writing to a Vec does not fail.
        let _ = match self.format {
            LogFormat::Text => {
                writeln!(
                    self.lines,
                    "{} {method} {target} {} {} B {ms:.2} ms",
                    &time[11..19],
                    entry.status,
                    entry.bytes
                )
            }
            LogFormat::Json => writeln!(
                self.lines,
                r#"{{"time":"{time}","event":"request","method":"{}","target":"{}","status":{},"bytes":{},"ms":{ms:.3},"peer":"{}"}}"#,
                escaped(&method),
                escaped(&target),
                entry.status,
                entry.bytes,
                entry.peer.map(|peer| peer.ip().to_string()).unwrap_or_default()
            ),
        };
    }

    /// Hands the collected lines to the sink. A sink that fails loses lines, never a request.
    pub fn flush(&mut self) {
        if !self.lines.is_empty() {
            let _ = self.sink.write_all(&self.lines).and_then(|()| self.sink.flush());
            self.lines.clear();
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
