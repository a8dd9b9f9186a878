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

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::Instant;

use rustix::net::{recv, RecvFlags};
use spica_http1::{ContentReader, Head, Refusal};

use crate::access_log::Entry;
use crate::application::{Application, Called, Request, Token};
use crate::clock::Tick;
use crate::output::{Flushed, Output};
use crate::reactor::Worker;
use crate::reply::{Answer, Reply, Shape};

/// Queued answers above this stop serving and reading until the peer has taken them; so does one queued file.
const OUTPUT_HIGH: usize = 256 * 1024;
/// Reads in a row before other connections get their turn.
const READS_PER_TURN: usize = 8;
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

/// A request whose head is complete and whose content is not.
struct Arriving {
    bytes: Vec<u8>,
    head: Head,
    reader: ContentReader,
    content: Vec<u8>,
}

/// A request whose handler has not answered yet.
struct WaitingCall {
    call: usize,
    shape: Shape,
    log: Option<(Vec<u8>, Vec<u8>, Instant)>,
}

/// How `serve` leaves the input.
enum Parsed {
    Incomplete { consumed: usize },
    Answered { consumed: usize },
}

/// One connection, with or without a socket.
pub struct Connection {
    socket: Option<OwnedFd>,
    peer: Option<SocketAddr>,
    token: Token,
    stage: Stage,
    /// When the stage must be over.
    pub deadline: Tick,
    /// Where the deadline wheel holds this connection's entry.
    pub entered: Tick,
    input: Vec<u8>,
    scanned: usize,
    arriving: Option<Box<Arriving>>,
    waiting: Option<Box<WaitingCall>>,
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
    pub fn new(socket: Option<OwnedFd>, peer: Option<SocketAddr>, token: Token, deadline: Tick) -> Self {
        Connection {
            socket,
            peer,
            token,
            stage: Stage::Head,
            deadline,
            entered: NEVER,
            input: Vec::new(),
            scanned: 0,
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

    /// The waiting call, taken, so that the owner can cancel it.
    pub fn take_call(&mut self) -> Option<usize> {
        self.waiting.take().map(|waiting| waiting.call)
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
    pub fn complete<A: Application>(&mut self, worker: &mut Worker<A>, write: impl FnOnce(&A, &mut Reply<'_>)) -> Next {
        let Some(waiting) = self.waiting.take() else { return Next::Keep };
        let mut file = None;
        let shape = Shape { keep_alive: waiting.shape.keep_alive && !worker.draining, ..waiting.shape };
        let mut reply = Reply::new(&mut worker.out, &mut file, &worker.heads, shape);
        let unwound = catch_unwind(AssertUnwindSafe(|| write(&worker.app, &mut reply))).is_err();
        let answer = reply.answer();
        self.after_call(worker, answer, unwound, file, shape, waiting.log);
        self.proceed(worker)
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
        self.arriving = None;
        self.input = Vec::new();
        self.refuse(worker, Refusal { status: 408, reason });
        self.settle(worker)
    }

    /// Whether the next request may be served, and more read.
    fn may_serve(&self) -> bool {
        self.waiting.is_none() && !self.closing && !self.is_full(0)
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
        self.input = Vec::new();
        self.closing = true;
        self.lingers = false;
        self.settle(worker)
    }

    /// The life of requests: parse, route, call, write, for as many as are complete. Returns the bytes consumed.
    fn serve<A: Application>(&mut self, worker: &mut Worker<A>, input: &[u8]) -> usize {
        let mut at = 0;
        self.held_back = false;
        while at < input.len() && !self.closing {
            if self.waiting.is_some() || self.is_full(worker.out.len()) {
                self.held_back = true;
                break;
            }
            let parsed = match self.arriving.take() {
                None => self.parse_request(worker, &input[at..]),
                Some(arriving) => self.parse_content(worker, arriving, &input[at..]),
            };
            match parsed {
                Ok(Parsed::Answered { consumed }) => at += consumed,
                Ok(Parsed::Incomplete { consumed }) => return at + consumed,
                Err(refusal) => {
                    self.refuse(worker, refusal);
                    return input.len();
                }
            }
        }
        if self.closing && at < input.len() {
            self.lingers = true;
        }
        at
    }

    /// Routes and calls. A panic is a 500 and the end of this connection, never of the worker.
    fn call<A: Application>(&mut self, worker: &mut Worker<A>, bytes: &[u8], head: &Head, content: &[u8]) {
        self.stage = Stage::Idle;
        let method = head.method.of(bytes);
        let shape =
            Shape { head_only: method == b"HEAD", keep_alive: head.keep_alive && !worker.draining, minor: head.minor };
        let log = worker.log.as_ref().map(|_| (method.to_vec(), head.target.of(bytes).to_vec(), Instant::now()));
        worker.counts.requests += 1;
        let mut file = None;
        let mut reply = Reply::new(&mut worker.out, &mut file, &worker.heads, shape);
        let request = Request { bytes, head, content, peer: self.peer, token: self.token };
        let (app, params) = (&worker.app, &mut worker.params);
        let called = catch_unwind(AssertUnwindSafe(|| {
            let found = app.router().find(method, head.path.of(bytes), params);
            app.call(found, params, &request, &mut reply)
        }));
        match called {
            Ok(Called::Waiting(call)) => {
                self.waiting = Some(Box::new(WaitingCall { call, shape, log }));
                self.enter(Stage::Handler, NEVER);
            }
            Ok(Called::Answered) => {
                let answer = reply.answer();
                self.after_call(worker, answer, false, file, shape, log);
            }
            Err(_) => {
                let answer = reply.answer();
                self.after_call(worker, answer, true, file, shape, log);
            }
        }
    }

    /// Keeps the order of bytes and files, closes when the answer says so, and logs.
    fn after_call<A: Application>(
        &mut self,
        worker: &mut Worker<A>,
        answer: Option<Answer>,
        unwound: bool,
        file: Option<crate::reply::FileBody>,
        shape: Shape,
        log: Option<(Vec<u8>, Vec<u8>, Instant)>,
    ) {
        let answer = match answer {
            Some(answer) if !unwound => answer,
            // What was written before a panic can't be trusted to be whole: say no more than 500, and close.
            None => worker.error(500, "the server failed to answer", shape.head_only),
            Some(answer) => Answer { close: true, ..answer },
        };
        if let Some(file) = file {
            let output = self.output.get_or_insert_with(Box::default);
            output.push(&worker.out);
            output.push_file(file);
            worker.out.clear();
        }
        self.stage = Stage::Idle;
        self.closing |= answer.close;
        if let Some((method, target, since)) = log {
            let entry = Entry {
                method: &method,
                target: &target,
                status: answer.status,
                bytes: answer.bytes,
                since,
                peer: self.peer,
            };
            worker.log_line(&entry);
        }
    }

    /// Answers what is not a request. The rest of the input can't be trusted, so the connection ends (promise 6).
    fn refuse<A: Application>(&mut self, worker: &mut Worker<A>, refusal: Refusal) {
        worker.counts.refused += 1;
        worker.error(refusal.status, refusal.reason, false);
        self.closing = true;
        self.lingers = true;
    }

    /// Sends what has been written, decides whether the connection goes on and sets its deadline.
    fn settle<A: Application>(&mut self, worker: &mut Worker<A>) -> Next {
        let options = &worker.options;
        let (write, idle) = (options.write_timeout, options.keep_alive_timeout);
        match self.flush(worker) {
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
        if self.waiting.is_some() {
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
}
