//! Calling a route's handler with what it takes: the Request, or the path parameters as the tree has converted them.

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use spica_router::{Kind as Converter, Params};

use crate::request::{decoded, Request};
use crate::route::{Route, Takes};

/// Calls a route's handler with what it takes. `request` is asked for only when it takes one.
pub fn call_handler<'py>(
    py: Python<'py>,
    route: &Route,
    params: &Params,
    path: &[u8],
    request: impl FnOnce() -> PyResult<Bound<'py, Request>>,
) -> PyResult<Bound<'py, PyAny>> {
    let handler = route.handler.bind(py);
    match &route.takes {
        Takes::Request => handler.call1((request()?,)),
        Takes::Params(order) => match order.as_slice() {
            [] => handler.call0(),
            [only] => handler.call1((capture_value(py, params, *only, path)?,)),
            several => {
                let values: Vec<_> =
                    several.iter().map(|&at| capture_value(py, params, at, path)).collect::<PyResult<_>>()?;
                handler.call1(PyTuple::new(py, values)?)
            }
        },
    }
}

/// Every path parameter, in the pattern's order.
pub fn capture_values<'py>(py: Python<'py>, params: &Params, path: &[u8]) -> PyResult<Bound<'py, PyTuple>> {
    let values: Vec<_> = (0..params.len()).map(|at| capture_value(py, params, at, path)).collect::<PyResult<_>>()?;
    PyTuple::new(py, values)
}

fn capture_value<'py>(py: Python<'py>, params: &Params, at: usize, path: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let Some(param) = params.as_slice().get(at) else {
        return Err(pyo3::exceptions::PyIndexError::new_err(format!("the pattern has no parameter number {at}")));
    };
    match param.kind {
        Converter::Int => Ok(param.int.into_pyobject(py)?.into_any()),
        Converter::Str | Converter::Path => Ok(decoded(py, param.raw(path)).into_any()),
    }
}
