//! The event loop's inner half: descriptors become events, events become calls on connections.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{epoll, eventfd, EventfdFlags};
use rustix::time::{
    timerfd_create, timerfd_settime, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec,
};
use spica_http1::Head;
use spica_router::Params;

use crate::access_log::{AccessLog, Entry};
use crate::application::{Application, Token};
use crate::clock::{Clock, TICK};
use crate::connection::{Connection, Next};
use crate::deadlines::Deadlines;
use crate::listener::{accept, Accepted};
use crate::options::Options;
use crate::reply::{Heads, Reply, ReplyError};

/// Bytes read at a time; also what a connection can hold of pipelined requests behind a waiting one (promise 5).
const READ_BYTES: usize = 64 * 1024;
/// Events taken from the kernel at a time.
const EVENTS: usize = 256;
/// Times the kernel is asked again before the outer loop gets its turn.
const ROUNDS: usize = 4;
/// The longest stay in one poll before the outer loop gets its turn.
const TURN: Duration = Duration::from_millis(2);

/// Event data of the descriptors that are not connections; connections use their token, whose key is smaller.
const TIMER: u64 = u64::MAX;
const WAKE: u64 = u64::MAX - 1;
const LISTENER: u64 = u64::MAX - 1024;

/// Running totals, for health pages and tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Requests whose head was complete and valid.
    pub requests: u64,
    /// Input that was refused as no request.
    pub refused: u64,
    /// Connections accepted.
    pub accepted: u64,
}

/// What connections share: the application, buffers reused from request to request, the clock.
pub struct Worker<A: Application> {
    pub(crate) app: A,
    pub(crate) options: Options,
    pub(crate) clock: Clock,
    pub(crate) heads: Heads,
    pub(crate) buffer: Vec<u8>,
    pub(crate) out: Vec<u8>,
    pub(crate) head: Head,
    pub(crate) params: Params,
    pub(crate) log: Option<AccessLog>,
    pub(crate) counts: Counts,
    pub(crate) draining: bool,
}

impl<A: Application> Worker<A> {
    pub(crate) fn log_line(&mut self, entry: &Entry<'_>) {
        let now = self.clock.unix_second();
        if let Some(log) = &mut self.log {
            log.push(now, entry);
        }
    }
}

/// Sockets, connections and timers of one worker.
pub struct Reactor<A: Application> {
    epoll: OwnedFd,
    timer: OwnedFd,
    timer_runs: bool,
    wake: OwnedFd,
    listeners: Vec<OwnedFd>,
    paused: bool,
    connections: Vec<Option<Box<Connection>>>,
    free: Vec<u32>,
    open: usize,
    generation: u32,
    again: Vec<Token>,
    deadlines: Deadlines,
    due: Vec<(u32, Token)>,
    events: Vec<epoll::Event>,
    worker: Worker<A>,
}

