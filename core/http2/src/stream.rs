//! One request and its response.
//!
//! | state | answer | left by |
//! |---|---|---|
//! | waiting | [`Answer::Head`] | the head of the response |
//! | answering | [`Answer::Content`] | `end`, then the queue running empty |
//! | gone | [`Answer::Gone`] | |
//!
//! A reset by either side, or a refusal, leads to gone from everywhere. Apart from that a stream is running until the owner finishes it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Response, StatusCode};
use spica_http1::Refusal;

use crate::error::SendError;
use crate::event::Event;
use crate::fields::declared_length;
use crate::head::{read_trailers, RequestHead, Used, CONTENT};
use crate::outgoing::Outgoing;
use crate::ready::StreamReady;
use crate::settings::Settings;

/// Pieces of content an owner may hold. The rest stays in h2, which knows what small pieces cost (RFC 9113 section 10.5).
const MOST_PIECES: usize = 1_024;

/// What can be sent next.
#[derive(Debug)]
enum Answer {
    Head(SendResponse<Outgoing>),
    Content(SendStream<Outgoing>),
    Gone,
}

/// One request and its response.
#[derive(Debug)]
pub(crate) struct Stream {
    id: u32,
    answer: Answer,
    receive: Option<RecvStream>,
    pub(crate) ready: Arc<StreamReady>,
    content_left: u64,
    /// Octets given to the owner and not released.
    held: usize,
    /// In how many pieces, about.
    pieces: usize,
    pub(crate) used: Used,
    /// Whether the request is HEAD, whose response says the length of content it doesn't have.
    is_head: bool,
    declared: Option<u64>,
    written: u64,
    ended: bool,
    /// Until the owner has finished it.
    pub(crate) running: bool,
    /// Whether the owner waits for [`Event::Writable`].
    pub(crate) waits: bool,
    progress: (usize, Option<Duration>),
}

impl Stream {
    pub(crate) fn new(
        ready: Arc<StreamReady>,
        respond: SendResponse<Outgoing>,
        receive: Option<RecvStream>,
        request: &RequestHead,
        content: u64,
    ) -> Self {
        Self {
            id: respond.stream_id().as_u32(),
            answer: Answer::Head(respond),
            receive,
            ready,
            content_left: content,
            held: 0,
            pieces: 0,
            used: Used::by(request),
            is_head: request.head.method.of(&request.bytes) == b"HEAD",
            declared: None,
            written: 0,
            ended: false,
            running: true,
            waits: false,
            progress: (0, None),
        }
    }

    /// Whether nothing is left to be done for it.
    pub(crate) fn is_over(&self) -> bool {
        !self.running && (matches!(self.answer, Answer::Gone) || self.ready.queued() == 0)
    }

    /// Ask h2 what happened to the stream, which also registers for what happens next.
    pub(crate) fn poll(&mut self, settings: &Settings, events: &mut VecDeque<Event>) {
        self.ready.clear();
        let waker = Waker::from(Arc::clone(&self.ready));
        let context = &mut Context::from_waker(&waker);
        if let Some(reason) = self.poll_reset(context) {
            return self.lose(reason, events);
        }
        while let (Some(receive), true) = (&mut self.receive, self.pieces < MOST_PIECES) {
            match receive.poll_data(context) {
                Poll::Pending => return,
                Poll::Ready(Some(Ok(data))) => {
                    if let Err(refusal) = self.take(data, events) {
                        return self.refuse(refusal, &settings.fields, events);
                    }
                }
                Poll::Ready(Some(Err(error))) => return self.lose(error.reason().unwrap_or(Reason::CANCEL), events),
                Poll::Ready(None) => match receive.poll_trailers(context) {
                    Poll::Pending => return,
                    Poll::Ready(Err(error)) => return self.lose(error.reason().unwrap_or(Reason::CANCEL), events),
                    Poll::Ready(Ok(fields)) => return self.end_content(fields, settings, events),
                },
            }
        }
    }

    fn poll_reset(&mut self, context: &mut Context<'_>) -> Option<Reason> {
        let polled = match &mut self.answer {
            Answer::Head(head) => head.poll_reset(context),
            Answer::Content(content) => content.poll_reset(context),
            Answer::Gone => return None,
        };
        match polled {
            Poll::Pending => None,
            Poll::Ready(Ok(reason)) => Some(reason),
            Poll::Ready(Err(error)) => Some(error.reason().unwrap_or(Reason::CANCEL)),
        }
    }

    fn take(&mut self, data: Bytes, events: &mut VecDeque<Event>) -> Result<(), Refusal> {
        self.content_left = self.content_left.checked_sub(data.len() as u64).ok_or(CONTENT)?;
        if !data.is_empty() {
            self.held += data.len();
            self.pieces += 1;
            events.push_back(Event::Data { stream: self.id, data });
        }
        Ok(())
    }

    fn end_content(&mut self, fields: Option<HeaderMap>, settings: &Settings, events: &mut VecDeque<Event>) {
        match fields.map_or(Ok(Vec::new()), |fields| read_trailers(&fields, &settings.request, self.used)) {
            Ok(trailers) => events.push_back(Event::End { stream: self.id, trailers }),
            Err(refusal) => self.refuse(refusal, &settings.fields, events),
        }
    }

