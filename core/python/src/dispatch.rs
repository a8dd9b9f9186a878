//! The one place where a request enters Python, and where its answer leaves it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Weak;
use std::sync::Arc;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use spica_router::{Found, Kind as Converter, Params, Router};
use spica_server::{Called, Reactor, Reply, Token};

use crate::application::{Application, Compiled};
use crate::calls::{Call, Calls};
use crate::context::EnteredContext;
use crate::names::Names;
use crate::request::{decoded, Request};
use crate::response::Outgoing;
use crate::route::{Kind, Route, Takes};
use crate::server::Completion;
use crate::tasks::{run_once, start_task, Start};

/// The reactor's application: calls Python handlers on the loop's thread.
pub struct Dispatcher {
    application: Py<Application>,
    compiled: Arc<Compiled>,
    names: Names,
    start: Start,
    calls: RefCell<Calls>,
    /// What connections without sockets would send goes to these callables.
    pub sinks: RefCell<HashMap<u64, Py<PyAny>>>,
    /// The reactor that this serves, for completions.
    pub reactor: RefCell<Weak<RefCell<Reactor<Dispatcher>>>>,
}

/// What a request came to inside Python.
enum Outcome<'py> {
    Value(Bound<'py, PyAny>),
    Task(Bound<'py, PyAny>),
}

impl Dispatcher {
    /// Binds a frozen application to a loop.
    pub fn new(application: Py<Application>, event_loop: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Dispatcher {
            compiled: application.get().compiled()?.clone(),
            application,
            names: Names::new(event_loop)?,
            start: Start::choose(event_loop)?,
            calls: RefCell::default(),
            sinks: RefCell::default(),
            reactor: RefCell::default(),
        })
    }

    /// Handlers that wait.
    pub fn waiting(&self) -> usize {
        self.calls.borrow().len()
    }

    /// Takes what a finished Task came to and writes it.
    pub fn write_task(&self, py: Python<'_>, number: usize, reply: &mut Reply<'_>) {
        let Some(call) = self.calls.borrow_mut().remove(number) else { return };
        let value = call.task.bind(py).call_method0(&self.names.result);
        self.write(py, value, call.status, || Ok(call.request.bind(py).clone()), reply);
    }

    fn call_route<'py>(
        &self,
        py: Python<'py>,
        number: u32,
        params: &Params,
        request: &spica_server::Request<'_>,
    ) -> (PyResult<Outcome<'py>>, Option<Bound<'py, Request>>, u16) {
        let route = &self.compiled.routes[number as usize];
        let mut native = None;
        let outcome = self.run(py, route, params, request.head.path.of(request.bytes), || {
            let made = matched_request(py, number, params, request)?;
            native = Some(made.clone());
            Ok(made)
        });
        (outcome, native, route.status)
    }

    /// Calls a handler in the form that its kind needs.
    fn run<'py>(
        &self,
        py: Python<'py>,
        route: &Route,
        params: &Params,
        path: &[u8],
        request: impl FnOnce() -> PyResult<Bound<'py, Request>>,
    ) -> PyResult<Outcome<'py>> {
        if route.kind == Kind::Task {
            let coroutine = call_handler(py, route, params, path, request)?;
            return self.step(coroutine);
        }
        let _own = EnteredContext::copy(py)?;
        let value = call_handler(py, route, params, path, request)?;
        if route.kind == Kind::Step {
            return run_once(&value).map(Outcome::Value);
        }
        self.settle(value)
    }

    /// A plain handler's value; a coroutine when it was, say, a decorated function that returned one.
    fn settle<'py>(&self, value: Bound<'py, PyAny>) -> PyResult<Outcome<'py>> {
        // SAFETY: only looks at the object's type.
        if unsafe { ffi::PyCoro_CheckExact(value.as_ptr()) } != 0 {
            return self.step(value);
        }
        Ok(Outcome::Value(value))
    }

    fn step<'py>(&self, coroutine: Bound<'py, PyAny>) -> PyResult<Outcome<'py>> {
        let task = start_task(&coroutine, &self.start, &self.names)?;
        if task.call_method0(&self.names.done)?.is_truthy()? {
            return task.call_method0(&self.names.result).map(Outcome::Value);
        }
        Ok(Outcome::Task(task))
    }

    /// Keeps a waiting Task and asks to be told when it is done.
    fn wait<'py>(
        &self,
        task: &Bound<'py, PyAny>,
        request: Bound<'py, Request>,
        status: u16,
        token: Token,
    ) -> PyResult<usize> {
        let py = task.py();
        let call = Call { task: task.clone().unbind(), request: request.unbind(), status };
        let number = self.calls.borrow_mut().insert(call);
        let completion = Py::new(py, Completion::new(self.reactor.borrow().clone(), token, number))?;
        task.call_method1(&self.names.add_done_callback, (completion,))?;
        Ok(number)
    }

    /// Writes a value; an exception, or a value that can't be written, becomes what `on_error` makes of it.
    fn write<'py>(
        &self,
        py: Python<'py>,
        value: PyResult<Bound<'py, PyAny>>,
        status: u16,
        request: impl FnOnce() -> PyResult<Bound<'py, Request>>,
        reply: &mut Reply<'_>,
    ) {
        let application = self.application.get();
        let mut send = |value: &Bound<'py, PyAny>| Outgoing::sort(value, status, &application.encoding)?.write(reply);
        let Err(error) = value.and_then(|value| send(&value)) else { return };
        let explained = request().and_then(|request| application.on_error.bind(py).call1((request, error.value(py))));
        if let Err(broken) = explained.and_then(|value| send(&value)) {
            broken.write_unraisable(py, Some(application.on_error.bind(py)));
            reply.content(500, "text/plain; charset=utf-8", b"500 Internal Server Error\n");
        }
    }
}

