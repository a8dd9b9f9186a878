//! Which certificate is shown, how they are reloaded, and every mistake an operator can make with their files.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod pair;

use std::fs;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use pair::{client_config, root, Folder, Pair, TLS12, TLS13, WHOLE};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::CertificateDer;
use spica_tls::{self_signed, Acceptor, CertificateFiles, Options, TicketSecret, TlsErrorKind, SELF_SIGNED_LIFETIME};

fn acceptor(certificates: Vec<CertificateFiles>) -> Acceptor {
    Acceptor::new(&Options { certificates, ..Options::default() }).unwrap()
}

/// The certificate that a client for `host` is shown, whether it accepts it or not.
fn shown(acceptor: &Acceptor, host: &str) -> CertificateDer<'static> {
    let config = client_config(&[], TLS13);
    let mut trusting = config.clone();
    trusting.dangerous().set_certificate_verifier(Arc::new(Anyone(config.crypto_provider().clone())));
    let mut pair = Pair::new(acceptor, &Arc::new(trusting), host);
    pair.exchange(WHOLE).unwrap();
    pair.client.peer_certificates().unwrap()[0].clone().into_owned()
}

/// Accepts every certificate, to see which one it is.
#[derive(Debug)]
struct Anyone(Arc<rustls::crypto::CryptoProvider>);

impl rustls::client::danger::ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &rustls::pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[test]
fn rfc6066_3_the_name_asked_for_chooses_the_certificate() {
    let (folder, now) = (Folder::new(), SystemTime::now());
    let first = folder.certificate("first", &["first.example"], now);
    let wild = folder.certificate("wild", &["*.wild.example", "Wild.Example"], now);
    let exact = folder.certificate("exact", &["exact.wild.example"], now);
    let acceptor = acceptor(vec![first.clone(), wild.clone(), exact.clone()]);
    for (host, expected) in [
        ("first.example", &first),
        ("wild.example", &wild),
        ("a.wild.example", &wild),
        ("A.WILD.example", &wild),
        ("exact.wild.example", &exact),
        ("a.b.wild.example", &first),
        ("unknown.example", &first),
        ("example", &first),
        ("127.0.0.1", &first),
    ] {
        assert_eq!(shown(&acceptor, host), root(&expected.chain), "{host}");
    }
    let info = acceptor.certificates();
    assert_eq!(info[1].names, ["*.wild.example", "wild.example"]);
    assert_eq!(info[1].location, wild.chain.display().to_string());
    let lifetime = info[1].not_after.duration_since(now).unwrap();
    assert!(lifetime <= SELF_SIGNED_LIFETIME && lifetime > SELF_SIGNED_LIFETIME - Duration::from_secs(2));
}

#[test]
fn among_certificates_of_one_name_the_client_gets_one_it_can_verify() {
    let folder = Folder::new();
    let ecdsa = folder.certificate("ecdsa", &["localhost"], SystemTime::now());
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let made = rcgen::CertificateParams::new(vec!["localhost".into()]).unwrap().self_signed(&key).unwrap();
    let ed25519 = CertificateFiles {
        chain: folder.write("ed25519.pem", &made.pem()),
        key: folder.write("ed25519.key", &key.serialize_pem()),
    };
    let acceptor = acceptor(vec![ed25519.clone(), ecdsa.clone()]);
    assert_eq!(shown(&acceptor, "localhost"), root(&ed25519.chain));
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let mut algorithms = provider.signature_verification_algorithms;
    let ecdsa_only = &algorithms.mapping[..3];
    assert!(ecdsa_only.iter().all(|(scheme, _)| format!("{scheme:?}").starts_with("ECDSA")));
    algorithms.mapping = ecdsa_only;
    let provider = rustls::crypto::CryptoProvider { signature_verification_algorithms: algorithms, ..provider };
    let config = pair::client_config_with(provider, &[root(&ecdsa.chain)], TLS13);
    Pair::open(&acceptor, &Arc::new(config), "localhost");
}

