//! The one place where a request enters Python, and where its answer leaves it.

mod opening;

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyString};
use spica_router::{Found, Params, Router};
use spica_server::{Called, Content, Exchange, Reply, Signal, Token};

use crate::application::{Application, Compiled};
use crate::calls::{Call, Calls};
use crate::content::{Desk, HomedDesk, IncomingContent, OutgoingContent};
use crate::context::{copy_context, EnteredContext};
use crate::handler::{admits, call_handler, capture_values, Captured};
use crate::names::Names;
use crate::request::Request;
use crate::response::{Begun, Outgoing};
use crate::route::{Kind, Route};
use crate::server::{Completion, Ends};
use crate::tasks::{run_once, start_task, Start, Traits};
use crate::websocket::Farewell;

/// The reactor's application: calls Python handlers on the loop's thread.
pub struct Dispatcher {
    application: Py<Application>,
    compiled: Arc<Compiled>,
    names: Names,
    start: Start,
    calls: RefCell<Calls>,
    /// What a guard raised instead of saying yes or no, and for which request.
    broken_guard: RefCell<Option<(Exchange, PyErr)>>,
    /// What connections without sockets would send goes to these callables.
    pub sinks: RefCell<HashMap<u64, Py<PyAny>>>,
    /// The way to the reactor that this serves.
    pub desk: RefCell<Py<HomedDesk>>,
}

/// The parameters of a match with the octets they are spans of.
fn captured<'a>(params: &'a Params, request: &spica_server::Request<'a>) -> Captured<'a> {
    let host = request.head.host.map(|host| host.of(request.bytes)).unwrap_or_default();
    Captured { params, path: request.head.path.of(request.bytes), host }
}

/// What a request came to inside Python, and the `contextvars` context in which it did.
enum Outcome<'py> {
    Value(Bound<'py, PyAny>, Bound<'py, PyAny>),
    Task(Bound<'py, PyAny>, Bound<'py, PyAny>),
}

