//! What is wrong with the configuration: the operator's mistakes, found before any client connects.

use std::fmt;

/// The kind of mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsErrorKind {
    /// No certificate is configured.
    NoCertificates,
    /// A file that does not exist or may not be read.
    UnreadableFile,
    /// A file with a broken PEM section.
    MalformedPem,
    /// A chain file without a certificate.
    NoCertificateInFile,
    /// A key file without a private key.
    NoKeyInFile,
    /// A private key that needs a passphrase.
    EncryptedKey,
    /// A private key of a kind that is not supported.
    UnsupportedKey,
    /// A certificate that is not X.509 version 3, or damaged.
    MalformedCertificate,
    /// The key belongs to none of the certificates.
    KeyMismatch,
    /// The key belongs to a certificate that is not the first of its file.
    ChainOrder,
    /// The certificate's last day is past.
    Expired,
    /// The certificate's first day is to come.
    NotYetValid,
    /// Fewer than [`crate::TICKET_SECRET_MIN_BYTES`] octets.
    WeakTicketSecret,
    /// A name that a certificate can't have.
    InvalidName,
    /// The cryptographic library refused; not a mistake of the operator.
    Library,
}

/// A configuration that cannot serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError {
    /// The kind of mistake.
    pub kind: TlsErrorKind,
    /// What is wrong, with the part that is.
    pub what: String,
    /// The file or the setting.
    pub location: String,
    /// Why it cannot be accepted.
    pub why: String,
    /// What to do instead.
    pub fix: String,
}

impl TlsError {
    pub(crate) fn library(what: &str, error: impl fmt::Display) -> Self {
        TlsError {
            kind: TlsErrorKind::Library,
            what: what.into(),
            location: "the TLS library".into(),
            why: error.to_string(),
            fix: "report this with the lines above".into(),
        }
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  where  {}\n  why    {}\n  fix    {}", self.what, self.location, self.why, self.fix)
    }
}

impl std::error::Error for TlsError {}
