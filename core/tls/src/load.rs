//! One certificate and its key, from files to something that can sign. Every mistake is told here, before a client meets it.

use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use time::OffsetDateTime;

use crate::certificates::Certificate;
use crate::error::{TlsError, TlsErrorKind};
use crate::options::CertificateFiles;
use crate::validity::parse_validity;

/// Reads and checks one pair of files.
pub(crate) fn load_certificate(
    files: &CertificateFiles,
    provider: &CryptoProvider,
    now: SystemTime,
) -> Result<Certificate, TlsError> {
    let (chain, key) = (read(&files.chain)?, read(&files.key)?);
    let (chain_at, key_at) = (files.chain.display().to_string(), files.key.display().to_string());
    build_certificate(
        &Pem { octets: &chain, location: &chain_at },
        &Pem { octets: &key, location: &key_at },
        provider,
        now,
    )
}

/// The content of a file, and where it came from.
pub(crate) struct Pem<'a> {
    pub(crate) octets: &'a [u8],
    pub(crate) location: &'a str,
}

/// Checks a chain and a key and puts them together.
pub(crate) fn build_certificate(
    chain: &Pem<'_>,
    key: &Pem<'_>,
    provider: &CryptoProvider,
    now: SystemTime,
) -> Result<Certificate, TlsError> {
    let certificates = parse_chain(chain)?;
    let Some(leaf) = certificates.first() else {
        return Err(no_certificate(chain.location));
    };
    let (names, not_after) = check_leaf(leaf, chain.location, now)?;
    let signer = parse_key(key, provider)?;
    check_match(&certificates, signer.as_ref(), chain.location, key.location)?;
    Ok(Certificate {
        key: Arc::new(CertifiedKey::new(certificates, signer)),
        names,
        not_after: not_after.into(),
        location: chain.location.into(),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error| TlsError {
        kind: TlsErrorKind::UnreadableFile,
        what: "a file of the certificate can't be read".into(),
        location: path.display().to_string(),
        why: error.to_string(),
        fix: "check the path, and that the server's user may read the file and its folders".into(),
    })
}

fn parse_chain(chain: &Pem<'_>) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    CertificateDer::pem_slice_iter(chain.octets)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| malformed_pem(chain.location, &error))
}

fn parse_key(key: &Pem<'_>, provider: &CryptoProvider) -> Result<Arc<dyn SigningKey>, TlsError> {
    // PKCS #8 has a label of its own; the older form says it in a header, and its octets would look like a damaged key.
    let encrypted =
        contains(key.octets, b"BEGIN ENCRYPTED PRIVATE KEY") || contains(key.octets, b"Proc-Type: 4,ENCRYPTED");
    if encrypted {
        return Err(TlsError {
            kind: TlsErrorKind::EncryptedKey,
            what: "the private key is encrypted".into(),
            location: key.location.into(),
            why: "a server that restarts by itself has nobody to ask for the passphrase".into(),
            fix: "write it without one: openssl pkey -in <key> -out <new key>, readable by the server's user only"
                .into(),
        });
    }
    let der = PrivateKeyDer::from_pem_slice(key.octets).map_err(|error| match error {
        pem::Error::NoItemsFound => TlsError {
            kind: TlsErrorKind::NoKeyInFile,
            what: "no private key in the file".into(),
            location: key.location.into(),
            why: "no section BEGIN PRIVATE KEY, BEGIN EC PRIVATE KEY or BEGIN RSA PRIVATE KEY".into(),
            fix: "name the file with the private key; if it is DER, convert it: openssl pkey -inform der".into(),
        },
        error => malformed_pem(key.location, &error),
    })?;
    provider.key_provider.load_private_key(der).map_err(|error| TlsError {
        kind: TlsErrorKind::UnsupportedKey,
        what: "the private key can't be used".into(),
        location: key.location.into(),
        why: error.to_string(),
        fix: "use ECDSA P-256 (fastest), P-384, Ed25519 or RSA of 2048 to 8192 bits".into(),
    })
}

/// The names and the last moment of a server's certificate that is valid now.
fn check_leaf(
    leaf: &CertificateDer<'_>,
    location: &str,
    now: SystemTime,
) -> Result<(Vec<String>, OffsetDateTime), TlsError> {
    let malformed = |why: String| TlsError {
        kind: TlsErrorKind::MalformedCertificate,
        what: "the first certificate can't be used".into(),
        location: location.into(),
        why,
        fix: "get an X.509 version 3 certificate for a server".into(),
    };
    let parsed = webpki::EndEntityCert::try_from(leaf).map_err(|error| malformed(format!("{error:?}")))?;
    let validity = parse_validity(leaf).ok_or_else(|| malformed("its dates can't be read".into()))?;
    let now = OffsetDateTime::from(now);
    if now > validity.not_after {
        return Err(TlsError {
            kind: TlsErrorKind::Expired,
            what: format!("the certificate expired on {}", validity.not_after.date()),
            location: location.into(),
            why: format!("today is {}, and every client would refuse it", now.date()),
            fix: "renew it, or check this machine's clock".into(),
        });
    }
    if now < validity.not_before {
        return Err(TlsError {
            kind: TlsErrorKind::NotYetValid,
            what: format!("the certificate is valid from {} on", validity.not_before.date()),
            location: location.into(),
            why: format!("today is {}, and every client would refuse it", now.date()),
            fix: "check this machine's clock, or wait".into(),
        });
    }
    let names: Vec<String> = parsed.valid_dns_names().map(str::to_ascii_lowercase).collect();
    Ok((names, validity.not_after))
}

fn check_match(
    chain: &[CertificateDer<'_>],
    signer: &dyn SigningKey,
    chain_at: &str,
    key_at: &str,
) -> Result<(), TlsError> {
    let Some(public) = signer.public_key() else {
        return Ok(()); // A signer that can't tell can't be compared; every key the provider loads can.
    };
    let owner = chain.iter().position(|certificate| {
        webpki::EndEntityCert::try_from(certificate).is_ok_and(|parsed| parsed.subject_public_key_info() == public)
    });
    match owner {
        Some(0) => Ok(()),
        Some(place) => Err(TlsError {
            kind: TlsErrorKind::ChainOrder,
            what: format!("the server's certificate is number {} of its file", place + 1),
            location: chain_at.into(),
            why: "a client expects it first, then each certificate's issuer".into(),
            fix: "put the certificate of the key first".into(),
        }),
        None => Err(TlsError {
            kind: TlsErrorKind::KeyMismatch,
            what: "the private key is not the certificate's".into(),
            location: format!("{chain_at} and {key_at}"),
            why: "their public keys differ".into(),
            fix: "use the key that the certificate was requested with; were only one of the two files renewed?".into(),
        }),
    }
}

fn no_certificate(location: &str) -> TlsError {
    TlsError {
        kind: TlsErrorKind::NoCertificateInFile,
        what: "no certificate in the file".into(),
        location: location.into(),
        why: "no section BEGIN CERTIFICATE".into(),
        fix: "name the file with the chain (often fullchain.pem); if it is DER, convert it: openssl x509 -inform der"
            .into(),
    }
}

fn malformed_pem(location: &str, error: &dyn Display) -> TlsError {
    TlsError {
        kind: TlsErrorKind::MalformedPem,
        what: "the file is damaged".into(),
        location: location.into(),
        why: error.to_string(),
        fix: "copy it anew; every section needs its BEGIN and END lines and base64 between them".into(),
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
