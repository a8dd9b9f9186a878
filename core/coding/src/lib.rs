//! Content codings: which one a client takes, and zstd, br and gzip encoders that can be flushed.
//!
//! # The order of questions
//!
//! [`Policy::applies`] asks the response, [`breach_safe`] the request's credentials, [`Accepted::choose`] the client. The last step is
//! [`Encoders::encode`] for content that is there as a whole, [`Encoder`] for a stream.
//!
//! ```
//! use spica_coding::{breach_safe, fields, Accepted, Coding, Encoders, Policy};
//!
//! let (policy, mut encoders) = (Policy::default(), Encoders::new());
//! let content = "<li>one of many</li>".repeat(100).into_bytes();
//! let response = [("content-type", "text/html; charset=utf-8"), ("etag", "\"7\"")];
//!
//! assert!(policy.applies(200, response, Some(content.len() as u64)));
//! assert!(breach_safe(true, Some(b"same-origin")));
//! let accepted = Accepted::parse([&b"gzip, deflate, br"[..]]);
//! assert_eq!(accepted.choose(policy.offered), Some(Coding::Brotli));
//!
//! let mut encoded = Vec::new();
//! encoders.encode(Coding::Brotli, &content, &mut encoded)?;
//! assert!(encoded.len() < content.len() / 20);
//! assert_eq!(fields::weak_etag("\"7\"").as_deref(), Some("W/\"7\""));
//! assert_eq!(fields::vary_on_encoding("").as_deref(), Some("accept-encoding"));
//! # Ok::<(), spica_coding::EncodeError>(())
//! ```
//!
//! # Rules
//!
//! | part | rule | source |
//! |---|---|---|
//! | no Accept-Encoding | no coding | 9110 12.5.3 allows any |
//! | a member that breaks the grammar | says nothing; the rest counts | 9110 12.5.3, 12.4.2 |
//! | two members for one coding | the first counts | ours |
//! | `*` | the weight of every coding not named; of identity only as `*;q=0` | 9110 12.5.3 |
//! | weights | the heaviest; at equal weight zstd, br, gzip; identity wins only when named with a greater weight | 9110 12.5.3 |
//! | `x-gzip` | is gzip | 9110 8.4.1.3 |
//! | identity refused, nothing else possible | [`Accepted::refuses_identity`]; the caller decides | 9110 12.5.3 |
//! | status | no 1xx, 204, 205, 206, 304 | 9110 15 |
//! | length | at least [`Policy::threshold`] octets, or unknown | ours |
//! | media type | one of [`Policy::types`]; no type is no text | h5bp, mime-db |
//! | Cache-Control: no-transform | never encoded | 9111 5.2.2.6 |
//! | Content-Encoding, Content-Range, digests | never encoded (again) | 9110 8.4, 14.4, 9530 |
//! | credentials | see [`breach_safe`] | CVE-2013-3587 |
//! | Vary | names accept-encoding wherever the policy applies, encoded or not | 9110 12.5.5 |
//! | ETag | a strong one becomes weak when encoded | 9110 8.8.3.3 |
//! | zstd window | 64 KiB in streams, at most 2 MiB otherwise; clients need not take more than 8 MiB | 9659 |
//!
//! # What it costs
//!
//! A page of 30 KB, and 100 server-sent events of 29 octets, each flushed; two virtual cores of a shared machine, so read the proportions.
//! `cargo run --release -p spica-coding --example measure` has the figures of yours, `levels` those of what was not chosen.
//!
//! | | whole content | ratio | time | open stream | memory | an event |
//! |---|---|---|---|---|---|---|
//! | zstd | level 3 | 3.95 | 47 µs | level 3, window 64 KiB | 171 KiB | 1.6 µs, 14 octets |
//! | br | quality 4 | 3.97 | 388 µs | quality 3, window 64 KiB | 386 KiB | 4.7 µs, 14 octets |
//! | gzip | level 4 | 4.04 | 142 µs | level 4, window 16 KiB | 247 KiB | 3.1 µs, 11 octets |
#![forbid(unsafe_code)]

mod accepted;
mod breach;
mod coding;
mod encoder;
pub mod fields;
mod policy;
mod types;

pub use accepted::Accepted;
pub use breach::breach_safe;
pub use coding::{Coding, Offered};
pub use encoder::{encode_smallest, EncodeError, Encoder, Encoders};
pub use policy::Policy;
pub use types::Types;