/// Of which call a value is the answer.
struct Of<'a, 'py> {
    /// The context that a stream runs in; its own when the handler had none.
    context: Option<&'a Bound<'py, PyAny>>,
    status: u16,
    exchange: Exchange,
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
            broken_guard: RefCell::default(),
            sinks: RefCell::default(),
            desk: RefCell::new(Py::new(event_loop.py(), HomedDesk::new(Desk::default()))?),
        })
    }

    /// Handlers that wait.
    pub fn waiting(&self) -> usize {
        self.calls.borrow().len()
    }

    /// Takes what a finished Task came to and writes it.
    pub fn write_task(&self, py: Python<'_>, number: usize, exchange: Exchange, reply: &mut Reply<'_>) -> Called {
        let Some(call) = self.calls.borrow_mut().remove(number) else { return Called::Answered };
        let value = call.task.bind(py).call_method0(&self.names.result);
        let of = Of { context: Some(call.context.bind(py)), status: call.status, exchange };
        self.write(py, value, &of, || Ok(call.request.bind(py).clone()), reply)
    }

    /// Takes out a call whose response has been streamed. Returns whether that was whole; `None` when it was cancelled.
    pub fn take_sent(&self, py: Python<'_>, number: usize) -> Option<bool> {
        let call = self.calls.borrow_mut().remove(number)?;
        let sent = self.result_of(call.task.bind(py)).and_then(|whole| whole.is_truthy());
        Some(sent.unwrap_or_else(|error| {
            error.write_unraisable(py, Some(call.task.bind(py)));
            false
        }))
    }

    /// What a Task that is done came to. PyO3 turns a panic of native code into an exception, and raises the panic again
    /// where that exception is fetched; here it is only looked at, so that what waits for the Task's end hears of it.
    fn result_of<'py>(&self, task: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let error = task.call_method0(&self.names.exception)?;
        if error.is_none() {
            return task.call_method0(&self.names.result);
        }
        Err(PyErr::from_value(error))
    }

    fn copy_request<'py>(&self, py: Python<'py>, request: &spica_server::Request<'_>) -> PyResult<Bound<'py, Request>> {
        Bound::new(py, Request::copy(py, request, &self.desk.borrow(), &self.names.event_loop)?)
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
        let captured = captured(params, request);
        let outcome = self.run(py, route, captured, || {
            let made = self.copy_request(py, request)?;
            made.get().set_match(i64::from(number), capture_values(py, route, captured)?.unbind());
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
        captured: Captured<'_>,
        request: impl FnOnce() -> PyResult<Bound<'py, Request>>,
    ) -> PyResult<Outcome<'py>> {
        if route.kind == Kind::Task {
            let coroutine = call_handler(py, route, captured, request)?;
            return self.step(coroutine, &route.name);
        }
        let own = EnteredContext::copy(py)?;
        let value = call_handler(py, route, captured, request)?;
        let value = if route.kind == Kind::Step { run_once(&value)? } else { value };
        self.settle(value, own, &route.name)
    }

    /// A plain handler's value; a coroutine when it was, say, a decorated function that returned one.
    fn settle<'py>(
        &self,
        value: Bound<'py, PyAny>,
        own: EnteredContext<'py>,
        name: &Py<PyString>,
    ) -> PyResult<Outcome<'py>> {
        // SAFETY: only looks at the object's type.
        if unsafe { ffi::PyCoro_CheckExact(value.as_ptr()) } != 0 {
            return self.step(value, name);
        }
        Ok(Outcome::Value(value, own.leave()))
    }

    fn step<'py>(&self, coroutine: Bound<'py, PyAny>, name: &Py<PyString>) -> PyResult<Outcome<'py>> {
        let context = copy_context(coroutine.py())?;
        let task = start_task(&coroutine, Traits { context: &context, name }, &self.start, &self.names)?;
        if task.call_method0(&self.names.done)?.is_truthy()? {
            return Ok(Outcome::Value(task.call_method0(&self.names.result)?, context));
        }
        Ok(Outcome::Task(task, context))
    }

    /// Keeps a waiting Task and asks to be told when it is done.
    fn wait<'py>(
        &self,
        task: &Bound<'py, PyAny>,
        context: &Bound<'py, PyAny>,
        request: Bound<'py, Request>,
        of: &Of<'_, 'py>,
        outgoing: Option<Py<OutgoingContent>>,
    ) -> PyResult<usize> {
        let ends = if outgoing.is_some() { Ends::Stream } else { Ends::Answer };
        let (kept, context, request) = (task.clone().unbind(), context.clone().unbind(), request.unbind());
        let call = Call { task: kept, context, request, status: of.status, outgoing, websocket: None };
        self.keep(task, call, of.exchange, ends)
    }

    fn keep(&self, task: &Bound<'_, PyAny>, call: Call, exchange: Exchange, ends: Ends) -> PyResult<usize> {
        let py = task.py();
        let number = self.calls.borrow_mut().insert(call);
        let reactor = self.desk.borrow().get().desk().reactor.clone();
        let completion = Py::new(py, Completion::new(reactor, exchange, number, ends))?;
        task.call_method1(&self.names.add_done_callback, (completion,))?;
        Ok(number)
    }

    /// Writes a value; an exception, or a value that can't be written, becomes what `on_error` makes of it.
    fn write<'py>(
        &self,
        py: Python<'py>,
        value: PyResult<Bound<'py, PyAny>>,
        of: &Of<'_, 'py>,
        request: impl Fn() -> PyResult<Bound<'py, Request>>,
        reply: &mut Reply<'_>,
    ) -> Called {
        let application = self.application.get();
        let mut send = |value: &Bound<'py, PyAny>| match Outgoing::sort(value, of.status, &application.encoding)?
            .write(&request, reply)?
        {
            None => Ok(Called::Answered),
            Some(begun) => self.stream(py, begun, of, request()?),
        };
        let error = match value.and_then(|value| send(&value)) {
            Ok(called) => return called,
            Err(error) => error,
        };
        let explained = request().and_then(|request| application.on_error.bind(py).call1((request, error.value(py))));
        explained.and_then(|value| send(&value)).unwrap_or_else(|broken| {
            broken.write_unraisable(py, Some(application.on_error.bind(py)));
            reply.content(500, "text/plain; charset=utf-8", b"500 Internal Server Error\n");
            Called::Answered
        })
    }

    /// Starts the Task that sends a response whose head is written, in the context of the handler that made it.
    fn stream<'py>(
        &self,
        py: Python<'py>,
        begun: Begun<'py>,
        of: &Of<'_, 'py>,
        request: Bound<'py, Request>,
    ) -> PyResult<Called> {
        let event_loop = self.names.event_loop.clone_ref(py);
        let desk = self.desk.borrow().get().desk().clone();
        let outgoing = OutgoingContent::new(begun.outbox, of.exchange, desk, event_loop);
        let outgoing = Py::new(py, outgoing)?;
        let send_stream = self.application.get().send_stream.bind(py);
        let coroutine = send_stream.call1((&outgoing, begun.response))?;
        let context = of.context.cloned().map_or_else(|| copy_context(py), Ok)?;
        let traits = Traits { context: &context, name: &self.names.stream };
        let task = start_task(&coroutine, traits, &self.start, &self.names)?;
        self.wait(&task, &context, request, of, Some(outgoing)).map(Called::Streaming)
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
                _ if self.has_broken_guard(request) => (self.raise_guard(), None, 500),
                Found::Route(number) if self.compiled.routes[number as usize].kind == Kind::Socket => {
                    return self.open_socket(py, number, params, request, reply);
                }
                Found::Route(number) | Found::Fallback(number) => self.call_route(py, number, params, request),
                Found::NotFound => self.call_miss(py, request, 404, ""),
                Found::MethodNotAllowed(allow) => self.call_miss(py, request, 405, allow),
                Found::Options(allow) => self.call_miss(py, request, 204, allow),
            };
            let request_object = || match &native {
                Some(native) => Ok(native.clone()),
                None => self.copy_request(py, request),
            };
            let mut of = Of { context: None, status, exchange: request.exchange };
            let kept;
            let value = match outcome {
                Ok(Outcome::Task(task, context)) => {
                    match request_object().and_then(|native| self.wait(&task, &context, native, &of, None)) {
                        Ok(number) => return Called::Waiting(number),
                        Err(error) => Err(error),
                    }
                }
                Ok(Outcome::Value(value, context)) => {
                    kept = context;
                    of.context = Some(&kept);
                    Ok(value)
                }
                Err(error) => Err(error),
            };
            self.write(py, value, &of, request_object, reply)
        })
    }

    fn admits(&self, route: u32, params: &Params, request: &spica_server::Request<'_>) -> bool {
        Python::attach(|py| {
            let head = spica_server::Request { content: Content::Bytes(b""), ..*request };
            let asked = EnteredContext::copy(py).and_then(|_own| {
                let native = || self.copy_request(py, &head);
                admits(py, &self.compiled.routes[route as usize], captured(params, request), native)
            });
            asked.unwrap_or_else(|error| {
                *self.broken_guard.borrow_mut() = Some((request.exchange, error));
                false
            })
        })
    }

    fn takes(&self, route: u32) -> spica_server::Takes {
        self.compiled.routes.get(route as usize).map_or(spica_server::Takes::Whole, |route| route.content)
    }

    fn content_limit(&self, route: u32) -> u64 {
        self.compiled.routes.get(route as usize).map_or(u64::MAX, |route| route.content_limit)
    }

    fn is_logged(&self, route: u32) -> bool {
        self.compiled.routes.get(route as usize).is_none_or(|route| route.logged)
    }

    fn is_vital(&self, route: u32) -> bool {
        self.compiled.routes.get(route as usize).is_some_and(|route| route.vital)
    }

    fn wake(&self, call: usize, signal: Signal) {
        Python::attach(|py| {
            let calls = self.calls.borrow();
            let Some(call) = calls.get(call) else { return };
            match signal {
                Signal::Content => {
                    let incoming = call.request.get().incoming().map(|incoming| incoming.bind(py));
                    if let Some(Ok(incoming)) = incoming.map(|incoming| incoming.cast::<IncomingContent>()) {
                        incoming.get().wake(py);
                    }
                }
                Signal::Room => {
                    if let Some(outgoing) = &call.outgoing {
                        outgoing.get().wake(py);
                    }
                    if let Some(websocket) = &call.websocket {
                        websocket.get().wake_room(py);
                    }
                }
                Signal::Message => {
                    if let Some(websocket) = &call.websocket {
                        websocket.get().wake_arrived(py);
                    }
                }
            }
        });
    }

    fn cancel(&self, call: usize) {
        Python::attach(|py| {
            let Some(call) = self.calls.borrow_mut().remove(call) else { return };
            if let Some(websocket) = call.websocket {
                if websocket.get().socket().is_accepted() {
                    if let Err(error) = Farewell::begin(py, call.task, websocket) {
                        error.write_unraisable(py, None);
                    }
                    return;
                }
            }
            if let Err(error) = call.task.bind(py).call_method0(&self.names.cancel) {
                error.write_unraisable(py, Some(call.task.bind(py)));
            }
        });
    }

    fn flow(&self, token: Token, feed: bool) {
        Python::attach(|py| {
            if let Some(sink) = self.sinks.borrow().get(&token.0).map(|sink| sink.clone_ref(py)) {
                self.call_soon(py, sink, PyBool::new(py, feed).to_owned().into_any().unbind());
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
            let data = if closed { py.None() } else { PyBytes::new(py, bytes).into_any().unbind() };
            self.call_soon(py, sink, data);
        });
    }
}

