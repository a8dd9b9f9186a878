//! One request of a connection that is not answered wholly.

use std::collections::VecDeque;
use std::rc::Rc;

use spica_http1::Refusal;
use spica_http2::RequestHead;

use crate::application::Application;
use crate::clock::Tick;
use crate::connection::{Link, NEVER};
use crate::exchange::InFlight;
use crate::inbox::{End, Inbox};
use crate::reactor::Worker;
use crate::reply::Segment;
use crate::spool::Spool;

const GONE: Refusal = Refusal { status: 400, reason: "the client went away" };

/// Where content goes.
pub(super) enum Sink {
    /// To be called with when it is whole.
    Whole(Spool),
    /// To the handler, as it comes.
    Stream(Rc<Inbox>),
    /// Nobody reads it.
    Nowhere,
}

/// A request and what has become of it: first `request` waits for its call, then `in_flight` for the answer, then `rest`
/// for the peer.
pub(super) struct Running {
    pub request: Option<RequestHead>,
    pub in_flight: Option<Box<InFlight>>,
    pub rest: VecDeque<Segment>,
    pub sink: Sink,
    /// The client waits for a 100 before it sends content.
    pub awaits_continue: bool,
    /// When the content must have come.
    pub deadline: Tick,
    /// Octets since the deadline was set.
    pub progress: usize,
    /// Octets that the route still takes.
    pub left: u64,
    /// Octets that arrived and were not given back to the peer's window.
    pub held: usize,
}

impl Running {
    /// A request that is not called yet.
    pub fn new(request: Option<RequestHead>, sink: Sink) -> Box<Self> {
        Box::new(Running {
            request,
            in_flight: None,
            rest: VecDeque::new(),
            sink,
            awaits_continue: false,
            deadline: NEVER,
            progress: 0,
            left: u64::MAX,
            held: 0,
        })
    }

    /// The peer has lost its interest, or its connection.
    pub fn abandon<A: Application>(mut self: Box<Self>, link: &Link, worker: &mut Worker<A>) {
        self.forget_content(GONE);
        if let Some(in_flight) = self.in_flight.take() {
            in_flight.abandon(link, worker);
        }
    }

    /// No more content comes, or is wanted.
    pub fn forget_content(&mut self, why: Refusal) {
        self.deadline = NEVER;
        if let Sink::Stream(inbox) = std::mem::replace(&mut self.sink, Sink::Nowhere) {
            inbox.end(End::Broken(why), Vec::new());
        }
    }

    /// Whether content takes too long. While a handler has more than it takes, the peer isn't waited for.
    pub fn is_late(&mut self, now: Tick, fresh: Tick) -> bool {
        match &self.sink {
            Sink::Stream(inbox) if !inbox.has_room() && self.deadline != NEVER => {
                self.deadline = fresh;
                false
            }
            _ => self.deadline <= now,
        }
    }
}
