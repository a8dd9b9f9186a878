//! Content that streams: a request's as it arrives, a response's as it is made. Both tell the loop when to go on.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use spica_server::{Exchange, Inbox, Kind, Notices, Outbox, Pushed, Reactor, Sockets, Taken, Token};

use crate::dispatch::Dispatcher;
use crate::homed::Homed;

/// A way to the reactor from inside and outside of its turn.
#[derive(Clone, Default)]
pub struct Desk {
    /// The reactor, gone when the server is.
    pub reactor: Weak<RefCell<Reactor<Dispatcher>>>,
    /// What it does at the end of its turn.
    pub notices: Notices,
    /// What its WebSockets share; none before there is a reactor.
    pub sockets: Option<Rc<Sockets>>,
}

/// A desk as a request holds it; opaque to Python.
#[pyclass(frozen, module = "spica._core")]
pub struct HomedDesk(Homed<Desk>);

impl HomedDesk {
    /// For the requests of one server.
    pub fn new(desk: Desk) -> Self {
        HomedDesk(Homed::new(desk))
    }

    /// Another handle of the same desk.
    pub fn desk(&self) -> &Desk {
        &self.0
    }
}

impl Desk {
    /// Has an exchange's boxes looked at: now, or at the end of the reactor's turn when it is at work.
    pub fn attend(&self, exchange: Exchange) {
        let Some(reactor) = self.reactor.upgrade() else { return };
        let borrowed = reactor.try_borrow_mut();
        match borrowed {
            Ok(mut reactor) => {
                reactor.attend(exchange);
            }
            Err(_) => self.notices.attend(exchange),
        }
    }

    /// Has a message sent to a topic's subscribers, in the same way. Returns to how many.
    pub fn broadcast(&self, topic: &str, kind: Kind, payload: &[u8], except: Option<Token>) -> usize {
        let (Some(reactor), Some(sockets)) = (self.reactor.upgrade(), &self.sockets) else { return 0 };
        let borrowed = reactor.try_borrow_mut();
        match borrowed {
            Ok(mut reactor) => reactor.broadcast(topic, kind, payload, except),
            Err(_) => {
                self.notices.broadcast(topic, kind, payload, except);
                sockets.subscribers(topic)
            }
        }
    }

    /// Has an interim response sent, in the same way.
    pub fn interim(&self, exchange: Exchange, head: Vec<u8>) {
        let Some(reactor) = self.reactor.upgrade() else { return };
        let borrowed = reactor.try_borrow_mut();
        match borrowed {
            Ok(mut reactor) => {
                reactor.interim(exchange, &head);
            }
            Err(_) => self.notices.interim(exchange, head),
        }
    }
}

/// Futures of who waits: one mostly, more when tasks share a socket.
#[derive(Default)]
pub struct Waiter {
    first: RefCell<Option<Py<PyAny>>>,
    others: RefCell<Vec<Py<PyAny>>>,
}

impl Waiter {
    /// A future that the next `wake` ends; `at_once` when there is nothing to wait for.
    pub fn wait<'py>(&self, event_loop: &Bound<'py, PyAny>, at_once: bool) -> PyResult<Bound<'py, PyAny>> {
        let py = event_loop.py();
        let future = event_loop.call_method0(pyo3::intern!(py, "create_future"))?;
        if at_once {
            resolve(&future)?;
            return Ok(future);
        }
        let kept = future.clone().unbind();
        let is_alone = match self.first.borrow().as_ref() {
            // One that was cancelled waits no more.
            Some(first) => first.bind(py).call_method0(pyo3::intern!(py, "done"))?.is_truthy()?,
            None => true,
        };
        if is_alone {
            self.first.replace(Some(kept));
        } else {
            self.others.borrow_mut().push(kept);
        }
        Ok(future)
    }

    /// Ends the wait of all.
    pub fn wake(&self, py: Python<'_>) {
        let (first, others) = (self.first.take(), self.others.take());
        for future in first.into_iter().chain(others) {
            let future = future.bind(py);
            if let Err(error) = resolve(future) {
                error.write_unraisable(py, Some(future));
            }
        }
    }
}

fn resolve(future: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = future.py();
    // Who waited may have been cancelled meanwhile.
    if !future.call_method0(pyo3::intern!(py, "done"))?.is_truthy()? {
        future.call_method1(pyo3::intern!(py, "set_result"), (py.None(),))?;
    }
    Ok(())
}

/// The content of a request while it arrives.
#[pyclass(frozen, module = "spica._core")]
pub struct IncomingContent(Homed<Incoming>);

struct Incoming {
    inbox: Rc<Inbox>,
    exchange: Exchange,
    desk: Desk,
    event_loop: Py<PyAny>,
    arrived: Waiter,
}

