//! Serving: a complete request is routed and called, and what the call comes to is written in order.

use std::rc::Rc;

use spica_http1::{Head, Refusal};

use super::receiving::{Arriving, Sink};
use super::{Http1, Stage};
use crate::application::{Application, Called, Content, Request, Signal};
use crate::calling::Outcome;
use crate::compression::Codings;
use crate::connection::Link;
use crate::exchange::{InFlight, LogLine};
use crate::inbox::{End, Inbox};
use crate::outbox;
use crate::reactor::Worker;
use crate::reply::{Answer, Framing, Reply, Shape, Streaming, Version};
use crate::socket::Socket;

/// The first line of HTTP/2's connection preface, which is refused as a request (RFC 9113 3.4). The rest is h2's to check.
const HTTP2_LINE: &[u8] = b"PRI * HTTP/2.0\r\n";
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

impl Http1 {
    /// The life of requests: parse, route, call, write, for as many as are complete. Returns the bytes consumed.
    pub(super) fn serve<A: Application>(&mut self, link: &mut Link, worker: &mut Worker<A>, input: &[u8]) -> usize {
        let mut at = 0;
        self.held_back = false;
        while at < input.len() && !self.closing {
            let held = if self.waiting.is_some() { !self.takes_content() } else { link.is_full(worker.out.len()) };
            if held {
                self.held_back = true;
                break;
            }
            let parsed = match self.arriving.take() {
                None => self.parse_request(link, worker, &input[at..]),
                Some(arriving) => self.parse_content(link, worker, arriving, &input[at..]),
            };
            match parsed {
                Ok(step) => {
                    at += step.consumed;
                    if step.incomplete {
                        return at;
                    }
                }
                Err(refusal) if self.waiting.is_some() => {
                    self.break_content(worker, refusal);
                    return input.len();
                }
                Err(_) if self.begins_http2(link, worker, &input[at..]) => {
                    self.prefaced = true;
                    return at;
                }
                Err(refusal) => {
                    self.refuse(link, worker, refusal, None);
                    return input.len();
                }
            }
        }
        if self.closing && at < input.len() {
            self.lingers = true;
        }
        at
    }

    /// Whether what was refused is the beginning of HTTP/2 from a client that knows it is spoken here (RFC 9113 3.3).
    fn begins_http2<A: Application>(&self, link: &Link, worker: &Worker<A>, refused: &[u8]) -> bool {
        let may_begin = worker.options.http2 && self.requests == 0 && link.tls().is_none();
        may_begin && refused.starts_with(HTTP2_LINE)
    }

    /// Routes and calls. A panic is a 500 and the end of this connection, never of the worker.
    pub(super) fn call<A: Application>(
        &mut self,
        link: &mut Link,
        worker: &mut Worker<A>,
        bytes: &[u8],
        head: &Head,
        content: Content<'_>,
        keep_alive: bool,
    ) {
        self.stage = Stage::Idle;
        self.requests = self.requests.wrapping_add(1);
        let shape = Shape {
            head_only: head.method.of(bytes) == b"HEAD",
            keep_alive: keep_alive && head.keep_alive && !worker.draining,
            version: Version::of(head),
            codings: worker.compressor.codings(bytes, head),
        };
        let log = worker.log_line(bytes, head);
        let outcome = worker.call(self.request(link, bytes, head, content), shape);
        self.after_call(link, worker, outcome, shape, log);
    }