impl spica_server::Application for Dispatcher {
    fn router(&self) -> &Router {
        &self.compiled.router
    }

    fn call(
        &self,
        found: Found<'_>,
        params: &Params,
        request: &spica_server::Request<'_>,
        reply: &mut Reply<'_>,
    ) -> Called {
        Python::attach(|py| {
            let (outcome, native, status) = match found {
                Found::Route(number) => self.call_route(py, number, params, request),
                Found::NotFound => self.call_miss(py, request, 404, ""),
                Found::MethodNotAllowed(allow) => self.call_miss(py, request, 405, allow),
                Found::Options(allow) => self.call_miss(py, request, 204, allow),
            };
            let request_object = || match native {
                Some(native) => Ok(native),
                None => Bound::new(py, Request::copy(py, request)),
            };
            let value = match outcome {
                Ok(Outcome::Task(task)) => {
                    match request_object().and_then(|native| self.wait(&task, native, status, request.token)) {
                        Ok(number) => return Called::Waiting(number),
                        Err(error) => {
                            self.write(py, Err(error), status, || Bound::new(py, Request::copy(py, request)), reply);
                            return Called::Answered;
                        }
                    }
                }
                Ok(Outcome::Value(value)) => Ok(value),
                Err(error) => Err(error),
            };
            self.write(py, value, status, request_object, reply);
            Called::Answered
        })
    }

    fn cancel(&self, call: usize) {
        Python::attach(|py| {
            let Some(call) = self.calls.borrow_mut().remove(call) else { return };
            if let Err(error) = call.task.bind(py).call_method0(&self.names.cancel) {
                error.write_unraisable(py, Some(call.task.bind(py)));
            }
        });
    }

    fn deliver(&self, token: Token, bytes: &[u8], closed: bool) {
        Python::attach(|py| {
            let sink = match closed {
                true => self.sinks.borrow_mut().remove(&token.0),
                false => self.sinks.borrow().get(&token.0).map(|sink| sink.clone_ref(py)),
            };
            let Some(sink) = sink else { return };
            let event_loop = self.names.event_loop.bind(py);
            let data = if closed { py.None() } else { PyBytes::new(py, bytes).into_any().unbind() };
            // Later, not now: the sink is Python code, and the reactor is in the middle of its work.
            if let Err(error) = event_loop.call_method1(&self.names.call_soon, (sink, data)) {
                error.write_unraisable(py, Some(event_loop));
            }
        });
    }
}

impl Dispatcher {
    fn call_miss<'py>(
        &self,
        py: Python<'py>,
        request: &spica_server::Request<'_>,
        status: u16,
        allow: &str,
    ) -> (PyResult<Outcome<'py>>, Option<Bound<'py, Request>>, u16) {
        let native = match Bound::new(py, Request::copy(py, request)) {
            Ok(native) => native,
            Err(error) => return (Err(error), None, status),
        };
        let outcome = EnteredContext::copy(py).and_then(|_own| {
            let value = self.application.get().on_miss.bind(py).call1((&native, status, allow))?;
            self.settle(value)
        });
        (outcome, Some(native), status)
    }
}

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

fn matched_request<'py>(
    py: Python<'py>,
    number: u32,
    params: &Params,
    request: &spica_server::Request<'_>,
) -> PyResult<Bound<'py, Request>> {
    let native = Request::copy(py, request);
    native.set_match(i64::from(number), capture_values(py, params, request.head.path.of(request.bytes))?.unbind());
    Bound::new(py, native)
}
