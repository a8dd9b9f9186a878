//! Sockets, timers and connections: the reactor that carries requests, without any Python.
//!
//! A [`Reactor`] owns the descriptor of an epoll or a kqueue. Its owner registers it with an outer event loop and calls
//! [`Reactor::poll`] whenever it is readable: nothing here blocks, nothing runs between two calls.
//!
//! The life of a request is `connection.rs`: read, parse, route, call, write. The call goes to an [`Application`],
//! which answers at once or says that it waits and is completed later with [`Reactor::complete`].
//!
//! Rules:
//! - Every limit is enforced in the byte stream, every wait has a deadline.
//! - Answers to one readable event leave in one send.
//! - An idle connection owns no buffer.
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate self as spica_server; // what the tests in tests/ share calls it by its name

mod access_log;
mod application;
mod calling;
mod clock;
mod compression;
mod connection;
mod deadlines;
mod exchange;
mod files;
pub mod forwarded;
mod inbox;
mod line;
mod listener;
mod options;
mod outbox;
mod output;
mod poller;
mod reactor;
mod reply;
mod socket;
mod spool;
mod system;
mod topics;
#[cfg(test)]
mod unsendable_streams;
mod upgrade;

pub use access_log::{AccessLog, Entry, LogFormat};
pub use application::{Application, Called, Content, Exchange, Request, Signal, Takes, Token};
pub use files::{merge_fields, RequestFields};
pub use inbox::{Inbox, Taken, Trailers};
pub use options::{Options, SocketOptions};
pub use outbox::{Outbox, Pushed};
pub use poller::NAME as POLLER;
pub use reactor::{Counts, Notices, Reactor};
pub use reply::{Body, FilePart, Reply, ReplyError, Segment, Version};
pub use socket::{Message, Received, Sent, Socket, Sockets};
pub use spica_websocket::{origin_allowed, Kind, Unsendable};
pub use upgrade::UpgradeRefused;
