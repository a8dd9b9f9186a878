//! The path of octets to events: [`Connection::receive`], then [`Connection::poll`], which runs h2.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use h2::server::{Builder, Handshake, SendResponse};
use h2::{PingPong, Reason, RecvStream};
use http::{Request, Response};
use spica_http1::Refusal;

use crate::allowance::Allowance;
use crate::event::{Cause, Event};
use crate::frames::{Frames, Kind};
use crate::head::{build_head, RequestHead};
use crate::outgoing::Outgoing;
use crate::pipe::Pipe;
use crate::ready::{Ready, StreamReady};
use crate::settings::Settings;
use crate::stream::Stream;
use crate::time::Clock;

/// A request earns its sender this many control frames: window updates for what it asked.
const EARNED_BY_REQUEST: usize = 2;

/// RFC 9113 section 6.9.2: what a peer may use before it has seen our SETTINGS. h2 does not open a window again that these made
/// smaller while its octets were already released: the stream would hang.
const LEAST_WINDOW: u32 = 65_535;

/// RFC 9113 section 6.9.1.
const MOST_WINDOW: u32 = (1 << 31) - 1;

/// RFC 9113 section 6.5.2.
const FRAME_SIZES: (u32, u32) = (1 << 14, (1 << 24) - 1);

/// h2's side, by its life.
pub(crate) enum Protocol {
    Handshake(Box<Handshake<Pipe, Outgoing>>),
    Open(Box<h2::server::Connection<Pipe, Outgoing>>),
    Closed,
}

/// The server's side of one connection.
pub struct Connection {
    pub(crate) settings: Arc<Settings>,
    pub(crate) protocol: Protocol,
    pub(crate) pipe: Pipe,
    pub(crate) ready: Arc<Ready>,
    pub(crate) waker: Waker,
    pub(crate) streams: HashMap<u32, Stream>,
    pub(crate) events: VecDeque<Event>,
    pub(crate) running: usize,
    running_heads: usize,
    /// Streams that wait for room or for their last octets to leave.
    pub(crate) queueing: Vec<u32>,
    pub(crate) frames: Frames,
    pub(crate) control_frames: Allowance,
    pub(crate) resets: Allowance,
    /// Why we are closing, once we are.
    pub(crate) closing: Option<(Reason, Cause)>,
    pub(crate) draining: bool,
    pub(crate) ping: Option<PingPong>,
    pub(crate) clock: Clock,
}

impl Connection {
    /// A connection whose peer has sent nothing yet. Its own SETTINGS are the first output.
    pub fn new(settings: &Arc<Settings>) -> Self {
        let pipe = Pipe::new(settings.output);
        let ready = Arc::new(Ready::default());
        ready.mark();
        Self {
            protocol: Protocol::Handshake(Box::new(builder(settings).handshake(pipe.clone()))),
            pipe,
            waker: Waker::from(Arc::clone(&ready)),
            ready,
            streams: HashMap::new(),
            events: VecDeque::new(),
            running: 0,
            running_heads: 0,
            queueing: Vec::new(),
            frames: Frames::new(),
            control_frames: Allowance::new(settings.control_frames, settings.control_frames_per_second),
            resets: Allowance::new(settings.resets, settings.resets_per_second),
            closing: None,
            draining: false,
            ping: None,
            clock: Clock::default(),
            settings: Arc::clone(settings),
        }
    }

    /// Take octets from the peer, cut anywhere.
    pub fn receive(&mut self, octets: &[u8]) {
        if self.is_closing() {
            return;
        }
        self.clock.note_received();
        let (control_frames, resets, mut broken) = (&mut self.control_frames, &mut self.resets, None);
        self.frames.pass(octets, |kind| match kind {
            Kind::Work => {}
            Kind::Reset if !resets.spend() => broken = Some(Cause::Resets),
            Kind::Control if !control_frames.spend() => broken = Some(Cause::ControlFrames),
            Kind::Misplaced => broken = Some(Cause::Protocol),
            Kind::Reset | Kind::Control => {}
        });
        match broken {
            Some(Cause::Protocol) => self.close_for(Reason::PROTOCOL_ERROR, Cause::Protocol),
            Some(cause) => self.close_for(Reason::ENHANCE_YOUR_CALM, cause),
            None => {
                self.pipe.lock().push_input(octets);
                self.ready.mark();
            }
        }
    }

    /// Whether more input should be read. `false` while the peer does not take what it is sent.
    pub fn wants_input(&self) -> bool {
        !self.is_closing() && self.pipe.lock().unread() < self.settings.output
    }