    /// Answer with the status of `refusal`, or reset when an answer has begun.
    fn refuse(&mut self, refusal: Refusal, fields: &HeaderMap, events: &mut VecDeque<Event>) {
        if self.respond(refusal.status, fields.clone(), true).is_err() {
            self.reset(Reason::CANCEL);
        }
        self.forget();
        events.push_back(Event::Refused { stream: self.id, refusal });
    }

    /// The stream was reset, by the peer or by h2 for the peer's mistake, or the connection ended.
    pub(crate) fn lose(&mut self, reason: Reason, events: &mut VecDeque<Event>) {
        if self.running && !matches!(self.answer, Answer::Gone) {
            events.push_back(Event::Reset { stream: self.id, reason });
        }
        self.forget();
    }

    /// The peer does not open its window: give up.
    pub(crate) fn stall(&mut self, events: &mut VecDeque<Event>) {
        let told = self.running.then_some(Event::Reset { stream: self.id, reason: Reason::CANCEL });
        self.reset(Reason::CANCEL);
        events.extend(told);
    }

    fn forget(&mut self) {
        self.give_back();
        self.answer = Answer::Gone;
        self.waits = false;
    }

    /// Stop reading, and give the peer back what the owner still held.
    fn give_back(&mut self) {
        self.release(self.held);
        self.receive = None;
    }

    /// The owner has consumed `octets` of content.
    pub(crate) fn release(&mut self, octets: usize) {
        let octets = octets.min(self.held);
        let waited = self.pieces >= MOST_PIECES;
        self.pieces -= self.pieces.saturating_mul(octets).div_ceil(self.held.max(1)).min(self.pieces);
        self.held -= octets;
        if waited {
            self.ready.mark();
        }
        if let Some(receive) = &mut self.receive {
            // Never more than is in flight, which is the only error there is.
            let _ = receive.flow_control().release_capacity(octets);
        }
    }

    /// The owner is done with it.
    pub(crate) fn finish(&mut self) {
        self.running = false;
        self.waits = false;
        if !self.ended {
            self.reset(Reason::INTERNAL_ERROR);
        }
        self.give_back();
    }

    pub(crate) fn reset(&mut self, reason: Reason) {
        match &mut self.answer {
            Answer::Head(head) => head.send_reset(reason),
            Answer::Content(content) => content.send_reset(reason),
            Answer::Gone => {}
        }
        self.forget();
    }

    pub(crate) fn respond(&mut self, status: u16, fields: HeaderMap, end: bool) -> Result<(), SendError> {
        let head = match &mut self.answer {
            Answer::Head(head) => head,
            Answer::Content(_) => return Err(SendError::Order),
            Answer::Gone => return Err(SendError::Gone),
        };
        let code = StatusCode::from_u16(status).map_err(|_| SendError::Status(status))?;
        if status == 101 || (code.is_informational() && end) {
            return Err(SendError::Status(status));
        }
        let declared = declared_length(&fields);
        let may_differ = self.is_head || status == 304 || code.is_informational();
        if let (Some(declared @ 1..), true, false) = (declared, end, may_differ) {
            return Err(SendError::Length { declared, sent: 0 });
        }
        let mut response = Response::new(());
        *response.status_mut() = code;
        *response.headers_mut() = fields;
        if code.is_informational() {
            return head.send_informational(response).map_err(|_| SendError::Gone);
        }
        self.answer = Answer::Content(head.send_response(response, end).map_err(|_| SendError::Gone)?);
        self.declared = declared;
        self.ended = end;
        Ok(())
    }

    pub(crate) fn send(&mut self, data: Bytes, end: bool) -> Result<(), SendError> {
        self.check_length(data.len() as u64, end)?;
        if data.is_empty() && !end {
            return Ok(());
        }
        let data = Outgoing::new(data, &self.ready);
        self.content()?.send_data(data, end).map_err(|_| SendError::Gone)?;
        self.ended = end;
        Ok(())
    }

    pub(crate) fn send_trailers(&mut self, fields: HeaderMap) -> Result<(), SendError> {
        if fields.is_empty() {
            return self.send(Bytes::new(), true);
        }
        self.check_length(0, true)?;
        self.content()?.send_trailers(fields).map_err(|_| SendError::Gone)?;
        self.ended = true;
        Ok(())
    }

    fn content(&mut self) -> Result<&mut SendStream<Outgoing>, SendError> {
        match &mut self.answer {
            Answer::Content(content) if !self.ended => Ok(content),
            Answer::Gone => Err(SendError::Gone),
            _ => Err(SendError::Order),
        }
    }

    /// RFC 9113 section 8.1.1: a length that is not true makes the response malformed; the peer must not take it for complete.
    fn check_length(&mut self, more: u64, end: bool) -> Result<(), SendError> {
        self.content()?;
        self.written = self.written.saturating_add(more);
        let sent = self.written;
        match self.declared {
            Some(declared) if sent > declared || (end && sent != declared) => {
                self.reset(Reason::INTERNAL_ERROR);
                Err(SendError::Length { declared, sent })
            }
            _ => Ok(()),
        }
    }

    /// Whether queued output has made no progress for `timeout`.
    pub(crate) fn is_stalled(&mut self, now: Duration, timeout: Duration) -> bool {
        let sent = self.ready.sent();
        match self.progress {
            _ if self.ready.queued() == 0 => self.progress = (sent, None),
            (seen, Some(since)) if seen == sent => return now.saturating_sub(since) >= timeout,
            _ => self.progress = (sent, Some(now)),
        }
        false
    }
}
