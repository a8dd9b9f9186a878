//! Reading the Cookie fields of a request (RFC 6265 section 5.4).
//!
//! Reading is lenient: a piece without "=" or without a name is skipped, and of a repeated name the first counts, which
//! is the one of the longer path. Values were percent-encoded on their way out, and are decoded here.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use spica_router::decode;

use crate::request::latin1;

/// The cookies by name; `None` when there are more than `limit`. Several fields are one: HTTP/2 splits it.
pub fn read_cookies<'py, 'a>(
    py: Python<'py>,
    fields: impl Iterator<Item = &'a [u8]>,
    limit: usize,
) -> PyResult<Option<Bound<'py, PyDict>>> {
    let cookies = PyDict::new(py);
    for (count, piece) in fields.flat_map(|field| field.split(|&byte| byte == b';')).enumerate() {
        if count == limit {
            return Ok(None);
        }
        let Some((name, value)) = split_pair(piece) else { continue };
        let name = latin1(py, name);
        if !cookies.contains(&name)? {
            cookies.set_item(name, text_of(py, value))?;
        }
    }
    Ok(Some(cookies))
}

fn split_pair(piece: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = piece.iter().position(|&byte| byte == b'=')?;
    let (name, value) = (trim(&piece[..equals]), trim(&piece[equals + 1..]));
    let unquoted = match value {
        [b'"', inside @ .., b'"'] => inside,
        _ => value,
    };
    (!name.is_empty()).then_some((name, unquoted))
}

fn trim(text: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = text.iter().position(|byte| !is_blank(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1);
    &text[start..end]
}

/// What a value stands for: its escapes are octets of UTF-8, everything else is one character an octet.
fn text_of<'py>(py: Python<'py>, value: &[u8]) -> Bound<'py, PyString> {
    if !value.contains(&b'%') {
        return latin1(py, value);
    }
    let runs = value.chunk_by(|one, other| one.is_ascii() == other.is_ascii());
    let text: String = runs.map(|run| if run.is_ascii() { unescape(run) } else { each_octet(run) }).collect();
    PyString::new(py, &text)
}

fn unescape(run: &[u8]) -> String {
    String::from_utf8_lossy(&decode(run)).into_owned()
}

fn each_octet(run: &[u8]) -> String {
    run.iter().map(|&byte| char::from(byte)).collect()
}
