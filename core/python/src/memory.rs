//! A connection without a socket: bytes in by `feed`, bytes out to a callable. The test client and loops without
//! readiness use it, so that every request takes the one path.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use spica_server::{Reactor, Token};
use spica_tls::Acceptor;

use crate::dispatch::Dispatcher;
use crate::homed::Homed;
use crate::server::busy;

/// One connection of a `Server` that has no socket.
#[pyclass(frozen, module = "spica._core")]
pub struct MemoryConnection(Homed<Handle>);

struct Handle {
    reactor: Rc<RefCell<Reactor<Dispatcher>>>,
    token: Token,
}

impl MemoryConnection {
    /// Opens one; `sink(bytes)` gets what it sends, `sink(None)` its end, both from the event loop.
    pub fn open(reactor: Rc<RefCell<Reactor<Dispatcher>>>, sink: Py<PyAny>) -> PyResult<Self> {
        let token = {
            let mut open = reactor.try_borrow_mut().map_err(|_| busy())?;
            let token = open.open();
            open.app().sinks.borrow_mut().insert(token.0, sink);
            token
        };
        Ok(MemoryConnection(Homed::new(Handle { reactor, token })))
    }

    /// Opens one over another's transport, `window` octets of which may be unwritten; `sink(bool)` says when to feed.
    pub fn open_over(
        reactor: Rc<RefCell<Reactor<Dispatcher>>>,
        sink: Py<PyAny>,
        peer: Option<SocketAddr>,
        tls: Option<&Acceptor>,
        window: usize,
    ) -> PyResult<Self> {
        let token = {
            let mut open = reactor.try_borrow_mut().map_err(|_| busy())?;
            let token = open
                .open_over(peer, tls, window)
                .ok_or_else(|| PyRuntimeError::new_err("a TLS session can't be made: no randomness"))?;
            open.app().sinks.borrow_mut().insert(token.0, sink);
            token
        };
        Ok(MemoryConnection(Homed::new(Handle { reactor, token })))
    }
}

/// Asks for the same call again with the loop's next turn: a handler runs the loop while the reactor is at work.
///
/// What is put off stays in order: it is behind what was put off before, and ahead of what the loop finds later.
fn put_off(connection: &Bound<'_, MemoryConnection>, method: &str, argument: Option<Bound<'_, PyAny>>) -> PyResult<()> {
    let py = connection.py();
    let event_loop = py.import("asyncio")?.call_method0("get_running_loop")?;
    let call = [connection.getattr(method)?].into_iter().chain(argument).collect::<Vec<_>>();
    event_loop.call_method1("call_soon", PyTuple::new(py, call)?).map(|_| ())
}

#[pymethods]
impl MemoryConnection {
    /// Give it bytes, as if they had arrived. Returns False when it has ended. Call from the loop, not from a task.
    fn feed(slf: &Bound<'_, Self>, data: &Bound<'_, PyBytes>) -> PyResult<bool> {
        let Handle { reactor, token } = &*slf.get().0;
        if let Ok(mut reactor) = reactor.try_borrow_mut() {
            return Ok(reactor.feed(*token, data.as_bytes()));
        }
        put_off(slf, "feed", Some(data.clone().into_any())).map(|()| true)
    }

    /// Say that so many bytes given to the sink are written: as many more may come.
    fn written(slf: &Bound<'_, Self>, count: usize) -> PyResult<bool> {
        let Handle { reactor, token } = &*slf.get().0;
        if let Ok(mut reactor) = reactor.try_borrow_mut() {
            return Ok(reactor.written(*token, count));
        }
        put_off(slf, "written", Some(count.into_pyobject(slf.py())?.into_any())).map(|()| true)
    }

    /// End it, as if the peer had gone: a waiting handler is cancelled.
    fn close(slf: &Bound<'_, Self>) -> PyResult<()> {
        let Handle { reactor, token } = &*slf.get().0;
        if let Ok(mut reactor) = reactor.try_borrow_mut() {
            reactor.hang_up(*token);
            reactor.app().sinks.borrow_mut().remove(&token.0);
            return Ok(());
        }
        put_off(slf, "close", None)
    }
}
