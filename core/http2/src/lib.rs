//! HTTP/2 as bytes: a server's side of one connection, without sockets, without a runtime, without a clock.
//!
//! Octets of the peer go in, [`Event`]s come out; responses go in, octets for the peer come out. Inside is the `h2` crate, driven over
//! buffers in memory by a waker of our own.
//!
//! ```
//! use std::sync::Arc;
//! use bytes::Bytes;
//! use spica_http2::{Connection, Event, Settings};
//!
//! let mut connection = Connection::new(&Arc::new(Settings::default()));
//! connection.receive(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
//! connection.receive(&[0, 0, 0, 4, 0, 0, 0, 0, 0]); // SETTINGS
//! connection.receive(&[0, 0, 11, 1, 5, 0, 0, 0, 1]); // HEADERS, END_STREAM and END_HEADERS, stream 1
//! connection.receive(b"\x82\x86\x84\x41\x06a.test"); // GET http / a.test, in HPACK
//! while let Some(event) = connection.poll() {
//!     if let Event::Request { stream, request, .. } = event {
//!         assert_eq!(request.head.path.of(&request.bytes), b"/");
//!         connection.respond(stream, 200, [(&b"content-length"[..], &b"5"[..])], false)?;
//!         connection.send(stream, Bytes::from_static(b"hello"), true)?;
//!         connection.finish(stream);
//!     }
//! }
//! let mut output = Vec::new();
//! connection.take_output(&mut output);
//! assert!(output.ends_with(b"hello"));
//! # Ok::<(), spica_http2::SendError>(())
//! ```
//!
//! # How an owner drives it
//!
//! | when | calls |
//! |---|---|
//! | the socket can be read, and [`Connection::wants_input`] | [`Connection::receive`], then a turn |
//! | a handler has something to say | [`Connection::respond`], [`Connection::send`], [`Connection::finish`], ..., then a turn |
//! | the socket has taken all output | a turn |
//! | at [`Connection::deadline`] | [`Connection::tick`], then a turn |
//! | the socket has ended | [`Connection::end_input`], then a turn |
//!
//! A **turn** is: [`Connection::poll`] until `None`, acting upon each event, then [`Connection::take_output`] and write it; and again
//! while the socket takes all and [`Connection::is_ready`]. Nothing needs to happen between turns: whatever h2 wakes is seen by
//! the next one.
//!
//! Each [`Event::Request`] is owed one [`Connection::finish`], when its handler is done, however it went. Until then it counts as
//! running, also when its stream is long gone. [`Event::Closed`] is the last event, but not a `finish` of what runs.
//!
//! # What is accepted
//!
//! The head is written down as HTTP/1.1 and read by `spica-http1`, so its rules hold for everything that reaches an owner, and heads of
//! both versions look the same. A status here means a response with that status and, while content is missing, RST_STREAM with
//! NO_ERROR; the owner only sees [`Event::Refused`]. "Stream error" is
//! RST_STREAM with PROTOCOL_ERROR, and only after [`Event::Request`] an [`Event::Reset`].
//!
//! | part | rule | otherwise | source |
//! |---|---|---|---|
//! | preface, frames, HPACK, states | h2 | GOAWAY, stream error | 9113 3 to 6, 7541 |
//! | first frame | SETTINGS | GOAWAY, or the end alone | 9113 3.4 |
//! | pseudo-fields | `:method`, `:scheme`, `:path` once each, before all fields | stream error | 9113 8.3.1 |
//! | method | as HTTP/1.1; not CONNECT, not extended CONNECT | 400, 501; stream error | 9113 8.5, 8441 |
//! | `:scheme` | `http` or `https`, when there is an `:authority` | 400 | 9113 8.3.1 |
//! | `:path` | starts with `/`, or is `*` for OPTIONS; as HTTP/1.1 | 400, 414 | 9113 8.3.1 |
//! | `:authority` | becomes the Host field; equal to Host where both are there; one of them is | 400 | 9113 8.3.1 |
//! | field name | a token without upper case | GOAWAY or stream error | 9113 8.2.1 |
//! | field value | as HTTP/1.1, without white space around it | 400, GOAWAY | 9113 8.2.1 |
//! | Connection, Keep-Alive, Proxy-Connection, Transfer-Encoding, Upgrade | never | stream error | 9113 8.2.2 |
//! | TE | `trailers` | stream error | 9113 8.2.2 |
//! | Cookie | crumbs are joined with `; ` | | 9113 8.2.3 |
//! | Content-Length | as HTTP/1.1; equal to the octets of DATA | 400, 413; stream error | 9113 8.1.1 |
//! | content | `content` of [`Settings::request`] | 413; the owner stops at [`Event::Refused`] | 9110 15.5.14 |
//! | Expect | `100-continue` | 417 | 9110 10.1.1 |
//! | fields | [`Settings::header_list`] in HPACK's count, and the limits of [`Settings::request`] | 431; four times the list: GOAWAY | 9113 10.5.1 |
//! | trailers | as HTTP/1.1 | 400; RST_STREAM where a response has begun | 9110 6.5.1 |
//!
//! A fragment in `:path` is cut off by h2 before it is seen here: `/a#b` is `/a`. So are pseudo-fields among trailers, which RFC 9113
//! section 8.1 calls malformed: they reach nobody.
//!
//! # What a peer cannot do
//!
//! RFC 9113 section 10.5. "Calm" is GOAWAY with ENHANCE_YOUR_CALM, then [`Event::Closed`].
//!
//! | attempt | bound | then | by |
//! |---|---|---|---|
//! | SETTINGS, PING, PRIORITY, WINDOW_UPDATE, CONTINUATION, unknown frames, empty DATA | [`Settings::control_frames`] at once, some a second, two a request, one for 128 octets of output | calm | us |
//! | rapid reset (CVE-2023-44487), streams opened beyond the limit | [`Settings::resets`] at once, some a second | calm | us |
//! | handlers that outlive their reset streams | [`Settings::max_streams`] running until `finish` | REFUSED_STREAM | us |
//! | heads of 64 KiB on each stream | [`Settings::running_heads`] together | REFUSED_STREAM | us |
//! | MadeYouReset (CVE-2025-8671) | [`Settings::stream_errors`] in the life of a connection | calm | h2 |
//! | CONTINUATION without end | as many as the header list needs and a quarter more, at least 5 | calm | h2 |
//! | HPACK bombs | not stored beyond [`Settings::header_list`] | 431, then calm | h2 |
//! | empty DATA | 100 in the life of a connection | calm | h2 |
//! | DATA in tiny pieces | 1,024 given to the owner, a budget in h2 | calm | both |
//! | content drawn out through tiny windows (CVE-2019-9511) | the control frames it takes | calm | us |
//! | content not asked for | the windows: it is given back by [`Connection::release`] | GOAWAY, RST_STREAM | h2 |
//! | windows never opened | owners stop at [`Sent::full`]; [`Settings::write_timeout`] without progress | RST_STREAM | us |
//! | output never read | [`Settings::output`] and a frame, then nothing is read or produced; `write_timeout` | closed | us |
//! | preface, field block or control frame in dribs | [`Settings::header_timeout`] | calm | us |
//! | silence with requests open | [`Settings::keep_alive`], then a PING and [`Settings::ping_timeout`] | closed | us |
//! | silence without | [`Settings::idle_timeout`] | GOAWAY, closed | us |
//!
//! How fast content must arrive is for the owner to say: it knows what a handler waits for.
//!
//! # A response
//!
//! Field names and values are checked as in HTTP/1.1. What belongs to a connection (RFC 9113 section 8.2.2) is left out. A response whose
//! Content-Length is not true is reset, so that it can't be taken for complete. [`Settings::write_timeout`] and the queues go on
//! after `finish`, until the last octet has left.
#![forbid(unsafe_code)]

mod allowance;
mod closing;
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
