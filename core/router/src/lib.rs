//! Routes a request: host, method and path to the number of a route and its parameters, or to 404 or 405.
//!
//! ```
//! use spica_router::{Found, Params, RouterBuilder};
//!
//! let mut routes = RouterBuilder::new();
//! let show = routes.add("GET", "/users/{id:int}", "users.show")?;
//! let named = routes.add("GET", "/users/{name}", "users.named")?;
//! let router = routes.build().map_err(|conflicts| conflicts[0].to_string())?;
//!
//! let mut params = Params::new();
//! assert_eq!(router.find(b"GET", b"/users/7", &mut params), Found::Route(show));
//! assert_eq!(params.as_slice()[0].int, 7);
//! assert_eq!(router.find(b"GET", b"/users/ann", &mut params), Found::Route(named));
//! assert_eq!(params.as_slice()[0].raw(b"/users/ann"), b"ann");
//! assert_eq!(router.find(b"PUT", b"/users/7", &mut params), Found::MethodNotAllowed("GET, HEAD, OPTIONS"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Patterns
//!
//! A pattern begins with `/` and is split at `/` into segments. A segment is a text, one parameter that fills it, or a mixture of both
//! (`feed.{format}`, `{year:int}-{month:int}`); the text between two parameters is found at its last occurrence:
//!
//! | parameter | matches | value |
//! |---|---|---|
//! | `{id:int}` | `0`, or digits without a leading zero, up to 9223372036854775807 | the number |
//! | `{name}`, `{name:str}` | one segment that is not empty | its octets |
//! | `{rest:path}`, `{*rest}` | the rest of the path, at the end only; not empty and not beginning with `/` | its octets |
//!
//! An `int` has neither sign nor leading zeros, so one number has one address. A new type is one row in `converter.rs`. A pattern has at
//! most [`MAX_PARAMS`] parameters, each with its own name (letters, digits, `_`; not a digit first). The trailing slash is significant:
//! `/users` and `/users/` are different routes. A text is written as it reads, not percent-encoded.
//!
//! # Matching
//!
//! The path is split at `/` as it was sent, then each segment is percent-decoded and compared or converted: `%2F` is a slash in a
//! segment and never splits one. Captures are spans of the path as sent; [`decode`] decodes one.
//!
//! In each place a text is tried before an `int`, an `int` before a `str`, a `str` before a `path`; when the rest of the path does not
//! match, the next alternative is tried. The method is part of the match: a route for another method does not hide a later alternative.
//! The order in which routes were added never matters.
//!
//! - HEAD is answered by a route for HEAD, else by the one for GET, whichever pattern comes first.
//! - OPTIONS is [`Found::Options`] unless a route for OPTIONS matches. `OPTIONS *` lists every method there is.
//! - When only the method is wrong, [`Found::MethodNotAllowed`] has the value of Allow: the methods of *all* routes that match the path,
//!   sorted, with HEAD when there is GET and always with OPTIONS.
//!
//! # Conflicts
//!
//! Two routes conflict when they have the same method and the same shape: patterns that differ at most in the names of parameters.
//! [`RouterBuilder::build`] reports every conflict with both labels. `/users/{id:int}` beside `/users/{name}` is not one.
//!
//! # How
//!
//! Routes without parameters are one hash map from the path. The others are a tree with one node per prefix and one segment per edge.
//! A node is reached by one sequence of edges only, and the place in the path depends on its depth alone, so a match visits each node at
//! most once: it is linear in the size of the tree at worst, and in the number of segments when no two alternatives match.
//!
//! Not matchit, because it has neither typed parameters nor backtracking: `/users/{id:int}` beside `/users/{name}` would be an insert
//! error, and fallbacks would be second look-ups around it. The tree is smaller than that workaround.

mod allow;
mod builder;
mod conflict;
mod converter;
mod decode;
mod error;
mod hash;
mod host;
mod methods;
mod mixed;
mod params;
mod pattern;
mod router;
mod take;
mod tree;

pub use builder::{Demands, RouterBuilder};
pub use conflict::Conflict;
pub use converter::Kind;
pub use decode::decode;
pub use error::{PatternError, PatternErrorKind};
pub use params::{Param, Params, MAX_PARAMS};
pub use router::{Found, Router, Subject};
pub use tree::Guard;
