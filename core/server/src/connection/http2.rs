//! HTTP/2 on a connection: many requests at once, each read, called and answered on its own stream.
//!
//! What octets mean is the business of `spica-http2`, which is driven here: its events become calls, answers become its
//! frames. Memory has a bound on both sides. Content is given back to the peer's window as it is taken, and a request is
//! not called while the answers to others wait for the peer beyond [`QUEUED_HIGH`].
//!
//! A turn is `serve`, then `write`, then what the socket takes; the answers of a turn leave in one send. `attend`, `interim`
//! and `drain` may run inside a handler, so they write and leave serving to the connection's next turn.
//!
//! | what takes too long         | limit                              | then                    |
//! |-----------------------------|------------------------------------|-------------------------|
//! | a head, a frame             | head_timeout                       | GOAWAY                  |
//! | content of a request        | content_timeout, as in HTTP/1      | 408, the others go on   |
//! | the peer to take an answer  | write_timeout, per progress        | RST_STREAM, or close    |
//! | silence without requests    | keep_alive_timeout                 | GOAWAY, close           |
//! | silence with requests       | 30 s, then a PING and 15 s         | close                   |
//!
//! Here is the life of the connection; `running` is one request, `receiving` has how events become calls, `answering` what
//! becomes of an answer.

mod answering;
mod receiving;
mod running;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use spica_http2::{Cause, Connection, Reason, Settings};

use crate::application::{Application, Called};
use crate::clock::{Clock, Tick};
use crate::connection::{After, Link, NEVER};
use crate::exchange::InFlight;
use crate::options::Options;
use crate::reactor::Worker;
use crate::reply::Reply;

use answering::Begun;
use running::Running;

/// Octets of answers that wait for the peer, from which on no further request is called.
const QUEUED_HIGH: usize = 256 * 1024;

/// The state of HTTP/2 on one connection.
pub struct Http2 {
    inner: Connection,
    /// Requests that are not answered wholly.
    running: BTreeMap<u32, Box<Running>>,
    /// Those that could be called but for the answers that wait.
    held: VecDeque<u32>,
    closed: Option<Cause>,
    /// From here on, a draining server doesn't wait for a peer that has no request running.
    patience: Option<Tick>,
}

/// What every connection allows its peer.
pub fn settings(options: &Options) -> Settings {
    let mut settings = Settings {
        request: options.limits.clone(),
        max_streams: options.http2_max_streams,
        header_timeout: options.head_timeout,
        write_timeout: options.write_timeout,
        idle_timeout: options.keep_alive_timeout,
        ..Settings::default()
    };
    settings.set_fields(&options.fields);
    settings
}

impl Http2 {
    /// A connection on which nothing has been said.
    pub fn new<A: Application>(worker: &Worker<A>) -> Self {
        let mut inner = Connection::new(&worker.http2);
        inner.tick(worker.clock.elapsed());
        let mut http2 = Http2 { inner, running: BTreeMap::new(), held: VecDeque::new(), closed: None, patience: None };
        if worker.draining {
            http2.drain(worker, Duration::ZERO);
        }
        http2
    }

    /// Takes octets, and calls what they ask for.
    pub fn receive<A: Application>(&mut self, link: &mut Link, worker: &mut Worker<A>, octets: &[u8]) {
        self.inner.receive(octets);
        self.serve(link, worker);
    }

    /// Acts upon everything that has happened. Calls handlers.
    pub fn serve<A: Application>(&mut self, link: &mut Link, worker: &mut Worker<A>) {
        loop {
            while let Some(event) = self.inner.poll() {
                self.act(link, worker, event);
            }
            if self.held.is_empty() || self.inner.queued() >= QUEUED_HIGH {
                return;
            }
            if let Some(stream) = self.held.pop_front() {
                self.call_ready(link, worker, stream);
            }
        }
    }

    /// Writes what there is to send, unless the last of it still waits for the peer.
    pub fn write<A: Application>(&mut self, link: &Link, worker: &mut Worker<A>) {
        if !link.has_output() {
            self.inner.take_output(&mut worker.out);
        }
    }

