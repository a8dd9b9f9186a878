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
//! | `{x:float}` | a decimal number, `-1.5` | its octets |
//! | `{id:uuid}`, `{day:date}`, `{name:slug}` | a UUID, a day that there is, ASCII letters, digits, `-` and `_` | its octets |
//! | `{state:draft\|done}` | one of these texts | its octets |
//! | `{name}`, `{name:str}` | one segment that is not empty | its octets |
//! | `{rest:path}`, `{*rest}` | the rest of the path, at the end only; not empty and not beginning with `/` | its octets |
//! | `{rest:rest}` | the same, perhaps empty: for fallbacks | its octets |
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
//! In each place a text is tried before a mixture, a mixture before a parameter, and parameters in the order choice, `int`, `float`,
//! `uuid`, `date`, `slug`, `str`, `path`; one with a regular expression before one of its type without. When the rest of the path does
//! not match, the next alternative is tried. The method is part of the match: a route for another method does not hide a later
//! alternative. The order in which routes were added matters only between two regular expressions in one place, between two hosts
//! with parameters that rank alike, and between guards.
//!
//! # Demands
//!
//! [`Demands`] are what a route asks besides method and pattern: a host, regular expressions for the whole text of parameters (linear in
//! the text: no look-around), a guard that the caller runs once everything else matches. A host is compared in lower case without port
//! and without a dot at its end; its own routes are tried first, then those of hosts with parameters, then those of every host.
//! A fallback answers, with any method, what no route has the path of; the nearest one does.
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
