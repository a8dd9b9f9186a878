//! Base64 for URLs and cookies, without padding, and with exactly one text for each octets (RFC 4648 section 5).

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

/// Letters, digits, - and _.
pub fn encode(octets: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

/// The octets of a text; `None` for any text but the one that `encode` writes.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Encode octets as letters, digits, - and _.
#[pyfunction]
pub fn base64url_encode<'py>(py: Python<'py>, octets: &[u8]) -> Bound<'py, PyString> {
    PyString::new(py, &encode(octets))
}

/// Decode a text. None for any but the one that `base64url_encode` writes.
#[pyfunction]
pub fn base64url_decode<'py>(text: &Bound<'py, PyString>) -> Option<Bound<'py, PyBytes>> {
    // Text with half of a surrogate pair has no octets, and is none of ours.
    decode(text.to_str().ok()?).map(|octets| PyBytes::new(text.py(), &octets))
}
