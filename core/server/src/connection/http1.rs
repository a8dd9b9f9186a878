//! HTTP/1 on a connection: requests one after the other, each read, called and answered before the next.
//!
//! States (`Stage`), what each waits for and what ends it:
//!
//! | stage   | waits for                        | deadline                     | then                        |
//! |---------|----------------------------------|------------------------------|-----------------------------|
//! | Idle    | the first byte of a request      | keep_alive_timeout           | close in silence            |
//! | Head    | the rest of a head               | head_timeout, absolute       | 408 and close               |
//! | Content | the rest of the content          | content_timeout, absolute    | 408 and close               |
//! | Handler | the application                  | none: the handler has its own | -                          |
//! | Write   | the peer to take its answer      | write_timeout, per progress  | close                       |
//!
//! Content that a handler takes as it comes is read while the handler is at work; its deadline moves on with every 16 KiB.
//! Otherwise nothing is read while a handler waits or the peer does not take its answers, and pipelined answers are in order.
//!
//! Here are the stages; `receiving` has how octets become requests, `serving` what becomes of a request.

mod receiving;
mod serving;

use std::rc::Rc;

use spica_http1::Refusal;

use crate::application::{Application, Called, Exchange};
use crate::clock::Tick;
use crate::connection::{After, Link, NEVER};
use crate::exchange::InFlight;
use crate::inbox::End;
use crate::reactor::Worker;
use crate::reply::Reply;
use crate::socket::Socket;

use receiving::{Arriving, Sink};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Idle,
    Head,
    Content,
    Handler,
    Write,
}

/// The state of HTTP/1 on one connection.
pub struct Http1 {
    stage: Stage,
    /// What has arrived and is not served.
    input: Vec<u8>,
    scanned: usize,
    /// Requests called so far; the number of the one in hand.
    requests: u32,
    arriving: Option<Box<Arriving>>,
    waiting: Option<Box<InFlight>>,
    /// `input` may hold whole requests: serving stopped for a waiting call or a full output.
    held_back: bool,
    closing: bool,
    lingers: bool,
    /// The input is no request but the beginning of HTTP/2.
    prefaced: bool,
    /// Unread content that was read past since the last answer.
    drained: usize,
}

impl Http1 {
    pub fn new() -> Self {
        Http1 {
            stage: Stage::Head,
            input: Vec::new(),
            scanned: 0,
            requests: 0,
            arriving: None,
            waiting: None,
            held_back: false,
            closing: false,
            lingers: false,
            prefaced: false,
            drained: 0,
        }
    }

    /// Whether nothing is in flight, so that a draining server may close it.
    pub fn is_idle(&self, link: &Link) -> bool {
        self.waiting.is_none() && self.arriving.is_none() && !link.has_output() && self.holds_nothing()
    }

    /// No part of a request has been read. An empty line is none: RFC 9112 2.2 lets clients send one after a request.
    fn holds_nothing(&self) -> bool {
        self.input.is_empty() || self.input == b"\r\n"
    }

    /// Whether serving stopped before the input was used up.
    pub fn has_held_back(&self) -> bool {
        self.held_back
    }

    /// What has arrived, when it is the beginning of HTTP/2.
    pub fn take_http2_preface(&mut self) -> Option<Vec<u8>> {
        self.prefaced.then(|| std::mem::take(&mut self.input))
    }

    /// Octets that have arrived and are not served.
    pub fn buffered(&self) -> usize {
        self.input.len()
    }

    /// Whether the next request may be served, and more read.
    pub fn wants_input(&self, link: &Link) -> bool {
        !self.closing && if self.waiting.is_some() { self.takes_content() } else { !link.is_full(0) }
    }

    /// Whether content of the request in hand may be read while its handler is at work.
    fn takes_content(&self) -> bool {
        self.arriving.as_ref().is_some_and(|arriving| match &arriving.sink {
            Sink::Stream(inbox) => inbox.has_room(),
            Sink::Whole { .. } | Sink::Nowhere => true,
        })
    }

