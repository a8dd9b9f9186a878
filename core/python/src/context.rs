//! A `contextvars` context of its own for each request, so that what a handler sets never reaches the next one.

use pyo3::ffi;
use pyo3::prelude::*;

/// A copy of the current context, entered for as long as this lives.
pub struct EnteredContext<'py> {
    context: Bound<'py, PyAny>,
}

/// A copy of the current context.
pub fn copy_context(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: attached to the interpreter; PyContext_CopyCurrent returns a new reference or null with an exception.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyContext_CopyCurrent()) }
}

impl<'py> EnteredContext<'py> {
    /// Copies the current context and enters the copy.
    pub fn copy(py: Python<'py>) -> PyResult<Self> {
        Self::enter(copy_context(py)?)
    }

    /// Leaves the context, and gives it for what belongs to the same request.
    pub fn leave(self) -> Bound<'py, PyAny> {
        self.context.clone()
    }

    /// Enters an existing context that is not entered yet.
    pub fn enter(context: Bound<'py, PyAny>) -> PyResult<Self> {
        // SAFETY: the function checks that the object is a context and reports an error otherwise.
        if unsafe { ffi::PyContext_Enter(context.as_ptr()) } < 0 {
            return Err(PyErr::fetch(context.py()));
        }
        Ok(EnteredContext { context })
    }
}

impl Drop for EnteredContext<'_> {
    fn drop(&mut self) {
        // SAFETY: entered in `enter` on this thread. Leaving fails only when a handler left another context entered;
        // an exception that is set already must survive, so look only at ours.
        unsafe {
            if ffi::PyContext_Exit(self.context.as_ptr()) < 0 {
                ffi::PyErr_WriteUnraisable(self.context.as_ptr());
            }
        }
    }
}
