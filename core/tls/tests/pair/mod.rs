//! A rustls client and one of our sessions, joined in memory, with certificates made for the test.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses a part; a panic is how a test fails")]

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::client::{ClientConfig, ClientConnection, Resumption};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{RootCertStore, SupportedProtocolVersion};
use spica_tls::{self_signed, Acceptor, CertificateFiles, Options, Session, TlsFailure};

pub const TLS12: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];
pub const TLS13: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];
pub const WHOLE: usize = usize::MAX;

static FOLDERS: AtomicU32 = AtomicU32::new(0);

/// A folder of certificates that is removed at the end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("spica-tls-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// Writes a new certificate for `names` and tells its files.
    pub fn certificate(&self, name: &str, names: &[&str], now: SystemTime) -> CertificateFiles {
        let names: Vec<String> = names.iter().map(|name| (*name).into()).collect();
        let made = self_signed(&names, now).unwrap();
        CertificateFiles {
            chain: self.write(&format!("{name}.pem"), &made.chain),
            key: self.write(&format!("{name}.key"), &made.key),
        }
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub fn root(chain: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(chain).unwrap()
}

/// A client that trusts `roots`, speaks h2 and http/1.1, and remembers tickets.
pub fn client_config(
    roots: &[CertificateDer<'static>],
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConfig {
    client_config_with(default_provider(), roots, versions)
}

pub fn client_config_with(
    provider: CryptoProvider,
    roots: &[CertificateDer<'static>],
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConfig {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root.clone()).unwrap();
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(store)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.resumption = Resumption::in_memory_sessions(8);
    config
}

/// One acceptor for localhost and a client that trusts it.
pub fn localhost(
    options: &Options,
    versions: &[&'static SupportedProtocolVersion],
) -> (Acceptor, ClientConfig, Folder) {
    let folder = Folder::new();
    let files = folder.certificate("localhost", &["localhost"], (options.now)());
    let config = client_config(&[root(&files.chain)], versions);
    let acceptor = Acceptor::new(&Options { certificates: vec![files], ..options.clone() }).unwrap();
    (acceptor, config, folder)
}

pub struct Pair {
    pub client: ClientConnection,
    pub session: Session,
    /// What the server has understood.
    pub heard: Vec<u8>,
    /// Octets on their way to the client.
    pub to_client: Vec<u8>,
    client_heard: Vec<u8>,
}

impl Pair {
    pub fn new(acceptor: &Acceptor, config: &Arc<ClientConfig>, host: &str) -> Self {
        let name = ServerName::try_from(host.to_owned()).unwrap();
        Pair {
            client: ClientConnection::new(config.clone(), name).unwrap(),
            session: acceptor.session().unwrap(),
            heard: Vec::new(),
            to_client: Vec::new(),
            client_heard: Vec::new(),
        }
    }

    /// A pair that has finished its handshake.
    pub fn open(acceptor: &Acceptor, config: &Arc<ClientConfig>, host: &str) -> Self {
        let mut pair = Pair::new(acceptor, config, host);
        pair.exchange(WHOLE).unwrap();
        assert!(!pair.session.is_handshaking() && !pair.client.is_handshaking());
        pair
    }

    /// Carries octets, `cut` at a time, until nobody has more to say.
    pub fn exchange(&mut self, cut: usize) -> Result<(), Ended> {
        loop {
            let mut to_server = Vec::new();
            while self.client.wants_write() {
                self.client.write_tls(&mut to_server).unwrap();
            }
            for piece in to_server.chunks_mut(cut) {
                let result = self.session.receive(piece, &mut self.heard);
                self.session.take_output(&mut self.to_client);
                result.map_err(Ended::Server)?;
            }
            if to_server.is_empty() && self.to_client.is_empty() {
                return Ok(());
            }
            self.deliver(cut).map_err(Ended::Client)?;
        }
    }

    /// Gives the client what is on its way.
    pub fn deliver(&mut self, cut: usize) -> Result<(), rustls::Error> {
        let octets = std::mem::take(&mut self.to_client);
        for mut piece in octets.chunks(cut) {
            while !piece.is_empty() {
                if self.client.read_tls(&mut piece).unwrap() == 0 {
                    return Ok(());
                }
                self.client.process_new_packets()?;
                self.client_listens();
            }
        }
        Ok(())
    }

    pub fn client_says(&mut self, octets: &[u8]) {
        self.client.set_buffer_limit(None);
        self.client.writer().write_all(octets).unwrap();
    }

    pub fn server_says(&mut self, octets: &[u8]) {
        self.session.send(octets, &mut self.to_client).unwrap();
    }

    /// Plaintext that the client has got since the last call.
    pub fn client_hears(&mut self) -> Vec<u8> {
        self.client_listens();
        std::mem::take(&mut self.client_heard)
    }

    fn client_listens(&mut self) {
        let mut piece = [0; 4096];
        while let Ok(count @ 1..) = self.client.reader().read(&mut piece) {
            self.client_heard.extend_from_slice(&piece[..count]);
        }
    }
}

#[derive(Debug)]
pub enum Ended {
    Server(TlsFailure),
    Client(rustls::Error),
}

/// The lengths of the records in `octets`.
pub fn records(mut octets: &[u8]) -> Vec<usize> {
    let mut lengths = Vec::new();
    while let [_, _, _, high, low, rest @ ..] = octets {
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        lengths.push(len);
        octets = &rest[len..];
    }
    assert!(octets.is_empty());
    lengths
}
