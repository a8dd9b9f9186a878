//! Sealed envelopes: what leaves us unreadable and comes back, with its expiry inside.
//!
//!     v1.<kid>.<base64url of the body>
//!     body  nonce 12, AES-256-GCM ciphertext of (expiry 8, message), tag 16
//!
//! The prefix up to the second dot and a context (the cookie's name) are authenticated with the message. The expiry is
//! whole seconds since 1970, 0 for never. `spica/security/envelope.py` has the rules, and the signed kind.

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce, UnboundKey, AES_256_GCM, NONCE_LEN};
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::base64url::decode;
use crate::crypto::fill_random;

const VERSION: &str = "v1.";
const EXPIRY_LEN: usize = 8;
const NEVER: u64 = 0;

/// The keys of one purpose, made ready once: the first seals, all open.
#[pyclass(frozen, module = "spica._core")]
pub struct EnvelopeSealer {
    keys: Vec<NamedKey>,
}

struct NamedKey {
    kid: String,
    key: LessSafeKey,
}

#[pymethods]
impl EnvelopeSealer {
    #[new]
    fn new(keys: Vec<(String, Vec<u8>)>) -> PyResult<Self> {
        if keys.is_empty() {
            return Err(PyValueError::new_err("an envelope needs a key to be sealed with"));
        }
        let keys = keys
            .into_iter()
            .map(|(kid, octets)| match UnboundKey::new(&AES_256_GCM, &octets) {
                Ok(key) => Ok(NamedKey { kid, key: LessSafeKey::new(key) }),
                Err(_) => Err(PyValueError::new_err(format!("a key must have 32 bytes, not {}", octets.len()))),
            })
            .collect::<PyResult<_>>()?;
        Ok(EnvelopeSealer { keys })
    }

    /// Encrypt a message for a context; `expiry` is in whole seconds since 1970, 0 for never.
    fn seal<'py>(&self, py: Python<'py>, message: &[u8], context: &str, expiry: u64) -> PyResult<Bound<'py, PyString>> {
        let NamedKey { kid, key } = &self.keys[0];
        let mut text = [VERSION, kid, "."].concat();
        let mut nonce = [0; NONCE_LEN];
        fill_random(&mut nonce)?;
        let mut body = Vec::with_capacity(NONCE_LEN + EXPIRY_LEN + message.len() + AES_256_GCM.tag_len());
        body.extend_from_slice(&nonce);
        body.extend_from_slice(&expiry.to_be_bytes());
        body.extend_from_slice(message);
        let additional = Aad::from([text.as_bytes(), context.as_bytes()].concat());
        let tag = key
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), additional, &mut body[NONCE_LEN..])
            .map_err(|_| PyValueError::new_err("the message is too long to seal"))?;
        body.extend_from_slice(tag.as_ref());
        URL_SAFE_NO_PAD.encode_string(&body, &mut text);
        Ok(PyString::new(py, &text))
    }

    /// Undo `seal` at a time in seconds since 1970. None when it was changed, is of another key or context, or expired.
    fn open<'py>(&self, text: &Bound<'py, PyString>, context: &str, now: f64) -> Option<Bound<'py, PyBytes>> {
        let whole = text.to_str().ok()?;
        let (kid, encoded) = whole.strip_prefix(VERSION)?.split_once('.')?;
        let NamedKey { key, .. } = self.keys.iter().find(|named| named.kid == kid)?;
        let mut body = decode(encoded)?;
        let (nonce, sealed) = body.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let prefix = &whole[..whole.len() - encoded.len()];
        let additional = Aad::from([prefix.as_bytes(), context.as_bytes()].concat());
        let opened = key.open_in_place(nonce, additional, sealed).ok()?;
        let (expiry, message) = opened.split_first_chunk::<EXPIRY_LEN>()?;
        let expiry = u64::from_be_bytes(*expiry);
        (expiry == NEVER || expiry as f64 > now).then(|| PyBytes::new(text.py(), message))
    }
}
