//! Making a call, the same for every protocol: a request is routed, the application called, and what it wrote given back.
//!
//! A panic ends one call, never the worker: then nothing of what was written can be trusted to be whole.

use std::net::SocketAddr;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::Instant;

use spica_http1::Head;
use spica_router::Found;

use crate::application::{Application, Called, Request, Taking};
use crate::exchange::LogLine;
use crate::files::answer_public;
use crate::forwarded::{resolve, Scheme};
use crate::options::Options;
use crate::reactor::Worker;
use crate::reply::{Answer, Body, Reply, Segment, Shape, Streaming};

/// What a call came to. The head, and content that is small, are at the end of `Worker::out`.
pub struct Outcome {
    /// `None` after a panic.
    pub called: Option<Called>,
    /// What was written, if anything was.
    pub answer: Option<Answer>,
    pub streaming: Option<Box<Streaming>>,
    /// Content that follows what is in `Worker::out`.
    pub tail: Vec<Segment>,
    /// Whether the request leaves an access line.
    pub logged: bool,
}

impl<A: Application> Worker<A> {
    /// What the route of a request says about its content.
    pub fn takes(&mut self, mut request: Request<'_>) -> Taking {
        let Worker { app, params, options, .. } = self;
        if !options.trusted_proxies.is_empty() {
            see_through_proxies(&mut request, options);
        }
        // A guard is the application's code; what breaks here breaks the call as well, and is answered there.
        let found = catch_unwind(AssertUnwindSafe(|| app.find(&request, params))).unwrap_or(Found::NotFound);
        match found {
            Found::Route(number) | Found::Fallback(number) => {
                Taking { takes: Some(self.app.takes(number)), limit: self.app.content_limit(number) }
            }
            Found::NotFound | Found::MethodNotAllowed(_) | Found::Options(_) => Taking { takes: None, limit: u64::MAX },
        }
    }

    /// Routes and calls.
    pub fn call(&mut self, mut request: Request<'_>, shape: Shape) -> Outcome {
        self.counts.requests += 1;
        let overloaded = self.sheds || self.waiting >= self.options.max_waiting;
        let now = self.clock.unix_second();
        let Worker { app, params, out, heads, compressor, counts, options, .. } = self;
        if !options.trusted_proxies.is_empty() {
            see_through_proxies(&mut request, options);
        }
        let (mut tail, mut logged) = (Vec::new(), true);
        let mut reply = Reply::new(out, &mut tail, heads, compressor, shape);
        let called = catch_unwind(AssertUnwindSafe(|| {
            let found = app.find(&request, params);
            if let Found::Route(number) | Found::Fallback(number) = found {
                logged = app.is_logged(number);
            }
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
        Outcome { called: called.ok(), answer, streaming, tail, logged }
    }

    /// Lets a call that waited write its answer.
    pub fn complete(&mut self, shape: Shape, write: impl FnOnce(&A, &mut Reply<'_>) -> Called) -> Outcome {
        let mut tail = Vec::new();
        let mut reply = Reply::new(&mut self.out, &mut tail, &self.heads, &self.compressor, shape);
        let called = catch_unwind(AssertUnwindSafe(|| write(&self.app, &mut reply)));
        let (answer, streaming) = (reply.answer(), reply.take_streaming());
        Outcome { called: called.ok(), answer, streaming, tail, logged: true }
    }

    /// What the log line of a request will need, where there is a log.
    pub fn log_line(&self, bytes: &[u8], head: &Head) -> Option<Box<LogLine>> {
        self.log.as_ref().map(|_| {
            Box::new(LogLine {
                method: head.method.of(bytes).to_vec(),
                target: head.target.of(bytes).to_vec(),
                since: Instant::now(),
            })
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

/// Behind a trusted proxy, the application sees the request as the proxy saw it.
fn see_through_proxies(request: &mut Request<'_>, options: &Options) {
    let peer = request.peer.map(|peer| peer.ip());
    if options.trusted_proxies.trusts_peer(peer) {
        let values = |name: &'static str| request.head.values(request.bytes, name.as_bytes());
        let origin = resolve(peer, values, &options.trusted_proxies, &options.forwarded_fields);
        request.peer = origin.client.map(|(address, port)| SocketAddr::new(address, port.unwrap_or(0)));
        request.secure = origin.scheme.map_or(request.secure, |scheme| scheme == Scheme::Https);
    }
}