    /// Answers the waiting call.
    pub fn complete<A: Application>(
        &mut self,
        link: &mut Link,
        worker: &mut Worker<A>,
        stream: u32,
        write: impl FnOnce(&A, &mut Reply<'_>) -> Called,
    ) {
        if let Some(in_flight) = self.take_waiting(worker, stream) {
            self.answer_waiting(link, worker, *in_flight, write);
        }
    }

    /// Ends a streamed answer, whole or broken off.
    pub fn finish_stream<A: Application>(&mut self, link: &mut Link, worker: &mut Worker<A>, stream: u32, whole: bool) {
        if let Some(in_flight) = self.take_waiting(worker, stream) {
            self.end_streaming(link, worker, *in_flight, whole);
        }
    }

    /// Looks at the boxes of the call that waits. Returns whether it is that one.
    pub fn attend<A: Application>(&mut self, link: &Link, worker: &mut Worker<A>, stream: u32) -> bool {
        let known = self.waiting.as_ref().is_some_and(|in_flight| in_flight.stream == stream);
        if known {
            self.push_streamed(link, worker);
            self.continue_content(worker);
        }
        known
    }

    /// Writes an interim response for the call that waits. Returns whether there was still time.
    pub fn interim<A: Application>(&mut self, worker: &mut Worker<A>, stream: u32, head: &[u8]) -> bool {
        let in_time =
            matches!(&self.waiting, Some(in_flight) if in_flight.stream == stream && in_flight.streaming.is_none());
        if in_time {
            worker.out.extend_from_slice(head);
        }
        in_time
    }

    /// The connection is a WebSocket from here on: its socket and call, and what has arrived behind the request.
    pub fn take_upgraded<A: Application>(&mut self, worker: &mut Worker<A>) -> Option<(Rc<Socket>, InFlight, Vec<u8>)> {
        let mut in_flight = self.waiting.take()?;
        worker.waiting -= 1;
        Some((in_flight.socket.take()?, *in_flight, std::mem::take(&mut self.input)))
    }

    /// What still waits is told that the connection is gone.
    pub fn abandon<A: Application>(&mut self, link: &Link, worker: &mut Worker<A>) {
        if let Some(arriving) = self.arriving.take() {
            arriving.abandon();
        }
        if let Some(in_flight) = self.waiting.take() {
            in_flight.abandon(link, worker);
        }
    }

    /// The stage's deadline has passed.
    pub fn on_deadline<A: Application>(&mut self, link: &Link, worker: &mut Worker<A>) -> After {
        match self.stage {
            Stage::Head if !self.holds_nothing() => self.time_out(link, worker, "the request's head took too long"),
            Stage::Content => self.time_out(link, worker, "the request's content took too long"),
            Stage::Handler => After::Keep,
            Stage::Idle | Stage::Head | Stage::Write => After::Close,
        }
    }

    fn time_out<A: Application>(&mut self, link: &Link, worker: &mut Worker<A>, reason: &'static str) -> After {
        let refusal = Refusal { status: 408, reason };
        self.input = Vec::new();
        if self.waiting.is_some() {
            self.break_content(worker, refusal);
        } else {
            match self.arriving.take().map(|arriving| arriving.sink) {
                Some(Sink::Nowhere) => self.end_unread(),
                Some(Sink::Whole { bytes, head, .. }) => self.refuse(link, worker, refusal, Some((&bytes, &head))),
                Some(Sink::Stream(_)) | None => self.refuse(link, worker, refusal, None),
            }
        }
        After::Keep
    }

    /// The peer has sent its last octet.
    pub fn on_end(&mut self) {
        self.input = Vec::new();
        self.closing = true;
        self.lingers = false;
    }

    /// Decides whether the connection goes on, and sets its deadline. `sent`: the kernel has taken all that was written.
    pub fn settle<A: Application>(&mut self, link: &mut Link, worker: &mut Worker<A>, sent: bool) -> After {
        self.report_room(link, worker);
        let options = &worker.options;
        if let Some(in_flight) = &self.waiting {
            if link.hung_up {
                return After::Close; // a handler works for a peer that is gone
            }
            if in_flight.socket.as_ref().is_some_and(|socket| socket.is_accepted()) {
                return After::Upgrade;
            }
        }
        if !sent {
            let fresh = worker.clock.after(options.write_timeout);
            let deadline = link.write_deadline(fresh);
            self.enter(link, Stage::Write, deadline);
        } else if self.closing && self.waiting.is_none() {
            return self.end();
        } else if self.waiting.is_some() && !self.takes_content() {
            self.enter(link, Stage::Handler, NEVER);
        } else if self.arriving.is_some() {
            self.enter(link, Stage::Content, worker.clock.after(options.content_timeout));
        } else if self.holds_nothing() && self.stage != Stage::Head {
            if worker.draining {
                return self.end();
            }
            self.enter(link, Stage::Idle, worker.clock.after(options.keep_alive_timeout));
        } else if self.stage == Stage::Idle || self.stage == Stage::Write {
            self.enter(link, Stage::Head, worker.clock.after(options.head_timeout));
        }
        After::Keep
    }

    /// What was left unread here or in the kernel would answer our close with a reset.
    fn end(&mut self) -> After {
        After::End { unread: self.lingers || !self.input.is_empty() }
    }

    /// Changes the stage. Absolute deadlines are set when the stage is entered and not moved while it lasts.
    fn enter(&mut self, link: &mut Link, stage: Stage, deadline: Tick) {
        let absolute = matches!(stage, Stage::Head | Stage::Content);
        if !(absolute && self.stage == stage) {
            self.stage = stage;
            link.deadline = deadline;
        }
    }

    fn take_waiting<A: Application>(&mut self, worker: &mut Worker<A>, stream: u32) -> Option<Box<InFlight>> {
        let in_flight = self.waiting.take_if(|in_flight| in_flight.stream == stream)?;
        worker.waiting -= 1;
        Some(in_flight)
    }

    fn exchange(&self, link: &Link) -> Exchange {
        Exchange { token: link.token, stream: self.requests }
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
