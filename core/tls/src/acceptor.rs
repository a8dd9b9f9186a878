//! The server's side of every handshake: certificates, versions, tickets.

use std::sync::Arc;
use std::time::SystemTime;

use aws_lc_rs::rand;
use rustls::crypto::CryptoProvider;
use rustls::server::{NoServerSessionStorage, UnbufferedServerConnection};
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};

use crate::certificates::{Certificate, CertificateInfo, CertificateSet, Certificates};
use crate::error::{TlsError, TlsErrorKind};
use crate::failure::{classify, TlsFailure};
use crate::load::{build_certificate, load_certificate, Pem};
use crate::options::{CertificateFiles, Options, Version, TICKET_SECRET_MIN_BYTES};
use crate::self_signed::self_signed;
use crate::session::Session;
use crate::suites::provider;
use crate::tickets::Tickets;

const BOTH: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
const NEWEST: [&SupportedProtocolVersion; 1] = [&TLS13];

/// Makes sessions. A clone is cheap and shares everything, also what [`Acceptor::reload`] does.
#[derive(Clone)]
pub struct Acceptor(Arc<Shared>);

struct Shared {
    config: Arc<ServerConfig>,
    provider: Arc<CryptoProvider>,
    certificates: Arc<Certificates>,
    files: Vec<CertificateFiles>,
    now: fn() -> SystemTime,
}

impl Acceptor {
    /// Reads the certificates and derives the ticket keys.
    pub fn new(options: &Options) -> Result<Self, TlsError> {
        if options.certificates.is_empty() {
            return Err(TlsError {
                kind: TlsErrorKind::NoCertificates,
                what: "TLS is on, but there is no certificate".into(),
                location: "certificates".into(),
                why: "a server proves its name by one".into(),
                fix: "name a chain and a key, or use a self-signed certificate in development".into(),
            });
        }
        let provider = Arc::new(provider());
        let loaded = load_all(&options.certificates, &provider, (options.now)())?;
        Acceptor::build(options, provider, loaded)
    }

    /// Shows a fresh self-signed certificate for `names` (see [`self_signed`]); the options' own certificates are not used.
    pub fn from_self_signed(names: &[String], options: &Options) -> Result<Self, TlsError> {
        let now = (options.now)();
        let made = self_signed(names, now)?;
        let provider = Arc::new(provider());
        let pem = |text| Pem { octets: str::as_bytes(text), location: "self-signed" };
        let certificate = build_certificate(&pem(&made.chain), &pem(&made.key), &provider, now)?;
        let options = Options { certificates: Vec::new(), ..options.clone() };
        Acceptor::build(&options, provider, vec![certificate])
    }

    fn build(options: &Options, provider: Arc<CryptoProvider>, loaded: Vec<Certificate>) -> Result<Self, TlsError> {
        let certificates = Arc::new(Certificates::new(CertificateSet::new(loaded)));
        let versions = if options.minimum == Version::Tls13 { &NEWEST[..] } else { &BOTH[..] };
        let mut config = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(versions)
            .map_err(|error| TlsError::library("TLS can't be configured", error))?
            .with_no_client_auth()
            .with_cert_resolver(certificates.clone());
        config.ignore_client_order = false;
        config.alpn_protocols =
            if options.http2 { vec![b"h2".into(), b"http/1.1".into()] } else { vec![b"http/1.1".into()] };
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.ticketer = Arc::new(tickets(options)?);
        config.send_tls13_tickets = 2;
        config.max_early_data_size = 0;
        Ok(Acceptor(Arc::new(Shared {
            config: Arc::new(config),
            provider,
            certificates,
            files: options.certificates.clone(),
            now: options.now,
        })))
    }

    /// A session for a connection that was just accepted.
    pub fn session(&self) -> Result<Session, TlsFailure> {
        let connection =
            UnbufferedServerConnection::new(self.0.config.clone()).map_err(|error| classify(error, true))?;
        Ok(Session::new(connection))
    }

    /// Reads the files anew and uses them for handshakes from now on. Returns whether a certificate has changed.
    ///
    /// On an error the old certificates stay, all of them. A self-signed certificate never changes.
    pub fn reload(&self) -> Result<bool, TlsError> {
        if self.0.files.is_empty() {
            return Ok(false);
        }
        let loaded = load_all(&self.0.files, &self.0.provider, (self.0.now)())?;
        Ok(self.0.certificates.replace(CertificateSet::new(loaded)))
    }

    /// The certificates in use, in the order of the options.
    pub fn certificates(&self) -> Vec<CertificateInfo> {
        self.0.certificates.info()
    }
}

fn load_all(
    files: &[CertificateFiles],
    provider: &CryptoProvider,
    now: SystemTime,
) -> Result<Vec<Certificate>, TlsError> {
    files.iter().map(|files| load_certificate(files, provider, now)).collect()
}

fn tickets(options: &Options) -> Result<Tickets, TlsError> {
    let library = |error| TlsError::library("no ticket keys could be derived", error);
    if let Some(secret) = &options.ticket_secret {
        return Tickets::new(secret.octets(), options.now).map_err(library);
    }
    let mut secret = [0; TICKET_SECRET_MIN_BYTES];
    rand::fill(&mut secret).map_err(library)?;
    Tickets::new(&secret, options.now).map_err(library)
}
