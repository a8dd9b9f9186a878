//! The event loop's inner half: descriptors become events, events become calls on connections.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use spica_http1::Head;
use spica_http2::Settings;
use spica_router::Params;
use spica_tls::{Acceptor, Session};
use spica_websocket::{Deflater, Inflater, Kind, Prepared};

use crate::access_log::{AccessLog, Entry};
use crate::application::{Application, Called, Exchange, Token};
use crate::clock::{Clock, TICK};
use crate::compression::Compressor;
use crate::connection::{http2_settings, Connection, Next};
use crate::deadlines::Deadlines;
use crate::exchange::{Broadcast, LogLine, Notice};
use crate::line::{Arrival, Line};
use crate::listener::{accept, Accepted, Reserve};
use crate::options::Options;
use crate::poller::{Events, Poller, Ready, LISTENER, TIMER, WAKE};
use crate::reply::{Heads, Reply, ReplyError};
use crate::socket::Sockets;
use crate::system::keep_alive;

/// Bytes read at a time; also what a connection can hold of pipelined requests behind a waiting one (promise 5).
const READ_BYTES: usize = 64 * 1024;
/// Times the kernel is asked again before the outer loop gets its turn.
const ROUNDS: usize = 4;
/// The longest stay in one poll before the outer loop gets its turn.
const TURN: Duration = Duration::from_millis(2);
/// zlib's level for what is broadcast.
const BROADCAST_LEVEL: u32 = 6;
/// After this much work in one poll, connections that become readable wait in line (promise 21).
const LATE_MS: u64 = 12;

/// Running totals, for health pages and tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Requests whose head was complete and valid.
    pub requests: u64,
    /// Input that was refused as no request.
    pub refused: u64,
    /// Connections accepted.
    pub accepted: u64,
    /// Requests answered 503 because too many waited.
    pub overloaded: u64,
    /// Connections turned away for want of descriptors.
    pub shed: u64,
    /// WebSockets accepted.
    pub sockets: u64,
    /// WebSockets open now.
    pub open_sockets: usize,
    /// WebSockets closed because their peer read too slowly.
    pub slow_sockets: u64,
}

/// What connections share: the application, buffers reused from request to request, the clock.
pub struct Worker<A: Application> {
    pub(crate) app: A,
    pub(crate) options: Options,
    pub(crate) http2: Arc<Settings>,
    pub(crate) clock: Clock,
    pub(crate) heads: Heads,
    pub(crate) compressor: Compressor,
    pub(crate) buffer: Vec<u8>,
    pub(crate) out: Vec<u8>,
    pub(crate) scratch: Vec<u8>,
    pub(crate) plain: Vec<u8>,
    /// TLS handshakes finished in this turn.
    pub(crate) handshakes: u32,
    pub(crate) head: Option<Box<Head>>,
    pub(crate) params: Params,
    pub(crate) log: Option<AccessLog>,
    pub(crate) counts: Counts,
    pub(crate) draining: bool,
    /// Requests that are complete now are too many.
    pub(crate) sheds: bool,
    /// Calls that wait or stream, on all connections.
    pub(crate) waiting: usize,
    pub(crate) sockets: Rc<Sockets>,
    pub(crate) inflater: Inflater,
    /// For what is broadcast: compressed once, so it may take longer.
    pub(crate) deflater: Deflater,
}

impl<A: Application> Worker<A> {
    /// After a panic: the buffers that were in use are gone, or hold what nobody may see.
    fn recover(&mut self) {
        self.buffer.resize(READ_BYTES, 0);
        self.out.clear();
        self.sheds = false;
    }

    pub(crate) fn log_answer(&mut self, peer: Option<SocketAddr>, line: Option<&LogLine>, status: u16, bytes: u64) {
        let now = self.clock.unix_second();
        if let (Some(log), Some(line)) = (&mut self.log, line) {
            let LogLine { method, target, since } = line;
            log.push(now, &Entry { method, target, status, bytes, since: *since, peer });
        }
    }
}

