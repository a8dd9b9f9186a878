//! Receiving: octets from the socket become requests, copied only when they are not complete yet.

use std::rc::Rc;

use rustix::io::Errno;
use rustix::net::{recv, RecvFlags};

use spica_http1::{parse_head, Content as Framed, ContentReader, Head, Refusal};
use spica_router::Found;
use spica_tls::TlsFailure;

use super::{Connection, Next, Stage};
use crate::application::{Application, Content, Takes};
use crate::inbox::{End, Inbox};
use crate::output::Flushed;
use crate::reactor::Worker;
use crate::spool::Spool;

/// A client whose content is taken as it comes must send this much before its deadline is moved.
const PROGRESS: u64 = 16 * 1024;
/// What a client that speaks plain HTTP to a TLS port can read.
const PLAIN_HTTP: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n\
    content-length: 64\r\nconnection: close\r\n\r\n400 Bad Request: this port speaks TLS, use https:// to reach it\n";
const FULL_DISK: Refusal = Refusal { status: 507, reason: "the content could not be stored" };

/// A request whose head is complete and whose content is not.
pub(super) struct Arriving {
    pub reader: ContentReader,
    pub sink: Sink,
    /// The client sends its content after a 100 only, and has not got it.
    pub awaits_continue: bool,
    /// Octets since the deadline was set.
    progress: u64,
}

/// Where content goes.
pub(super) enum Sink {
    /// To be called with when it is whole.
    Whole { bytes: Vec<u8>, head: Box<Head>, spool: Spool },
    /// To the handler that has been called already.
    Stream(Rc<Inbox>),
    /// The answer is given; only the end matters.
    Nowhere,
}

/// How far one step of `serve` came.
pub(super) struct Step {
    pub consumed: usize,
    /// More input is needed before the next step.
    pub incomplete: bool,
}

impl Step {
    fn answered(consumed: usize) -> Self {
        Step { consumed, incomplete: false }
    }

    fn incomplete(consumed: usize) -> Self {
        Step { consumed, incomplete: true }
    }
}

impl Connection {
    /// Reads and serves one buffer. Returns what is next when the connection's end was read.
    pub(super) fn read_once<A: Application>(&mut self, worker: &mut Worker<A>) -> Option<Next> {
        let mut buffer = std::mem::take(&mut worker.buffer);
        let next = match self.read(&mut buffer) {
            Ok(0) => Some(self.on_end(worker)),
            Ok(n) => {
                // A full buffer may have left bytes behind; an end that was announced is still to be read.
                self.readable = n == buffer.len() || self.hung_up;
                if self.tls.is_some() {
                    self.receive_records(worker, &mut buffer[..n])
                } else {
                    self.receive(worker, &buffer[..n]);
                    None
                }
            }
            Err(Errno::AGAIN) => {
                self.readable = false;
                None
            }
            Err(_) => Some(Next::Close),
        };
        worker.buffer = buffer;
        next
    }

    /// Decrypts, sends what the handshake asks for, and takes what was said.
    fn receive_records<A: Application>(&mut self, worker: &mut Worker<A>, records: &mut [u8]) -> Option<Next> {
        let session = self.tls.as_mut()?;
        let was_handshaking = session.is_handshaking();
        let mut plain = std::mem::take(&mut worker.plain);
        plain.clear();
        let received = session.receive(records, &mut plain);
        let mut reply = Vec::new();
        session.take_output(&mut reply);
        let (ended, opened) = (session.peer_closed(), was_handshaking && !session.is_handshaking());
        let mut next = None;
        if matches!(received, Err(TlsFailure::PlainHttp)) {
            reply.extend_from_slice(PLAIN_HTTP);
        }
        if !reply.is_empty() && self.send_records(&reply) == Flushed::Broken {
            next = Some(Next::Close);
        }
        worker.handshakes += u32::from(opened);
        if next.is_none() && !plain.is_empty() {
            self.receive(worker, &plain);
        }
        worker.plain = plain;
        if received.is_err() {
            self.tls = None;
            self.lingers = true;
            self.closing = true;
            worker.out.clear();
            return Some(self.settle(worker));
        }
        if ended && next.is_none() {
            return Some(self.on_end(worker));
        }
        next
    }

