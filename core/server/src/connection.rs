//! Spine 1: one connection's life. Octets arrive, the protocol that is spoken makes requests of them, answers leave.
//!
//! A connection is a [`Link`] (socket, TLS, what waits to be sent) and a [`Protocol`]. It begins with HTTP/1, may become
//! HTTP/2 or a WebSocket once, and ends by lingering where the peer still sends. This file has the events and the turns;
//! `http1.rs`, `http2.rs` and `websocket.rs` what the octets mean.
//!
//! Events are edges: whoever stops before the socket is empty leaves `readable` set, or octets held back, and `rest` looks
//! at both. While a protocol does not want to read, nothing is read: backpressure is the kernel's.

mod http1;
mod http2;
mod link;
mod protocol;
mod websocket;

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::Duration;

use spica_tls::Session;
use spica_websocket::Prepared;

use crate::application::{Application, Called, Token};
use crate::clock::Tick;
use crate::output::Flushed;
use crate::reactor::Worker;
use crate::reply::Reply;

use http1::Http1;
pub use http2::settings as http2_settings;
use http2::Http2;
use link::Arrived;
pub use link::Link;
pub use protocol::After;
use protocol::Protocol;
use websocket::WebSocket;

/// Reads in a row before other connections get their turn.
const READS_PER_TURN: usize = 8;
/// What somebody else's transport may feed beyond what is served.
const FED_AHEAD: usize = 64 * 1024;
/// The longest that a deadline can be away: "never".
pub const NEVER: Tick = Tick::MAX;

/// What the reactor does with the connection next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing until its next event.
    Keep,
    /// Call `on_readable` again soon: there is more, but it was others' turn.
    Again,
    /// Forget it.
    Close,
}

/// One connection, with or without a socket.
pub struct Connection {
    link: Link,
    protocol: Protocol,
}

impl Connection {
    /// A connection that has just been accepted; its head deadline runs from now.
    pub fn new(
        socket: Option<OwnedFd>,
        peer: Option<SocketAddr>,
        tls: Option<Box<Session>>,
        token: Token,
        deadline: Tick,
    ) -> Self {
        Connection { link: Link::new(socket, peer, tls, token, deadline), protocol: Protocol::Http1(Http1::new()) }
    }

    /// The connection's name.
    pub fn token(&self) -> Token {
        self.link.token
    }

    /// When it must have gone on.
    pub fn deadline(&self) -> Tick {
        self.link.deadline
    }

    /// Where the deadline wheel holds its entry.
    pub fn entered(&self) -> Tick {
        self.link.entered
    }

    /// Remembers where the deadline wheel holds its entry.
    pub fn set_entered(&mut self, entered: Tick) {
        self.link.entered = entered;
    }

    /// The server stops: each protocol says goodbye in its way, and an idle connection ends now, or after `linger`.
    pub fn on_drain<A: Application>(&mut self, worker: &mut Worker<A>, linger: Duration) -> Next {
        match &mut self.protocol {
            Protocol::Http2(http2) => {
                http2.drain(worker, linger);
                self.rest(worker)
            }
            Protocol::WebSocket(websocket) => {
                websocket.on_drain(worker);
                self.settle(worker)
            }
            Protocol::Http1(http1) if http1.is_idle(&self.link) => {
                // Not served here: the owner may be inside a task, where no other task can take its first step.
                if self.link.has_arrived() {
                    self.link.readable = true;
                    Next::Again
                } else if linger > Duration::ZERO {
                    self.link.deadline = self.link.deadline.min(worker.clock.after(linger));
                    Next::Keep
                } else {
                    Next::Close
                }
            }
            Protocol::Http1(_) | Protocol::Linger(_) => Next::Keep,
        }
    }

    /// Reads until the socket is empty, or the protocol wants no more for now.
    pub fn on_readable<A: Application>(&mut self, worker: &mut Worker<A>) -> Next {
        self.link.readable = true;
        self.proceed(worker)
    }

    /// There is something to read, and too much to do. Returns whether it must be put in line: it is there once.
    pub fn wait_in_line(&mut self) -> bool {
        self.link.readable = true;
        !std::mem::replace(&mut self.link.in_line, true)
    }

    /// Its turn has come.
    pub fn on_turn<A: Application>(&mut self, worker: &mut Worker<A>) -> Next {
        self.link.in_line = false;
        self.proceed(worker)
    }

