//! Sealing of cookies and tokens: AES-256-GCM and HKDF, from aws-lc.

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce, UnboundKey, AES_256_GCM, NONCE_LEN};
use aws_lc_rs::hkdf::{KeyType, Salt, HKDF_SHA256};
use aws_lc_rs::rand;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Encrypt and authenticate; a fresh random nonce comes first in the result.
#[pyfunction]
pub fn aead_seal<'py>(py: Python<'py>, key: &[u8], plaintext: &[u8], aad: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let key = aead_key(key)?;
    let mut nonce = [0; NONCE_LEN];
    rand::fill(&mut nonce).map_err(|_| PyRuntimeError::new_err("the system has no random numbers"))?;
    let mut sealed = Vec::with_capacity(NONCE_LEN + plaintext.len() + AES_256_GCM.tag_len());
    sealed.extend_from_slice(&nonce);
    let mut text = plaintext.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut text)
        .map_err(|_| PyValueError::new_err("the plaintext is too long to seal"))?;
    sealed.extend_from_slice(&text);
    Ok(PyBytes::new(py, &sealed))
}

/// Undo `aead_seal`. None when the key, the additional data or a single bit differs.
#[pyfunction]
pub fn aead_open<'py>(py: Python<'py>, key: &[u8], sealed: &[u8], aad: &[u8]) -> PyResult<Option<Bound<'py, PyBytes>>> {
    let key = aead_key(key)?;
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

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn aead_key(key: &[u8]) -> PyResult<LessSafeKey> {
    let unbound = UnboundKey::new(&AES_256_GCM, key)
        .map_err(|_| PyValueError::new_err(format!("the key must have 32 bytes, not {}", key.len())))?;
    Ok(LessSafeKey::new(unbound))
}
