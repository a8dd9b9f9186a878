//! Spine 1: one connection's life. Bytes arrive, become requests, are routed, called and answered, in order.
//!
//! States (`Stage`), what each waits for and what ends it:
//!
//! | stage   | waits for                        | deadline                    | then                        |
//! |---------|----------------------------------|-----------------------------|-----------------------------|
//! | Idle    | the first byte of a request      | keep_alive_timeout          | close in silence            |
//! | Head    | the rest of a head               | head_timeout, absolute      | 408 and close               |
//! | Content | the rest of the content          | content_timeout, absolute   | 408 and close               |
//! | Handler | the application                  | none: the handler has its own | -                         |
//! | Write   | the peer to take its answer      | write_timeout, per progress | close                       |
//! | Linger  | the peer to stop sending         | linger_timeout, absolute    | close                       |
//!
//! Requests are handled strictly one after the other, so pipelined answers are in order. While a handler waits or the
//! peer does not take its answers, no request is served and nothing more is read: backpressure is the kernel's. Events are
//! edges: whoever stops before the socket is empty leaves `readable` or `held_back` set, and `rest` looks at both.
//!
//! Here are the events and the order of stages; `receiving` has how octets become requests, `sending` how answers leave.

mod receiving;
mod sending;
mod serving;

use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use rustix::net::{recv, RecvFlags};
use spica_http1::Refusal;
use spica_tls::Session;

use crate::application::{Application, Called, Exchange, Token};
use crate::clock::Tick;
use crate::exchange::InFlight;
use crate::inbox::End;
use crate::output::{Flushed, Output};
use crate::reactor::Worker;
use crate::reply::Reply;

use receiving::{Arriving, Sink};

/// Queued answers above this stop serving and reading until the peer has taken them; so does one queued file.
const OUTPUT_HIGH: usize = 256 * 1024;
/// Queued octets of a streamed answer above this ask its handler to wait.
const STREAM_HIGH: usize = 64 * 1024;
/// Reads in a row before other connections get their turn.
const READS_PER_TURN: usize = 8;
/// TLS handshakes finished in a row before other connections get their turn.
const HANDSHAKES_PER_TURN: u32 = 8;
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Idle,
    Head,
    Content,
    Handler,
    Write,
    Linger,
}

