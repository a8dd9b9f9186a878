//! The border to whatever answers requests. The Python crate implements it; tests implement it in ten lines.

use std::net::SocketAddr;

use spica_http1::Head;
use spica_router::{Found, Params, Router};

use crate::reply::Reply;

/// Names one connection for as long as it lives; a later connection in the same place has another token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token(pub u64);

/// One complete request, borrowed from the connection's buffers for the length of the call.
pub struct Request<'a> {
    /// The bytes that `head` points into.
    pub bytes: &'a [u8],
    /// The parsed head.
    pub head: &'a Head,
    /// The whole content, with transfer coding removed.
    pub content: &'a [u8],
    /// The other end, where there is a socket.
    pub peer: Option<SocketAddr>,
    /// The connection it came by, for a later `Reactor::complete`.
    pub token: Token,
}

/// What a call came to.
pub enum Called {
    /// The reply is written.
    Answered,
    /// The reply will come by `Reactor::complete`; the number names the call for `cancel`.
    Waiting(usize),
}

/// Answers requests.
pub trait Application {
    /// The route table; the connection asks it before every call.
    fn router(&self) -> &Router;
    /// Answers one request, or says that it waits. Must leave `reply` answered or return `Waiting`.
    fn call(&self, found: Found<'_>, params: &Params, request: &Request<'_>, reply: &mut Reply<'_>) -> Called;
    /// The peer of a waiting call is gone: stop working for it. No completion is expected.
    fn cancel(&self, call: usize);
    /// Takes what a connection without a socket would have sent.
    fn deliver(&self, token: Token, bytes: &[u8], closed: bool);
}
