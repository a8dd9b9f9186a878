//! A connection without a socket: bytes in by `feed`, bytes out to a callable. The test client and loops without
//! readiness use it, so that every request takes the one path.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use spica_server::{Reactor, Token};
use spica_tls::Acceptor;

use crate::dispatch::Dispatcher;
use crate::server::busy;

/// One connection of a `Server` that has no socket.
#[pyclass(unsendable, frozen, module = "spica._core")]
pub struct MemoryConnection {
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
        Ok(MemoryConnection { reactor, token })
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
        Ok(MemoryConnection { reactor, token })
    }
}

#[pymethods]
impl MemoryConnection {
    /// Give it bytes, as if they had arrived. Returns False when it has ended. Call from the loop, not from a task.
    fn feed(&self, data: &[u8]) -> PyResult<bool> {
        let mut reactor = self.reactor.try_borrow_mut().map_err(|_| busy())?;
        Ok(reactor.feed(self.token, data))
    }

    /// Say that so many bytes given to the sink are written: as many more may come.
    fn written(&self, count: usize) -> PyResult<bool> {
        let mut reactor = self.reactor.try_borrow_mut().map_err(|_| busy())?;
        Ok(reactor.written(self.token, count))
    }

    /// End it, as if the peer had gone: a waiting handler is cancelled.
    fn close(&self) -> PyResult<()> {
        let mut reactor = self.reactor.try_borrow_mut().map_err(|_| busy())?;
        reactor.hang_up(self.token);
        reactor.app().sinks.borrow_mut().remove(&self.token.0);
        Ok(())
    }
}
