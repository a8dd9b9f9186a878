//! A secret on a page: under a fresh mask each time, so that compressing the page reveals nothing of it (BREACH).
//!
//!     token  base64url of (mask, secret XOR mask)

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::base64url::{decode, encode};
use crate::crypto::fill_random;

/// Make a token of a secret in base64url: another one on every call. A text that is no secret gives "".
#[pyfunction]
pub fn mask_secret<'py>(py: Python<'py>, secret: &str) -> PyResult<Bound<'py, PyString>> {
    let secret = decode(secret).unwrap_or_default();
    let mut token = vec![0; secret.len() * 2];
    let (mask, masked) = token.split_at_mut(secret.len());
    fill_random(mask)?;
    for ((out, one), other) in masked.iter_mut().zip(&secret).zip(mask) {
        *out = one ^ *other;
    }
    Ok(PyString::new(py, &encode(&token)))
}

/// Undo `mask_secret`: the secret's octets. None for a text that is no token.
#[pyfunction]
pub fn unmask_secret<'py>(token: &Bound<'py, PyString>) -> Option<Bound<'py, PyBytes>> {
    let token_octets = decode(token.to_str().ok()?)?;
    if token_octets.len() % 2 != 0 {
        return None;
    }
    let (mask, masked) = token_octets.split_at(token_octets.len() / 2);
    let secret: Vec<u8> = mask.iter().zip(masked).map(|(one, other)| one ^ other).collect();
    Some(PyBytes::new(token.py(), &secret))
}
