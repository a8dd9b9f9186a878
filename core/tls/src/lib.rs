//! TLS as bytes: rustls without sockets, certificates that can be reloaded, tickets shared by workers.
//!
//! # A connection
//!
//! An [`Acceptor`] makes a [`Session`] for each accepted connection. The owner reads from the socket and calls [`Session::receive`],
//! then [`Session::take_output`] and writes what it got; it answers by [`Session::send`] and ends by [`Session::close`]. Cutting the
//! input differently never changes what is understood.
//!
//! ```
//! use spica_tls::{Acceptor, Options, TlsFailure};
//!
//! let acceptor = Acceptor::from_self_signed(&[], &Options::default())?;
//! let mut session = acceptor.session()?;
//! let (mut plain, mut to_socket) = (Vec::new(), Vec::new());
//!
//! let mut from_socket = b"GET / HTTP/1.1\r\n".to_vec();
//! let result = session.receive(&mut from_socket, &mut plain);
//! session.take_output(&mut to_socket); // handshake and alerts, after failures too
//! assert_eq!(result, Err(TlsFailure::PlainHttp)); // a 400 in clear text helps here
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is spoken
//!
//! Mozilla's intermediate configuration, as far as rustls has it. One cryptographic provider: aws-lc.
//!
//! | part | rule | otherwise | source |
//! |---|---|---|---|
//! | versions | TLS 1.3 and 1.2; [`Options::minimum`] can say 1.3 only | alert protocol_version; handshake_failure when an old hello also lacks signature_algorithms | RFC 8446, 5246, 8996 |
//! | suites | AES-128-GCM, AES-256-GCM, ChaCha20-Poly1305; in 1.2 with ECDHE and an ECDSA or RSA key. The client's order decides, as it knows which is fast for it | handshake_failure | Mozilla intermediate |
//! | groups | X25519MLKEM768, X25519, P-256, P-384 | handshake_failure | RFC 8446 4.2.7 |
//! | certificate | by the name asked for: exact, then `*.` for one label; the first one for no or an unknown name; among several for a name the first that the client can verify | | RFC 6066 3, 6125 6.4.3 |
//! | ALPN | `h2`, then `http/1.1`; without ALPN the owner speaks HTTP/1.1 | no_application_protocol | RFC 7301 3.2 |
//! | tickets | two a handshake in 1.3, one in 1.2; good for 6 to 12 hours, offered for 6; on every worker with the same [`TicketSecret`] | a full handshake | RFC 8446 4.6.1, 5077 |
//! | 0-RTT | never accepted: requests could be replayed | the client sends again | RFC 8446 8 |
//! | renegotiation | never | no_renegotiation | RFC 5246 7.2.2 |
//! | client certificates | never asked for | | |
//! | OCSP stapling | none | | |
//! | beginning of a record or handshake message | [`PENDING_LIMIT_BYTES`] are kept at most | record_overflow | |
//! | a capital letter as first octet | [`TlsFailure::PlainHttp`], no alert, the octets stay as they were | | RFC 8446 5.1, 9110 9.1 |
//! | records sent | full ones of 16 KiB, then the rest; an answer up to 16 KiB given at once is one | | RFC 8446 5.1 |
//! | close_notify | told by [`Session::peer_closed`]; our side stays open until [`Session::close`] | an end without it was a cut | RFC 8446 6.1 |
//!
//! **Secrets.** The ticket secret lives as long as the operator keeps it. Who gets it can read recorded sessions of TLS 1.2 that
//! were resumable; those of TLS 1.3 are safe, as every resumption exchanges keys anew.
//!
//! **Two kinds of errors.** [`TlsError`] is the operator's: found when files are loaded, with what, where, why and fix. On
//! [`Acceptor::reload`] it leaves everything as it was. [`TlsFailure`] ends one session, and is one line for a log;
//! [`TlsFailure::is_ours`] tells which are worth an error there.
//!
//! # What the owner must do
//!
//! A handshake costs around 0.1 ms of CPU, so the owner caps how many it advances per turn, and gives each a deadline. It calls
//! [`Acceptor::reload`] on a signal; that reads files, so a turn is as long as the disk takes. It keeps keys readable by its user only.
//!
//! # Why rustls without its buffers
//!
//! `ServerConnection` keeps at least 4 KiB for each connection and copies every octet into it. `UnbufferedServerConnection`
//! decrypts in the reader's own buffer, so an idle session keeps none. It doesn't tell the server name; `server_name.rs` has the way around.

#![forbid(unsafe_code)]

mod acceptor;
mod certificates;
mod error;
mod failure;
mod load;
mod options;
mod self_signed;
mod server_name;
mod session;
mod suites;
mod tickets;
mod validity;

pub use acceptor::Acceptor;
pub use certificates::CertificateInfo;
pub use error::{TlsError, TlsErrorKind};
pub use failure::TlsFailure;
pub use options::{CertificateFiles, Options, Protocol, TicketSecret, Version, TICKET_SECRET_MIN_BYTES};
pub use self_signed::{self_signed, SelfSigned, SELF_SIGNED_LIFETIME};
pub use session::{Session, PENDING_LIMIT_BYTES};
pub use tickets::TICKET_EPOCH;
