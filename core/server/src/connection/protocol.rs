//! What is spoken on a connection, and what each protocol is asked in turn.

use super::http1::Http1;
use super::http2::Http2;
use super::link::Link;
use super::websocket::WebSocket;
use super::FED_AHEAD;
use crate::application::Application;
use crate::reactor::Worker;

/// What a protocol makes of the state that it is in once everything at hand is served.
pub enum After {
    /// Go on.
    Keep,
    /// Close at once: the peer is gone, or nothing can be said.
    Close,
    /// Another protocol is spoken from here on.
    Upgrade,
    /// Everything is said. `unread`: the peer may still send, and a reset would destroy what it has not read.
    End {
        /// See above.
        unread: bool,
    },
}

/// What is spoken.
pub enum Protocol {
    Http1(Http1),
    WebSocket(Box<WebSocket>),
    Http2(Box<Http2>),
    /// Everything is said; what the peer still sends is read past, this much so far.
    Linger(usize),
}

impl Protocol {
    /// Whether it would serve more.
    pub fn wants_input(&self, link: &Link) -> bool {
        match self {
            Protocol::Http1(http1) => http1.wants_input(link),
            Protocol::WebSocket(websocket) => websocket.wants_input(link),
            Protocol::Http2(http2) => http2.wants_input() || http2.is_ready(link),
            Protocol::Linger(_) => true,
        }
    }

    /// Whether octets have been read that are not served.
    pub fn has_held_back(&self, link: &Link) -> bool {
        match self {
            Protocol::Http1(http1) => http1.has_held_back(),
            Protocol::WebSocket(websocket) => websocket.has_held_back(),
            Protocol::Http2(http2) => http2.is_ready(link),
            Protocol::Linger(_) => false,
        }
    }

    /// Octets that have been read and not served.
    pub fn buffered(&self) -> usize {
        match self {
            Protocol::Http1(http1) => http1.buffered(),
            Protocol::WebSocket(websocket) => websocket.buffered(),
            // Bounded by the windows: it stops by itself.
            Protocol::Http2(http2) if http2.wants_input() => 0,
            Protocol::Http2(_) => FED_AHEAD,
            Protocol::Linger(_) => 0,
        }
    }

    /// Serves what was held back.
    pub fn serve_held_back<A: Application>(&mut self, link: &mut Link, worker: &mut Worker<A>) {
        match self {
            Protocol::Http1(http1) => http1.serve_input(link, worker),
            Protocol::WebSocket(websocket) => websocket.serve_input(worker),
            Protocol::Http2(http2) => http2.serve(link, worker),
            Protocol::Linger(_) => {}
        }
    }

    /// The deadline has passed.
    pub fn on_deadline<A: Application>(&mut self, link: &mut Link, worker: &mut Worker<A>) -> After {
        match self {
            Protocol::Http1(http1) => http1.on_deadline(link, worker),
            Protocol::WebSocket(websocket) => websocket.on_deadline(link, worker),
            Protocol::Http2(http2) => http2.on_deadline(link, worker),
            Protocol::Linger(_) => After::Close,
        }
    }

    /// The peer has sent its last octet.
    pub fn on_end<A: Application>(&mut self, link: &mut Link, worker: &mut Worker<A>) {
        match self {
            Protocol::Http1(http1) => http1.on_end(),
            Protocol::WebSocket(websocket) => websocket.on_end(),
            Protocol::Http2(http2) => http2.on_end(link, worker),
            Protocol::Linger(_) => {}
        }
    }

    /// Decides whether the connection goes on, and sets its deadline. `sent`: the kernel has taken all that was written.
    pub fn settle<A: Application>(&mut self, link: &mut Link, worker: &mut Worker<A>, sent: bool) -> After {
        match self {
            Protocol::Http1(http1) => http1.settle(link, worker, sent),
            Protocol::WebSocket(websocket) => websocket.settle(link, worker, sent),
            Protocol::Http2(http2) => http2.settle(link, worker, sent),
            Protocol::Linger(_) => After::Keep,
        }
    }

    /// What still waits is told that the connection is gone.
    pub fn abandon<A: Application>(&mut self, link: &Link, worker: &mut Worker<A>) {
        match self {
            Protocol::Http1(http1) => http1.abandon(link, worker),
            Protocol::WebSocket(websocket) => websocket.abandon(link, worker),
            Protocol::Http2(http2) => http2.abandon(link, worker),
            Protocol::Linger(_) => {}
        }
    }
}