/// Sockets, connections and timers of one worker.
pub struct Reactor<A: Application> {
    poller: Poller,
    timer_runs: bool,
    /// The wake-up has been written and not read.
    woken: bool,
    listeners: Vec<Listener>,
    paused: bool,
    reserve: Reserve,
    connections: Vec<Option<Box<Connection>>>,
    free: Vec<u32>,
    open: usize,
    generation: u32,
    /// Connections that gave way to others in the middle of what they have.
    again: VecDeque<Token>,
    /// Connections that came when there was too much to do.
    line: Line,
    /// When the poll began, for whoever comes late in it.
    began_ms: u64,
    deadlines: Deadlines,
    due: Vec<(u32, Token)>,
    events: Events,
    notices: Notices,
    /// To whom something is broadcast; empty in between.
    addressed: Vec<Token>,
    worker: Worker<A>,
}

/// A socket that is accepted from.
struct Listener {
    socket: OwnedFd,
    tls: Option<Acceptor>,
}

/// Where a handler that runs inside the reactor's turn leaves what is to be done at its end.
#[derive(Clone, Default)]
pub struct Notices(Rc<RefCell<VecDeque<Notice>>>);

impl Notices {
    /// Asks for [`Reactor::attend`].
    pub fn attend(&self, exchange: Exchange) {
        self.0.borrow_mut().push_back(Notice::Attend(exchange));
    }

    /// Asks for [`Reactor::interim`].
    pub fn interim(&self, exchange: Exchange, head: Vec<u8>) {
        self.0.borrow_mut().push_back(Notice::Interim(exchange, head));
    }

    /// Asks for [`Reactor::broadcast`].
    pub fn broadcast(&self, topic: &str, kind: Kind, payload: &[u8], except: Option<Token>) {
        let broadcast = Broadcast { topic: topic.to_owned(), kind, payload: payload.to_vec(), except };
        self.0.borrow_mut().push_back(Notice::Broadcast(broadcast));
    }

    /// Asks for [`Reactor::finish_socket`].
    pub fn finish_socket(&self, exchange: Exchange) {
        self.0.borrow_mut().push_back(Notice::FinishSocket(exchange));
    }

    fn pop(&self) -> Option<Notice> {
        self.0.borrow_mut().pop_front()
    }
}

