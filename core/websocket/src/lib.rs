//! WebSocket as bytes: handshake, frames and compressed messages, without sockets.
//!
//! # A connection
//!
//! [`check_upgrade`] judges the request, [`Reader`] turns what the client sends into [`Event`]s, `push_…` write frames, [`Closing`]
//! knows who has said goodbye. Cutting the input differently never changes the events.
//!
//! ```
//! use spica_websocket::{check_upgrade, push_message, push_pong, Closing, Event, Inflater, Kind, Reader};
//!
//! let fields: [(&[u8], &[u8]); 4] = [
//!     (b"Upgrade", b"websocket"), (b"Connection", b"Upgrade"),
//!     (b"Sec-WebSocket-Version", b"13"), (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
//! ];
//! let handshake = check_upgrade(b"GET", 1, fields.into_iter())?.ok_or("no WebSocket is asked for")?;
//! assert_eq!(handshake.accept(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
//!
//! let mut reader = Reader::new(1 << 20, handshake.deflate.is_some());
//! let (mut closing, mut inflater, mut out) = (Closing::new(), Inflater::new(), Vec::new());
//! let mut received = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
//! let mut at = 0;
//! loop {
//!     let progress = match reader.read(&mut received[at..], &mut inflater) {
//!         Ok(progress) => progress,
//!         Err(failure) => break closing.fail(&failure, &mut out),
//!     };
//!     at += progress.consumed;
//!     match progress.event {
//!         Some(Event::Text(text)) => push_message(&mut out, Kind::Text, text.as_bytes()),
//!         Some(Event::Binary(octets)) => push_message(&mut out, Kind::Binary, octets),
//!         Some(Event::Ping(payload)) => push_pong(&mut out, payload)?,
//!         Some(Event::Pong(_)) => {}
//!         Some(Event::Close(close)) => closing.receive(&close, &mut out),
//!         None => break,
//!     }
//! }
//! assert_eq!(out, b"\x81\x05Hello");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The opening handshake
//!
//! | part | rule | otherwise | source |
//! |---|---|---|---|
//! | whether it is one | HTTP/1.1, Upgrade lists `websocket`, Connection lists `upgrade`, case does not count | an ordinary request | 6455 4.2.1, 9110 7.8 |
//! | method | GET | 400 | 6455 4.2.1 |
//! | content | none: frames follow the head | 400 | 9110 7.8 |
//! | Sec-WebSocket-Version | one, `13` | 426 with [`Refusal::fields`] | 6455 4.4 |
//! | Sec-WebSocket-Key | one, 16 octets in base64 | 400 | 6455 4.2.1 |
//! | Sec-WebSocket-Protocol | tokens, in any number of fields | 400 | 6455 4.2.1 |
//! | Sec-WebSocket-Extensions | the grammar, in any number of fields | 400 | 6455 9.1 |
//! | permessage-deflate | the first acceptable offer, see below; other extensions are not known | declined | 7692 7.1 |
//! | Origin | at most one; [`origin_allowed`] compares it | 400; the owner answers 403 | 6455 10.2 |
//!
//! # Frames of a client
//!
//! A [`Failure`] carries the code of the Close frame to send. No octet after it has a meaning, and none after a Close frame.
//!
//! | part | rule | otherwise | source |
//! |---|---|---|---|
//! | RSV1 | only in the first frame of a message, when permessage-deflate was agreed on | 1002 | 6455 5.2, 7692 6 |
//! | RSV2, RSV3 | never | 1002 | 6455 5.2 |
//! | opcode | continuation, text, binary, close, ping, pong | 1002 | 6455 5.2 |
//! | mask | always | 1002 | 6455 5.1 |
//! | length | in the fewest octets, highest bit clear | 1002 | 6455 5.2 |
//! | fragments | a continuation continues a message, a message is finished before the next | 1002 | 6455 5.4 |
//! | control frames | not fragmented, at most 125 octets; may come between fragments | 1002 | 6455 5.5 |
//! | Close | no payload, or a code that may be sent ([`is_sendable`]) | 1002 | 6455 5.5.1, 7.4 |
//! | reason | UTF-8 | 1007 | 6455 5.5.1 |
//! | text | UTF-8, refused at the first octet that decides it, though the frame or message goes on | 1007 | 6455 8.1 |
//! | message size | the limit of [`Reader::new`], judged by the header of each frame and while inflating | 1009 | 6455 10.4 |
//! | empty fragments | at most 100 in a message | 1008 | 6455 10.4 |
//! | compressed message | DEFLATE blocks up to exactly the end of the message, each message for itself | 1007 | 7692 7.2.2 |
//!
//! # Compression
//!
//! | parameter of the offer | legal | in the answer |
//! |---|---|---|
//! | `server_no_context_takeover` | without value | always `server_no_context_takeover` |
//! | `client_no_context_takeover` | without value | always `client_no_context_takeover`, which needs no offer (section 7.1.1.2) |
//! | `server_max_window_bits` | a value from 8 to 15 | the same value |
//! | `client_max_window_bits` | no value, or one from 8 to 15 | nothing: any window of the client can be read |
//! | another, or one twice | never | the offer is declined |
//!
//! **A small server window** is honoured without a second compressor: a message that is not longer than the window can't refer back
//! further than it, and a longer one is sent uncompressed, which is always allowed (section 6). So one compressed form of a message
//! serves all connections, and 8 bits, which zlib can't write, are no exception.
//!
//! # Memory
//!
//! Between messages a [`Reader`] owns nothing on the heap. A message whose frame lies whole in the input is lent from there; one that
//! arrives in pieces is collected, allocated at most 64 KiB ahead of what has arrived. [`Inflater`] and [`Deflater`] are one for a
//! thread. A [`Prepared`] message is encoded once, and compressed once, for all connections.

#![forbid(unsafe_code)]

mod buffer;
mod close;
mod closing;
mod deflater;
mod event;
mod extensions;
mod failure;
mod handshake;
mod header;
mod inflater;
mod mask;
mod origin;
mod payload;
mod permessage_deflate;
mod prepared;
mod reader;
mod refusal;
mod syntax;
mod utf8;
mod writer;

pub use close::{code, is_sendable, Close, MAX_REASON};
pub use closing::Closing;
pub use deflater::Deflater;
pub use event::{Event, Progress};
pub use failure::Failure;
pub use handshake::{check_extended_connect, check_upgrade, Handshake};
pub use inflater::Inflater;
pub use mask::apply_mask;
pub use origin::origin_allowed;
pub use permessage_deflate::PerMessageDeflate;
pub use prepared::Prepared;
pub use reader::Reader;
pub use refusal::Refusal;
pub use writer::{
    push_close, push_message, push_message_deflated, push_ping, push_pong, Kind, Unsendable, COMPRESSION_THRESHOLD,
    MAX_CONTROL,
};
