//! HTTP/1.1 as bytes: the one parser of requests, and the only writer of response heads.
//!
//! # A request
//!
//! [`parse_head`] reads the request line and the field block, [`ContentReader`] what follows. Both work on whatever bytes have
//! arrived: cutting the input differently never changes the result. Everything is a [`Span`] of the caller's buffer; nothing is
//! allocated per request once [`Head::fields`] has grown.
//!
//! ```
//! use spica_http1::{parse_head, ContentReader, Head, Limits};
//!
//! let received = b"POST /posts?page=2 HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\n\r\nhello";
//! let (limits, mut head, mut scanned) = (Limits::default(), Head::new(), 0);
//! assert_eq!(parse_head(received, &mut scanned, &limits, &mut head), Ok(true));
//! assert_eq!(head.path.of(received), b"/posts");
//! assert_eq!(head.field(received, b"host"), Some(&b"example.com"[..]));
//!
//! let (mut reader, mut content) = (ContentReader::for_head(&head, &limits)?, Vec::new());
//! let progress = reader.feed(&received[head.len..], &mut content)?;
//! assert!(progress.done && content == b"hello");
//! # Ok::<(), spica_http1::Refusal>(())
//! ```
//!
//! # What is accepted
//!
//! Where RFC 9110 and RFC 9112 let a server choose, or where two readers could disagree about the end of a request, it is refused.
//! The caller answers a [`Refusal`] with its status and closes: no byte after it has a meaning.
//!
//! | part | rule | otherwise | source |
//! |---|---|---|---|
//! | empty line before the request | one CRLF is skipped | 400 | 9112 2.2 |
//! | line end | CRLF exactly; no bare LF, no bare CR | 400 | 9112 2.2 |
//! | request line | `method SP target SP HTTP/1.0` or `HTTP/1.1`, single spaces | 400; another version 505 | 9112 3, 9110 2.5 |
//! | request line length | [`Limits::request_line`] octets without its CRLF | 414 | 9112 3 |
//! | method | a token of at most 24 octets, case kept; not CONNECT | 400, 501 | 9110 9.1, 9112 3 |
//! | target | visible ASCII without `#`; in the path every `%` starts two hex digits, and not `%00` | 400 | 9112 3.2, 3986 2.1 |
//! | origin-form | starts with `/` | 400 | 9112 3.2.1 |
//! | absolute-form | `http://` or `https://`, authority equal to Host | 400 | 9112 3.2.2 |
//! | authority-form | never (it belongs to CONNECT) | 400 | 9112 3.2.3 |
//! | asterisk-form | only OPTIONS | 400 | 9112 3.2.4 |
//! | Host | one in HTTP/1.1, at most one in HTTP/1.0; see below | 400 | 9112 3.2 |
//! | field name | a token, the colon right after it | 400 | 9112 5.1 |
//! | field value | HTAB, space, visible ASCII, octets from 0x80; surrounding white space removed; no folding | 400 | 9110 5.5, 9112 5.2 |
//! | field block | [`Limits::field_block`] octets, [`Limits::fields`] fields | 431 | 9110 5.4, 6585 5 |
//! | Content-Length | one field, ASCII digits only, no list; at most [`Limits::content`] | 400; too large 413 | 9112 6.3 |
//! | Transfer-Encoding | HTTP/1.1, one field, exactly `chunked`, no Content-Length beside it | 400; another coding before `chunked` 501 | 9112 6.1, 6.3 |
//! | Expect | `100-continue`; ignored in HTTP/1.0 | 417 | 9110 10.1.1 |
//! | chunk size | 1 to 16 hex digits | 400; content too large 413 | 9112 7.1 |
//! | chunk extensions | the grammar, [`Limits::chunk_extensions`] octets in all chunks together | 400 | 9112 7.1.1 |
//! | trailers | the rules of fields, sharing the head's limits; none that frames, routes, authenticates or describes content | 400, 431 | 9110 6.5.1 |
//!
//! **Host** is a name of letters, digits, `-`, `.`, `_`, `~`, an IPv4 address, or an IPv6 address in brackets, then optionally a port
//! of 1 to 5 digits up to 65535. This is narrower than RFC 3986 (no sub-delims, no percent-encoding, no empty port): hosts end up in
//! links and cache keys.
//!
//! **Persistence.** HTTP/1.1 stays open unless Connection lists `close`; HTTP/1.0 only when it lists `keep-alive` and not `close`.
//!
//! **When a refusal comes.** At the first octet that decides it for a bare LF and all limits, at the end of the request line for
//! what is in it (a bare CR among that), at the end of the head for the fields. So a broken client is answered without waiting for the rest of its head.
//!
//! # Why httparse
//!
//! It finds the tokens with SIMD instructions and is widely fuzzed. It is lenient in places, and each gap is closed here: any number of
//! empty lines first and bare LF line ends (`scan.rs`), octets from 0x80 in the target and `#` (`target.rs`), all fields' meaning
//! (`framing.rs`). Its chunk sizes accept any octet in an extension, so chunks are read by `chunk.rs`.
//!
//! # A response
//!
//! [`response`] writes status lines and fields. [`response::push_field`] refuses any octet that could end a field early.

mod chunk;
mod content;
mod extension;
mod framing;
mod head;
mod host;
mod limits;
mod parse;
mod refusal;
pub mod response;
mod scan;
mod syntax;
mod target;
mod trailers;

pub use content::{ContentReader, Progress};
pub use head::{Content, Field, Head, Span};
pub use limits::{Limits, MAX_FIELDS};
pub use parse::parse_head;
pub use refusal::Refusal;