impl Dispatcher {
    fn has_broken_guard(&self, request: &spica_server::Request<'_>) -> bool {
        self.broken_guard.borrow().as_ref().is_some_and(|(exchange, _)| *exchange == request.exchange)
    }

    fn raise_guard<'py>(&self) -> PyResult<Outcome<'py>> {
        match self.broken_guard.take() {
            Some((_, error)) => Err(error),
            None => Err(PyRuntimeError::new_err("a guard failed and left no error")),
        }
    }

    /// Calls a sink later, not now: it is Python code, and the reactor is in the middle of its work.
    fn call_soon(&self, py: Python<'_>, sink: Py<PyAny>, data: Py<PyAny>) {
        let event_loop = self.names.event_loop.bind(py);
        if let Err(error) = event_loop.call_method1(&self.names.call_soon, (sink, data)) {
            error.write_unraisable(py, Some(event_loop));
        }
    }

    fn call_miss<'py>(
        &self,
        py: Python<'py>,
        request: &spica_server::Request<'_>,
        status: u16,
        allow: &str,
    ) -> (PyResult<Outcome<'py>>, Option<Bound<'py, Request>>, u16) {
        let native = match self.copy_request(py, request) {
            Ok(native) => native,
            Err(error) => return (Err(error), None, status),
        };
        let outcome = EnteredContext::copy(py).and_then(|own| {
            let value = self.application.get().on_miss.bind(py).call1((&native, status, allow))?;
            self.settle(value, own, &self.names.miss)
        });
        (outcome, Some(native), status)
    }
}