    /// Sends what waited for the peer; then goes on reading what waited for that.
    pub fn on_writable<A: Application>(&mut self, worker: &mut Worker<A>) -> Next {
        if !self.link.has_output() {
            return Next::Keep;
        }
        match self.settle(worker) {
            Next::Keep if !self.link.has_output() => self.proceed(worker),
            next => next,
        }
    }

    /// The peer is gone or will send no more (a half-closed connection counts as gone; see docs/decisions/0001).
    pub fn on_hang_up<A: Application>(&mut self, worker: &mut Worker<A>) -> Next {
        self.link.hung_up = true;
        self.on_readable(worker)
    }

    /// The deadline has passed.
    pub fn on_deadline<A: Application>(&mut self, worker: &mut Worker<A>) -> Next {
        let after = self.protocol.on_deadline(&mut self.link, worker);
        match after {
            After::Keep => self.rest(worker),
            after => self.conclude(worker, after),
        }
    }

    /// Takes octets for a connection that has no socket.
    pub fn feed<A: Application>(&mut self, worker: &mut Worker<A>, octets: &[u8]) -> Next {
        let (mut octets, mut plain) = (octets.to_vec(), std::mem::take(&mut worker.plain));
        let arrived = self.link.take(worker, &mut octets, &mut plain);
        self.receive_arrived(worker, &arrived, &mut octets, &mut plain);
        worker.plain = plain;
        self.after_arrival(worker, &arrived).unwrap_or_else(|| self.proceed(worker))
    }

    /// Puts a connection without a socket under flow control.
    pub fn limit(&mut self, credit: usize) {
        self.link.limit(credit);
    }

    /// What was delivered has been written by whose transport it is.
    pub fn on_written<A: Application>(&mut self, worker: &mut Worker<A>, octets: usize) -> Next {
        self.link.add_credit(octets);
        self.on_writable(worker)
    }

    /// Whether who feeds the connection must be told to go on, or to stop.
    pub fn flow_change(&mut self) -> Option<bool> {
        if !self.link.is_limited() {
            return None;
        }
        // Somebody else's transport sees that its peer is gone only while it reads, so it is stopped late.
        let wants = self.protocol.wants_input(&self.link) || self.protocol.buffered() < FED_AHEAD;
        self.link.set_feeding(wants).then_some(wants)
    }

