//! A WebSocket between its handler and its connection: both are on one thread, and meet here.
//!
//! | state    | the handler may               | ends by                                     |
//! |----------|-------------------------------|---------------------------------------------|
//! | offered  | accept, or answer otherwise   | [`Socket::accept`], an ordinary response    |
//! | open     | receive, send, subscribe      | a Close frame of either side, a lost connection |
//! | ended    | receive what has arrived, then the end | -                                  |
//!
//! A handler that does not take its messages stops its peer; a peer that does not read stops its handler.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use spica_http1::response::check_field;
use spica_websocket::{
    code, push_message_deflated, push_pong, Close, Closing, Deflater, Failure, Kind, PerMessageDeflate, Unsendable,
};

use crate::application::Exchange;
use crate::options::SocketOptions;
use crate::topics::Topics;

/// Octets of messages, or messages, that wait for a handler before its socket is not read any more.
const INBOX_OCTETS: usize = 64 * 1024;
const INBOX_MESSAGES: usize = 256;
/// From here on, a handler that sends is asked to wait.
pub(crate) const HIGH: usize = 64 * 1024;

/// Fields of the answer that only the core writes.
const OWN_FIELDS: [&[u8]; 6] = [
    b"upgrade",
    b"connection",
    b"content-length",
    b"transfer-encoding",
    b"sec-websocket-accept",
    b"sec-websocket-extensions",
];

/// What a client has said.
pub enum Message {
    /// A text message.
    Text(Box<str>),
    /// A binary message.
    Binary(Box<[u8]>),
}

/// What [`Socket::take`] came to.
pub enum Received {
    /// The next message.
    Message(Message),
    /// None yet; `Application::wake` tells when.
    Nothing,
    /// No other will come: the code and the reason.
    Ended(u16, String),
}

/// What became of a message to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Go on.
    Room,
    /// Taken, but wait for `Application::wake` before the next.
    Full,
    /// Not taken: the socket has ended.
    Closed,
}

/// What the sockets of one worker share.
pub struct Sockets {
    pub(crate) options: SocketOptions,
    pub(crate) topics: RefCell<Topics>,
    deflater: RefCell<Deflater>,
    /// Open now.
    pub(crate) open: Cell<usize>,
    /// Accepted so far.
    pub(crate) accepted: Cell<u64>,
    /// Closed with 1013 so far.
    pub(crate) too_slow: Cell<u64>,
}

impl Sockets {
    pub(crate) fn new(options: SocketOptions) -> Rc<Self> {
        Rc::new(Sockets {
            options,
            topics: RefCell::default(),
            deflater: RefCell::default(),
            open: Cell::new(0),
            accepted: Cell::new(0),
            too_slow: Cell::new(0),
        })
    }

    /// Sockets that are subscribed to a topic.
    pub fn subscribers(&self, topic: &str) -> usize {
        self.topics.borrow().count(topic)
    }
}

/// A handshake that was asked for and is not answered.
pub(crate) struct Offer {
    pub accept: String,
    pub protocols: Vec<String>,
}

/// One WebSocket.
pub struct Socket {
    exchange: Exchange,
    shared: Rc<Sockets>,
    state: RefCell<State>,
}

struct State {
    offer: Option<Box<Offer>>,
    deflate: Option<PerMessageDeflate>,
    closing: Closing,
    messages: VecDeque<Message>,
    /// Octets of them.
    queued: usize,
    /// Frames on their way to the connection.
    out: Vec<u8>,
    /// Why no message follows those that wait.
    end: Option<Box<(u16, String)>>,
    /// Where it stands among the subscribers of its topics.
    places: HashMap<u32, u32>,
    full: bool,
    waits_for_room: bool,
    /// The handler found no message.
    waits: bool,
    /// The connection holds octets back until the handler has taken some messages.
    paused: bool,
    /// The handler has come to its end.
    done: bool,
}

impl Socket {
    pub(crate) fn new(
        exchange: Exchange,
        shared: Rc<Sockets>,
        offer: Offer,
        deflate: Option<PerMessageDeflate>,
    ) -> Rc<Self> {
        let state = State {
            offer: Some(Box::new(offer)),
            deflate,
            closing: Closing::new(),
            messages: VecDeque::new(),
            queued: 0,
            out: Vec::new(),
            end: None,
            places: HashMap::new(),
            full: false,
            waits_for_room: false,
            waits: false,
            paused: false,
            done: false,
        };
        Rc::new(Socket { exchange, shared, state: RefCell::new(state) })
    }

    /// Its name, for `Reactor::attend`, which must be called after whatever is to be sent.
    pub fn exchange(&self) -> Exchange {
        self.exchange
    }

