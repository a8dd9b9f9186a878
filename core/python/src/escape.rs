//! HTML escaping of text.

use pyo3::prelude::*;
use pyo3::types::PyString;

/// Escape `& < > " '` for HTML text and quoted attribute values. Text that needs nothing is returned as it is.
#[pyfunction]
pub fn escape<'py>(text: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyString>> {
    let source = text.to_str()?;
    let Some(first) = source.bytes().position(|byte| replacement(byte).is_some()) else { return Ok(text.clone()) };
    let mut escaped = String::with_capacity(source.len() + source.len() / 8 + 16);
    let mut kept = 0;
    for (at, byte) in source.bytes().enumerate().skip(first) {
        if let Some(entity) = replacement(byte) {
            escaped.push_str(&source[kept..at]);
            escaped.push_str(entity);
            kept = at + 1;
        }
    }
    escaped.push_str(&source[kept..]);
    Ok(PyString::new(text.py(), &escaped))
}

fn replacement(byte: u8) -> Option<&'static str> {
    match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'"' => Some("&#34;"),
        b'\'' => Some("&#39;"),
        _ => None,
    }
}
