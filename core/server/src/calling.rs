//! Making a call, the same for every protocol: a request is routed, the application called, and what it wrote given back.
//!
//! A panic ends one call, never the worker: then nothing of what was written can be trusted to be whole.

use std::net::SocketAddr;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::Instant;

use spica_http1::Head;
use spica_router::Found;

use crate::application::{Application, Called, Content, Exchange, Request, Takes};
use crate::connection::Link;
use crate::exchange::LogLine;
use crate::files::answer_public;
use crate::forwarded::{resolve, Scheme};
use crate::options::Options;
use crate::reactor::Worker;
use crate::reply::{Answer, Body, Reply, Segment, Shape, Streaming, Version};

/// A request that can be called.
pub struct Ready<'a> {
    /// What the spans of `head` point into.
    pub bytes: &'a [u8],
    pub head: &'a Head,
    pub version: Version,
    pub content: Content<'a>,
    pub exchange: Exchange,
}

/// What a call came to. The head, and content that is small, are at the end of `Worker::out`.
pub struct Outcome {
    /// `None` after a panic.
    pub called: Option<Called>,
    /// What was written, if anything was.
    pub answer: Option<Answer>,
    pub streaming: Option<Streaming>,
    /// Content that follows what is in `Worker::out`.
    pub tail: Vec<Segment>,
}

impl<A: Application> Worker<A> {
    /// How the route of a request takes its content; `None` when there is no such route.
    pub fn takes(&mut self, link: &Link, ready: Ready<'_>) -> Option<Takes> {
        let request = build_request(link, &self.options, ready);
        let (app, params) = (&self.app, &mut self.params);
        // A guard is the application's code; what breaks here breaks the call as well, and is answered there.
        let found = catch_unwind(AssertUnwindSafe(|| app.find(&request, params))).unwrap_or(Found::NotFound);
        match found {
            Found::Route(number) | Found::Fallback(number) => Some(self.app.takes(number)),
            Found::NotFound | Found::MethodNotAllowed(_) | Found::Options(_) => None,
        }
    }

    /// Routes and calls.
    pub fn call(&mut self, link: &Link, ready: Ready<'_>, shape: Shape) -> Outcome {
        self.counts.requests += 1;
        let overloaded = self.sheds || self.waiting >= self.options.max_waiting;
        let now = self.clock.unix_second();
        let Worker { app, params, out, heads, compressor, counts, options, .. } = self;
        let request = build_request(link, options, ready);
        let mut tail = Vec::new();
        let mut reply = Reply::new(out, &mut tail, heads, compressor, shape);
        let called = catch_unwind(AssertUnwindSafe(|| {
            let found = app.find(&request, params);
            if matches!(found, Found::NotFound | Found::Fallback(_))
                && answer_public(&options.files, &request, now, &mut reply)
            {
                return Called::Answered;
            }
            if overloaded && !matches!(found, Found::Route(number) if app.is_vital(number)) {
                reply.overloaded();
                counts.overloaded += 1;
                return Called::Answered;
            }
            app.call(found, params, &request, &mut reply)
        }));
        let (answer, streaming) = (reply.answer(), reply.take_streaming());
        Outcome { called: called.ok(), answer, streaming, tail }
    }

    /// Lets a call that waited write its answer.
    pub fn complete(&mut self, shape: Shape, write: impl FnOnce(&A, &mut Reply<'_>) -> Called) -> Outcome {
        let mut tail = Vec::new();
        let mut reply = Reply::new(&mut self.out, &mut tail, &self.heads, &self.compressor, shape);
        let called = catch_unwind(AssertUnwindSafe(|| write(&self.app, &mut reply)));
        let (answer, streaming) = (reply.answer(), reply.take_streaming());
        Outcome { called: called.ok(), answer, streaming, tail }
    }

    /// What the log line of a request will need, where there is a log.
    pub fn log_line(&self, bytes: &[u8], head: &Head) -> Option<LogLine> {
        self.log.as_ref().map(|_| LogLine {
            method: head.method.of(bytes).to_vec(),
            target: head.target.of(bytes).to_vec(),
            since: Instant::now(),
        })
    }

    /// Writes an answer that the core makes itself.
    pub fn error(&mut self, status: u16, text: &str, shape: Shape) -> Answer {
        let mut tail = Vec::new();
        let mut reply = Reply::new(&mut self.out, &mut tail, &self.heads, &self.compressor, shape);
        let body = format!("{status} {}: {text}\n", spica_http1::response::reason(status));
        // Only the core's own fixed texts come here, so this cannot be refused.
        let _ = reply.response(
            status,
            [(&b"content-type"[..], &b"text/plain; charset=utf-8"[..])].into_iter(),
            Body::Bytes(body.as_bytes()),
        );
        Answer { status, bytes: if shape.head_only { 0 } else { body.len() as u64 }, close: !shape.keep_alive }
    }
}

/// The request as the application sees it: behind a trusted proxy, as the proxy saw it.
fn build_request<'a>(link: &Link, options: &Options, ready: Ready<'a>) -> Request<'a> {
    let Ready { bytes, head, version, content, exchange } = ready;
    let (mut peer, mut secure) = (link.peer, link.tls().is_some());
    if options.trusted_proxies.trusts_peer(peer.map(|peer| peer.ip())) {
        let values = |name: &'static str| head.values(bytes, name.as_bytes());
        let origin = resolve(peer.map(|peer| peer.ip()), values, &options.trusted_proxies, &options.forwarded_fields);
        peer = origin.client.map(|(address, port)| SocketAddr::new(address, port.unwrap_or(0)));
        secure = origin.scheme.map_or(secure, |scheme| scheme == Scheme::Https);
    }
    Request { bytes, head, version, content, peer, secure, exchange }
}