#[test]
fn a_reload_serves_new_handshakes_and_leaves_open_sessions_alone() {
    let (folder, now) = (Folder::new(), SystemTime::now());
    let files = folder.certificate("a", &["localhost"], now);
    let old = root(&files.chain);
    let acceptor = acceptor(vec![files.clone()]);
    let old_config = Arc::new(client_config(std::slice::from_ref(&old), TLS12));
    let mut open = Pair::open(&acceptor, &old_config, "localhost");
    let mut half = Pair::new(&acceptor, &Arc::new(client_config(std::slice::from_ref(&old), TLS12)), "localhost");
    let mut hello = Vec::new();
    half.client.write_tls(&mut hello).unwrap();
    half.session.receive(&mut hello, &mut half.heard).unwrap();
    half.session.take_output(&mut half.to_client);

    assert_eq!(acceptor.clone().reload(), Ok(false), "the same files");
    folder.certificate("a", &["localhost"], now);
    let new = root(&files.chain);
    assert_ne!(new, old);
    assert_eq!(acceptor.clone().reload(), Ok(true));
    assert_eq!(acceptor.reload(), Ok(false));
    assert_eq!(shown(&acceptor, "localhost"), new);

    half.deliver(WHOLE).unwrap();
    half.exchange(WHOLE).unwrap();
    assert!(!half.session.is_handshaking());
    open.client_says(b"still here");
    open.server_says(b"so am I");
    open.exchange(WHOLE).unwrap();
    assert_eq!(open.client_hears(), b"so am I");
    assert_eq!(open.heard, b"still here");
    // Tickets outlive a renewal, as the name is still ours.
    assert!(Pair::open(&acceptor, &old_config, "localhost").session.is_resumed());
}

#[test]
fn a_failed_reload_keeps_every_old_certificate() {
    let (folder, now) = (Folder::new(), SystemTime::now());
    let [a, b] = ["a", "b"].map(|name| folder.certificate(name, &[&format!("{name}.example")], now));
    let acceptor = acceptor(vec![a.clone(), b.clone()]);
    let before = [root(&a.chain), root(&b.chain)];
    folder.certificate("a", &["a.example"], now);
    fs::write(&b.chain, "cut off").unwrap();
    assert_eq!(acceptor.reload().unwrap_err().kind, TlsErrorKind::NoCertificateInFile);
    assert_eq!([shown(&acceptor, "a.example"), shown(&acceptor, "b.example")], before);
}

/// What the loading of one pair of files says.
fn mistake(files: CertificateFiles) -> spica_tls::TlsError {
    let located = [files.chain.display().to_string(), files.key.display().to_string()];
    let error = Acceptor::new(&Options { certificates: vec![files], ..Options::default() }).err().unwrap();
    assert!(located.iter().any(|path| error.location.contains(path)), "{error}");
    for part in [&error.what, &error.why, &error.fix] {
        assert!(!part.is_empty() && !part.contains('\n'), "{error}");
    }
    assert!(!error.to_string().contains("BEGIN PRIVATE KEY\n"), "{error}");
    error
}

#[test]
fn every_mistake_names_its_file_and_its_fix() {
    let (folder, now) = (Folder::new(), SystemTime::now());
    let good = folder.certificate("good", &["localhost"], now);
    let other = folder.certificate("other", &["localhost"], now);
    let [chain, key] = [&good.chain, &good.key].map(|path| fs::read_to_string(path).unwrap());
    let other_chain = fs::read_to_string(&other.chain).unwrap();
    let with_chain = |text: &str| CertificateFiles { chain: folder.write("chain.pem", text), key: good.key.clone() };
    let with_key = |text: &str| CertificateFiles { chain: good.chain.clone(), key: folder.write("key.pem", text) };

    let missing = mistake(CertificateFiles { chain: folder.0.join("missing.pem"), key: good.key.clone() });
    assert_eq!(missing.kind, TlsErrorKind::UnreadableFile);
    assert!(missing.why.contains("No such file"), "{missing}");
    let folder_as_key = CertificateFiles { chain: good.chain.clone(), key: folder.0.clone() };
    assert_eq!(mistake(folder_as_key).kind, TlsErrorKind::UnreadableFile);

    assert_eq!(mistake(with_chain("")).kind, TlsErrorKind::NoCertificateInFile);
    assert_eq!(mistake(with_chain(&key)).kind, TlsErrorKind::NoCertificateInFile);
    assert_eq!(mistake(with_chain(&chain.replace("-----END", "----"))).kind, TlsErrorKind::MalformedPem);
    assert_eq!(mistake(with_chain(&chain.replacen("MII", "!!!", 1))).kind, TlsErrorKind::MalformedPem);
    let nothing = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(mistake(with_chain(nothing)).kind, TlsErrorKind::MalformedCertificate);

    assert_eq!(mistake(with_key("")).kind, TlsErrorKind::NoKeyInFile);
    assert_eq!(mistake(with_key(&chain)).kind, TlsErrorKind::NoKeyInFile);
    assert_eq!(mistake(with_key(&key.replace("-----END", "----"))).kind, TlsErrorKind::MalformedPem);
    let nothing = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert_eq!(mistake(with_key(nothing)).kind, TlsErrorKind::UnsupportedKey);
    assert_eq!(mistake(with_key(&key.replace("PRIVATE", "ENCRYPTED PRIVATE"))).kind, TlsErrorKind::EncryptedKey);
    let old_form = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    assert_eq!(mistake(with_key(old_form)).kind, TlsErrorKind::EncryptedKey);

    let mixed = CertificateFiles { chain: good.chain.clone(), key: other.key.clone() };
    assert_eq!(mistake(mixed).kind, TlsErrorKind::KeyMismatch);
    let order = mistake(with_chain(&format!("{other_chain}{chain}")));
    assert_eq!(
        (order.kind, order.what.as_str()),
        (TlsErrorKind::ChainOrder, "the server's certificate is number 2 of its file")
    );

    let nothing = Acceptor::new(&Options::default()).err().unwrap();
    assert_eq!(nothing.kind, TlsErrorKind::NoCertificates);
}

