//! Files over HTTP: names, types, validators, conditions and ranges, without sockets.
//!
//! # A public folder
//!
//! [`Root`] is opened once and asked for each request that no route answers. The [`Answer`] says where the content lies; sending the
//! segments (`sendfile`, or a read) is the caller's.
//!
//! ```
//! use spica_files::{Body, Options, Request, Root, Segment};
//!
//! let root = Root::open(concat!(env!("CARGO_MANIFEST_DIR"), "/src").as_ref(), Options::default())?;
//! let field = |name: &str| (name == "range").then_some(&b"bytes=4-8"[..]);
//! let request = Request { method: b"GET", field: &field, now: 1_800_000_000 };
//! let Some(answer) = root.answer(b"/lib.rs", &request) else { panic!("this file exists") };
//! assert_eq!((answer.status, answer.len), (206, 5));
//! let Body::Segments { file: _, segments } = answer.body else { panic!("it has content") };
//! assert_eq!(segments, [Segment::File { offset: 4, len: 5 }]);
//! assert!(root.answer(b"/%2e%2e/Cargo.toml", &request).is_none());
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! A file that a handler chose goes through [`Opened::open`] and [`answer_file`]; [`check_conditions`], [`is_range_wanted`] and
//! [`select_ranges`] serve any other response.
//!
//! # Names
//!
//! | part | rule | otherwise |
//! |---|---|---|
//! | path | starts with `/`; is split at `/`, then each segment is decoded, once | no file |
//! | percent-encoding | two hex digits after every `%` | no file |
//! | segment | not empty but for the last; no `/`, `\`, `:`, control octet or NUL, also when encoded | no file |
//! | hidden | a segment starts with `.` only if it is `.well-known` (RFC 8615); so there is no `.` and no `..` | no file |
//! | trailing slash | means `index.html` in that folder | |
//! | length | 4095 octets decoded; a segment what the file system takes | no file |
//! | symbolic links | followed while every step stays in the folder (`openat2`, RESOLVE_BENEATH), absolute ones never; none where the kernel or a sandbox lacks that call | no file |
//! | kind | a regular file; opened without waiting, asked by its descriptor | no file |
//! | no descriptor or memory left | | 503 |
//!
//! # Fields
//!
//! | field | value | source |
//! |---|---|---|
//! | Content-Type | by suffix ([`type_of`]), text with `charset=utf-8`; unknown is `application/octet-stream` | 9110 8.3 |
//! | ETag | strong: time in nanoseconds, size, coding; of a fingerprinted name the fingerprint and the coding | 9110 8.8.3 |
//! | Last-Modified | absent when it would be later than now | 9110 8.8.2.1 |
//! | Cache-Control | [`IMMUTABLE`] for fingerprinted names, else [`Options::cache_control`] | 8246 |
//! | Content-Encoding | of the sibling `name.zst`, `name.br` or `name.gz`: accepted, there, not older than the original | 9110 8.4 |
//! | Vary | `accept-encoding` for each type that could have siblings, whether this file has or not; `origin` with [`Options::origins`] | 9110 12.5.5 |
//! | Access-Control-Allow-Origin | of [`Options::origins`], the one that asks where it is let in; on every status | Fetch 3.2 |
//! | Accept-Ranges | `bytes` | 9110 14.3 |
//! | of a 304 | ETag, Cache-Control and Vary only | 9110 15.4.5 |
//!
//! # Conditions
//!
//! In the order of RFC 9110 section 13.2.2, before any range:
//!
//! | field | compared | otherwise |
//! |---|---|---|
//! | If-Match | strongly; `*` is any | 412 |
//! | If-Unmodified-Since | only without If-Match; ignored when it is no date | 412 |
//! | If-None-Match | weakly; `*` is any | 304, other methods than GET and HEAD 412 |
//! | If-Modified-Since | only without If-None-Match, GET and HEAD; ignored when it is no date | 304 |
//! | If-Range | a tag strongly, a date exactly | the whole, 200 |
//!
//! # Ranges
//!
//! | part | rule | otherwise | source |
//! |---|---|---|---|
//! | method | GET | the whole | 9110 14.2 |
//! | unit | `bytes`, in any case | the whole | 9110 14.1 |
//! | grammar | `first-last`, `first-`, `-count`; empty members are skipped | the whole | 9110 14.1.1, 5.6.1 |
//! | number | 16 ranges | the whole | 9110 14.2, CVE-2025-62727 |
//! | order | sent ascending; overlapping ones and those closer than 80 octets are one | | 9110 15.3.7.2 |
//! | nothing left | 416 with `bytes */len`; `-count` of an empty file is the whole | | 9110 15.5.17, 14.1.2 |
//! | one range left | 206 with Content-Range | | 9110 15.3.7.1 |
//! | several left | 206 multipart/byteranges, the boundary of 128 random bits | | 9110 15.3.7.2 |
//! | several of a sibling | the whole: its parts would carry no clear coding | | ours |
//!
//! So an answer is never longer than the file and the fields of 16 parts, and reading the field costs one pass.
//!
//! # What it costs
//!
//! Microseconds on two virtual cores of a shared, busy machine; `examples/measure.rs` has yours. A lookup opens the file, asks it, and
//! closes it; there is no cache of what is on the disk, and nothing to invalidate.
//!
//! | | µs |
//! |---|---|
//! | a file found | 2.7 |
//! | a file not found | 1.2 |
//! | a path that names nothing | 0.02 |
//! | 200 | 3.6 |
//! | 304 | 3.2 |
//! | each sibling looked for | 1 to 3 |
#![forbid(unsafe_code)]

mod answer;
mod beneath;
mod conditions;
mod date;
mod etag;
mod fingerprint;
mod media_type;
mod multipart;
mod name;
mod opened;
mod origins;
mod ranges;
mod request;
mod root;

pub use answer::{answer_file, Answer, Body, Description, Segment};
pub use conditions::{check_conditions, is_range_wanted, Validators, Verdict};
pub use date::{parse_date, render_date};
pub use fingerprint::{fingerprint_of, is_fingerprinted, IMMUTABLE};
pub use media_type::{type_of, BYTES};
pub use opened::Opened;
pub use origins::Origins;
pub use ranges::{select_ranges, Selection};
pub use request::Request;
pub use root::{Found, Options, Root};
