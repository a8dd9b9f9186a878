//! What a connection allows its peer.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use spica_http1::Limits;

/// Limits of one connection and of each request on it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Limits of one request, the same as those of HTTP/1.1.
    pub request: Limits,
    /// Fields of the answers that [`crate::Connection`] gives by itself; see [`Settings::set_fields`].
    pub fields: Arc<HeaderMap>,
    /// Octets of a decoded field block as HPACK counts them (32 more a field). Beyond: 431; far beyond: GOAWAY.
    pub header_list: u32,
    /// Octets of the heads of all running requests together. Beyond: the new stream is refused, to be retried.
    pub running_heads: usize,
    /// Requests running at once, counted until [`crate::Connection::finish`].
    pub max_streams: u32,
    /// Octets of content a stream may have in flight before [`crate::Connection::release`]; at least 65,535.
    pub stream_window: u32,
    /// The same for all streams of the connection together.
    pub connection_window: u32,
    /// Octets of the largest frame accepted, 16,384 to 16,777,215.
    pub max_frame: u32,
    /// Octets a stream may have queued before [`crate::Sent::full`].
    pub stream_queue: usize,
    /// Octets all streams together may have queued before [`crate::Sent::full`].
    pub connection_queue: usize,
    /// Octets of output waiting for [`crate::Connection::take_output`] at which no more is produced.
    pub output: usize,
    /// Frames that do no work (SETTINGS, PING, PRIORITY, WINDOW_UPDATE, ...) a peer may send at once.
    pub control_frames: u32,
    /// How many of those it gets back each second, besides what it earns by requests and by taking output.
    pub control_frames_per_second: u32,
    /// Streams a peer may have reset or refused at once.
    pub resets: u32,
    /// How many of those it gets back each second.
    pub resets_per_second: u32,
    /// Malformed requests and other stream errors in the life of a connection.
    pub stream_errors: usize,
    /// How long the preface, a field block or a control frame may take.
    pub header_timeout: Duration,
    /// How long queued output may make no progress.
    pub write_timeout: Duration,
    /// How long a connection without a request is kept.
    pub idle_timeout: Duration,
    /// How long a peer with running requests may be silent before it is asked by a PING.
    pub keep_alive: Duration,
    /// How long it may take to answer the PING, and to finish after a GOAWAY without running requests.
    pub ping_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            request: Limits::default(),
            fields: Arc::default(),
            header_list: 64 * 1024,
            running_heads: 1024 * 1024,
            max_streams: 256,
            stream_window: 256 * 1024,
            connection_window: 1024 * 1024,
            max_frame: 16 * 1024,
            stream_queue: 64 * 1024,
            connection_queue: 256 * 1024,
            output: 64 * 1024,
            control_frames: 1_000,
            control_frames_per_second: 100,
            resets: 1_000,
            resets_per_second: 100,
            stream_errors: 256,
            header_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            keep_alive: Duration::from_secs(30),
            ping_timeout: Duration::from_secs(15),
        }
    }
}

impl Settings {
    /// Adds fields to the answers to requests that reach no handler. Names and values were checked where they were declared.
    pub fn set_fields(&mut self, fields: &[(String, String)]) {
        let pairs =
            fields.iter().filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, value.parse().ok()?)));
        self.fields = Arc::new(pairs.collect::<HeaderMap<HeaderValue>>());
    }
}
