//! Receiving: what has happened on a stream becomes a call, or content for one.

use std::rc::Rc;

use bytes::Bytes;
use spica_http1::{Content as Framed, Refusal};
use spica_http2::{Event, RequestHead, Trailers};

use super::answering::Begun;
use super::running::{Running, Sink};
use super::{Http2, QUEUED_HIGH};
use crate::application::{Application, Content, Exchange, Request, Signal, Takes, Taking};
use crate::connection::{Link, NEVER};
use crate::exchange::LogLine;
use crate::inbox::{End, Inbox};
use crate::reactor::Worker;
use crate::reply::{Shape, Version};
use crate::spool::Spool;

/// A client whose content is taken as it comes must send this much before its deadline is moved.
const PROGRESS: usize = 16 * 1024;
const FULL_DISK: Refusal = Refusal { status: 507, reason: "the content could not be stored" };
const TOO_LARGE: Refusal = Refusal { status: 413, reason: "the content is larger than the limit" };
const SLOW: Refusal = Refusal { status: 408, reason: "the request's content took too long" };

impl Http2 {
    pub(super) fn act<A: Application>(&mut self, link: &mut Link, worker: &mut Worker<A>, event: Event) {
        match event {
            Event::Request { stream, request, end } => self.begin(link, worker, stream, request, end),
            Event::Data { stream, data } => self.take_content(link, worker, stream, &data),
            Event::End { stream, trailers } => self.end_content(link, worker, stream, trailers),
            Event::Refused { stream, refusal } => {
                worker.counts.refused += 1;
                self.log_refused(link, worker, stream, refusal);
                self.lose(link, worker, stream);
            }
            Event::Reset { stream, .. } => self.lose(link, worker, stream),
            Event::Writable { stream } => self.go_on(worker, stream),
            Event::Closed { cause, .. } => self.closed = Some(cause),
        }
    }

    fn begin<A: Application>(
        &mut self,
        link: &mut Link,
        worker: &mut Worker<A>,
        stream: u32,
        request: RequestHead,
        end: bool,
    ) {
        if end {
            if self.inner.queued() < QUEUED_HIGH {
                return self.call(link, worker, stream, &request, Content::Bytes(b""), None);
            }
            self.running.insert(stream, Running::new(Some(request), Sink::Nowhere));
            return self.held.push_back(stream);
        }
        let Taking { takes, limit } = worker.takes(native_request(link, stream, &request, Content::Bytes(b"")));
        let awaits_continue = request.head.expects_continue;
        let is_too_large = matches!(request.head.content, Framed::Length(length) if length > limit);
        let sink = match takes {
            Some(Takes::Whole) => Sink::Whole(Spool::default()),
            Some(Takes::Stream) => Sink::Stream(Rc::new(Inbox::new())),
            None => Sink::Nowhere,
        };
        let mut running = Running::new(Some(request), sink);
        running.deadline = worker.clock.after(worker.options.content_timeout);
        running.awaits_continue = awaits_continue;
        running.left = limit;
        self.running.insert(stream, running);
        if is_too_large {
            self.refuse(link, worker, stream, TOO_LARGE);
        } else if takes == Some(Takes::Whole) {
            self.continue_content(stream);
        } else {
            self.call_or_hold(link, worker, stream);
        }
    }

    /// Calls what is ready, unless too much of other answers waits for the peer.
    fn call_or_hold<A: Application>(&mut self, link: &mut Link, worker: &mut Worker<A>, stream: u32) {
        if self.inner.queued() < QUEUED_HIGH {
            self.call_ready(link, worker, stream);
        } else {
            self.held.push_back(stream);
        }
    }

