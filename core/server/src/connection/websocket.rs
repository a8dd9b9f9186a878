//! A WebSocket on a connection: frames to messages, messages to frames, and who is still alive.
//!
//! | waits for                       | deadline                       | then                      |
//! |---------------------------------|--------------------------------|---------------------------|
//! | any octet of the peer           | ping_interval                  | a Ping, and once more     |
//! | an answer to it                 | ping_interval                  | close                     |
//! | the peer's Close frame          | close_timeout                  | close                     |
//! | the peer to take what is sent   | write_timeout, per progress    | close                     |
//!
//! A handler's messages wait for the peer; what is broadcast waits in a queue, and when that is full, the socket is closed
//! with 1013, so that nobody else waits for this peer.

use std::rc::Rc;

use spica_websocket::{code, push_ping, Event, Prepared, Reader};

use crate::application::{Application, Signal};
use crate::clock::Tick;
use crate::connection::{After, Link, NEVER};
use crate::exchange::{InFlight, LogLine};
use crate::output::Flushed;
use crate::reactor::Worker;
use crate::socket::{Message, Socket, HIGH};

/// The state of a WebSocket on one connection.
pub struct WebSocket {
    socket: Rc<Socket>,
    call: usize,
    stream: u32,
    reader: Reader,
    /// What has arrived and can't be delivered yet.
    input: Vec<u8>,
    log: Option<Box<LogLine>>,
    sent: u64,
    /// When the peer is asked for a sign of life, or given up.
    alive_by: Tick,
    pinged: bool,
    /// When the peer must have answered our Close frame.
    closed_by: Tick,
    /// The 101 is with the kernel.
    greeted: bool,
    failed: bool,
    /// The peer has sent its last octet.
    ended: bool,
    /// Everybody has been told that it is over.
    abandoned: bool,
}

impl WebSocket {
    /// Takes a connection over. `input` has arrived behind the head of the request.
    pub fn new<A: Application>(worker: &Worker<A>, socket: Rc<Socket>, in_flight: InFlight, input: Vec<u8>) -> Self {
        let options = &worker.sockets.options;
        worker.sockets.open.set(worker.sockets.open.get() + 1);
        worker.sockets.accepted.set(worker.sockets.accepted.get() + 1);
        let websocket = WebSocket {
            call: in_flight.call,
            stream: in_flight.stream,
            reader: Reader::new(options.max_message, socket.deflate().is_some()),
            socket,
            input,
            log: in_flight.log,
            sent: 0,
            alive_by: NEVER,
            pinged: false,
            closed_by: NEVER,
            greeted: false,
            failed: false,
            ended: false,
            abandoned: false,
        };
        if worker.draining {
            websocket.say_goodbye();
        }
        websocket
    }

    /// Octets that have been read and not served.
    pub fn buffered(&self) -> usize {
        self.input.len()
    }

    pub fn has_held_back(&self) -> bool {
        !self.input.is_empty()
    }

    pub fn wants_input(&self, link: &Link) -> bool {
        !self.ended && !self.socket.closing().is_over() && self.socket.has_room() && !link.is_full(0)
    }

    /// Makes messages of octets, as many as the handler has room for.
    pub fn receive<A: Application>(&mut self, worker: &mut Worker<A>, octets: &mut [u8]) {
        self.hear(worker);
        if self.input.is_empty() {
            let consumed = self.read(worker, octets);
            self.input.extend_from_slice(&octets[consumed..]);
        } else {
            self.input.extend_from_slice(octets);
            self.serve_input(worker);
        }
    }

    /// Goes on with what was held back.
    pub fn serve_input<A: Application>(&mut self, worker: &mut Worker<A>) {
        let mut input = std::mem::take(&mut self.input);
        let consumed = self.read(worker, &mut input);
        input.drain(..consumed);
        if !input.is_empty() {
            self.input = input;
        }
    }

    /// A sign of life.
    fn hear<A: Application>(&mut self, worker: &Worker<A>) {
        self.pinged = false;
        self.alive_by = next_ping(worker);
    }

    fn read<A: Application>(&mut self, worker: &mut Worker<A>, octets: &mut [u8]) -> usize {
        let mut at = 0;
        let mut wakes = false;
        let mut inflater = std::mem::take(&mut worker.inflater);
        while self.socket.has_room() {
            match self.reader.read(&mut octets[at..], &mut inflater) {
                Ok(progress) => {
                    at += progress.consumed;
                    match progress.event {
                        Some(Event::Text(text)) => wakes |= self.socket.push(Message::Text(text.into())),
                        Some(Event::Binary(octets)) => wakes |= self.socket.push(Message::Binary(octets.into())),
                        Some(Event::Ping(payload)) => self.socket.pong(payload),
                        Some(Event::Pong(_)) => {}
                        Some(Event::Close(close)) => self.socket.receive_close(&close),
                        None => break,
                    }
                }
                Err(failure) => {
                    self.socket.fail(&failure);
                    self.failed = true;
                    at = octets.len();
                    break;
                }
            }
        }
        worker.inflater = inflater;
        if wakes || self.socket.take_waits_for_end() {
            self.wake(worker, Signal::Message);
        }
        self.push_out(worker);
        at
    }

    fn wake<A: Application>(&self, worker: &Worker<A>, signal: Signal) {
        if !self.socket.is_done() {
            worker.app.wake(self.call, signal);
        }
    }

    /// Moves what the handler sends into the output.
    pub fn push_out<A: Application>(&mut self, worker: &mut Worker<A>) {
        let out = self.socket.take_out();
        self.sent += out.len() as u64;
        if worker.out.is_empty() && worker.out.capacity() < out.len() {
            worker.out = out;
        } else {
            worker.out.extend_from_slice(&out);
        }
    }

