//! Calling a route's handler with what it takes: the Request, or the parameters as the tree and the route's parsers have converted them.

use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDate, PyTuple, PyType};
use spica_router::{Kind as Converter, Param, Params};

use crate::request::{decoded, Request};
use crate::route::{Route, Takes};

/// A match's parameters, and the octets that they are spans of.
#[derive(Clone, Copy)]
pub struct Captured<'a> {
    /// The spans.
    pub params: &'a Params,
    /// The path, as sent.
    pub path: &'a [u8],
    /// The Host field's value.
    pub host: &'a [u8],
}

/// Calls a route's handler with what it takes. `request` is asked for only when it takes one.
pub fn call_handler<'py>(
    py: Python<'py>,
    route: &Route,
    captured: Captured<'_>,
    request: impl FnOnce() -> PyResult<Bound<'py, Request>>,
) -> PyResult<Bound<'py, PyAny>> {
    let handler = route.handler.bind(py);
    match &route.takes {
        Takes::Request => handler.call1((request()?,)),
        Takes::Params(order) => match order.as_slice() {
            [] => handler.call0(),
            [only] => handler.call1((capture_value(py, route, captured, *only)?,)),
            several => {
                let values: Vec<_> =
                    several.iter().map(|&at| capture_value(py, route, captured, at)).collect::<PyResult<_>>()?;
                handler.call1(PyTuple::new(py, values)?)
            }
        },
    }
}

/// Every parameter: those of the host, then those of the path, in the patterns' order.
pub fn capture_values<'py>(py: Python<'py>, route: &Route, captured: Captured<'_>) -> PyResult<Bound<'py, PyTuple>> {
    let places = 0..captured.params.len();
    let values: Vec<_> = places.map(|at| capture_value(py, route, captured, at)).collect::<PyResult<_>>()?;
    PyTuple::new(py, values)
}

/// Whether a guarded route takes a request: its parsers accept the texts, and `when` says yes.
pub fn admits<'py>(
    py: Python<'py>,
    route: &Route,
    captured: Captured<'_>,
    request: impl FnOnce() -> PyResult<Bound<'py, Request>>,
) -> PyResult<bool> {
    for (at, _) in &route.parsers {
        match capture_value(py, route, captured, *at) {
            Ok(_) => {}
            Err(error) if error.is_instance_of::<PyValueError>(py) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    match &route.when {
        Some(when) => when.bind(py).call1((request()?,))?.is_truthy(),
        None => Ok(true),
    }
}

fn capture_value<'py>(
    py: Python<'py>,
    route: &Route,
    captured: Captured<'_>,
    at: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let Some(param) = captured.params.as_slice().get(at) else {
        return Err(PyIndexError::new_err(format!("the pattern has no parameter number {at}")));
    };
    let value = convert(py, param, captured)?;
    match route.parsers.iter().find(|(place, _)| *place == at) {
        Some((_, parse)) => parse.bind(py).call1((value,)),
        None => Ok(value),
    }
}

fn convert<'py>(py: Python<'py>, param: &Param, captured: Captured<'_>) -> PyResult<Bound<'py, PyAny>> {
    static UUID: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let text = || match param.in_host {
        true => decoded(py, &param.raw(captured.host).to_ascii_lowercase()),
        false => decoded(py, param.raw(captured.path)),
    };
    match param.kind {
        Converter::Int => Ok(param.int.into_pyobject(py)?.into_any()),
        Converter::Float => Ok(param.float().into_pyobject(py)?.into_any()),
        Converter::Uuid => UUID.import(py, "uuid", "UUID")?.call1((text(),)),
        Converter::Date => {
            let (year, month, day) = (param.int / 10_000, param.int / 100 % 100, param.int % 100);
            Ok(PyDate::new(py, year as i32, month as u8, day as u8)?.into_any())
        }
        Converter::Choice | Converter::Slug | Converter::Str | Converter::Path | Converter::Rest => {
            Ok(text().into_any())
        }
    }
}
