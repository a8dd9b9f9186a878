//! Receiving: octets become requests, copied only when they are not complete yet.

use std::rc::Rc;

use spica_http1::{parse_head, Content as Framed, ContentReader, Head, Limits, Refusal};

use super::{Http1, Stage};
use crate::application::{Application, Content, Takes, Taking};
use crate::connection::Link;
use crate::inbox::{End, Inbox};
use crate::reactor::Worker;
use crate::spool::Spool;

/// A client whose content is taken as it comes must send this much before its deadline is moved.
const PROGRESS: u64 = 16 * 1024;
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

impl Http1 {
    /// Adds arrived bytes to what is unfinished, serves what is complete and keeps the rest.
    pub fn receive<A: Application>(&mut self, link: &mut Link, worker: &mut Worker<A>, bytes: &[u8]) {
        if self.input.is_empty() {
            let consumed = self.serve(link, worker, bytes);
            self.keep(&bytes[consumed..]);
        } else {
            self.input.extend_from_slice(bytes);
            // Behind a waiting call or a full output, a connection without a socket still gets bytes.
            if !self.held_back {
                self.serve_input(link, worker);
            }
        }
    }

    /// Serves what is complete of the input and keeps the rest.
    pub fn serve_input<A: Application>(&mut self, link: &mut Link, worker: &mut Worker<A>) {
        let mut input = std::mem::take(&mut self.input);
        let consumed = self.serve(link, worker, &input);
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
        link: &mut Link,
        worker: &mut Worker<A>,
        input: &[u8],
    ) -> Result<Step, Refusal> {
        let mut head = worker.head.take().unwrap_or_default(); // gone after a panic
        let parsed = self.parse_into(link, worker, input, &mut head);
        worker.head = Some(head);
        parsed
    }

    fn parse_into<A: Application>(
        &mut self,
        link: &mut Link,
        worker: &mut Worker<A>,
        input: &[u8],
        head: &mut Head,
    ) -> Result<Step, Refusal> {
        if !parse_head(input, &mut self.scanned, &worker.options.limits, head)? {
            if self.stage == Stage::Idle && input != b"\r\n" {
                self.enter(link, Stage::Head, worker.clock.after(worker.options.head_timeout));
            }
            return Ok(Step::incomplete(0));
        }
        self.scanned = 0;
        let (bytes, rest) = input.split_at(head.len);
        if matches!(head.content, Framed::None | Framed::Length(0)) {
            self.call(link, worker, bytes, head, Content::Bytes(b""), true);
            return Ok(Step::answered(head.len));
        }
        // The limit is checked even for content that is already here.
        let mut reader = ContentReader::for_head(head, &worker.options.limits)?;
        let Taking { takes, limit } = worker.takes(self.request(link, bytes, head, Content::Bytes(b"")));
        if limit < worker.options.limits.content {
            match ContentReader::for_head(head, &Limits { content: limit, ..worker.options.limits.clone() }) {
                Ok(narrower) => reader = narrower,
                Err(refusal) => {
                    self.refuse(link, worker, refusal, Some((bytes, head)));
                    return Ok(Step::answered(input.len()));
                }
            }
        }
        match head.content {
            Framed::Length(length) if length <= rest.len() as u64 && takes == Some(Takes::Whole) => {
                let content = &rest[..length as usize];
                self.call(link, worker, bytes, head, Content::Bytes(content), true);
                Ok(Step::answered(head.len + content.len()))
            }
            _ => {
                let awaits_continue = head.expects_continue && rest.is_empty();
                let arriving = Arriving { reader, sink: Sink::Nowhere, awaits_continue, progress: 0 };
                self.begin_content(link, worker, bytes, head, takes, Box::new(arriving));
                Ok(Step::answered(head.len))
            }
        }
    }

    /// Goes on to the content, with the handler at work already where it takes content as it comes, or where there is
    /// none: then the client need not send what nobody reads.
    fn begin_content<A: Application>(
        &mut self,
        link: &mut Link,
        worker: &mut Worker<A>,
        bytes: &[u8],
        head: &Head,
        takes: Option<Takes>,
        mut arriving: Box<Arriving>,
    ) {
        let awaits_continue = arriving.awaits_continue;
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
            Some(Takes::Stream) => self.call_streaming(link, worker, bytes, head, arriving),
            None => {
                self.arriving = Some(arriving);
                self.call(link, worker, bytes, head, Content::Bytes(b""), !awaits_continue);
            }
        }
        self.stage = Stage::Idle;
        self.enter(link, Stage::Content, worker.clock.after(worker.options.content_timeout));
    }

    pub(super) fn parse_content<A: Application>(
        &mut self,
        link: &mut Link,
        worker: &mut Worker<A>,
        mut arriving: Box<Arriving>,
        input: &[u8],
    ) -> Result<Step, Refusal> {
        arriving.awaits_continue = false;
        let reader = &mut arriving.reader;
        let progress = match &mut arriving.sink {
            Sink::Whole { spool, bytes, head } => {
                let folder = &worker.options.spool_folder;
                let fed = reader.feed(input, spool.sink());
                let fed = fed.and_then(|fed| spool.settle(folder, fed.done).map(|()| fed).map_err(|_| FULL_DISK));
                match fed {
                    Ok(progress) => progress,
                    Err(refusal) => {
                        self.refuse(link, worker, refusal, Some((bytes, head)));
                        return Ok(Step::answered(input.len()));
                    }
                }
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
                match progress {
                    Ok(progress) => progress,
                    Err(_) if self.waiting.is_none() => {
                        self.end_unread();
                        return Ok(Step::answered(input.len()));
                    }
                    Err(refusal) => return Err(refusal),
                }
            }
        };
        if progress.done {
            self.end_content(link, worker, *arriving);
            return Ok(Step::answered(progress.consumed));
        }
        arriving.progress += progress.consumed as u64;
        let step = Step::incomplete(progress.consumed);
        match &arriving.sink {
            Sink::Stream(inbox) => {
                self.tell_content(worker, inbox);
                if arriving.progress >= PROGRESS {
                    arriving.progress = 0;
                    link.deadline = worker.clock.after(worker.options.content_timeout);
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

    /// What follows an answer is no content: another answer would be taken for the next request's.
    pub(super) fn end_unread(&mut self) {
        self.arriving = None;
        self.closing = true;
        self.lingers = true;
    }

    fn end_content<A: Application>(&mut self, link: &mut Link, worker: &mut Worker<A>, arriving: Arriving) {
        match arriving.sink {
            Sink::Whole { bytes, head, spool } => self.call(link, worker, &bytes, &head, spool.content(), true),
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
