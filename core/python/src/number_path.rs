//! Paths of numbers, which most links of a page are: texts known at boot, and digits between them.
//!
//! Anything but as many numbers as there are places goes the long way, to the method `build` of the Python subclass.

use std::fmt::Write;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyInt, PyString, PyTuple, PyType};

/// 18 digits: every one is a number of the route tree.
const LARGEST: u64 = 999_999_999_999_999_999;

/// What is called for a path. `texts` are those around the numbers; None: no path here is one of numbers alone.
#[pyclass(frozen, subclass, module = "spica._core")]
pub struct NumberPath {
    texts: Option<Vec<String>>,
}

#[pymethods]
impl NumberPath {
    #[new]
    fn new(texts: Option<Vec<String>>) -> Self {
        NumberPath { texts }
    }

    #[pyo3(signature = (*values, **named))]
    fn __call__<'py>(
        slf: &Bound<'py, Self>,
        values: &Bound<'py, PyTuple>,
        named: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if named.is_none() {
            if let Some(path) = slf.get().join(values)? {
                return Ok(PyString::new(slf.py(), &path).into_any());
            }
        }
        slf.call_method(pyo3::intern!(slf.py(), "build"), values, named)
    }
}

impl NumberPath {
    fn join(&self, values: &Bound<'_, PyTuple>) -> PyResult<Option<String>> {
        let Some([first, others @ ..]) = self.texts.as_deref() else { return Ok(None) };
        if others.len() != values.len() {
            return Ok(None);
        }
        let mut path = first.clone();
        for (value, text) in values.iter_borrowed().zip(others) {
            let Some(number) = number_of(&value)? else { return Ok(None) };
            let _ = write!(path, "{number}{text}"); // to memory: can't fail
        }
        Ok(Some(path))
    }
}

/// A number, or the `id` of a record that is one, as `to_param` writes it; `None` for all others.
fn number_of(value: &Bound<'_, PyAny>) -> PyResult<Option<u64>> {
    if value.is_exact_instance_of::<PyInt>() {
        return Ok(small(value));
    }
    let py = value.py();
    if value.is_instance_of::<PyInt>() || value.is_instance_of::<PyString>() || value.is_instance(enum_type(py)?)? {
        return Ok(None);
    }
    // Not `hasattr`, which before Python 3.13 raises and catches an exception where there is none: five times as long.
    // SAFETY: attached to the interpreter, and both are objects.
    if unsafe { ffi::PyObject_HasAttr(value.as_ptr(), pyo3::intern!(py, "to_param").as_ptr()) } != 0 {
        return Ok(None);
    }
    let id = value.getattr_opt(pyo3::intern!(py, "id"))?;
    Ok(id.filter(|id| id.is_exact_instance_of::<PyInt>()).as_ref().and_then(small))
}

fn small(number: &Bound<'_, PyAny>) -> Option<u64> {
    number.extract().ok().filter(|number| *number <= LARGEST)
}

fn enum_type(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static ENUM: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    ENUM.import(py, "enum", "Enum")
}