impl<A: Application> Reactor<A> {
    /// Opens the poller, with its tick and its wake-up.
    ///
    /// # Errors
    /// When the system refuses a descriptor, or a default response field can't be sent.
    pub fn new(app: A, options: Options, log: Option<AccessLog>) -> io::Result<Self> {
        let clock = Clock::new();
        let heads = Heads::new(&options.fields, &clock)
            .map_err(|error: ReplyError| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))?;
        let sockets = Sockets::new(options.sockets);
        let compressor = Compressor::new(options.compression.clone());
        Ok(Reactor {
            poller: Poller::new()?,
            timer_runs: false,
            woken: false,
            listeners: Vec::new(),
            paused: false,
            reserve: Reserve::new(),
            connections: Vec::new(),
            free: Vec::new(),
            open: 0,
            generation: 0,
            again: VecDeque::new(),
            line: Line::default(),
            began_ms: 0,
            deadlines: Deadlines::new(),
            due: Vec::new(),
            events: Events::default(),
            notices: Notices::default(),
            addressed: Vec::new(),
            worker: Worker {
                app,
                http2: Arc::new(http2_settings(&options)),
                options,
                clock,
                heads,
                compressor,
                buffer: vec![0; READ_BYTES],
                out: Vec::with_capacity(READ_BYTES),
                scratch: Vec::new(),
                plain: Vec::new(),
                handshakes: 0,
                head: None,
                params: Params::new(),
                log,
                counts: Counts::default(),
                draining: false,
                sheds: false,
                waiting: 0,
                sockets,
                inflater: Inflater::new(),
                deflater: Deflater::new(BROADCAST_LEVEL),
            },
        })
    }

    /// The descriptor to watch for reading.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.poller.as_fd()
    }

    /// The application.
    pub fn app(&self) -> &A {
        &self.worker.app
    }

    /// Running totals.
    pub fn counts(&self) -> Counts {
        let sockets = &self.worker.sockets;
        Counts {
            sockets: sockets.accepted.get(),
            open_sockets: sockets.open.get(),
            slow_sockets: sockets.too_slow.get(),
            ..self.worker.counts
        }
    }

    /// What its WebSockets share, for `Request::upgrade`.
    pub fn sockets(&self) -> Rc<Sockets> {
        self.worker.sockets.clone()
    }

    /// Connections open now.
    pub fn connections(&self) -> usize {
        self.open
    }

    /// Accepts from a bound, listening, non-blocking socket, speaking TLS where there is an acceptor.
    ///
    /// # Errors
    /// When the system refuses to watch it.
    pub fn listen(&mut self, socket: OwnedFd, tls: Option<Acceptor>) -> io::Result<()> {
        rustix::io::ioctl_fionbio(&socket, true)?;
        keep_alive(socket.as_fd());
        self.poller.watch_listener(&socket, LISTENER + self.listeners.len() as u64)?;
        self.listeners.push(Listener { socket, tls });
        Ok(())
    }

    /// Serves whatever is ready, without ever blocking.
    ///
    /// # Errors
    /// When the poller itself fails, which nothing here can mend.
    pub fn poll(&mut self) -> io::Result<()> {
        let began = Instant::now();
        self.worker.handshakes = 0;
        self.refresh_clock();
        self.began_ms = self.worker.clock.now_ms();
        let gave_way = self.again.len();
        for _ in 0..ROUNDS {
            let mut events = std::mem::take(&mut self.events);
            let taken = self.poller.wait(&mut events);
            for (key, ready) in events.iter() {
                self.dispatch(key, ready);
            }
            self.events = events;
            match taken {
                Ok(0) => break,
                Ok(_) if began.elapsed() < TURN => {}
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => break,
                Err(error) => return Err(error),
            }
        }
        self.run_again(gave_way);
        self.run_line();
        self.end_turn();
        Ok(())
    }

    /// Answers a call that had returned `Waiting`. Returns whether its connection was still there.
    pub fn complete(&mut self, exchange: Exchange, write: impl FnOnce(&A, &mut Reply<'_>) -> Called) -> bool {
        self.step(exchange, |connection, worker| connection.complete(worker, exchange.stream, write))
    }

    /// Ends an answer that had begun with `Streaming`: whole, or broken off, which ends its connection too.
    pub fn finish(&mut self, exchange: Exchange, whole: bool) -> bool {
        self.step(exchange, |connection, worker| connection.finish_stream(worker, exchange.stream, whole))
    }

    /// Ends a WebSocket whose handler has come to its end.
    pub fn finish_socket(&mut self, exchange: Exchange) -> bool {
        self.step(exchange, |connection, worker| connection.finish_socket(worker, exchange.stream))
    }

    /// Sends a message to every subscriber of a topic: encoded once, queued where a peer does not keep up. Returns to how
    /// many. `except` is left out.
    pub fn broadcast(&mut self, topic: &str, kind: Kind, payload: &[u8], except: Option<Token>) -> usize {
        self.refresh_clock();
        let count = self.send_to_all(topic, kind, payload, except);
        self.end_turn();
        count
    }

    fn send_to_all(&mut self, topic: &str, kind: Kind, payload: &[u8], except: Option<Token>) -> usize {
        let mut addressed = std::mem::take(&mut self.addressed);
        self.worker.sockets.topics.borrow().tokens(topic, except, &mut addressed);
        let count = addressed.len();
        if count > 0 {
            let mut message = Prepared::new(kind, payload);
            for token in addressed.drain(..) {
                self.with(token, |connection, worker| connection.broadcast(worker, &mut message));
            }
        }
        self.addressed = addressed;
        count
    }

    /// Sends what a call has pushed into its outbox, and reads on for its inbox. Calls no handler.
    pub fn attend(&mut self, exchange: Exchange) -> bool {
        self.step(exchange, |connection, worker| connection.attend(worker, exchange.stream))
    }

    /// Sends an interim response (RFC 9110 15.2) for a call that waits; `head` is whole and checked.
    pub fn interim(&mut self, exchange: Exchange, head: &[u8]) -> bool {
        self.step(exchange, |connection, worker| connection.interim(worker, exchange.stream, head))
    }

    /// Where to leave what can't be done while the reactor is at work.
    pub fn notices(&self) -> Notices {
        self.notices.clone()
    }

    fn step(&mut self, exchange: Exchange, step: impl FnOnce(&mut Connection, &mut Worker<A>) -> Next) -> bool {
        self.refresh_clock();
        let known = self.with(exchange.token, step);
        self.end_turn();
        known
    }

    /// Opens a connection without a socket: what it would send goes to `Application::deliver`.
    pub fn open(&mut self) -> Token {
        self.refresh_clock();
        let token = self.insert(None, None, None);
        self.end_turn();
        token
    }

    /// Opens a connection over somebody else's transport: at most `credit` octets are delivered before `written` says that
    /// they are written, and `Application::flow` says when to feed.
    pub fn open_over(&mut self, peer: Option<SocketAddr>, tls: Option<&Acceptor>, credit: usize) -> Option<Token> {
        let session = tls.map(Acceptor::session).transpose().ok()?.map(Box::new);
        self.refresh_clock();
        let token = self.insert(None, peer, session);
        self.with(token, |connection, _| {
            connection.limit(credit);
            Next::Keep
        });
        self.end_turn();
        Some(token)
    }

    /// Octets that were delivered are on their way.
    pub fn written(&mut self, token: Token, octets: usize) -> bool {
        self.refresh_clock();
        let known = self.with(token, |connection, worker| connection.on_written(worker, octets));
        self.end_turn();
        known
    }

    /// Gives a connection without a socket bytes to read.
    pub fn feed(&mut self, token: Token, bytes: &[u8]) -> bool {
        self.refresh_clock();
        let known = self.with(token, |connection, worker| connection.feed(worker, bytes));
        self.end_turn();
        known
    }

    /// Ends a connection at once, as if its peer had gone.
    pub fn hang_up(&mut self, token: Token) {
        self.with(token, |_, _| Next::Close);
    }

    /// Stops accepting and tells every connection to end after its current request; idle ones end after `linger`, but not
    /// before a request that arrives till then is answered.
    pub fn drain(&mut self, linger: Duration) {
        self.worker.draining = true;
        for listener in std::mem::take(&mut self.listeners) {
            self.poller.unwatch_listener(&listener.socket);
        }
        let all: Vec<Token> = self.connections.iter().flatten().map(|connection| connection.token()).collect();
        for token in all {
            self.with(token, |connection, worker| connection.on_drain(worker, linger));
        }
        self.end_turn();
    }

    /// Ends every connection, whatever it does.
    pub fn abort(&mut self) {
        let all: Vec<Token> = self.connections.iter().flatten().map(|connection| connection.token()).collect();
        for token in all {
            self.hang_up(token);
        }
        if let Some(log) = &mut self.worker.log {
            log.finish();
        }
    }

    fn refresh_clock(&mut self) {
        if self.worker.clock.refresh() {
            self.worker.heads.refresh(&self.worker.clock);
        }
    }

    fn dispatch(&mut self, key: u64, ready: Ready) {
        match key {
            TIMER => self.on_timer(),
            WAKE => {
                self.poller.clear_wake();
                self.woken = false;
            }
            LISTENER.. => self.on_acceptable((key - LISTENER) as usize),
            token => self.on_event(Token(token), ready),
        }
    }

    fn on_event(&mut self, token: Token, ready: Ready) {
        let patience = self.worker.options.max_queue;
        let arrival = self.line.admit(|| self.is_late(), self.began_ms, patience);
        let mut joins = false;
        self.with(token, |connection, worker| {
            if ready.is_broken() {
                return Next::Close;
            }
            let mut next = Next::Keep;
            if ready.is_writable() {
                next = connection.on_writable(worker);
            }
            if next != Next::Close && ready.is_readable() {
                next = match arrival {
                    Arrival::Serve => connection.on_readable(worker),
                    Arrival::Shed => {
                        worker.sheds = true;
                        let next = connection.on_readable(worker);
                        worker.sheds = false;
                        next
                    }
                    Arrival::Wait => {
                        joins = connection.wait_in_line();
                        Next::Keep
                    }
                };
            }
            if next != Next::Close && ready.is_hung_up() {
                next = connection.on_hang_up(worker);
            }
            next
        });
        if joins {
            self.line.join(token, self.began_ms);
        }
    }

    fn on_acceptable(&mut self, index: usize) {
        loop {
            let Some(Listener { socket, tls }) = self.listeners.get(index) else { return };
            if self.open >= self.worker.options.max_connections {
                break;
            }
            match accept(socket) {
                Accepted::Connection(accepted, peer) => {
                    let session = match tls.as_ref().map(Acceptor::session).transpose() {
                        Ok(session) => session.map(Box::new),
                        Err(_) => continue, // no randomness: dropping the socket is all that can be said
                    };
                    self.worker.counts.accepted += 1;
                    self.insert(Some(accepted), peer, session);
                }
                Accepted::Empty => return,
                Accepted::Exhausted => break,
            }
        }
        // Full, or out of descriptors: who waits is told so rather than left hanging.
        if let Some(Listener { socket, tls }) = self.listeners.get(index) {
            self.worker.counts.shed += self.reserve.shed(socket, tls.is_none()) as u64;
        }
        self.pause_accepting(true);
    }

    /// At the limit, the listeners are not watched, so that a full backlog does not spin; a tick or a close watches again.
    fn pause_accepting(&mut self, pause: bool) {
        if self.paused == pause {
            return;
        }
        self.paused = pause;
        for (index, listener) in self.listeners.iter().enumerate() {
            if pause {
                self.poller.unwatch_listener(&listener.socket);
            } else {
                let _ = self.poller.watch_listener(&listener.socket, LISTENER + index as u64);
            }
        }
        if pause {
            self.run_timer(true);
        }
    }

    fn insert(&mut self, socket: Option<OwnedFd>, peer: Option<SocketAddr>, tls: Option<Box<Session>>) -> Token {
        let key = self.free.pop().unwrap_or_else(|| {
            self.connections.push(None);
            self.connections.len() as u32 - 1
        });
        // The upper half stays below the special event data: a generation never reaches all ones.
        self.generation = (self.generation + 1) % (u32::MAX - 1);
        let token = Token(u64::from(self.generation) << 32 | u64::from(key));
        if let Some(socket) = &socket {
            if self.poller.watch(socket, token.0).is_err() {
                self.free.push(key);
                return token;
            }
        }
        let deadline = self.worker.clock.after(self.worker.options.head_timeout);
        self.deadlines.rest_until(self.worker.clock.tick());
        let mut connection = Box::new(Connection::new(socket, peer, tls, token, deadline));
        connection.set_entered(self.deadlines.insert(deadline, token));
        self.connections[key as usize] = Some(connection);
        self.open += 1;
        self.run_timer(true);
        token
    }

    /// Runs one step of a connection and does what it says. Returns whether the connection was there.
    fn with(&mut self, token: Token, step: impl FnOnce(&mut Connection, &mut Worker<A>) -> Next) -> bool {
        let key = (token.0 & 0xffff_ffff) as usize;
        let Some(slot) = self.connections.get_mut(key) else { return false };
        let Some(connection) = slot.as_mut().filter(|connection| connection.token() == token) else { return false };
        let worker = &mut self.worker;
        let next = catch_unwind(AssertUnwindSafe(|| step(connection, worker))).unwrap_or_else(|_| {
            worker.recover();
            Next::Close // what a panic left behind is not used again
        });
        let mut is_entered = false;
        match next {
            Next::Close => {
                if let Some(mut connection) = slot.take() {
                    self.free.push(key as u32);
                    self.open -= 1;
                    self.worker.out.clear();
                    connection.abandon(&mut self.worker);
                    self.worker.app.deliver(token, b"", true);
                }
            }
            next => {
                if let Some(feed) = connection.flow_change() {
                    self.worker.app.flow(token, feed);
                }
                if connection.deadline() < connection.entered() {
                    self.deadlines.rest_until(self.worker.clock.tick());
                    connection.set_entered(self.deadlines.insert(connection.deadline(), token));
                    is_entered = true;
                }
                if next == Next::Again && self.again.back() != Some(&token) {
                    self.again.push_back(token);
                }
            }
        }
        if is_entered {
            self.run_timer(true);
        }
        true
    }

    /// Whether this poll has worked long enough that others in it would notice.
    fn is_late(&self) -> bool {
        Clock::coarse_ms() - self.began_ms >= LATE_MS
    }

    /// Lets those who had given way before this poll go on.
    fn run_again(&mut self, gave_way: usize) {
        for _ in 0..gave_way {
            let Some(token) = self.again.pop_front() else { return };
            self.with(token, |connection, worker| connection.on_turn(worker));
        }
    }

    /// Gives those who wait their turn: one in any case, more as long as there is time.
    fn run_line(&mut self) {
        if self.line.is_empty() {
            return;
        }
        let (began, mut turns) = (Instant::now(), 0);
        while turns == 0 || !self.is_late() {
            let Some(token) = self.line.next() else { break };
            self.with(token, |connection, worker| connection.on_turn(worker));
            turns += 1;
        }
        self.line.learn(turns, began.elapsed());
    }

    fn on_timer(&mut self) {
        self.poller.clear_tick();
        self.reserve.refill();
        self.pause_accepting(false);
        let now = self.worker.clock.tick();
        let mut due = std::mem::take(&mut self.due);
        self.deadlines.take_due(now, &mut due);
        for (at, token) in due.drain(..) {
            self.on_due(at, token, now);
        }
        self.due = due;
        if self.deadlines.is_empty() && !self.paused {
            self.run_timer(false);
        }
    }

    fn on_due(&mut self, at: u32, token: Token, now: u32) {
        let mut moved = None;
        self.with(token, |connection, worker| {
            if connection.entered() != at {
                return Next::Keep; // an outdated entry: the connection has a nearer one
            }
            if connection.deadline() > now {
                moved = Some(connection.deadline());
                return Next::Keep;
            }
            // Waits for whatever deadline the step sets: `with` enters it, because `entered` is farther.
            connection.set_entered(u32::MAX);
            connection.on_deadline(worker)
        });
        if let Some(deadline) = moved {
            let entered = self.deadlines.insert(deadline, token);
            if let Some(Some(connection)) = self.connections.get_mut((token.0 & 0xffff_ffff) as usize) {
                connection.set_entered(entered);
            }
        }
    }

    fn run_timer(&mut self, run: bool) {
        if self.timer_runs == run {
            return;
        }
        self.timer_runs = run;
        self.poller.run_timer(run.then_some(TICK));
    }

    /// Does what handlers asked for during the turn.
    fn run_notices(&mut self) {
        while let Some(notice) = self.notices.pop() {
            match notice {
                Notice::Attend(exchange) => {
                    self.with(exchange.token, |connection, worker| connection.attend(worker, exchange.stream));
                }
                Notice::Interim(exchange, head) => {
                    self.with(exchange.token, |connection, worker| connection.interim(worker, exchange.stream, &head));
                }
                Notice::FinishSocket(exchange) => {
                    self.with(exchange.token, |connection, worker| connection.finish_socket(worker, exchange.stream));
                }
                Notice::Broadcast(Broadcast { topic, kind, payload, except }) => {
                    self.send_to_all(&topic, kind, &payload, except);
                }
            }
        }
    }

    /// Writes the log and asks for another poll when some connection gave way to others.
    fn end_turn(&mut self) {
        self.run_notices();
        if let Some(log) = &mut self.worker.log {
            log.flush();
        }
        if !(self.again.is_empty() && self.line.is_empty() || self.woken) {
            self.woken = self.poller.wake();
        }
    }
}