    /// Calls a request that has waited for its content, or for others' answers.
    pub(super) fn call_ready<A: Application>(&mut self, link: &mut Link, worker: &mut Worker<A>, stream: u32) {
        let Some(mut running) = self.running.remove(&stream) else { return };
        let Some(request) = running.request.take() else { return };
        match &mut running.sink {
            Sink::Whole(spool) => {
                let spool = std::mem::take(spool);
                running.sink = Sink::Nowhere;
                self.call(link, worker, stream, &request, spool.content(), Some(running));
            }
            Sink::Stream(inbox) => {
                let inbox = inbox.clone();
                self.call(link, worker, stream, &request, Content::Stream(inbox), Some(running));
            }
            Sink::Nowhere => self.call(link, worker, stream, &request, Content::Bytes(b""), Some(running)),
        }
    }

    fn call<A: Application>(
        &mut self,
        link: &mut Link,
        worker: &mut Worker<A>,
        stream: u32,
        request: &RequestHead,
        content: Content<'_>,
        running: Option<Box<Running>>,
    ) {
        let (shape, log) = (shape_of(request, worker), worker.log_line(&request.bytes, &request.head));
        let outcome = worker.call(native_request(link, stream, request, content), shape);
        self.after_call(link, worker, outcome, Begun { stream, shape, log }, running);
    }

    fn take_content<A: Application>(&mut self, link: &mut Link, worker: &mut Worker<A>, stream: u32, data: &Bytes) {
        let Some(running) = self.running.get_mut(&stream) else { return };
        running.awaits_continue = false;
        let Some(left) = running.left.checked_sub(data.len() as u64) else {
            self.inner.release(stream, data.len());
            return self.break_content(link, worker, stream, TOO_LARGE);
        };
        running.left = left;
        match &mut running.sink {
            Sink::Whole(spool) => {
                spool.sink().extend_from_slice(data);
                let stored = spool.settle(&worker.options.spool_folder, false);
                self.inner.release(stream, data.len());
                if stored.is_err() {
                    self.refuse(link, worker, stream, FULL_DISK);
                }
            }
            Sink::Stream(inbox) => {
                inbox.fill(|bytes| bytes.extend_from_slice(data));
                running.held += data.len();
                running.progress += data.len();
                if running.progress >= PROGRESS {
                    running.progress = 0;
                    running.deadline = worker.clock.after(worker.options.content_timeout);
                }
                self.tell_content(worker, stream);
            }
            Sink::Nowhere => self.inner.release(stream, data.len()),
        }
    }

    fn end_content<A: Application>(
        &mut self,
        link: &mut Link,
        worker: &mut Worker<A>,
        stream: u32,
        trailers: Trailers,
    ) {
        let Some(running) = self.running.get_mut(&stream) else { return };
        running.deadline = NEVER;
        running.awaits_continue = false;
        match &mut running.sink {
            Sink::Whole(spool) => match spool.settle(&worker.options.spool_folder, true) {
                Ok(()) => self.call_or_hold(link, worker, stream),
                Err(_) => self.refuse(link, worker, stream, FULL_DISK),
            },
            Sink::Stream(inbox) => {
                inbox.end(End::Whole, trailers);
                self.tell_content(worker, stream);
            }
            Sink::Nowhere => {}
        }
    }

    /// Wakes the handler when it looked into its inbox in vain before.
    fn tell_content<A: Application>(&self, worker: &Worker<A>, stream: u32) {
        let Some(running) = self.running.get(&stream) else { return };
        if let (Sink::Stream(inbox), Some(in_flight)) = (&running.sink, &running.in_flight) {
            if inbox.take_wanted() {
                worker.app.wake(in_flight.call, Signal::Content);
            }
        }
    }

    /// Gives back what a handler has taken, and sends the 100 that its first look into the inbox asks for.
    pub(super) fn release_taken(&mut self, stream: u32) {
        let Some(running) = self.running.get_mut(&stream) else { return };
        let Sink::Stream(inbox) = &running.sink else { return };
        let taken = running.held.saturating_sub(inbox.len());
        running.held -= taken;
        let wants = inbox.is_wanted();
        if taken > 0 {
            self.inner.release(stream, taken);
        }
        if wants {
            self.continue_content(stream);
        }
    }