    /// The subprotocols that the client offers, the one it prefers first; none once it is accepted.
    pub fn protocols(&self) -> Vec<String> {
        self.state.borrow().offer.as_ref().map(|offer| offer.protocols.clone()).unwrap_or_default()
    }

    /// Whether it has been accepted.
    pub fn is_accepted(&self) -> bool {
        self.state.borrow().offer.is_none()
    }

    /// Whether messages can be sent.
    pub fn is_open(&self) -> bool {
        let state = self.state.borrow();
        state.offer.is_none() && state.end.is_none()
    }

    /// Whether octets wait to be read until the handler has taken messages.
    pub fn is_paused(&self) -> bool {
        self.state.borrow().paused
    }

    /// Answers the handshake with 101.
    ///
    /// # Errors
    /// What is wrong with a field, or with a subprotocol that was not offered. Nothing has changed then.
    pub fn accept<'f>(
        &self,
        protocol: Option<&str>,
        fields: impl Iterator<Item = (&'f [u8], &'f [u8])>,
    ) -> Result<(), String> {
        let mut state = self.state.borrow_mut();
        let State { offer, deflate, out, end, .. } = &mut *state;
        let Some(offered) = offer else { return Err("it was accepted already".to_owned()) };
        if end.is_some() {
            *offer = None;
            return Ok(()); // the peer is gone; the first look into the socket tells
        }
        let mut head = Vec::with_capacity(192);
        head.extend_from_slice(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n");
        push_line(&mut head, b"sec-websocket-accept", offered.accept.as_bytes());
        if let Some(protocol) = protocol {
            if !offered.protocols.iter().any(|one| one == protocol) {
                return Err(format!("the client does not offer the subprotocol {protocol:?}"));
            }
            push_line(&mut head, b"sec-websocket-protocol", protocol.as_bytes());
        }
        if let Some(deflate) = deflate {
            push_line(&mut head, b"sec-websocket-extensions", deflate.field_value().as_bytes());
        }
        for (name, value) in fields {
            if OWN_FIELDS.iter().any(|own| name.eq_ignore_ascii_case(own)) {
                return Err(format!("{} is written by the server", String::from_utf8_lossy(name)));
            }
            check_field(name, value).map_err(|error| error.to_string())?;
            push_line(&mut head, name, value);
        }
        head.extend_from_slice(b"\r\n");
        *out = head;
        *offer = None;
        Ok(())
    }

    /// Takes the next message.
    pub fn take(&self) -> Received {
        let mut state = self.state.borrow_mut();
        if let Some(message) = state.messages.pop_front() {
            state.queued -= message.len();
            if state.messages.is_empty() {
                state.messages = VecDeque::new(); // an idle socket owns no buffer
            }
            return Received::Message(message);
        }
        state.waits = state.end.is_none();
        match &state.end {
            Some(end) => Received::Ended(end.0, end.1.clone()),
            None => Received::Nothing,
        }
    }

    /// Whether [`Socket::take`] would give something.
    pub fn is_ready(&self) -> bool {
        let state = self.state.borrow();
        !state.messages.is_empty() || state.end.is_some()
    }

    /// Why it has ended, if it has.
    pub fn end(&self) -> Option<(u16, String)> {
        self.state.borrow().end.as_deref().cloned()
    }

    /// Sends a message.
    pub fn send(&self, kind: Kind, payload: &[u8]) -> Sent {
        let mut state = self.state.borrow_mut();
        if state.offer.is_some() || state.end.is_some() {
            return Sent::Closed;
        }
        let State { out, deflate, .. } = &mut *state;
        push_message_deflated(out, kind, payload, *deflate, &mut self.shared.deflater.borrow_mut());
        if state.full || state.out.len() >= HIGH {
            Sent::Full
        } else {
            Sent::Room
        }
    }

    /// Whether the next message should wait; then `Application::wake` tells when.
    pub fn is_full(&self) -> bool {
        let mut state = self.state.borrow_mut();
        let full = state.end.is_none() && (state.full || state.out.len() >= HIGH);
        state.waits_for_room |= full;
        full
    }

    /// Says goodbye; only the first call does. Messages that come after it are not delivered.
    ///
    /// # Errors
    /// [`Unsendable`] for a code or a reason that can't be sent.
    pub fn close(&self, code: u16, reason: &str) -> Result<(), Unsendable> {
        let mut state = self.state.borrow_mut();
        let State { closing, out, .. } = &mut *state;
        closing.send(Some(code), reason, out)?;
        state.end.get_or_insert_with(|| Box::new((code, reason.to_owned())));
        Ok(())
    }

    /// Gets what is broadcast to a topic from now on.
    pub fn subscribe(self: &Rc<Self>, topic: &str) {
        if self.is_open() {
            self.shared.topics.borrow_mut().subscribe(topic, self);
        }
    }

    /// Gets it no more.
    pub fn unsubscribe(self: &Rc<Self>, topic: &str) {
        self.shared.topics.borrow_mut().unsubscribe(topic, self);
    }

    /// The handshake was answered otherwise: who still holds the socket finds it ended.
    pub fn refuse(self: &Rc<Self>) {
        self.set_gone();
    }

    /// The handler has come to its end.
    pub fn set_done(&self) {
        self.state.borrow_mut().done = true;
    }

    pub(crate) fn is_done(&self) -> bool {
        self.state.borrow().done
    }

    // What follows is the connection's side.

    pub(crate) fn deflate(&self) -> Option<PerMessageDeflate> {
        self.state.borrow().deflate
    }

    /// Whether the handler has fetched little enough; remembers it when not.
    pub(crate) fn has_room(&self) -> bool {
        let mut state = self.state.borrow_mut();
        let room = state.end.is_some() || (state.queued < INBOX_OCTETS && state.messages.len() < INBOX_MESSAGES);
        state.paused = !room;
        room
    }

    /// A message for the handler. Returns whether it waits for one.
    pub(crate) fn push(&self, message: Message) -> bool {
        let mut state = self.state.borrow_mut();
        if state.end.is_some() {
            return false;
        }
        state.queued += message.len();
        state.messages.push_back(message);
        std::mem::take(&mut state.waits)
    }

    /// Answers a Ping, as long as we have not said goodbye.
    pub(crate) fn pong(&self, payload: &[u8]) {
        let mut state = self.state.borrow_mut();
        if state.closing.is_open() {
            // A Ping has no more octets than a Pong may have.
            let _ = push_pong(&mut state.out, payload);
        }
    }

    /// The peer's Close frame.
    pub(crate) fn receive_close(&self, close: &Close<'_>) {
        let mut state = self.state.borrow_mut();
        let State { closing, out, .. } = &mut *state;
        closing.receive(close, out);
        let end = (close.code.unwrap_or(code::NONE_RECEIVED), close.reason.to_owned());
        state.end.get_or_insert_with(|| Box::new(end));
    }

    /// The peer broke the protocol or a limit.
    pub(crate) fn fail(&self, failure: &Failure) {
        let mut state = self.state.borrow_mut();
        let State { closing, out, .. } = &mut *state;
        closing.fail(failure, out);
        state.end.get_or_insert_with(|| Box::new((failure.code, failure.reason.to_owned())));
    }

    /// The connection is gone, or is given up.
    pub(crate) fn set_gone(self: &Rc<Self>) {
        self.shared.topics.borrow_mut().forget(self);
        let mut state = self.state.borrow_mut();
        state.out = Vec::new();
        state.end.get_or_insert_with(|| Box::new((code::ABNORMAL, String::new())));
    }

    pub(crate) fn closing(&self) -> Closing {
        self.state.borrow().closing
    }

    /// What is to be sent.
    pub(crate) fn take_out(&self) -> Vec<u8> {
        std::mem::take(&mut self.state.borrow_mut().out)
    }

    /// The connection says whether the peer lags. Returns whether the handler must be told that there is room.
    pub(crate) fn set_full(&self, full: bool) -> bool {
        let mut state = self.state.borrow_mut();
        state.full = full;
        let tell = state.waits_for_room && !full;
        state.waits_for_room &= !tell;
        tell
    }

    /// Whether the handler waits for a message and there is an end instead.
    pub(crate) fn take_waits_for_end(&self) -> bool {
        let mut state = self.state.borrow_mut();
        state.end.is_some() && std::mem::take(&mut state.waits)
    }

    pub(crate) fn place(&self, topic: u32) -> Option<u32> {
        self.state.borrow().places.get(&topic).copied()
    }

    pub(crate) fn set_place(&self, topic: u32, place: u32) {
        self.state.borrow_mut().places.insert(topic, place);
    }

    pub(crate) fn remove_place(&self, topic: u32) -> Option<u32> {
        self.state.borrow_mut().places.remove(&topic)
    }

    pub(crate) fn take_places(&self) -> HashMap<u32, u32> {
        std::mem::take(&mut self.state.borrow_mut().places)
    }
}

impl Message {
    fn len(&self) -> usize {
        match self {
            Message::Text(text) => text.len(),
            Message::Binary(octets) => octets.len(),
        }
    }
}

fn push_line(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}
