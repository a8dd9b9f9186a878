//! A WebSocket as its handler sees it, and how long a handler may go on once its peer is gone.

use std::cell::Cell;
use std::rc::Rc;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use spica_server::{Kind, Message, Received, Sent, Socket, Token};

use crate::content::{Desk, Waiter};
use crate::homed::Homed;

/// How long a handler may take to find out by itself that its peer is gone.
const FAREWELL_S: f64 = 0.05;

/// One WebSocket of this server.
#[pyclass(frozen, module = "spica._core")]
pub struct WebSocket(Homed<Handle>);

struct Handle {
    socket: Rc<Socket>,
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
        let (told, took) = (Cell::new(false), Cell::new(false));
        WebSocket(Homed::new(Handle { socket, desk, event_loop, arrived, room, told, took }))
    }

    /// What the connection has of it.
    pub fn socket(&self) -> &Rc<Socket> {
        &self.0.socket
    }

    /// There is a message, or the end.
    pub fn wake_arrived(&self, py: Python<'_>) {
        self.0.arrived.wake(py);
    }

    /// There is room again.
    pub fn wake_room(&self, py: Python<'_>) {
        self.0.room.wake(py);
    }

    /// Its connection's name, when it is one of this desk's reactor.
    pub fn token_at(&self, desk: &Desk) -> Option<Token> {
        self.0.desk.reactor.ptr_eq(&desk.reactor).then(|| self.0.socket.exchange().token)
    }

    fn attend(&self) {
        self.0.desk.attend(self.0.socket.exchange());
    }
}

#[pymethods]
impl WebSocket {
    /// The subprotocols that the client offers, the one it prefers first; [] once it is accepted.
    #[getter]
    fn protocols(&self) -> Vec<String> {
        self.0.socket.protocols()
    }

    /// Whether it has been accepted.
    #[getter]
    fn is_accepted(&self) -> bool {
        self.0.socket.is_accepted()
    }

    /// Why it has ended, as (code, reason); None while it has not.
    #[getter]
    fn end(&self) -> Option<(u16, String)> {
        self.0.socket.end()
    }

    /// Answer the handshake.
    #[pyo3(signature = (protocol=None, fields=Vec::new()))]
    fn accept(&self, protocol: Option<&str>, fields: Vec<(String, String)>) -> PyResult<()> {
        let fields = fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        self.0.socket.accept(protocol, fields).map_err(PyValueError::new_err)?;
        self.attend();
        Ok(())
    }

    /// Take a message: str, bytes, None when there is none yet, (code, reason) at the end.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let received = self.0.socket.take();
        if !matches!(received, Received::Nothing) {
            self.0.took.set(true);
            if self.0.socket.is_paused() {
                self.attend();
            }
        }
        Ok(match received {
            Received::Message(Message::Text(text)) => PyString::new(py, &text).into_any(),
            Received::Message(Message::Binary(octets)) => PyBytes::new(py, &octets).into_any(),
            Received::Nothing => py.None().into_bound(py),
            Received::Ended(code, reason) => {
                self.0.told.set(true);
                (code, reason).into_pyobject(py)?.into_any()
            }
        })
    }

    /// A future that is done when there is something to take.
    fn arrived<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.0.arrived.wait(self.0.event_loop.bind(py), self.0.socket.is_ready())
    }

    /// Send text or octets. True: go on; False: await `room()`; None: it has ended.
    fn send(&self, message: &Bound<'_, PyAny>) -> PyResult<Option<bool>> {
        let sent = with_payload(message, |kind, payload| self.0.socket.send(kind, payload))?;
        match sent {
            Sent::Closed => {
                self.0.told.set(true);
                Ok(None)
            }
            Sent::Room | Sent::Full => {
                self.attend();
                Ok(Some(!self.0.socket.is_full()))
            }
        }
    }

    /// A future that is done when there is room for more, or the end.
    fn room<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.0.room.wait(self.0.event_loop.bind(py), !self.0.socket.is_full())
    }

    /// Say goodbye.
    #[pyo3(signature = (code=1000, reason=""))]
    fn close(&self, code: u16, reason: &str) -> PyResult<()> {
        self.0.socket.close(code, reason).map_err(|error| PyValueError::new_err(error.to_string()))?;
        self.0.told.set(true);
        self.attend();
        Ok(())
    }

    /// Get what is broadcast to a topic from now on.
    fn subscribe(&self, topic: &str) {
        self.0.socket.subscribe(topic);
    }

    /// Get it no more.
    fn unsubscribe(&self, topic: &str) {
        self.0.socket.unsubscribe(topic);
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
#[pyclass(frozen, module = "spica._core")]
pub struct Farewell {
    task: Py<PyAny>,
    websocket: Py<WebSocket>,
}

impl Farewell {
    /// Wakes the handler, and looks at it again soon.
    pub fn begin(py: Python<'_>, task: Py<PyAny>, websocket: Py<WebSocket>) -> PyResult<()> {
        let native = websocket.get();
        native.0.took.set(false);
        native.wake_arrived(py);
        native.wake_room(py);
        Bound::new(py, Farewell { task, websocket })?.call_method0("again").map(|_| ())
    }
}

#[pymethods]
impl Farewell {
    fn again(slf: &Bound<'_, Self>) -> PyResult<()> {
        let event_loop = slf.get().websocket.get().0.event_loop.bind(slf.py());
        event_loop.call_method1("call_later", (FAREWELL_S, slf)).map(|_| ())
    }

    fn __call__(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let Farewell { task, websocket } = slf.get();
        let (task, native) = (task.bind(py), &websocket.get().0);
        if native.told.get() || task.call_method0("done")?.is_truthy()? {
            return Ok(());
        }
        if native.took.replace(false) {
            return Self::again(slf); // it works on what had arrived before the end
        }
        task.call_method0("cancel").map(|_| ())
    }
}
