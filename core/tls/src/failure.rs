//! Why a session ended: one line for the log, and whose fault it was.

use std::fmt;

use rustls::{AlertDescription, Error, InvalidMessage};

/// A session that can't go on. Its alert, when there is one to send, is in the session's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsFailure {
    /// The client speaks HTTP without TLS: the first octet is a capital letter, which no TLS record begins with.
    /// The octets are untouched, so the owner can answer in clear text.
    PlainHttp,
    /// What arrived first is not TLS (scanners, other protocols).
    NotTls(String),
    /// Nothing in common: versions, suites, groups, signatures or protocols.
    Incompatible(String),
    /// The client ended it by an alert, such as `UnknownCA` when it does not trust the certificate.
    Alert(String),
    /// The client broke the protocol, or someone changed octets on the way.
    Violation(String),
    /// More of a handshake or record than [`crate::PENDING_LIMIT_BYTES`] without its end.
    TooLarge,
    /// The session was closed, or is not yet open: a call that the owner must not make.
    NotOpen,
    /// Our own failure: no randomness, a key that doesn't sign.
    Internal(String),
}

impl TlsFailure {
    /// Whether the fault is ours: worth an error in the log, not a debug line.
    pub fn is_ours(&self) -> bool {
        matches!(self, TlsFailure::NotOpen | TlsFailure::Internal(_))
    }
}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsFailure::PlainHttp => f.write_str("plain HTTP on a TLS port"),
            TlsFailure::NotTls(detail) => write!(f, "not TLS: {detail}"),
            TlsFailure::Incompatible(detail) => write!(f, "nothing in common with the client: {detail}"),
            TlsFailure::Alert(detail) => write!(f, "the client sent the alert {detail}"),
            TlsFailure::Violation(detail) => write!(f, "the client broke the protocol: {detail}"),
            TlsFailure::TooLarge => f.write_str("the client sent more of a handshake or record than is kept"),
            TlsFailure::NotOpen => f.write_str("used while the session was not open"),
            TlsFailure::Internal(detail) => write!(f, "internal: {detail}"),
        }
    }
}

impl std::error::Error for TlsFailure {}

/// What a library error means. `greeted`: a record of this client has been understood before.
pub(crate) fn classify(error: Error, greeted: bool) -> TlsFailure {
    match error {
        Error::InvalidMessage(
            detail @ (InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion),
        ) if !greeted => TlsFailure::NotTls(format!("{detail:?}")),
        Error::PeerIncompatible(detail) => TlsFailure::Incompatible(format!("{detail:?}")),
        Error::NoApplicationProtocol => TlsFailure::Incompatible("no application protocol".into()),
        Error::AlertReceived(alert) => TlsFailure::Alert(alert_name(alert)),
        Error::InvalidMessage(_)
        | Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. }
        | Error::PeerMisbehaved(_)
        | Error::PeerSentOversizedRecord
        | Error::InvalidEncryptedClientHello(_)
        | Error::DecryptError => TlsFailure::Violation(one_line(&error)),
        _ => TlsFailure::Internal(one_line(&error)),
    }
}

fn alert_name(alert: AlertDescription) -> String {
    alert.as_str().map_or_else(|| format!("{}", u8::from(alert)), str::to_owned)
}

fn one_line(error: &Error) -> String {
    error.to_string().replace(['\n', '\r'], " ")
}