    /// Whether something can go on without the peer.
    pub fn is_ready(&self, link: &Link) -> bool {
        let held = !self.held.is_empty() && self.inner.queued() < QUEUED_HIGH;
        !link.has_output() && (held || self.inner.is_ready())
    }

    /// Whether more should be read.
    pub fn wants_input(&self) -> bool {
        self.inner.wants_input()
    }

    /// Whether no request runs.
    pub fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    /// The server stops: says so, and takes no further requests but those that are on their way.
    pub fn drain<A: Application>(&mut self, worker: &Worker<A>, linger: Duration) {
        self.inner.drain();
        self.patience.get_or_insert(worker.clock.after(linger.max(worker.options.linger_timeout)));
    }

    /// Answers a waiting call.
    pub fn complete<A: Application>(
        &mut self,
        link: &mut Link,
        worker: &mut Worker<A>,
        stream: u32,
        write: impl FnOnce(&A, &mut Reply<'_>) -> Called,
    ) {
        let Some(mut running) = self.running.remove(&stream) else { return };
        match running.in_flight.take() {
            Some(in_flight) if in_flight.streaming.is_none() => {
                worker.waiting -= 1;
                let outcome = worker.complete(in_flight.shape, write);
                let InFlight { stream, shape, log, .. } = *in_flight;
                self.after_call(link, worker, outcome, Begun { stream, shape, log }, Some(running));
            }
            in_flight => {
                running.in_flight = in_flight;
                self.running.insert(stream, running);
            }
        }
    }

    /// Looks at the boxes of a call that waits. Returns whether there is one.
    pub fn attend<A: Application>(&mut self, link: &Link, worker: &mut Worker<A>, stream: u32) -> bool {
        if !self.running.contains_key(&stream) {
            return false;
        }
        self.push_streamed(link, worker, stream);
        self.release_taken(stream);
        true
    }

    /// What still waits is told that the connection is gone.
    pub fn abandon<A: Application>(&mut self, link: &Link, worker: &mut Worker<A>) {
        for running in std::mem::take(&mut self.running).into_values() {
            running.abandon(link, worker);
        }
    }

    /// The peer has sent its last octet.
    pub fn on_end<A: Application>(&mut self, link: &mut Link, worker: &mut Worker<A>) {
        self.inner.end_input();
        self.serve(link, worker);
    }

    /// A deadline may have passed.
    pub fn on_deadline<A: Application>(&mut self, link: &mut Link, worker: &mut Worker<A>) -> After {
        let now = worker.clock.tick();
        if link.has_output() && link.write_deadline(NEVER) <= now {
            return After::Close;
        }
        self.inner.tick(worker.clock.elapsed());
        self.check_contents(link, worker);
        if self.running.is_empty() && self.patience.is_some_and(|end| end <= now) {
            self.inner.close(Reason::NO_ERROR);
        }
        self.serve(link, worker);
        After::Keep
    }

    /// Decides whether the connection goes on, and sets its deadline. `sent`: the kernel has taken all that was written.
    pub fn settle<A: Application>(&mut self, link: &mut Link, worker: &mut Worker<A>, sent: bool) -> After {
        match self.closed {
            Some(Cause::Transport) => return After::Close,
            Some(cause) if sent && !self.inner.is_ready() => {
                // At an orderly end nothing is on its way that a reset could destroy.
                return After::End { unread: !matches!(cause, Cause::Finished | Cause::Owner) };
            }
            None if link.hung_up && !self.wants_input() => return After::Close, // its end will never be read
            _ => {}
        }
        let mut deadline = self.inner.deadline().map_or(NEVER, Clock::tick_at);
        if !sent {
            let fresh = worker.clock.after(worker.options.write_timeout);
            deadline = deadline.min(link.write_deadline(fresh));
        }
        link.deadline = deadline.max(worker.clock.tick() + 1);
        After::Keep
    }
}