#[test]
fn a_certificate_is_shown_only_while_it_is_valid() {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let (folder, now) = (Folder::new(), SystemTime::now());
    let expired = mistake(folder.certificate("expired", &["localhost"], now - SELF_SIGNED_LIFETIME - DAY));
    assert_eq!(expired.kind, TlsErrorKind::Expired);
    assert!(expired.what.starts_with("the certificate expired on 20"), "{expired}");
    let early = mistake(folder.certificate("early", &["localhost"], now + DAY));
    assert_eq!(early.kind, TlsErrorKind::NotYetValid);
    acceptor(vec![folder.certificate("last-day", &["localhost"], now - SELF_SIGNED_LIFETIME + DAY)]);
    // After 2049 the dates are written in another form (RFC 5280 4.1.2.5).
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["localhost".into()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2060, 1, 2);
    let made = params.self_signed(&key).unwrap();
    let files = CertificateFiles {
        chain: folder.write("long.pem", &made.pem()),
        key: folder.write("long.key", &key.serialize_pem()),
    };
    let not_after = acceptor(vec![files]).certificates()[0].not_after;
    assert_eq!(not_after, SystemTime::from(rcgen::date_time_ymd(2060, 1, 2)));
}

#[test]
fn every_kind_of_key_serves_both_versions() {
    let folder = Folder::new();
    let kinds =
        [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519, &rcgen::PKCS_RSA_SHA256];
    for kind in kinds {
        let key = rcgen::KeyPair::generate_for(kind).unwrap();
        let made = rcgen::CertificateParams::new(vec!["localhost".into()]).unwrap().self_signed(&key).unwrap();
        let files = CertificateFiles {
            chain: folder.write("chain.pem", &made.pem()),
            key: folder.write("key.pem", &key.serialize_pem()),
        };
        for versions in [TLS12, TLS13] {
            let config = Arc::new(client_config(&[root(&files.chain)], versions));
            Pair::open(&acceptor(vec![files.clone()]), &config, "localhost");
        }
    }
}

#[test]
fn chain_and_key_may_be_in_one_file() {
    let folder = Folder::new();
    let made = self_signed(&["localhost".into()], SystemTime::now()).unwrap();
    let both = folder.write("both.pem", &format!("{}{}", made.key, made.chain));
    acceptor(vec![CertificateFiles { chain: both.clone(), key: both }]);
}

#[test]
fn self_signed_is_for_the_loopback_or_the_names_given() {
    let made = self_signed(&[], SystemTime::now()).unwrap();
    let folder = Folder::new();
    let files = CertificateFiles { chain: folder.write("a.pem", &made.chain), key: folder.write("a.key", &made.key) };
    let acceptor = acceptor(vec![files.clone()]);
    let config = Arc::new(client_config(&[root(&files.chain)], TLS13));
    for host in ["localhost", "127.0.0.1", "::1"] {
        Pair::open(&acceptor, &config, host);
    }
    assert!(Pair::new(&acceptor, &config, "other.example").exchange(WHOLE).is_err());
    let der = CertificateDer::from_pem_slice(made.chain.as_bytes()).unwrap();
    assert!(der.windows(9).any(|window| window == b"localhost"));
    assert_eq!(self_signed(&["ümlaut".into()], SystemTime::now()).err().unwrap().kind, TlsErrorKind::InvalidName);
}

#[test]
fn an_acceptor_with_its_own_certificate_needs_no_files() {
    let acceptor = Acceptor::from_self_signed(&[], &Options::default()).unwrap();
    assert_eq!(acceptor.certificates()[0].location, "self-signed");
    assert_eq!(acceptor.certificates()[0].names, ["localhost"]);
    assert_eq!(acceptor.reload(), Ok(false));
    shown(&acceptor, "localhost");
}

#[test]
fn a_ticket_secret_is_long_and_never_printed() {
    assert_eq!(TicketSecret::new(vec![7; 31]).unwrap_err().kind, TlsErrorKind::WeakTicketSecret);
    let secret = TicketSecret::new(vec![7; 32]).unwrap();
    assert_eq!(format!("{secret:?}"), "TicketSecret(32 octets)");
}