    /// What the application is given.
    pub(super) fn request<'a>(
        &self,
        link: &Link,
        bytes: &'a [u8],
        head: &'a Head,
        content: Content<'a>,
    ) -> Request<'a> {
        let (version, exchange) = (Version::of(head), self.exchange(link));
        Request { bytes, head, version, content, peer: link.peer, secure: link.is_secure(), exchange }
    }

    /// Lets a call that waited write its answer.
    pub(super) fn answer_waiting<A: Application>(
        &mut self,
        link: &mut Link,
        worker: &mut Worker<A>,
        in_flight: InFlight,
        write: impl FnOnce(&A, &mut Reply<'_>) -> Called,
    ) {
        let InFlight { mut shape, log, .. } = in_flight;
        shape.keep_alive &= !worker.draining && !self.owes_continue();
        let outcome = worker.complete(shape, write);
        self.after_call(link, worker, outcome, shape, log);
    }

    /// Keeps a call that waits; else keeps the order of bytes and files, closes when the answer says so, and logs.
    fn after_call<A: Application>(
        &mut self,
        link: &mut Link,
        worker: &mut Worker<A>,
        outcome: Outcome,
        mut shape: Shape,
        log: Option<Box<LogLine>>,
    ) {
        self.stage = Stage::Idle;
        let Outcome { called, answer, streaming, tail, logged } = outcome;
        let log = log.filter(|_| logged);
        let answer = match (called, answer) {
            (Some(Called::Answered), Some(answer)) => answer,
            (Some(Called::Waiting(call)), None) => return self.wait(worker, call, shape, log, None),
            (Some(Called::Upgrading(call, socket)), None) => {
                self.wait(worker, call, shape, log, None);
                return self.offer(socket);
            }
            (Some(Called::Streaming(call)), Some(answer)) if streaming.is_some() => {
                shape.keep_alive = !answer.close;
                self.wait(worker, call, shape, log, streaming);
                return self.push_streamed(link, worker);
            }
            // What was written before a panic can't be trusted to be whole: say no more than 500, and close.
            (_, None) => worker.error(500, "the server failed to answer", closing(shape.head_only)),
            (_, Some(answer)) => Answer { close: true, ..answer },
        };
        if !tail.is_empty() {
            link.queue(worker, tail);
        }
        self.closing |= answer.close;
        self.discard_content();
        worker.log_answer(link.peer, log.as_deref(), answer.status, answer.bytes);
    }

    fn wait<A: Application>(
        &mut self,
        worker: &mut Worker<A>,
        call: usize,
        shape: Shape,
        log: Option<Box<LogLine>>,
        streaming: Option<Box<Streaming>>,
    ) {
        worker.waiting += 1;
        self.waiting = Some(Box::new(InFlight { call, stream: self.requests, shape, log, streaming, socket: None }));
    }

    /// What the connection becomes once the call that waits has accepted it.
    fn offer(&mut self, socket: Rc<Socket>) {
        if let Some(in_flight) = &mut self.waiting {
            in_flight.socket = Some(socket);
        }
    }

    /// What a handler has not read of its content is read past, so that the next request is found (promise 6).
    fn discard_content(&mut self) {
        if self.closing {
            self.lingers |= self.arriving.take().is_some();
        } else if let Some(arriving) = &mut self.arriving {
            arriving.sink = Sink::Nowhere;
        }
    }

    /// Whether the client waits for a 100 that it never got: it may send the content or not, so nothing can follow.
    fn owes_continue(&self) -> bool {
        self.arriving.as_ref().is_some_and(|arriving| arriving.awaits_continue)
    }

    /// Moves what a handler has pushed into the output. A coding that fails ends the answer, and its handler with it.
    pub(super) fn push_streamed<A: Application>(&mut self, link: &Link, worker: &mut Worker<A>) {
        let Some(streaming) = self.waiting.as_mut().and_then(|in_flight| in_flight.streaming.as_mut()) else { return };
        streaming.push(&mut worker.out);
        if streaming.is_broken() {
            if let Some(in_flight) = self.waiting.take() {
                in_flight.abandon(link, worker);
            }
            self.closing = true;
            self.stage = Stage::Idle;
            self.discard_content();
        }
    }

    /// Tells a streaming handler whether the peer lags.
    pub(super) fn report_room<A: Application>(&mut self, link: &Link, worker: &mut Worker<A>) {
        if let Some(in_flight) = &self.waiting {
            in_flight.report_room(worker, link.held() >= outbox::HIGH);
        }
    }

    /// A streamed answer's content is complete, or will never be.
    pub(super) fn end_streaming<A: Application>(
        &mut self,
        link: &mut Link,
        worker: &mut Worker<A>,
        mut in_flight: InFlight,
        whole: bool,
    ) {
        let Some(mut streaming) = in_flight.streaming.take() else { return };
        let whole = streaming.push_end(&mut worker.out, whole);
        // A broken answer ends without its end, so that nobody takes it for whole.
        self.closing |= !whole || streaming.framing == Framing::Close || !in_flight.shape.keep_alive || worker.draining;
        self.closing |= self.owes_continue();
        self.stage = Stage::Idle;
        self.discard_content();
        worker.log_answer(link.peer, in_flight.log.as_deref(), streaming.status, streaming.sent);
    }

    /// Sends the 100 that a handler's first look into its inbox asks for.
    pub(super) fn continue_content<A: Application>(&mut self, worker: &mut Worker<A>) {
        let answered = self.waiting.as_ref().is_some_and(|in_flight| in_flight.streaming.is_some());
        let Some(arriving) = &mut self.arriving else { return };
        if let Sink::Stream(inbox) = &arriving.sink {
            if arriving.awaits_continue && inbox.is_wanted() && !answered {
                arriving.awaits_continue = false;
                worker.out.extend_from_slice(CONTINUE);
            }
        }
    }

    /// Wakes the handler when it looked into its inbox in vain before.
    pub(super) fn tell_content<A: Application>(&self, worker: &Worker<A>, inbox: &Inbox) {
        if let Some(in_flight) = &self.waiting {
            if inbox.take_wanted() {
                worker.app.wake(in_flight.call, Signal::Content);
            }
        }
    }

    /// Answers what is not a request, or not a whole one: then `head` is what came before. The rest of the input can't be
    /// trusted, so the connection ends (promise 6).
    pub(super) fn refuse<A: Application>(
        &mut self,
        link: &Link,
        worker: &mut Worker<A>,
        refusal: Refusal,
        head: Option<(&[u8], &Head)>,
    ) {
        worker.counts.refused += 1;
        let answer = worker.error(refusal.status, refusal.reason, closing(false));
        let line = head.map_or_else(|| Some(LogLine::unknown()), |(bytes, head)| worker.log_line(bytes, head));
        worker.log_answer(link.peer, line.as_deref(), answer.status, answer.bytes);
        self.closing = true;
        self.lingers = true;
    }

    /// Content that a handler takes as it comes: the call is made first, then the octets follow.
    pub(super) fn call_streaming<A: Application>(
        &mut self,
        link: &mut Link,
        worker: &mut Worker<A>,
        bytes: &[u8],
        head: &Head,
        mut arriving: Box<Arriving>,
    ) {
        let inbox = Rc::new(Inbox::new());
        arriving.sink = Sink::Stream(inbox.clone());
        let keep_alive = !arriving.awaits_continue;
        self.arriving = Some(arriving);
        self.call(link, worker, bytes, head, Content::Stream(inbox), true);
        // It answered without reading, and the client may or may not send what it announced.
        if !keep_alive && self.waiting.is_none() {
            self.closing = true;
            self.discard_content();
        }
    }

    pub(super) fn push_continue<A: Application>(worker: &mut Worker<A>) {
        worker.out.extend_from_slice(CONTINUE);
    }
}

impl Arriving {
    /// The connection is gone.
    pub(super) fn abandon(self) {
        if let Sink::Stream(inbox) = &self.sink {
            inbox.end(End::Broken(Refusal { status: 400, reason: "the client went away" }), Vec::new());
        }
    }
}

/// The form of an answer after which the connection closes.
fn closing(head_only: bool) -> Shape {
    Shape { head_only, keep_alive: false, version: Version::Http11, codings: Codings::default() }
}