impl IncomingContent {
    /// The handler's end of an inbox.
    pub fn new(inbox: Rc<Inbox>, exchange: Exchange, desk: Desk, event_loop: Py<PyAny>) -> Self {
        IncomingContent(Homed::new(Incoming { inbox, exchange, desk, event_loop, arrived: Waiter::default() }))
    }

    /// There is something to take.
    pub fn wake(&self, py: Python<'_>) {
        self.0.arrived.wake(py);
    }
}

#[pymethods]
impl IncomingContent {
    /// Take what has arrived: octets, b"" at the end, None when there is nothing yet, an int status when it is broken.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let taken = self.0.inbox.take();
        Ok(match taken {
            Taken::Some(bytes) => {
                // There is room again: the peer may go on.
                self.0.desk.attend(self.0.exchange);
                PyBytes::new(py, &bytes).into_any()
            }
            Taken::Nothing => {
                // The client may wait for a 100.
                self.0.desk.attend(self.0.exchange);
                py.None().into_bound(py)
            }
            Taken::End => PyBytes::new(py, b"").into_any(),
            Taken::Broken(refusal) => (refusal.status, refusal.reason).into_pyobject(py)?.into_any(),
        })
    }

    /// A future that is done when there is something to take.
    fn arrived<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.0.arrived.wait(self.0.event_loop.bind(py), self.0.inbox.is_ready())
    }

    /// The trailer fields as (lower-case name, value); [] before the end.
    #[getter]
    fn trailers(&self) -> Vec<(String, String)> {
        let latin1 = |bytes: &[u8]| bytes.iter().map(|&byte| byte as char).collect::<String>();
        self.0.inbox.trailers().iter().map(|(name, value)| (latin1(name).to_lowercase(), latin1(value))).collect()
    }
}

/// The content of a response while it is made.
#[pyclass(frozen, module = "spica._core")]
pub struct OutgoingContent(Homed<Outgoing>);

struct Outgoing {
    outbox: Rc<Outbox>,
    exchange: Exchange,
    desk: Desk,
    event_loop: Py<PyAny>,
    room: Waiter,
}

impl OutgoingContent {
    /// The handler's end of an outbox.
    pub fn new(outbox: Rc<Outbox>, exchange: Exchange, desk: Desk, event_loop: Py<PyAny>) -> Self {
        OutgoingContent(Homed::new(Outgoing { outbox, exchange, desk, event_loop, room: Waiter::default() }))
    }

    /// There is room again.
    pub fn wake(&self, py: Python<'_>) {
        self.0.room.wake(py);
    }
}

#[pymethods]
impl OutgoingContent {
    /// Send octets, or text as UTF-8. Returns whether there is room for more: if not, await `room()`.
    fn write(&self, chunk: &Bound<'_, PyAny>) -> PyResult<bool> {
        let pushed = if let Ok(bytes) = chunk.cast::<PyBytes>() {
            self.0.outbox.push(bytes.as_bytes())
        } else if let Ok(text) = chunk.cast::<PyString>() {
            self.0.outbox.push(text.to_str()?.as_bytes())
        } else {
            let bytes: Vec<u8> = chunk.extract().map_err(|_| unsendable(chunk))?;
            self.0.outbox.push(&bytes)
        };
        match pushed {
            Pushed::Gone => return Ok(false),
            Pushed::TooMuch => {
                return Err(PyValueError::new_err("the response's content is longer than its content-length says"));
            }
            Pushed::Room | Pushed::Full => {}
        }
        self.0.desk.attend(self.0.exchange);
        Ok(!self.0.outbox.is_full())
    }

    /// A future that is done when there is room.
    fn room<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.0.room.wait(self.0.event_loop.bind(py), !self.0.outbox.is_full())
    }

    /// Fields to send after the content, where the client's version has them.
    fn set_trailers(&self, trailers: Vec<(String, String)>) -> PyResult<()> {
        let octets = |(name, value): (String, String)| (name.into_bytes(), value.into_bytes());
        let trailers: Vec<_> = trailers.into_iter().map(octets).collect();
        for (name, value) in &trailers {
            spica_http1::response::check_field(name, value)
                .map_err(|error| PyValueError::new_err(format!("a trailer field can't be sent: {error}")))?;
        }
        self.0.outbox.set_trailers(trailers);
        Ok(())
    }

    /// Octets that the content-length promised and nobody wrote.
    #[getter]
    fn missing(&self) -> u64 {
        self.0.outbox.missing()
    }
}

fn unsendable(chunk: &Bound<'_, PyAny>) -> PyErr {
    let kind = chunk.get_type().name().map(|name| name.to_string()).unwrap_or_default();
    PyTypeError::new_err(format!("a streamed response yields bytes or str, not {kind}"))
}