impl<A: Application> Reactor<A> {
    /// Opens the epoll descriptor, the timer and the wake-up.
    ///
    /// # Errors
    /// When the system refuses a descriptor, or a default response field can't be sent.
    pub fn new(app: A, options: Options, log: Option<AccessLog>) -> io::Result<Self> {
        let clock = Clock::new();
        let heads = Heads::new(&options.fields, &clock)
            .map_err(|error: ReplyError| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        let wake = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        epoll::add(&epoll, &timer, epoll::EventData::new_u64(TIMER), epoll::EventFlags::IN)?;
        epoll::add(&epoll, &wake, epoll::EventData::new_u64(WAKE), epoll::EventFlags::IN)?;
        Ok(Reactor {
            epoll,
            timer,
            timer_runs: false,
            wake,
            listeners: Vec::new(),
            paused: false,
            connections: Vec::new(),
            free: Vec::new(),
            open: 0,
            generation: 0,
            again: Vec::new(),
            deadlines: Deadlines::new(),
            due: Vec::new(),
            events: Vec::with_capacity(EVENTS),
            worker: Worker {
                app,
                options,
                clock,
                heads,
                buffer: vec![0; READ_BYTES],
                out: Vec::with_capacity(READ_BYTES),
                head: Head::new(),
                params: Params::new(),
                log,
                counts: Counts::default(),
                draining: false,
            },
        })
    }

    /// The descriptor to watch for reading.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }

    /// The application.
    pub fn app(&self) -> &A {
        &self.worker.app
    }

    /// Running totals.
    pub fn counts(&self) -> Counts {
        self.worker.counts
    }

    /// Connections open now.
    pub fn connections(&self) -> usize {
        self.open
    }

    /// Accepts from a bound, listening, non-blocking socket.
    ///
    /// # Errors
    /// When the system refuses to watch it.
    pub fn listen(&mut self, socket: OwnedFd) -> io::Result<()> {
        rustix::io::ioctl_fionbio(&socket, true)?;
        let data = epoll::EventData::new_u64(LISTENER + self.listeners.len() as u64);
        // Exclusive: of several workers that watch one socket, one is woken for a connection.
        epoll::add(&self.epoll, &socket, data, epoll::EventFlags::IN | epoll::EventFlags::EXCLUSIVE)?;
        self.listeners.push(socket);
        Ok(())
    }

    /// Serves whatever is ready, without ever blocking.
    ///
    /// # Errors
    /// When the epoll descriptor itself fails, which nothing here can mend.
    pub fn poll(&mut self) -> io::Result<()> {
        let began = Instant::now();
        self.refresh_clock();
        self.run_again();
        for _ in 0..ROUNDS {
            let mut events = std::mem::take(&mut self.events);
            events.clear();
            let taken =
                epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
            for event in &events {
                self.dispatch(event.data.u64(), event.flags);
            }
            self.events = events;
            match taken {
                Ok(0) => break,
                Ok(_) if began.elapsed() < TURN => {}
                Ok(_) | Err(rustix::io::Errno::INTR) => break,
                Err(error) => return Err(error.into()),
            }
        }
        self.end_turn();
        Ok(())
    }

    /// Answers a call that had returned `Waiting`. Returns whether its connection was still there.
    pub fn complete(&mut self, token: Token, write: impl FnOnce(&A, &mut Reply<'_>)) -> bool {
        self.refresh_clock();
        let known = self.with(token, |connection, worker| connection.complete(worker, write));
        self.end_turn();
        known
    }

    /// Opens a connection without a socket: what it would send goes to `Application::deliver`.
    pub fn open(&mut self) -> Token {
        self.refresh_clock();
        let token = self.insert(None, None);
        self.end_turn();
        token
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

    /// Stops accepting and tells every connection to end after its current request; idle ones end now, but not before
    /// a request that has arrived already is answered.
    pub fn drain(&mut self) {
        self.worker.draining = true;
        for listener in std::mem::take(&mut self.listeners) {
            // Closing the descriptor ends the watch, but another process may share it, so say it (epoll(7), Q6).
            let _ = epoll::delete(&self.epoll, &listener);
        }
        let idle: Vec<(Token, bool)> = self
            .connections
            .iter()
            .flatten()
            .filter(|connection| connection.is_idle())
            .map(|connection| (connection.token(), connection.has_arrived()))
            .collect();
        for (token, arrived) in idle {
            if arrived {
                // Not here: the owner may be inside a task, where no other task can take its first step.
                self.again.push(token);
            } else {
                self.hang_up(token);
            }
        }
        self.end_turn();
    }

    /// Ends every connection, whatever it does.
    pub fn abort(&mut self) {
        let all: Vec<Token> = self.connections.iter().flatten().map(|connection| connection.token()).collect();
        for token in all {
            self.hang_up(token);
        }
    }

    fn refresh_clock(&mut self) {
        if self.worker.clock.refresh() {
            self.worker.heads.refresh(&self.worker.clock);
        }
    }

    fn dispatch(&mut self, data: u64, flags: epoll::EventFlags) {
        match data {
            TIMER => self.on_timer(),
            WAKE => {
                let mut counter = [0; 8];
                let _ = rustix::io::read(&self.wake, &mut counter);
            }
            LISTENER.. => self.on_acceptable((data - LISTENER) as usize),
            token => self.on_event(Token(token), flags),
        }
    }

    fn on_event(&mut self, token: Token, flags: epoll::EventFlags) {
        use epoll::EventFlags as Flags;
        self.with(token, |connection, worker| {
            if flags.intersects(Flags::ERR | Flags::HUP) {
                return Next::Close;
            }
            let mut next = Next::Keep;
            if flags.contains(Flags::OUT) {
                next = connection.on_writable(worker);
            }
            if next != Next::Close && flags.contains(Flags::IN) {
                next = connection.on_readable(worker);
            }
            if next != Next::Close && flags.contains(Flags::RDHUP) {
                next = connection.on_hang_up(worker);
            }
            next
        });
    }

    fn on_acceptable(&mut self, index: usize) {
        while self.open < self.worker.options.max_connections {
            let Some(listener) = self.listeners.get(index) else { return };
            match accept(listener) {
                Accepted::Connection(socket, peer) => {
                    self.worker.counts.accepted += 1;
                    self.insert(Some(socket), peer);
                }
                Accepted::Empty => return,
                Accepted::Exhausted => break,
            }
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
            let data = epoll::EventData::new_u64(LISTENER + index as u64);
            let _ = if pause {
                epoll::delete(&self.epoll, listener)
            } else {
                epoll::add(&self.epoll, listener, data, epoll::EventFlags::IN | epoll::EventFlags::EXCLUSIVE)
            };
        }
        if pause {
            self.run_timer(true);
        }
    }

    fn insert(&mut self, socket: Option<OwnedFd>, peer: Option<std::net::SocketAddr>) -> Token {
        let key = self.free.pop().unwrap_or_else(|| {
            self.connections.push(None);
            self.connections.len() as u32 - 1
        });
        // The upper half stays below the special event data: a generation never reaches all ones.
        self.generation = (self.generation + 1) % (u32::MAX - 1);
        let token = Token(u64::from(self.generation) << 32 | u64::from(key));
        if let Some(socket) = &socket {
            use epoll::EventFlags as Flags;
            let flags = Flags::IN | Flags::OUT | Flags::RDHUP | Flags::ET;
            if epoll::add(&self.epoll, socket, epoll::EventData::new_u64(token.0), flags).is_err() {
                self.free.push(key);
                return token;
            }
        }
        let deadline = self.worker.clock.after(self.worker.options.head_timeout);
        self.deadlines.rest_until(self.worker.clock.tick());
        let mut connection = Box::new(Connection::new(socket, peer, token, deadline));
        connection.entered = self.deadlines.insert(deadline, token);
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
        match step(connection, &mut self.worker) {
            Next::Close => {
                if let Some(mut connection) = slot.take() {
                    self.free.push(key as u32);
                    self.open -= 1;
                    self.worker.out.clear();
                    if let Some(call) = connection.take_call() {
                        self.worker.app.cancel(call);
                    }
                    self.worker.app.deliver(token, b"", true);
                }
            }
            next => {
                if connection.deadline < connection.entered {
                    connection.entered = self.deadlines.insert(connection.deadline, token);
                }
                if next == Next::Again {
                    self.again.push(token);
                }
            }
        }
        true
    }

    fn run_again(&mut self) {
        for token in std::mem::take(&mut self.again) {
            self.with(token, |connection, worker| connection.on_readable(worker));
        }
    }

    fn on_timer(&mut self) {
        let mut expirations = [0; 8];
        let _ = rustix::io::read(&self.timer, &mut expirations);
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
            if connection.entered != at {
                return Next::Keep; // an outdated entry: the connection has a nearer one
            }
            if connection.deadline > now {
                moved = Some(connection.deadline);
                return Next::Keep;
            }
            // Waits for whatever deadline the step sets: `with` enters it, because `entered` is farther.
            connection.entered = u32::MAX;
            connection.on_deadline(worker)
        });
        if let Some(deadline) = moved {
            let entered = self.deadlines.insert(deadline, token);
            if let Some(Some(connection)) = self.connections.get_mut((token.0 & 0xffff_ffff) as usize) {
                connection.entered = entered;
            }
        }
    }

    fn run_timer(&mut self, run: bool) {
        if self.timer_runs == run {
            return;
        }
        self.timer_runs = run;
        let tick = if run { TICK } else { Duration::ZERO };
        let tick = Timespec { tv_sec: tick.as_secs() as i64, tv_nsec: tick.subsec_nanos().into() };
        let _ =
            timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &Itimerspec { it_interval: tick, it_value: tick });
    }

    /// Writes the log and asks for another poll when some connection gave way to others.
    fn end_turn(&mut self) {
        if let Some(log) = &mut self.worker.log {
            log.flush();
        }
        if !self.again.is_empty() {
            let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
        }
    }
}
