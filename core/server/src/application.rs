//! The border to whatever answers requests. The Python crate implements it; tests implement it in ten lines.

use std::fs::File;
use std::net::SocketAddr;
use std::rc::Rc;

use spica_http1::Head;
use spica_router::{Found, Params, Router, Subject};

use crate::inbox::Inbox;
use crate::reply::{Reply, Version};
use crate::socket::Socket;

/// Names one connection for as long as it lives; a later connection in the same place has another token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token(pub u64);

/// Names one request and its response: the connection, and which of its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Exchange {
    /// The connection.
    pub token: Token,
    /// The stream in HTTP/2; the count of requests before in HTTP/1.
    pub stream: u32,
}

/// How a route takes the content of its requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Takes {
    /// Whole: the call is made when the last octet is here. Large content waits in a file, not in memory.
    #[default]
    Whole,
    /// As it comes: the call is made when the head is complete, with an [`Inbox`].
    Stream,
}

/// What a request's route says about its content.
#[derive(Clone, Copy, Debug)]
pub struct Taking {
    /// How it takes it; `None` where there is no route.
    pub takes: Option<Takes>,
    /// Octets that it takes at most.
    pub limit: u64,
}

/// The content of a request, with transfer coding removed.
pub enum Content<'a> {
    /// Whole and small enough for memory.
    Bytes(&'a [u8]),
    /// Whole, in an unnamed file: reads from 0 to `len`.
    File {
        /// Open for reading; its place is not defined.
        file: &'a File,
        /// Octets.
        len: u64,
    },
    /// Still arriving.
    Stream(Rc<Inbox>),
}

/// One request, borrowed from the connection's buffers for the length of the call.
pub struct Request<'a> {
    /// The bytes that `head` points into.
    pub bytes: &'a [u8],
    /// The parsed head.
    pub head: &'a Head,
    /// What the client speaks.
    pub version: Version,
    /// Its content.
    pub content: Content<'a>,
    /// The other end, where there is a socket.
    pub peer: Option<SocketAddr>,
    /// Whether it came over TLS.
    pub secure: bool,
    /// Its name, for a later `Reactor::complete`.
    pub exchange: Exchange,
}

/// What a call came to.
pub enum Called {
    /// The reply is written.
    Answered,
    /// The reply will come by `Reactor::complete`; the number names the call for `cancel` and `wake`.
    Waiting(usize),
    /// The reply's head is written by `Reply::stream`; its content comes by the outbox, its end by `Reactor::finish`.
    Streaming(usize),
    /// The connection becomes a WebSocket once the socket is accepted; until then the call may answer like one that waits.
    /// Its end is `Reactor::finish_socket`, unless `Socket::set_done` has told it already.
    Upgrading(usize, Rc<Socket>),
}

/// What a call that waits may go on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The inbox has octets, or its end.
    Content,
    /// The outbox, or the socket, has room again.
    Room,
    /// The socket has a message, or its end.
    Message,
}

/// Answers requests.
pub trait Application {
    /// The route table; the connection asks it before every call.
    fn router(&self) -> &Router;
    /// Whether a guarded route takes a request of which everything else matches. The head alone may decide: it is asked before the
    /// content is here, and again for the call.
    fn admits(&self, _route: u32, _params: &Params, _request: &Request<'_>) -> bool {
        false
    }
    /// Finds what answers a request.
    fn find(&self, request: &Request<'_>, params: &mut Params) -> Found<'_> {
        let Request { bytes, head, .. } = *request;
        let (method, path) = (head.method.of(bytes), head.path.of(bytes));
        if self.router().is_plain() {
            return self.router().find(method, path, params);
        }
        let host = head.host.map(|host| host.of(bytes)).unwrap_or_default();
        let mut guard = |route: u32, params: &Params| self.admits(route, params, request);
        self.router().find_for(Subject { host, method, path }, params, &mut guard)
    }
    /// How a route takes its content.
    fn takes(&self, route: u32) -> Takes;
    /// Whether a route is answered even when too many calls wait: health checks.
    fn is_vital(&self, route: u32) -> bool;
    /// Octets of content that a route takes at most, where that is less than the server's limit.
    fn content_limit(&self, _route: u32) -> u64 {
        u64::MAX
    }
    /// Whether the requests of a route leave an access line, where there is a log.
    fn is_logged(&self, _route: u32) -> bool {
        true
    }
    /// Answers one request, or says that it waits. Must leave `reply` answered, or return `Waiting` or `Streaming`.
    fn call(&self, found: Found<'_>, params: &Params, request: &Request<'_>, reply: &mut Reply<'_>) -> Called;
    /// A call that found its inbox empty or its outbox full can go on. Runs none of it: it only tells it.
    fn wake(&self, call: usize, signal: Signal);
    /// The peer of a waiting call is gone: stop working for it. No completion is expected.
    fn cancel(&self, call: usize);
    /// Takes what a connection without a socket would have sent.
    fn deliver(&self, token: Token, bytes: &[u8], closed: bool);
    /// A connection with a [`crate::Window`] wants to be fed, or not to be until it says so again.
    fn flow(&self, _token: Token, _feed: bool) {}
}
