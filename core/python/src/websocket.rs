//! A WebSocket as its handler sees it, and how long a handler may go on once its peer is gone.

use std::cell::Cell;
use std::rc::Rc;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use spica_server::{Kind, Message, Received, Sent, Socket, Token};

use crate::content::{Desk, Waiter};

/// How long a handler may take to find out by itself that its peer is gone.
const FAREWELL_S: f64 = 0.05;

/// One WebSocket of this server.
#[pyclass(unsendable, frozen, module = "spica._core")]
pub struct WebSocket {
    pub(crate) socket: Rc<Socket>,
    desk: Desk,
    event_loop: Py<PyAny>,
    arrived: Waiter,
    room: Waiter,
    /// The handler knows of the end.
    told: Cell<bool>,
    /// Something was received since this was last looked at.
    took: Cell<bool>,
}

impl WebSocket {
    /// The handler's end of a socket.
    pub fn new(socket: Rc<Socket>, desk: Desk, event_loop: Py<PyAny>) -> Self {
        let (arrived, room) = (Waiter::default(), Waiter::default());
        WebSocket { socket, desk, event_loop, arrived, room, told: Cell::new(false), took: Cell::new(false) }
    }

    /// There is a message, or the end.
    pub fn wake_arrived(&self, py: Python<'_>) {
        self.arrived.wake(py);
    }

    /// There is room again.
    pub fn wake_room(&self, py: Python<'_>) {
        self.room.wake(py);
    }

    /// Its connection's name, when it is one of this desk's reactor.
    pub fn token_at(&self, desk: &Desk) -> Option<Token> {
        self.desk.reactor.ptr_eq(&desk.reactor).then(|| self.socket.exchange().token)
    }

    fn attend(&self) {
        self.desk.attend(self.socket.exchange());
    }
}

#[pymethods]
impl WebSocket {
    /// The subprotocols that the client offers, the one it prefers first; [] once it is accepted.
    #[getter]
    fn protocols(&self) -> Vec<String> {
        self.socket.protocols()
    }

    /// Whether it has been accepted.
    #[getter]
    fn is_accepted(&self) -> bool {
        self.socket.is_accepted()
    }

    /// Why it has ended, as (code, reason); None while it has not.
    #[getter]
    fn end(&self) -> Option<(u16, String)> {
        self.socket.end()
    }

    /// Answer the handshake.
    #[pyo3(signature = (protocol=None, fields=Vec::new()))]
    fn accept(&self, protocol: Option<&str>, fields: Vec<(String, String)>) -> PyResult<()> {
        let fields = fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        self.socket.accept(protocol, fields).map_err(PyValueError::new_err)?;
        self.attend();
        Ok(())
    }

    /// Take a message: str, bytes, None when there is none yet, (code, reason) at the end.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let received = self.socket.take();
        if !matches!(received, Received::Nothing) {
            self.took.set(true);
            if self.socket.is_paused() {
                self.attend();
            }
        }
        Ok(match received {
            Received::Message(Message::Text(text)) => PyString::new(py, &text).into_any(),
            Received::Message(Message::Binary(octets)) => PyBytes::new(py, &octets).into_any(),
            Received::Nothing => py.None().into_bound(py),
            Received::Ended(code, reason) => {
                self.told.set(true);
                (code, reason).into_pyobject(py)?.into_any()
            }
        })
    }

    /// A future that is done when there is something to take.
    fn arrived<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.arrived.wait(self.event_loop.bind(py), self.socket.is_ready())
    }

    /// Send text or octets. True: go on; False: await `room()`; None: it has ended.
    fn send(&self, message: &Bound<'_, PyAny>) -> PyResult<Option<bool>> {
        let sent = with_payload(message, |kind, payload| self.socket.send(kind, payload))?;
        match sent {
            Sent::Closed => {
                self.told.set(true);
                Ok(None)
            }
            Sent::Room | Sent::Full => {
                self.attend();
                Ok(Some(!self.socket.is_full()))
            }
        }
    }

    /// A future that is done when there is room for more, or the end.
    fn room<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.room.wait(self.event_loop.bind(py), !self.socket.is_full())
    }

    /// Say goodbye.
    #[pyo3(signature = (code=1000, reason=""))]
    fn close(&self, code: u16, reason: &str) -> PyResult<()> {
        self.socket.close(code, reason).map_err(|error| PyValueError::new_err(error.to_string()))?;
        self.told.set(true);
        self.attend();
        Ok(())
    }

    /// Get what is broadcast to a topic from now on.
    fn subscribe(&self, topic: &str) {
        self.socket.subscribe(topic);
    }

    /// Get it no more.
    fn unsubscribe(&self, topic: &str) {
        self.socket.unsubscribe(topic);
    }
}

/// Calls `send` with a message's kind and octets.
pub fn with_payload<T>(message: &Bound<'_, PyAny>, send: impl FnOnce(Kind, &[u8]) -> T) -> PyResult<T> {
    if let Ok(text) = message.cast::<PyString>() {
        return Ok(send(Kind::Text, text.to_str()?.as_bytes()));
    }
    if let Ok(octets) = message.cast::<PyBytes>() {
        return Ok(send(Kind::Binary, octets.as_bytes()));
    }
    let octets: Vec<u8> = match message.extract::<pyo3::buffer::PyBuffer<u8>>() {
        Ok(buffer) => buffer.to_vec(message.py())?,
        Err(_) => {
            let kind = message.get_type().name().map(|name| name.to_string()).unwrap_or_default();
            return Err(PyTypeError::new_err(format!("a WebSocket sends str or bytes, not {kind}")));
        }
    };
    Ok(send(Kind::Binary, &octets))
}

/// Whether a page of an origin may open a WebSocket; see the crate `spica-websocket`.
#[pyfunction]
pub fn origin_allowed(origin: Option<&str>, host: Option<&str>, is_secure: bool, allowed: Vec<String>) -> bool {
    spica_server::origin_allowed(origin.map(str::as_bytes), host.map(str::as_bytes), is_secure, &allowed)
}

/// Looks after a handler whose peer is gone: who receives or sends finds out by itself, whoever else waits is cancelled.
#[pyclass(unsendable, frozen, module = "spica._core")]
pub struct Farewell {
    task: Py<PyAny>,
    websocket: Py<WebSocket>,
}

impl Farewell {
    /// Wakes the handler, and looks at it again soon.
    pub fn begin(py: Python<'_>, task: Py<PyAny>, websocket: Py<WebSocket>) -> PyResult<()> {
        let native = websocket.bind(py).borrow();
        native.took.set(false);
        native.wake_arrived(py);
        native.wake_room(py);
        drop(native);
        Bound::new(py, Farewell { task, websocket })?.call_method0("again").map(|_| ())
    }
}

#[pymethods]
impl Farewell {
    fn again(slf: &Bound<'_, Self>) -> PyResult<()> {
        let event_loop = slf.borrow().websocket.bind(slf.py()).borrow().event_loop.clone_ref(slf.py());
        event_loop.bind(slf.py()).call_method1("call_later", (FAREWELL_S, slf)).map(|_| ())
    }

    fn __call__(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.borrow();
        let task = this.task.bind(py);
        let native = this.websocket.bind(py).borrow();
        if native.told.get() || task.call_method0("done")?.is_truthy()? {
            return Ok(());
        }
        if native.took.replace(false) {
            return Self::again(slf); // it works on what had arrived before the end
        }
        task.call_method0("cancel").map(|_| ())
    }
}
