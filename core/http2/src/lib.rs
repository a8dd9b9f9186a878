//! HTTP/2 as bytes: a server's side of one connection, without sockets.

mod allowance;
mod connection;
mod error;
mod event;
mod fields;
mod frames;
mod head;
mod outgoing;
mod pipe;
mod ready;
mod sending;
mod settings;
mod stream;
mod time;

pub use connection::Connection;
pub use error::SendError;
pub use event::{Cause, Event, Sent, Trailers};
pub use h2::Reason;
pub use head::RequestHead;
pub use settings::Settings;