/// One connection, with or without a socket.
pub struct Connection {
    socket: Option<OwnedFd>,
    peer: Option<SocketAddr>,
    token: Token,
    tls: Option<Box<Session>>,
    stage: Stage,
    /// When the stage must be over.
    pub deadline: Tick,
    /// Where the deadline wheel holds this connection's entry.
    pub entered: Tick,
    input: Vec<u8>,
    scanned: usize,
    /// Requests called so far; the number of the next one.
    requests: u32,
    arriving: Option<Box<Arriving>>,
    waiting: Option<Box<InFlight>>,
    output: Option<Box<Output>>,
    /// The socket may hold bytes, or its end, that have not been read.
    readable: bool,
    /// `input` may hold whole requests: serving stopped for a waiting call or a full output.
    held_back: bool,
    /// The peer has ended its side; the end itself may still have to be read.
    hung_up: bool,
    closing: bool,
    lingers: bool,
    drained: usize,
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
        Connection {
            socket,
            peer,
            token,
            tls,
            stage: Stage::Head,
            deadline,
            entered: NEVER,
            input: Vec::new(),
            scanned: 0,
            requests: 0,
            arriving: None,
            waiting: None,
            output: None,
            readable: false,
            held_back: false,
            hung_up: false,
            closing: false,
            lingers: false,
            drained: 0,
        }
    }

    /// The connection's name.
    pub fn token(&self) -> Token {
        self.token
    }

    /// Whether nothing is in flight, so that a draining server may close it.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_none() && self.arriving.is_none() && self.output.is_none() && self.holds_nothing()
    }

    /// Whether the kernel holds bytes that have not been read.
    pub fn has_arrived(&self) -> bool {
        let Some(socket) = &self.socket else { return false };
        matches!(recv(socket, &mut [0; 1][..], RecvFlags::PEEK | RecvFlags::DONTWAIT), Ok((n, _)) if n > 0)
    }

    /// No part of a request has been read. An empty line is none: RFC 9112 2.2 lets clients send one after a request.
    fn holds_nothing(&self) -> bool {
        self.input.is_empty() || self.input == b"\r\n"
    }

    /// Reads until the socket is empty, a handler waits, or the peer owes us reading.
    pub fn on_readable<A: Application>(&mut self, worker: &mut Worker<A>) -> Next {
        self.readable = true;
        self.proceed(worker)
    }

    /// Serves what was held back, then what the socket holds, for a turn.
    fn proceed<A: Application>(&mut self, worker: &mut Worker<A>) -> Next {
        let mut turns = 0;
        loop {
            if self.stage == Stage::Linger {
                return self.drain(worker);
            }
            // Without a socket there is no event that would come back here, so the turn has no end.
            if !self.may_serve()
                || !(self.held_back || self.readable)
                || (turns == READS_PER_TURN && self.socket.is_some())
            {
                return self.rest(worker);
            }
            turns += 1;
            if self.must_wait_for_handshakes(worker) {
                return Next::Again;
            }
            if self.held_back {
                self.serve_input(worker);
            } else if let Some(next) = self.read_once(worker) {
                return next;
            }
            if (self.held_back || self.readable) && self.flush(worker) == Flushed::Broken {
                return Next::Close;
            }
        }
    }

    /// A handshake costs as much as a hundred requests, so a turn has only some of them.
    fn must_wait_for_handshakes<A: Application>(&self, worker: &Worker<A>) -> bool {
        worker.handshakes >= HANDSHAKES_PER_TURN && self.tls.as_ref().is_some_and(|session| session.is_handshaking())
    }

    /// Settles, and asks for another turn when something can go on at once: its event is spent.
    fn rest<A: Application>(&mut self, worker: &mut Worker<A>) -> Next {
        match self.settle(worker) {
            Next::Keep if self.may_serve() && (self.held_back || self.readable) => Next::Again,
            next => next,
        }
    }

    /// Sends what waited for the peer; then goes on reading what waited for that.
    pub fn on_writable<A: Application>(&mut self, worker: &mut Worker<A>) -> Next {
        if self.output.is_none() {
            return Next::Keep;
        }
        match self.settle(worker) {
            Next::Keep if self.output.is_none() => self.proceed(worker),
            next => next,
        }
    }

    /// Takes bytes for a connection that has no socket.
    pub fn feed<A: Application>(&mut self, worker: &mut Worker<A>, bytes: &[u8]) -> Next {
        self.receive(worker, bytes);
        self.proceed(worker)
    }

    /// Answers the waiting call, then serves what has been pipelined behind it.
    pub fn complete<A: Application>(
        &mut self,
        worker: &mut Worker<A>,
        stream: u32,
        write: impl FnOnce(&A, &mut Reply<'_>) -> Called,
    ) -> Next {
        let Some(in_flight) = self.take_waiting(worker, stream) else { return Next::Keep };
        self.answer_waiting(worker, in_flight, write);
        self.proceed(worker)
    }

    /// Ends a streamed answer, whole or broken off, then serves what has been pipelined behind it.
    pub fn finish_stream<A: Application>(&mut self, worker: &mut Worker<A>, stream: u32, whole: bool) -> Next {
        let Some(in_flight) = self.take_waiting(worker, stream) else { return Next::Keep };
        self.end_streaming(worker, *in_flight, whole);
        self.proceed(worker)
    }

    /// Looks at the boxes of a call that waits. Its handler may be running, so no other is called here.
    pub fn attend<A: Application>(&mut self, worker: &mut Worker<A>, stream: u32) -> Next {
        match &mut self.waiting {
            Some(in_flight) if in_flight.stream == stream => {}
            _ => return Next::Keep,
        }
        self.push_streamed(worker);
        self.continue_content(worker);
        self.proceed(worker)
    }

    /// Sends an interim response (103) ahead of an answer that is still to come.
    pub fn interim<A: Application>(&mut self, worker: &mut Worker<A>, stream: u32, head: &[u8]) -> Next {
        match &self.waiting {
            Some(in_flight) if in_flight.stream == stream && in_flight.streaming.is_none() => {
                worker.out.extend_from_slice(head);
                self.proceed(worker)
            }
            _ => Next::Keep,
        }
    }

    /// What still waits is told that the connection is gone; its owner forgets it afterwards.
    pub fn abandon<A: Application>(&mut self, worker: &mut Worker<A>) {
        if let Some(arriving) = self.arriving.take() {
            arriving.abandon();
        }
        if let Some(in_flight) = self.waiting.take() {
            worker.waiting -= 1;
            if let Some(streaming) = &in_flight.streaming {
                streaming.outbox.set_gone();
                worker.log_answer(self.peer, in_flight.log.as_ref(), streaming.status, streaming.sent);
            }
            worker.app.cancel(in_flight.call);
        }
    }

    /// The stage's deadline has passed.
    pub fn on_deadline<A: Application>(&mut self, worker: &mut Worker<A>) -> Next {
        match self.stage {
            Stage::Head if !self.holds_nothing() => self.time_out(worker, "the request's head took too long"),
            Stage::Content => self.time_out(worker, "the request's content took too long"),
            Stage::Handler => Next::Keep,
            Stage::Idle | Stage::Head | Stage::Write | Stage::Linger => Next::Close,
        }
    }

    /// The peer is gone or will send no more (a half-closed connection counts as gone; see docs/decisions/0001).
    pub fn on_hang_up<A: Application>(&mut self, worker: &mut Worker<A>) -> Next {
        self.hung_up = true;
        self.on_readable(worker)
    }

    fn time_out<A: Application>(&mut self, worker: &mut Worker<A>, reason: &'static str) -> Next {
        let refusal = Refusal { status: 408, reason };
        self.input = Vec::new();
        if self.waiting.is_some() {
            self.break_content(worker, refusal);
        } else {
            self.arriving = None;
            self.refuse(worker, refusal);
        }
        self.settle(worker)
    }

    /// Whether the next request may be served, and more read.
    fn may_serve(&self) -> bool {
        !self.closing && if self.waiting.is_some() { self.takes_content() } else { !self.is_full(0) }
    }

    /// Whether content of the request in hand may be read while its handler is at work.
    fn takes_content(&self) -> bool {
        self.arriving.as_ref().is_some_and(|arriving| match &arriving.sink {
            Sink::Stream(inbox) => inbox.has_room(),
            Sink::Whole { .. } | Sink::Nowhere => true,
        })
    }

    /// Whether the peer must take answers before more are made; `more` bytes are about to be queued.
    fn is_full(&self, more: usize) -> bool {
        let queued = self.output.as_ref();
        queued.map_or(more, |output| output.held() + more) >= OUTPUT_HIGH
            || queued.is_some_and(|output| output.has_file())
    }

    /// The peer has sent its last byte.
    fn on_end<A: Application>(&mut self, worker: &mut Worker<A>) -> Next {
        self.readable = false;
        self.hung_up = true;
        self.input = Vec::new();
        self.closing = true;
        self.lingers = false;
        self.settle(worker)
    }

    /// Sends what has been written, decides whether the connection goes on and sets its deadline.
    fn settle<A: Application>(&mut self, worker: &mut Worker<A>) -> Next {
        let options = &worker.options;
        let (write, idle) = (options.write_timeout, options.keep_alive_timeout);
        let flushed = self.flush(worker);
        self.report_room(worker);
        match flushed {
            Flushed::Broken => return Next::Close,
            Flushed::Blocked => {
                let fresh = worker.clock.after(write);
                let deadline = self.output.as_mut().map_or(fresh, |output| output.deadline(fresh));
                self.enter(Stage::Write, deadline);
                return if self.is_abandoned() { Next::Close } else { Next::Keep };
            }
            Flushed::All => {}
        }
        if self.is_abandoned() {
            return Next::Close;
        }
        if self.closing && self.waiting.is_none() {
            return self.finish(worker);
        }
        if self.waiting.is_some() && !self.takes_content() {
            self.enter(Stage::Handler, NEVER);
        } else if self.arriving.is_some() {
            self.enter(Stage::Content, worker.clock.after(worker.options.content_timeout));
        } else if self.holds_nothing() && self.stage != Stage::Head {
            if worker.draining {
                self.closing = true;
                return self.finish(worker);
            }
            self.enter(Stage::Idle, worker.clock.after(idle));
        } else if self.stage == Stage::Idle || self.stage == Stage::Write {
            self.enter(Stage::Head, worker.clock.after(worker.options.head_timeout));
        }
        Next::Keep
    }

    /// A handler works for a peer that is gone.
    fn is_abandoned(&self) -> bool {
        self.waiting.is_some() && self.hung_up
    }

    /// Changes the stage. Absolute deadlines are set when the stage is entered and not moved while it lasts.
    fn enter(&mut self, stage: Stage, deadline: Tick) {
        let absolute = matches!(stage, Stage::Head | Stage::Content | Stage::Linger);
        if !(absolute && self.stage == stage) {
            self.stage = stage;
            self.deadline = deadline;
        }
    }

    fn take_waiting<A: Application>(&mut self, worker: &mut Worker<A>, stream: u32) -> Option<Box<InFlight>> {
        let in_flight = self.waiting.take_if(|in_flight| in_flight.stream == stream)?;
        worker.waiting -= 1;
        Some(in_flight)
    }

    fn exchange(&self) -> Exchange {
        Exchange { token: self.token, stream: self.requests }
    }

    /// The content that a handler reads will not be whole: tells it, and ends the connection after its answer.
    fn break_content<A: Application>(&mut self, worker: &mut Worker<A>, refusal: Refusal) {
        if let Some(Sink::Stream(inbox)) = self.arriving.take().map(|arriving| arriving.sink) {
            inbox.end(End::Broken(refusal), Vec::new());
            self.tell_content(worker, &inbox);
        }
        if let Some(in_flight) = &mut self.waiting {
            in_flight.shape.keep_alive = false;
        }
        self.lingers = true;
    }
}