    /// Answers a waiting call, then serves what has come behind it.
    pub fn complete<A: Application>(
        &mut self,
        worker: &mut Worker<A>,
        stream: u32,
        write: impl FnOnce(&A, &mut Reply<'_>) -> Called,
    ) -> Next {
        match &mut self.protocol {
            Protocol::Http1(http1) => http1.complete(&mut self.link, worker, stream, write),
            Protocol::Http2(http2) => {
                http2.complete(&mut self.link, worker, stream, write);
                if !http2.is_idle() {
                    return Next::Again; // others may be complete too: their answers leave in one send
                }
            }
            Protocol::WebSocket(_) | Protocol::Linger(_) => return Next::Keep,
        }
        self.proceed(worker)
    }

    /// Ends a streamed answer, whole or broken off, then serves what has come behind it.
    pub fn finish_stream<A: Application>(&mut self, worker: &mut Worker<A>, stream: u32, whole: bool) -> Next {
        match &mut self.protocol {
            Protocol::Http1(http1) => http1.finish_stream(&mut self.link, worker, stream, whole),
            Protocol::Http2(http2) => http2.finish_stream(&self.link, worker, stream, whole),
            Protocol::WebSocket(_) | Protocol::Linger(_) => return Next::Keep,
        }
        self.proceed(worker)
    }

    /// Looks at the boxes of a call that waits. Its handler may be running, so no other is called here.
    pub fn attend<A: Application>(&mut self, worker: &mut Worker<A>, stream: u32) -> Next {
        match &mut self.protocol {
            Protocol::Http1(http1) => match http1.attend(&self.link, worker, stream) {
                true => self.proceed(worker),
                false => Next::Keep,
            },
            Protocol::Http2(http2) => match http2.attend(&self.link, worker, stream) {
                true => self.rest(worker),
                false => Next::Keep,
            },
            Protocol::WebSocket(websocket) => match websocket.attend(worker, stream) {
                true => self.proceed(worker),
                false => Next::Keep,
            },
            Protocol::Linger(_) => Next::Keep,
        }
    }

    /// Sends an interim response (103) ahead of an answer that is still to come.
    pub fn interim<A: Application>(&mut self, worker: &mut Worker<A>, stream: u32, head: &[u8]) -> Next {
        match &mut self.protocol {
            Protocol::Http1(http1) => match http1.interim(worker, stream, head) {
                true => self.proceed(worker),
                false => Next::Keep,
            },
            Protocol::Http2(http2) => match http2.interim(stream, head) {
                true => self.rest(worker),
                false => Next::Keep,
            },
            Protocol::WebSocket(_) | Protocol::Linger(_) => Next::Keep,
        }
    }

    /// The handler of a WebSocket has come to its end.
    pub fn finish_socket<A: Application>(&mut self, worker: &mut Worker<A>, stream: u32) -> Next {
        match &mut self.protocol {
            Protocol::WebSocket(websocket) => match websocket.finish(worker, stream) {
                true => self.proceed(worker),
                false => Next::Keep,
            },
            Protocol::Http1(_) | Protocol::Http2(_) | Protocol::Linger(_) => Next::Keep,
        }
    }

    /// Sends a message that others get too; reads nothing.
    pub fn broadcast<A: Application>(&mut self, worker: &mut Worker<A>, message: &mut Prepared) -> Next {
        let Protocol::WebSocket(websocket) = &mut self.protocol else { return Next::Keep };
        match websocket.broadcast(&mut self.link, worker, message) {
            Flushed::All if websocket.is_open() => Next::Keep,
            Flushed::All | Flushed::Blocked => self.settle(worker),
            Flushed::Broken => Next::Close,
        }
    }

    /// What still waits is told that the connection is gone; its owner forgets it afterwards.
    pub fn abandon<A: Application>(&mut self, worker: &mut Worker<A>) {
        self.protocol.abandon(&self.link, worker);
    }

    /// Serves what was held back, then what the socket holds, for a turn.
    fn proceed<A: Application>(&mut self, worker: &mut Worker<A>) -> Next {
        let mut turns = 0;
        loop {
            if let Protocol::Linger(_) = self.protocol {
                return self.drain(worker);
            }
            // Without a socket there is no event that would come back here, so the turn has no end.
            if !self.can_go_on() || (turns == READS_PER_TURN && self.link.has_socket()) {
                return self.rest(worker);
            }
            turns += 1;
            if self.protocol.has_held_back(&self.link) {
                self.protocol.serve_held_back(&mut self.link, worker);
            } else if self.link.must_wait_for_handshakes(worker) {
                return Next::Again;
            } else if let Some(next) = self.read_once(worker) {
                return next;
            }
            if self.has_more() && self.flush(worker) == Flushed::Broken {
                return Next::Close;
            }
        }
    }

    /// Reads and serves one buffer. Returns what is next when that is decided.
    fn read_once<A: Application>(&mut self, worker: &mut Worker<A>) -> Option<Next> {
        let (mut buffer, mut plain) = (std::mem::take(&mut worker.buffer), std::mem::take(&mut worker.plain));
        let arrived = self.link.read(worker, &mut buffer, &mut plain);
        self.receive_arrived(worker, &arrived, &mut buffer, &mut plain);
        (worker.buffer, worker.plain) = (buffer, plain);
        self.after_arrival(worker, &arrived)
    }

    fn receive_arrived<A: Application>(
        &mut self,
        worker: &mut Worker<A>,
        arrived: &Arrived,
        clear: &mut [u8],
        plain: &mut [u8],
    ) {
        let octets = match arrived {
            Arrived::Clear(n) => &mut clear[..*n],
            _ => plain,
        };
        if self.link.take_http2_choice() {
            self.begin_http2(worker);
        }
        if !octets.is_empty() {
            self.receive(worker, octets);
        }
    }

    /// Speaks HTTP/2 from now on.
    fn begin_http2<A: Application>(&mut self, worker: &mut Worker<A>) {
        self.protocol = Protocol::Http2(Box::new(Http2::new(worker)));
    }

    fn after_arrival<A: Application>(&mut self, worker: &mut Worker<A>, arrived: &Arrived) -> Option<Next> {
        match arrived {
            Arrived::Clear(_) | Arrived::Decrypted | Arrived::Nothing => None,
            Arrived::End => Some(self.on_end(worker)),
            Arrived::Failed => Some(self.on_failed(worker)),
            Arrived::Broken => Some(Next::Close),
        }
    }

    /// Settles, and asks for another turn when something can go on at once: its event is spent.
    fn rest<A: Application>(&mut self, worker: &mut Worker<A>) -> Next {
        match self.settle(worker) {
            Next::Keep if self.can_go_on() => Next::Again,
            next => next,
        }
    }

    /// Whether there may be something to serve: octets that were held back, or that the socket has.
    fn has_more(&self) -> bool {
        self.link.readable || self.protocol.has_held_back(&self.link)
    }

    /// Whether there may be something, and the protocol would serve it.
    fn can_go_on(&self) -> bool {
        self.has_more() && self.protocol.wants_input(&self.link)
    }

    fn receive<A: Application>(&mut self, worker: &mut Worker<A>, octets: &mut [u8]) {
        match &mut self.protocol {
            Protocol::Http1(http1) => {
                http1.receive(&mut self.link, worker, octets);
                if let Some(preface) = http1.take_http2_preface() {
                    self.begin_http2(worker);
                    self.receive(worker, &mut preface.into_boxed_slice());
                }
            }
            Protocol::Http2(http2) => http2.receive(&mut self.link, worker, octets),
            Protocol::WebSocket(websocket) => websocket.receive(worker, octets),
            Protocol::Linger(_) => {}
        }
    }

    /// The peer has sent its last octet.
    fn on_end<A: Application>(&mut self, worker: &mut Worker<A>) -> Next {
        self.link.readable = false;
        self.link.hung_up = true;
        if let Protocol::Linger(_) = self.protocol {
            return Next::Close;
        }
        self.protocol.on_end(&mut self.link, worker);
        self.settle(worker)
    }

    /// TLS has failed: what could be said about it is on its way, and nothing else can be.
    fn on_failed<A: Application>(&mut self, worker: &mut Worker<A>) -> Next {
        worker.out.clear();
        match self.link.flush(worker) {
            Flushed::Broken => Next::Close,
            Flushed::All | Flushed::Blocked => self.end(worker, true),
        }
    }

    /// Sends what has been written, decides whether the connection goes on and sets its deadline.
    fn settle<A: Application>(&mut self, worker: &mut Worker<A>) -> Next {
        let flushed = self.flush(worker);
        if flushed == Flushed::Broken {
            return Next::Close;
        }
        let after = self.protocol.settle(&mut self.link, worker, flushed == Flushed::All);
        self.conclude(worker, after)
    }

    fn flush<A: Application>(&mut self, worker: &mut Worker<A>) -> Flushed {
        if let Protocol::Http2(http2) = &mut self.protocol {
            http2.write(&self.link, worker);
        }
        self.link.flush(worker)
    }

    fn conclude<A: Application>(&mut self, worker: &mut Worker<A>, after: After) -> Next {
        match after {
            After::Keep => Next::Keep,
            After::Close => Next::Close,
            After::Upgrade => self.upgrade(worker),
            After::End { unread } => self.end(worker, unread),
        }
    }

    /// The socket is accepted: what has come behind the request are frames.
    fn upgrade<A: Application>(&mut self, worker: &mut Worker<A>) -> Next {
        let Protocol::Http1(http1) = &mut self.protocol else { return Next::Keep };
        let Some((socket, in_flight, input)) = http1.take_upgraded(worker) else { return Next::Close };
        let mut websocket = Box::new(WebSocket::new(worker, socket, in_flight, input));
        websocket.push_out(worker);
        self.protocol = Protocol::WebSocket(websocket);
        self.proceed(worker)
    }

    /// Ends the connection; lingers first when unread input would make the kernel send a reset over our answer.
    fn end<A: Application>(&mut self, worker: &mut Worker<A>, unread: bool) -> Next {
        self.protocol.abandon(&self.link, worker);
        if !self.link.end(worker, unread) {
            return Next::Close;
        }
        self.protocol = Protocol::Linger(0);
        self.link.deadline = worker.clock.after(worker.options.linger_timeout);
        self.drain(worker)
    }

    fn drain<A: Application>(&mut self, worker: &mut Worker<A>) -> Next {
        let Protocol::Linger(drained) = &mut self.protocol else { return Next::Keep };
        let most = worker.options.linger_bytes.saturating_sub(*drained);
        match self.link.skip(worker, most) {
            Some(skipped) => {
                *drained += skipped;
                Next::Keep
            }
            None => Next::Close,
        }
    }
}
