//! Content codings for tools: files that are compressed when they are built.

use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use spica_coding::Coding;

/// Encode `content` as small as possible in the coding "zstd", "br" or "gzip"; without the GIL.
#[pyfunction]
pub fn encode_smallest<'py>(py: Python<'py>, content: &[u8], coding: &str) -> PyResult<Bound<'py, PyBytes>> {
    let chosen = [Coding::Zstd, Coding::Brotli, Coding::Gzip].into_iter().find(|one| one.token() == coding);
    let chosen = chosen.ok_or_else(|| PyValueError::new_err(format!("no coding {coding:?}: zstd, br or gzip")))?;
    let encoded = py
        .detach(|| spica_coding::encode_smallest(chosen, content))
        .map_err(|error| PyMemoryError::new_err(error.to_string()))?;
    Ok(PyBytes::new(py, &encoded))
}