    /// The handler of this exchange has sent something, or has room for messages. Returns whether it is this one.
    pub fn attend<A: Application>(&mut self, worker: &mut Worker<A>, stream: u32) -> bool {
        if stream == self.stream {
            self.push_out(worker);
        }
        stream == self.stream
    }

    /// The handler has come to its end: so does the socket.
    pub fn finish<A: Application>(&mut self, worker: &mut Worker<A>, stream: u32) -> bool {
        if stream == self.stream {
            self.socket.set_done();
            // A code that may be sent.
            let _ = self.socket.close(code::NORMAL, "");
            self.push_out(worker);
        }
        stream == self.stream
    }

    /// The server stops.
    pub fn on_drain<A: Application>(&mut self, worker: &mut Worker<A>) {
        self.say_goodbye();
        if self.socket.take_waits_for_end() {
            self.wake(worker, Signal::Message);
        }
        self.push_out(worker);
    }

    fn say_goodbye(&self) {
        // A code that may be sent.
        let _ = self.socket.close(code::GOING_AWAY, "");
    }

    /// The peer has sent its last octet.
    pub fn on_end(&mut self) {
        self.ended = true;
        self.input = Vec::new();
    }

    /// Whether neither side has said goodbye.
    pub fn is_open(&self) -> bool {
        self.socket.closing().is_open()
    }

    /// Sends a frame that others get too, or queues it; a queue that is full closes the socket.
    pub fn broadcast<A: Application>(
        &mut self,
        link: &mut Link,
        worker: &mut Worker<A>,
        message: &mut Prepared,
    ) -> Flushed {
        if !self.socket.is_open() {
            return Flushed::All;
        }
        self.push_out(worker);
        if !worker.out.is_empty() && link.flush(worker) == Flushed::Broken {
            return Flushed::Broken;
        }
        let frame = message.frame(self.socket.deflate(), &mut worker.deflater).clone();
        if link.held().saturating_add(frame.len()) > worker.sockets.options.max_queue && link.has_output() {
            self.give_up(link, worker);
            return link.flush(worker);
        }
        self.sent += frame.len() as u64;
        link.send_shared(worker, frame)
    }

    /// The peer reads too slowly: what it would still get is dropped, and it is told so.
    fn give_up<A: Application>(&mut self, link: &mut Link, worker: &mut Worker<A>) {
        worker.sockets.too_slow.set(worker.sockets.too_slow.get() + 1);
        if self.greeted {
            link.drop_unsent();
        }
        // A code that may be sent.
        let _ = self.socket.close(code::TRY_AGAIN_LATER, "the client reads too slowly");
        if self.socket.take_waits_for_end() {
            self.wake(worker, Signal::Message);
        }
        self.push_out(worker);
    }

    /// A deadline has passed; which one?
    pub fn on_deadline<A: Application>(&mut self, link: &mut Link, worker: &mut Worker<A>) -> After {
        let now = worker.clock.tick();
        let lags = link.has_output() && link.write_deadline(worker.clock.after(worker.options.write_timeout)) <= now;
        // While nothing is read, a peer can't be heard.
        let is_silent = self.pinged && self.alive_by <= now && self.wants_input(link) && !self.has_held_back();
        if lags || self.closed_by <= now || is_silent {
            return After::Close;
        }
        if self.alive_by <= now {
            self.pinged = true;
            self.alive_by = next_ping(worker);
            if self.socket.closing().is_open() {
                // Nothing is too long here.
                let _ = push_ping(&mut worker.out, b"");
            }
        }
        After::Keep
    }

    /// Decides whether the connection goes on, and sets its deadline.
    pub fn settle<A: Application>(&mut self, link: &mut Link, worker: &mut Worker<A>, sent: bool) -> After {
        self.greeted |= sent;
        if self.alive_by == NEVER {
            self.alive_by = next_ping(worker);
        }
        let closing = self.socket.closing();
        if closing.is_over() && sent {
            return After::End { unread: self.failed };
        }
        // Who has stopped reading can't see the end of a peer either.
        if self.ended || (link.hung_up && !self.wants_input(link)) {
            return After::Close;
        }
        if self.socket.set_full(link.held() >= HIGH) {
            self.wake(worker, Signal::Room);
        }
        if !closing.is_open() && self.closed_by == NEVER {
            self.closed_by = worker.clock.after(worker.sockets.options.close_timeout);
        }
        self.set_deadline(link, worker);
        After::Keep
    }

    /// The nearest of all that is waited for.
    pub fn set_deadline<A: Application>(&self, link: &mut Link, worker: &Worker<A>) {
        let mut deadline = self.alive_by.min(self.closed_by);
        if link.has_output() {
            deadline = deadline.min(link.write_deadline(worker.clock.after(worker.options.write_timeout)));
        }
        link.deadline = deadline;
    }

    /// The connection is gone.
    pub fn abandon<A: Application>(&mut self, link: &Link, worker: &mut Worker<A>) {
        if std::mem::replace(&mut self.abandoned, true) {
            return;
        }
        worker.sockets.open.set(worker.sockets.open.get() - 1);
        self.socket.set_gone();
        worker.log_answer(link.peer, self.log.as_deref(), 101, self.sent);
        if !self.socket.is_done() {
            worker.app.cancel(self.call);
        }
    }
}

fn next_ping<A: Application>(worker: &Worker<A>) -> Tick {
    let interval = worker.sockets.options.ping_interval;
    if interval.is_zero() {
        NEVER
    } else {
        worker.clock.after(interval)
    }
}
