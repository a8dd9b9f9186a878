//! Answering: what a call has written becomes the frames of its stream.
//!
//! A response is written as in HTTP/1, by the same code with the same checks, and its head is split again here: a line a
//! field, without another rule to know.

use std::collections::VecDeque;
use std::os::unix::fs::FileExt;

use bytes::Bytes;
use spica_http1::Refusal;
use spica_http2::{Reason, SendError};

use super::running::{Running, Sink};
use super::Http2;
use crate::application::{Application, Called};
use crate::calling::Outcome;
use crate::connection::Link;
use crate::exchange::{InFlight, LogLine};
use crate::reactor::Worker;
use crate::reply::{Answer, FilePart, Segment, Shape};

/// Octets of a file in memory at a time.
const PIECE: u64 = 64 * 1024;
/// Content of this size or more is moved, not copied.
const MOVED: usize = 32 * 1024;
const ANSWERED: Refusal = Refusal { status: 400, reason: "the request was answered without this content" };

/// A request that has been called.
pub(super) struct Begun {
    pub stream: u32,
    pub shape: Shape,
    pub log: Option<Box<LogLine>>,
}

impl Http2 {
    /// Keeps a call that waits, or sends what it came to.
    pub(super) fn after_call<A: Application>(
        &mut self,
        link: &Link,
        worker: &mut Worker<A>,
        outcome: Outcome,
        begun: Begun,
        running: Option<Box<Running>>,
    ) {
        let Begun { stream, shape, log } = begun;
        let Outcome { called, answer, streaming, mut tail, logged } = outcome;
        let log = log.filter(|_| logged);
        let answer = match (called, answer) {
            (Some(Called::Answered), Some(answer)) => answer,
            (Some(Called::Waiting(call)), None) => {
                return self.wait(
                    worker,
                    InFlight { call, stream, shape, log, streaming: None, socket: None },
                    running,
                );
            }
            (Some(Called::Streaming(call)), Some(_)) if streaming.is_some() => {
                let sent = self.send_head(stream, &mut Head::new(&worker.out), false);
                worker.out.clear();
                self.wait(worker, InFlight { call, stream, shape, log, streaming, socket: None }, running);
                return match sent {
                    Ok(()) => self.push_streamed(link, worker, stream),
                    // Its content would go nowhere.
                    Err(_) => self.give_up(link, worker, stream),
                };
            }
            // What was written before a panic can't be trusted to be whole.
            _ => {
                worker.out.clear();
                tail.clear();
                worker.error(500, "the server failed to answer", shape)
            }
        };
        worker.log_answer(link.peer, log.as_deref(), answer.status, answer.bytes);
        self.answer(worker, stream, &answer, tail, running);
    }

    fn wait<A: Application>(&mut self, worker: &mut Worker<A>, in_flight: InFlight, running: Option<Box<Running>>) {
        worker.waiting += 1;
        let stream = in_flight.stream;
        let mut running = running.unwrap_or_else(|| Running::new(None, Sink::Nowhere));
        running.in_flight = Some(Box::new(in_flight));
        self.running.insert(stream, running);
    }

    /// Sends the response that is in `out`, with `tail` behind it.
    pub(super) fn answer<A: Application>(
        &mut self,
        worker: &mut Worker<A>,
        stream: u32,
        answer: &Answer,
        tail: Vec<Segment>,
        running: Option<Box<Running>>,
    ) {
        let mut head = Head::new(&worker.out);
        // In vain when it was refused, which has reset the stream: then the content below is, too.
        let _ = self.send_head(stream, &mut head, answer.bytes == 0);
        let (start, more) = (worker.out.len() - head.rest.len(), !tail.iter().all(Segment::is_empty));
        let content = match worker.out.len() - start {
            0 => None,
            length if length < MOVED => Some(Bytes::copy_from_slice(&worker.out[start..])),
            _ => {
                let capacity = worker.buffer.len();
                let out = std::mem::replace(&mut worker.out, Vec::with_capacity(capacity));
                Some(Bytes::from(out).slice(start..))
            }
        };
        worker.out.clear();
        if let Some(content) = content {
            // Fails when the stream is gone, of which there is an event.
            let _ = self.inner.send(stream, content, !more);
        }
        if !more {
            if let Some(mut running) = running {
                running.forget_content(ANSWERED);
            }
            return self.inner.finish(stream);
        }
        let mut running = running.unwrap_or_else(|| Running::new(None, Sink::Nowhere));
        running.forget_content(ANSWERED);
        running.rest = VecDeque::from(tail);
        self.running.insert(stream, running);
        self.send_rest(stream);
    }

    fn send_head(&mut self, stream: u32, head: &mut Head<'_>, end: bool) -> Result<(), SendError> {
        let sent = match self.inner.respond(stream, head.status, &mut *head, end) {
            // Of a stream that is gone there is an event.
            Ok(()) | Err(SendError::Gone) => Ok(()),
            // More fields than there is room for: nothing of it has been sent, and nothing can be.
            Err(refused) => {
                self.inner.reset(stream, Reason::INTERNAL_ERROR);
                Err(refused)
            }
        };
        head.skip();
        sent
    }

