//! What an operator may set, with the source of each default.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use spica_coding::Policy;
use spica_files::Root;
use spica_http1::Limits;

use crate::forwarded::{Fields, TrustedProxies};

/// Limits and deadlines of one reactor.
#[derive(Clone, Debug)]
pub struct Options {
    /// Sizes enforced while bytes arrive.
    pub limits: Limits,
    /// From the first byte of a head (or the accept) to its last byte; slow heads hold a connection no longer (promise 15).
    pub head_timeout: Duration,
    /// From the end of the head to the end of the content, absolute.
    pub content_timeout: Duration,
    /// How long an idle connection is kept for the next request (nginx's default is 75 s too).
    pub keep_alive_timeout: Duration,
    /// How long a peer may take nothing of an answer that waits for it.
    pub write_timeout: Duration,
    /// How long, after an early answer, unread input is drained so that the answer is not lost to a reset (RFC 9112 9.6).
    pub linger_timeout: Duration,
    /// Bytes drained at most while lingering (promise 6).
    pub linger_bytes: usize,
    /// Connections accepted at most; more wait in the kernel's backlog.
    pub max_connections: usize,
    /// Calls that may wait at the same time; beyond, requests are answered 503, those of vital routes excepted.
    pub max_waiting: usize,
    /// Whether HTTP/2 is spoken: to clients that begin with its preface in clear text. Over TLS, ALPN has decided.
    pub http2: bool,
    /// Requests on one HTTP/2 connection that may be unanswered at the same time.
    pub http2_max_streams: u32,
    /// How long a request may wait in line for its turn before others are answered 503 instead of joining the line.
    pub max_queue: Duration,
    /// Where content too large for memory waits, in files without a name.
    pub spool_folder: PathBuf,
    /// Peers whose forwarded fields are believed; nobody by default.
    pub trusted_proxies: TrustedProxies,
    /// Which forwarded fields those peers set.
    pub forwarded_fields: Fields,
    /// Limits and deadlines of WebSockets.
    pub sockets: SocketOptions,
    /// Response fields added to every answer that does not set them itself.
    pub fields: Vec<(String, String)>,
    /// How answers are compressed; `None` for not at all.
    pub compression: Option<Policy>,
    /// Folders whose files answer GET and HEAD where no route does, in order.
    pub files: Vec<Arc<Root>>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            limits: Limits::default(),
            head_timeout: Duration::from_secs(20),
            content_timeout: Duration::from_secs(60),
            keep_alive_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(60),
            linger_timeout: Duration::from_secs(2),
            linger_bytes: 256 * 1024,
            max_connections: 16_384,
            max_waiting: 10_000,
            http2: true,
            http2_max_streams: 256,
            max_queue: Duration::from_millis(500),
            spool_folder: std::env::temp_dir(),
            trusted_proxies: TrustedProxies::default(),
            forwarded_fields: Fields::default(),
            sockets: SocketOptions::default(),
            fields: Vec::new(),
            compression: Some(Policy::default()),
            files: Vec::new(),
        }
    }
}

/// Limits and deadlines of WebSockets.
#[derive(Clone, Copy, Debug)]
pub struct SocketOptions {
    /// Octets of a message, as sent and inflated (RFC 6455 10.4).
    pub max_message: usize,
    /// Octets of what is broadcast that wait for a peer; beyond, it is closed with 1013 (promise 12).
    pub max_queue: usize,
    /// The silence after which a peer is asked for a sign of life, and after that given up; zero never.
    pub ping_interval: Duration,
    /// How long the peer may take to answer our Close frame.
    pub close_timeout: Duration,
    /// Whether permessage-deflate is agreed on with clients that offer it.
    pub deflate: bool,
}

impl Default for SocketOptions {
    fn default() -> Self {
        SocketOptions {
            max_message: 1 << 20,
            max_queue: 1 << 20,
            ping_interval: Duration::from_secs(30),
            close_timeout: Duration::from_secs(5),
            deflate: true,
        }
    }
}
