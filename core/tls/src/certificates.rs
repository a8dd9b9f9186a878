//! The certificates in use, and which one a client is shown.
//!
//! The name that the client asked for (SNI, RFC 6066 3) is looked up exactly, then with its first label as `*` (RFC 6125 6.4.3). Among
//! certificates for the same name the first whose key the client can verify is shown, so that an ECDSA one may stand before an RSA one.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::SignatureScheme;

use crate::server_name;

/// A certificate that is in use, for logs and checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateInfo {
    /// The chain's file, or `self-signed`.
    pub location: String,
    /// Its DNS names, in lower case.
    pub names: Vec<String>,
    /// Its last moment.
    pub not_after: SystemTime,
}

pub(crate) struct Certificate {
    pub(crate) key: Arc<CertifiedKey>,
    pub(crate) names: Vec<String>,
    pub(crate) not_after: SystemTime,
    pub(crate) location: String,
}

/// All certificates of one configuration, in its order.
pub(crate) struct CertificateSet {
    all: Vec<Certificate>,
    by_name: HashMap<String, Vec<usize>>,
}

impl CertificateSet {
    pub(crate) fn new(all: Vec<Certificate>) -> Self {
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, certificate) in all.iter().enumerate() {
            for name in &certificate.names {
                by_name.entry(name.clone()).or_default().push(place);
            }
        }
        CertificateSet { all, by_name }
    }

    fn find(&self, name: Option<&str>, schemes: &[SignatureScheme]) -> Option<&Certificate> {
        let named = name.and_then(|name| self.by_name.get(name).or_else(|| self.by_name.get(&wildcard(name)?)));
        let mut candidates = named.into_iter().flatten().filter_map(|place| self.all.get(*place)).peekable();
        let first = candidates.peek().copied();
        candidates
            .chain(if first.is_none() { self.all.as_slice() } else { &[] })
            .find(|certificate| certificate.key.key.choose_scheme(schemes).is_some())
            .or(first)
            .or(self.all.first())
    }

    /// Whether a client would notice a difference. Each key belongs to its certificate, so comparing these is enough.
    fn differs(&self, other: &CertificateSet) -> bool {
        self.all.len() != other.all.len() || self.all.iter().zip(&other.all).any(|(a, b)| a.key.cert != b.key.cert)
    }
}

fn wildcard(name: &str) -> Option<String> {
    name.split_once('.').map(|(_, rest)| format!("*.{rest}"))
}

/// The set that new handshakes use. Sessions that are open keep what they have.
pub(crate) struct Certificates(RwLock<Arc<CertificateSet>>);

impl Certificates {
    pub(crate) fn new(set: CertificateSet) -> Self {
        Certificates(RwLock::new(Arc::new(set)))
    }

    /// Uses another set from now on. Returns whether it differs.
    pub(crate) fn replace(&self, set: CertificateSet) -> bool {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let changed = held.differs(&set);
        *held = Arc::new(set);
        changed
    }

    pub(crate) fn info(&self) -> Vec<CertificateInfo> {
        let info = |certificate: &Certificate| CertificateInfo {
            location: certificate.location.clone(),
            names: certificate.names.clone(),
            not_after: certificate.not_after,
        };
        self.current().all.iter().map(info).collect()
    }

    fn current(&self) -> Arc<CertificateSet> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        server_name::put(hello.server_name());
        self.current().find(hello.server_name(), hello.signature_schemes()).map(|certificate| certificate.key.clone())
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.info()).finish()
    }
}