    /// Ends a call whose answer can't be sent.
    fn give_up<A: Application>(&mut self, link: &Link, worker: &mut Worker<A>, stream: u32) {
        self.inner.reset(stream, Reason::INTERNAL_ERROR);
        self.lose(link, worker, stream);
    }

    /// There is room again.
    pub(super) fn go_on<A: Application>(&mut self, worker: &Worker<A>, stream: u32) {
        match self.running.get(&stream).map(|running| &running.in_flight) {
            Some(Some(in_flight)) => in_flight.report_room(worker, false),
            Some(None) => self.send_rest(stream),
            None => {}
        }
    }

    /// Sends parts of files and what is between them, as far as there is room.
    fn send_rest(&mut self, stream: u32) {
        let Some(running) = self.running.get_mut(&stream) else { return };
        while let Some(part) = running.rest.pop_front() {
            let content = match part {
                Segment::Bytes(bytes) => Bytes::from(bytes),
                Segment::File(FilePart { file, offset, len }) => {
                    let mut piece = vec![0; len.min(PIECE) as usize];
                    if file.read_exact_at(&mut piece, offset).is_err() {
                        // It became shorter than its announced length: only a reset tells the client (promise 7).
                        self.inner.reset(stream, Reason::INTERNAL_ERROR);
                        break;
                    }
                    let (offset, len) = (offset + piece.len() as u64, len - piece.len() as u64);
                    if len > 0 {
                        running.rest.push_front(Segment::File(FilePart { file, offset, len }));
                    }
                    Bytes::from(piece)
                }
            };
            let end = running.rest.iter().all(Segment::is_empty);
            match self.inner.send(stream, content, end) {
                Ok(_) if end => break,
                Ok(sent) if sent.full => return,
                Ok(_) => {}
                Err(_) => break,
            }
        }
        self.running.remove(&stream);
        self.inner.finish(stream);
    }

    /// Moves what a handler has pushed to its stream, and tells it whether the peer lags.
    pub(super) fn push_streamed<A: Application>(&mut self, link: &Link, worker: &mut Worker<A>, stream: u32) {
        let Some(in_flight) = self.running.get_mut(&stream).and_then(|running| running.in_flight.as_mut()) else {
            return;
        };
        let Some(streaming) = &mut in_flight.streaming else { return };
        let pushed = streaming.take();
        if streaming.is_broken() {
            return self.give_up(link, worker, stream);
        }
        if pushed.is_empty() {
            return;
        }
        // Fails when the stream is gone, of which there is an event.
        if let Ok(sent) = self.inner.send(stream, Bytes::from(pushed), false) {
            in_flight.report_room(worker, sent.full);
        }
    }

    /// A streamed answer's content is complete, or will never be.
    pub fn finish_stream<A: Application>(&mut self, link: &Link, worker: &mut Worker<A>, stream: u32, whole: bool) {
        self.push_streamed(link, worker, stream);
        let Some(running) = self.running.get_mut(&stream) else { return };
        let Some(mut in_flight) = running.in_flight.take_if(|in_flight| in_flight.streaming.is_some()) else { return };
        worker.waiting -= 1;
        running.forget_content(ANSWERED);
        self.running.remove(&stream);
        if let Some(streaming) = &mut in_flight.streaming {
            if let Some(end) = whole.then(|| streaming.take_end()).flatten() {
                if !end.is_empty() {
                    let _ = self.inner.send(stream, Bytes::from(end), false);
                }
                let trailers = streaming.outbox.take_trailers();
                // What can't be sent was refused when it was set; a stream that is gone has an event of its own.
                let fields = trailers.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
                let _ = self.inner.send_trailers(stream, fields);
            }
            worker.log_answer(link.peer, in_flight.log.as_deref(), streaming.status, streaming.sent);
        }
        // Without its end it is reset, so that nobody takes it for whole.
        self.inner.finish(stream);
    }

    /// Sends an interim response for a call that waits. Returns whether there was still time.
    pub fn interim(&mut self, stream: u32, head: &[u8]) -> bool {
        let in_flight = self.running.get(&stream).and_then(|running| running.in_flight.as_ref());
        if in_flight.is_none_or(|in_flight| in_flight.streaming.is_some()) {
            return false;
        }
        let mut head = Head::new(head);
        self.inner.respond(stream, head.status, &mut head, false).is_ok()
    }
}

/// The fields of a head as `Reply` has written it, one after the other; then `rest` is the content.
struct Head<'a> {
    status: u16,
    rest: &'a [u8],
    done: bool,
}

impl<'a> Head<'a> {
    fn new(written: &'a [u8]) -> Self {
        let digits = written.get(9..12).unwrap_or(b"500");
        let status = digits.iter().fold(0, |status, digit| status * 10 + u16::from(digit.wrapping_sub(b'0')));
        let mut head = Head { status, rest: written, done: false };
        head.line();
        head
    }

    fn line(&mut self) -> &'a [u8] {
        let end = self.rest.iter().position(|&octet| octet == b'\r').unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest.get(2..).unwrap_or_default();
        line
    }

    /// Goes on to the content.
    fn skip(&mut self) {
        while self.next().is_some() {}
    }
}

impl<'a> Iterator for Head<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let line = self.line();
        self.done = line.is_empty();
        let colon = line.iter().position(|&octet| octet == b':')?;
        Some((&line[..colon], line.get(colon + 2..).unwrap_or_default()))
    }
}
