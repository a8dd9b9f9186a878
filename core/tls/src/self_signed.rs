//! A certificate for development, signed by its own key.

use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256};

use crate::error::{TlsError, TlsErrorKind};

/// How long a self-signed certificate is valid. Browsers accept at most 398 days, for roots of their own.
pub const SELF_SIGNED_LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The names used when none are given.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A certificate and its key, as PEM. The caller writes them, the key readable by its owner only.
#[derive(Clone)]
pub struct SelfSigned {
    /// The certificate.
    pub chain: String,
    /// Its PKCS #8 private key.
    pub key: String,
}

/// Makes an ECDSA P-256 certificate for `names` (DNS names, wildcards, addresses), or for this machine's loopback when there are none.
///
/// It is valid from one hour ago, for clocks that differ, until [`SELF_SIGNED_LIFETIME`] from now.
pub fn self_signed(names: &[String], now: SystemTime) -> Result<SelfSigned, TlsError> {
    let names = if names.is_empty() { LOOPBACK.map(String::from).to_vec() } else { names.to_vec() };
    let mut params = CertificateParams::new(names.clone()).map_err(|error| invalid_name(&names, &error))?;
    params.not_before = (now - Duration::from_secs(60 * 60)).into();
    params.not_after = (now + SELF_SIGNED_LIFETIME).into();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    if let Some(first) = names.first() {
        params.distinguished_name.push(DnType::CommonName, first.as_str());
    }
    let library = |error| TlsError::library("no self-signed certificate could be made", error);
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(library)?;
    let certificate = params.self_signed(&key).map_err(library)?;
    Ok(SelfSigned { chain: certificate.pem(), key: key.serialize_pem() })
}

fn invalid_name(names: &[String], error: &rcgen::Error) -> TlsError {
    TlsError {
        kind: TlsErrorKind::InvalidName,
        what: "a certificate can't have one of these names".into(),
        location: names.join(", "),
        why: error.to_string(),
        fix: "use DNS names in ASCII (xn--… for others) or addresses".into(),
    }
}