    /// The next event; `None` when there is nothing to do before more input, more room for output, or time.
    pub fn poll(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            if let Some(id) = self.ready.next_stream() {
                if let Some(stream) = self.streams.get_mut(&id) {
                    stream.poll(&self.settings, &mut self.events);
                    if stream.is_over() {
                        self.streams.remove(&id);
                    }
                }
            } else if self.ready.take() {
                self.drive();
            } else {
                return None;
            }
        }
    }

    /// Let h2 read, write and open streams until it waits.
    pub(crate) fn drive(&mut self) {
        let waker = self.waker.clone();
        let context = &mut Context::from_waker(&waker);
        loop {
            match &mut self.protocol {
                Protocol::Closed => return,
                Protocol::Handshake(handshake) => match Pin::new(handshake.as_mut()).poll(context) {
                    Poll::Pending => break,
                    Poll::Ready(Ok(open)) => self.open(open),
                    Poll::Ready(Err(error)) => return self.end_by(&error),
                },
                Protocol::Open(open) => match open.poll_accept(context) {
                    Poll::Pending => break,
                    Poll::Ready(Some(Ok((request, respond)))) => self.accept(request, respond),
                    Poll::Ready(Some(Err(error))) => return self.end_by(&error),
                    Poll::Ready(None) if self.pipe.lock().ended => return self.end(Reason::NO_ERROR, Cause::Transport),
                    Poll::Ready(None) => return self.end(Reason::NO_ERROR, Cause::Finished),
                },
            }
        }
        self.look_at_queues();
    }

    fn open(&mut self, mut open: h2::server::Connection<Pipe, Outgoing>) {
        self.ping = open.ping_pong();
        if self.draining {
            open.graceful_shutdown();
        }
        self.protocol = Protocol::Open(Box::new(open));
    }

    /// Hand a request to the owner, unless it is malformed or too much is running.
    fn accept(&mut self, request: Request<RecvStream>, mut respond: SendResponse<Outgoing>) {
        let waker = self.waker.clone();
        if respond.poll_reset(&mut Context::from_waker(&waker)).is_ready() {
            // Reset before anybody saw it: there is nothing to start.
            return;
        }
        let (parts, body) = request.into_parts();
        let end = body.is_end_stream();
        let request = match build_head(&parts, end, &self.settings.request) {
            Ok(request) => request,
            Err(refusal) => return self.refuse(respond, refusal),
        };
        let heads = self.running_heads + request.bytes.len();
        let is_full = self.running >= self.settings.max_streams as usize || heads > self.settings.running_heads;
        if is_full && self.running > 0 {
            respond.send_reset(Reason::REFUSED_STREAM);
            if !self.resets.spend() {
                self.close_for(Reason::ENHANCE_YOUR_CALM, Cause::Resets);
            }
            return;
        }
        self.running += 1;
        self.running_heads = heads;
        self.begin(request, respond, (!end).then_some(body));
    }

    fn begin(&mut self, request: RequestHead, respond: SendResponse<Outgoing>, body: Option<RecvStream>) {
        self.clock.note_busy();
        self.control_frames.earn(EARNED_BY_REQUEST);
        let (stream, end) = (respond.stream_id().as_u32(), body.is_none());
        let ready = StreamReady::new(stream, &self.ready);
        ready.mark();
        let record = Stream::new(ready, respond, body, &request, self.settings.request.content);
        self.streams.insert(stream, record);
        self.events.push_back(Event::Request { stream, request, end });
    }

    /// Answer a request nobody will see. Dropping the stream then stops its content without an error (RFC 9113 section 8.1).
    fn refuse(&mut self, mut respond: SendResponse<Outgoing>, refusal: Refusal) {
        let stream = respond.stream_id().as_u32();
        let mut response = Response::new(());
        *response.status_mut() = http::StatusCode::from_u16(refusal.status).unwrap_or(http::StatusCode::BAD_REQUEST);
        response.headers_mut().clone_from(&self.settings.fields);
        // Fails only when the peer has reset the stream already.
        let _ = respond.send_response(response, true);
        self.events.push_back(Event::Refused { stream, refusal });
    }

    /// Tell owners that there is room again, and let go of streams whose last octets have left.
    pub(crate) fn look_at_queues(&mut self) {
        let has_room = self.queued() <= self.settings.connection_queue / 2;
        let (streams, events, half) = (&mut self.streams, &mut self.events, self.settings.stream_queue / 2);
        self.queueing.retain(|id| {
            let Some(stream) = streams.get_mut(id) else {
                return false;
            };
            if stream.is_over() {
                streams.remove(id);
                return false;
            }
            let queued = stream.ready.queued();
            if stream.waits && (queued == 0 || (queued <= half && has_room)) {
                stream.waits = false;
                events.push_back(Event::Writable { stream: *id });
            }
            stream.waits || !stream.running
        });
    }

    /// The owner's handler is done, whatever became of the stream. Without the end of a response the stream is reset.
    ///
    /// Until this is called a stream counts as running, so that resets by the peer can't start more handlers than
    /// [`Settings::max_streams`].
    pub fn finish(&mut self, stream: u32) {
        let Some(record) = self.streams.get_mut(&stream).filter(|record| record.running) else {
            return;
        };
        self.clock.note_busy();
        self.running -= 1;
        self.running_heads -= record.used.block;
        record.finish();
        if record.is_over() {
            self.streams.remove(&stream);
        } else if !self.queueing.contains(&stream) {
            self.queueing.push(stream);
        }
        self.ready.mark();
    }

    /// Requests running: handed out and not finished.
    pub fn streams(&self) -> usize {
        self.running
    }

    /// Octets of content queued by all streams.
    pub fn queued(&self) -> usize {
        self.ready.queued.load(std::sync::atomic::Ordering::Relaxed)
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (running, queued, closed) = (self.running, self.queued(), self.is_closed());
        write!(f, "Connection {{ running: {running}, queued: {queued}, closed: {closed} }}")
    }
}

fn builder(settings: &Settings) -> Builder {
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(settings.max_streams)
        .initial_window_size(settings.stream_window.clamp(LEAST_WINDOW, MOST_WINDOW))
        .initial_connection_window_size(settings.connection_window.clamp(LEAST_WINDOW, MOST_WINDOW))
        .max_frame_size(settings.max_frame.clamp(FRAME_SIZES.0, FRAME_SIZES.1))
        .max_header_list_size(settings.header_list)
        .max_send_buffer_size(settings.stream_queue.min(MOST_WINDOW as usize))
        .max_pending_accept_reset_streams(settings.max_streams as usize)
        .max_local_error_reset_streams(Some(settings.stream_errors));
    builder
}
