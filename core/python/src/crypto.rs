//! Sealing, keys and randomness: AES-256-GCM, ChaCha20-Poly1305, HKDF and random octets, from aws-lc.

use aws_lc_rs::aead::{Aad, Algorithm, LessSafeKey, Nonce, UnboundKey, AES_256_GCM, CHACHA20_POLY1305, NONCE_LEN};
use aws_lc_rs::hkdf::{KeyType, Salt, HKDF_SHA256};
use aws_lc_rs::rand;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::base64url::encode;

/// Encrypt and authenticate; a fresh random nonce comes first in the result.
///
/// `nonce` is for protocols that count their own: the caller vouches that no two messages under one key share it.
#[pyfunction]
#[pyo3(signature = (key, plaintext, aad, *, cipher = "aes-256-gcm", nonce = None))]
pub fn aead_seal<'py>(
    py: Python<'py>,
    key: &[u8],
    plaintext: &[u8],
    aad: &[u8],
    cipher: &str,
    nonce: Option<&[u8]>,
) -> PyResult<Bound<'py, PyBytes>> {
    let key = aead_key(cipher, key)?;
    let mut chosen = [0; NONCE_LEN];
    match nonce {
        Some(given) if given.len() == NONCE_LEN => chosen.copy_from_slice(given),
        Some(given) => {
            return Err(PyValueError::new_err(format!("the nonce must have {NONCE_LEN} bytes, not {}", given.len())))
        }
        None => fill_random(&mut chosen)?,
    }
    let mut sealed = Vec::with_capacity(NONCE_LEN + plaintext.len() + key.algorithm().tag_len());
    sealed.extend_from_slice(&chosen);
    sealed.extend_from_slice(plaintext);
    let tag = key
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(chosen), Aad::from(aad), &mut sealed[NONCE_LEN..])
        .map_err(|_| PyValueError::new_err("the plaintext is too long to seal"))?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(PyBytes::new(py, &sealed))
}

/// Undo `aead_seal`. None when the key, the additional data or a single bit differs.
#[pyfunction]
#[pyo3(signature = (key, sealed, aad, *, cipher = "aes-256-gcm"))]
pub fn aead_open<'py>(
    py: Python<'py>,
    key: &[u8],
    sealed: &[u8],
    aad: &[u8],
    cipher: &str,
) -> PyResult<Option<Bound<'py, PyBytes>>> {
    let key = aead_key(cipher, key)?;
    let Some((nonce, text)) = sealed.split_at_checked(NONCE_LEN) else { return Ok(None) };
    let Ok(nonce) = Nonce::try_assume_unique_for_key(nonce) else { return Ok(None) };
    let mut text = text.to_vec();
    Ok(key.open_in_place(nonce, Aad::from(aad), &mut text).ok().map(|plain| PyBytes::new(py, plain)))
}

/// Derive a key of `length` bytes for the purpose that `info` names (RFC 5869).
#[pyfunction]
#[pyo3(signature = (secret, *, salt, info, length))]
pub fn hkdf_sha256<'py>(
    py: Python<'py>,
    secret: &[u8],
    salt: &[u8],
    info: &[u8],
    length: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let infos = [info];
    let mut derived = vec![0; length];
    Salt::new(HKDF_SHA256, salt)
        .extract(secret)
        .expand(&infos, Length(length))
        .and_then(|okm| okm.fill(&mut derived))
        .map_err(|_| PyValueError::new_err(format!("length must be from 1 to 8160 bytes, not {length}")))?;
    Ok(PyBytes::new(py, &derived))
}

/// Make a random text of `size` octets in base64url, which nobody can guess.
#[pyfunction]
pub fn random_text(py: Python<'_>, size: usize) -> PyResult<Bound<'_, PyString>> {
    let mut octets = vec![0; size];
    fill_random(&mut octets)?;
    Ok(PyString::new(py, &encode(&octets)))
}

/// Fills a buffer from a generator that the system seeds, and a fork does not repeat.
pub fn fill_random(octets: &mut [u8]) -> PyResult<()> {
    rand::fill(octets).map_err(|_| PyRuntimeError::new_err("the system has no random numbers"))
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

const AES: &str = "aes-256-gcm";

fn aead_key(cipher: &str, key: &[u8]) -> PyResult<LessSafeKey> {
    let algorithm: &'static Algorithm = match cipher {
        AES => &AES_256_GCM,
        "chacha20-poly1305" => &CHACHA20_POLY1305,
        other => return Err(PyValueError::new_err(format!("there is no cipher {other:?}"))),
    };
    let unbound = UnboundKey::new(algorithm, key)
        .map_err(|_| PyValueError::new_err(format!("the key must have 32 bytes, not {}", key.len())))?;
    Ok(LessSafeKey::new(unbound))
}