    fn continue_content(&mut self, stream: u32) {
        let Some(running) = self.running.get_mut(&stream) else { return };
        if std::mem::take(&mut running.awaits_continue) {
            // In vain when the answer has begun, or nobody is there: both are no reason to do anything.
            let _ = self.inner.respond(stream, 100, [], false);
        }
    }

    /// Whoever sends content too slowly is answered; a handler that takes it as it comes is told, and answers.
    pub(super) fn check_contents<A: Application>(&mut self, link: &mut Link, worker: &mut Worker<A>) {
        let (now, fresh) = (worker.clock.tick(), worker.clock.after(worker.options.content_timeout));
        let late = |(stream, running): (&u32, &mut Box<Running>)| running.is_late(now, fresh).then_some(*stream);
        let late: Vec<u32> = self.running.iter_mut().filter_map(late).collect();
        for stream in late {
            let Some(running) = self.running.get_mut(&stream) else { continue };
            running.deadline = NEVER;
            self.break_content(link, worker, stream, SLOW);
        }
    }

    /// No more content is taken: who has not been called is answered, a handler that takes it as it comes is told.
    fn break_content<A: Application>(&mut self, link: &Link, worker: &mut Worker<A>, stream: u32, why: Refusal) {
        match self.running.get(&stream).map(|running| &running.sink) {
            Some(Sink::Whole(_)) => self.refuse(link, worker, stream, why),
            Some(Sink::Stream(inbox)) => {
                inbox.end(End::Broken(why), Vec::new());
                self.tell_content(worker, stream);
            }
            Some(Sink::Nowhere) | None => {}
        }
    }

    /// Answers a request that was not called.
    fn refuse<A: Application>(&mut self, link: &Link, worker: &mut Worker<A>, stream: u32, refusal: Refusal) {
        let Some(mut running) = self.running.remove(&stream) else { return };
        let Some(request) = running.request.take() else { return };
        worker.counts.refused += 1;
        let log = worker.log_line(&request.bytes, &request.head);
        let answer = worker.error(refusal.status, refusal.reason, shape_of(&request, worker));
        worker.log_answer(link.peer, log.as_deref(), answer.status, answer.bytes);
        self.answer(worker, stream, &answer, Vec::new(), Some(running));
    }

    /// The line of a request that was refused without its call, or while that has not answered.
    fn log_refused<A: Application>(&mut self, link: &Link, worker: &mut Worker<A>, stream: u32, refusal: Refusal) {
        let line = match self.running.get_mut(&stream).map(|running| (&running.request, &mut running.in_flight)) {
            None => Some(LogLine::unknown()),
            Some((Some(request), _)) => worker.log_line(&request.bytes, &request.head),
            Some((None, Some(in_flight))) if in_flight.streaming.is_none() => in_flight.log.take(),
            Some((None, _)) => None, // it has a line already, or gets it with what was sent
        };
        worker.log_answer(link.peer, line.as_deref(), refusal.status, 0);
    }

    /// Nobody waits for the answer any more.
    pub(super) fn lose<A: Application>(&mut self, link: &Link, worker: &mut Worker<A>, stream: u32) {
        if let Some(running) = self.running.remove(&stream) {
            running.abandon(link, worker);
        }
        self.inner.finish(stream);
    }
}

/// What the application is given.
fn native_request<'a>(link: &Link, stream: u32, request: &'a RequestHead, content: Content<'a>) -> Request<'a> {
    Request {
        bytes: &request.bytes,
        head: &request.head,
        version: Version::Http2,
        content,
        peer: link.peer,
        secure: link.is_secure(),
        exchange: Exchange { token: link.token, stream },
    }
}

fn shape_of<A: Application>(request: &RequestHead, worker: &Worker<A>) -> Shape {
    let RequestHead { bytes, head } = request;
    let codings = worker.compressor.codings(bytes, head);
    Shape { head_only: head.method.of(bytes) == b"HEAD", keep_alive: true, version: Version::Http2, codings }
}
