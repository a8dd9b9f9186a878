//! What an operator may set.

use std::fmt;
use std::path::PathBuf;
use std::time::SystemTime;

use crate::error::{TlsError, TlsErrorKind};

/// A ticket secret shorter than this could be guessed.
pub const TICKET_SECRET_MIN_BYTES: usize = 32;

/// How one listener speaks TLS.
#[derive(Clone, Debug)]
pub struct Options {
    /// Certificates with their keys. The first is shown to clients that name no server, or one that no certificate has.
    pub certificates: Vec<CertificateFiles>,
    /// The oldest version accepted.
    pub minimum: Version,
    /// Whether HTTP/2 is offered beside HTTP/1.1 (RFC 7301, RFC 9113 3.3).
    pub http2: bool,
    /// Shared by workers and kept over restarts, it lets clients resume with any of them. Without one, each acceptor has its own.
    pub ticket_secret: Option<TicketSecret>,
    /// Where the time comes from: it decides which certificates are valid and which ticket keys are in use.
    pub now: fn() -> SystemTime,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            certificates: Vec::new(),
            minimum: Version::Tls12,
            http2: true,
            ticket_secret: None,
            now: SystemTime::now,
        }
    }
}

/// A certificate chain and the key of its first certificate, as PEM. Both may be in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The server's certificate, then the intermediates that lead to the root.
    pub chain: PathBuf,
    /// The private key, not encrypted.
    pub key: PathBuf,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// RFC 5246, with ECDHE and AEAD suites only.
    Tls12,
    /// RFC 8446.
    Tls13,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Version::Tls12 => "TLSv1.2",
            Version::Tls13 => "TLSv1.3",
        })
    }
}

/// The protocol that ALPN chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `http/1.1`.
    Http1,
    /// `h2`.
    Http2,
}

/// Random octets from which the keys of session tickets are derived. Whoever has it can read recorded TLS 1.2 sessions.
#[derive(Clone, PartialEq, Eq)]
pub struct TicketSecret(Vec<u8>);

impl TicketSecret {
    /// Takes at least [`TICKET_SECRET_MIN_BYTES`] random octets.
    pub fn new(octets: Vec<u8>) -> Result<Self, TlsError> {
        if octets.len() < TICKET_SECRET_MIN_BYTES {
            return Err(TlsError {
                kind: TlsErrorKind::WeakTicketSecret,
                what: format!("the ticket secret has {} octets", octets.len()),
                location: "ticket secret".into(),
                why: format!("fewer than {TICKET_SECRET_MIN_BYTES} can be guessed, and it opens every resumed session"),
                fix: format!("generate {TICKET_SECRET_MIN_BYTES} random octets and give them to every worker"),
            });
        }
        Ok(TicketSecret(octets))
    }

    pub(crate) fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for TicketSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TicketSecret({} octets)", self.0.len())
    }
}