    pub(super) fn read(&self, buffer: &mut [u8]) -> Result<usize, Errno> {
        let Some(socket) = &self.socket else { return Err(Errno::AGAIN) };
        loop {
            match recv(socket, &mut *buffer, RecvFlags::empty()) {
                Ok((n, _)) => return Ok(n),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Adds arrived bytes to what is unfinished, serves what is complete and keeps the rest.
    pub(super) fn receive<A: Application>(&mut self, worker: &mut Worker<A>, bytes: &[u8]) {
        if self.input.is_empty() {
            let consumed = self.serve(worker, bytes);
            self.keep(&bytes[consumed..]);
        } else {
            self.input.extend_from_slice(bytes);
            // Behind a waiting call or a full output, a connection without a socket still gets bytes.
            if !self.held_back {
                self.serve_input(worker);
            }
        }
    }

    /// Serves what is complete of the input and keeps the rest.
    pub(super) fn serve_input<A: Application>(&mut self, worker: &mut Worker<A>) {
        let mut input = std::mem::take(&mut self.input);
        let consumed = self.serve(worker, &input);
        input.drain(..consumed);
        if !input.is_empty() && !self.closing {
            self.input = input;
        }
    }

    fn keep(&mut self, rest: &[u8]) {
        if !rest.is_empty() && !self.closing {
            self.input = rest.to_vec();
        }
    }

    /// Parses a head, and its content when that is here too: then nothing is copied.
    pub(super) fn parse_request<A: Application>(
        &mut self,
        worker: &mut Worker<A>,
        input: &[u8],
    ) -> Result<Step, Refusal> {
        let mut head = std::mem::take(&mut worker.head);
        let parsed = self.parse_into(worker, input, &mut head);
        worker.head = head;
        parsed
    }

    fn parse_into<A: Application>(
        &mut self,
        worker: &mut Worker<A>,
        input: &[u8],
        head: &mut Head,
    ) -> Result<Step, Refusal> {
        if !parse_head(input, &mut self.scanned, &worker.options.limits, head)? {
            if self.stage == Stage::Idle && input != b"\r\n" {
                self.enter(Stage::Head, worker.clock.after(worker.options.head_timeout));
            }
            return Ok(Step::incomplete(0));
        }
        self.scanned = 0;
        let (bytes, rest) = input.split_at(head.len);
        if head.content == Framed::None {
            self.call(worker, bytes, head, Content::Bytes(b""), true);
            return Ok(Step::answered(head.len));
        }
        // The limit is checked even for content that is already here.
        let reader = ContentReader::for_head(head, &worker.options.limits)?;
        let takes = self.route(worker, bytes, head);
        match head.content {
            Framed::Length(length) if length <= rest.len() as u64 && takes == Some(Takes::Whole) => {
                let content = &rest[..length as usize];
                self.call(worker, bytes, head, Content::Bytes(content), true);
                Ok(Step::answered(head.len + content.len()))
            }
            _ => {
                self.begin_content(worker, bytes, head, takes, reader, !rest.is_empty());
                Ok(Step::answered(head.len))
            }
        }
    }

    /// How the route of a request takes its content; `None` when there is no such route.
    fn route<A: Application>(&self, worker: &mut Worker<A>, bytes: &[u8], head: &Head) -> Option<Takes> {
        match worker.app.router().find(head.method.of(bytes), head.path.of(bytes), &mut worker.params) {
            Found::Route(number) => Some(worker.app.takes(number)),
            Found::NotFound | Found::MethodNotAllowed(_) | Found::Options(_) => None,
        }
    }

    /// Goes on to the content, with the handler at work already where it takes content as it comes, or where there is
    /// none: then the client need not send what nobody reads.
    fn begin_content<A: Application>(
        &mut self,
        worker: &mut Worker<A>,
        bytes: &[u8],
        head: &Head,
        takes: Option<Takes>,
        reader: ContentReader,
        begun: bool,
    ) {
        let awaits_continue = head.expects_continue && !begun;
        let mut arriving = Box::new(Arriving { reader, sink: Sink::Nowhere, awaits_continue, progress: 0 });
        match takes {
            Some(Takes::Whole) => {
                if awaits_continue {
                    arriving.awaits_continue = false;
                    Self::push_continue(worker);
                }
                arriving.sink =
                    Sink::Whole { bytes: bytes.to_vec(), head: Box::new(head.clone()), spool: Spool::default() };
                self.arriving = Some(arriving);
            }
            Some(Takes::Stream) => self.call_streaming(worker, bytes, head, arriving),
            None => {
                self.arriving = Some(arriving);
                self.call(worker, bytes, head, Content::Bytes(b""), !awaits_continue);
            }
        }
        self.stage = Stage::Idle;
        self.enter(Stage::Content, worker.clock.after(worker.options.content_timeout));
    }

    pub(super) fn parse_content<A: Application>(
        &mut self,
        worker: &mut Worker<A>,
        mut arriving: Box<Arriving>,
        input: &[u8],
    ) -> Result<Step, Refusal> {
        arriving.awaits_continue = false;
        let reader = &mut arriving.reader;
        let progress = match &mut arriving.sink {
            Sink::Whole { spool, .. } => {
                let progress = reader.feed(input, spool.sink())?;
                spool.settle(&worker.options.spool_folder, progress.done).map_err(|_| FULL_DISK)?;
                progress
            }
            Sink::Stream(inbox) => match inbox.fill(|bytes| reader.feed(input, bytes)) {
                Ok(progress) => progress,
                Err(refusal) => {
                    self.arriving = Some(arriving);
                    return Err(refusal);
                }
            },
            Sink::Nowhere => {
                let mut nowhere = std::mem::take(&mut worker.scratch);
                nowhere.clear();
                let progress = reader.feed(input, &mut nowhere);
                worker.scratch = nowhere;
                self.drained += input.len();
                progress?
            }
        };
        if progress.done {
            self.end_content(worker, *arriving);
            return Ok(Step::answered(progress.consumed));
        }
        arriving.progress += progress.consumed as u64;
        let step = Step::incomplete(progress.consumed);
        match &arriving.sink {
            Sink::Stream(inbox) => {
                self.tell_content(worker, inbox);
                if arriving.progress >= PROGRESS {
                    arriving.progress = 0;
                    self.deadline = worker.clock.after(worker.options.content_timeout);
                }
            }
            Sink::Nowhere if self.drained > worker.options.linger_bytes => {
                self.closing = true;
                return Ok(step);
            }
            Sink::Nowhere | Sink::Whole { .. } => {}
        }
        self.arriving = Some(arriving);
        Ok(step)
    }

    fn end_content<A: Application>(&mut self, worker: &mut Worker<A>, arriving: Arriving) {
        match arriving.sink {
            Sink::Whole { bytes, head, spool } => self.call(worker, &bytes, &head, spool.content(), true),
            Sink::Stream(inbox) => {
                let trailers = arriving.reader.trailers().map(|(name, value)| (name.to_vec(), value.to_vec()));
                inbox.end(End::Whole, trailers.collect());
                self.tell_content(worker, &inbox);
            }
            Sink::Nowhere => {
                self.drained = 0;
                self.stage = Stage::Idle;
            }
        }
    }
}
