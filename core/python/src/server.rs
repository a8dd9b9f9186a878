//! The reactor as Python sees it: a descriptor to watch and a `poll` to call when it is readable.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::rc::{Rc, Weak};
use std::time::Duration;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use spica_server::{AccessLog, Exchange, LogFormat, Options, Reactor};

use crate::application::Application;
use crate::content::{Desk, HomedDesk};
use crate::dispatch::Dispatcher;
use crate::homed::{free_strays, Homed};
use crate::memory::MemoryConnection;
use crate::options::read_options;
use crate::tls::TlsAcceptor;
use crate::websocket::{with_payload, WebSocket};

/// The reactor of one worker, bound to one event loop and its thread.
#[pyclass(frozen, module = "spica._core")]
pub struct Server(Homed<Handle>);

struct Handle {
    reactor: Rc<RefCell<Reactor<Dispatcher>>>,
    desk: Desk,
}

#[pymethods]
impl Server {
    #[new]
    #[pyo3(signature = (application, event_loop, *, access_log=None, **options))]
    fn new(
        application: Py<Application>,
        event_loop: &Bound<'_, PyAny>,
        access_log: Option<&str>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let native = application.get();
        let (fields, files) = (native.fields.clone(), native.public.clone());
        let options = Options { fields, files, ..read_options(options)? };
        let log = access_log.map(open_log).transpose()?;
        let dispatcher = Dispatcher::new(application, event_loop)?;
        let reactor = Rc::new(RefCell::new(Reactor::new(dispatcher, options, log)?));
        let (notices, sockets) = (reactor.borrow().notices(), Some(reactor.borrow().sockets()));
        let desk = Desk { reactor: Rc::downgrade(&reactor), notices, sockets };
        reactor.borrow().app().desk.replace(Py::new(event_loop.py(), HomedDesk::new(desk.clone()))?);
        Ok(Server(Homed::new(Handle { reactor, desk })))
    }

    /// Accept from a bound and listening socket, with TLS where an acceptor is given; the descriptor is duplicated, so the
    /// caller keeps its own.
    #[pyo3(signature = (descriptor, tls=None))]
    fn listen(&self, descriptor: i32, tls: Option<&TlsAcceptor>) -> PyResult<()> {
        if descriptor < 0 {
            return Err(PyValueError::new_err(format!("{descriptor} is no descriptor")));
        }
        // SAFETY: borrowed only for the duplication; a number that is not open makes it fail with EBADF.
        let socket = unsafe { BorrowedFd::borrow_raw(descriptor) }.try_clone_to_owned()?;
        Ok(self.open()?.listen(socket, tls.map(|tls| tls.acceptor.clone()))?)
    }

    /// The descriptor to watch for reading.
    fn fileno(&self) -> PyResult<i32> {
        Ok(self.open()?.as_fd().as_raw_fd())
    }

    /// Serve whatever is ready. Never blocks.
    fn poll(&self) -> PyResult<()> {
        free_strays();
        match self.0.reactor.try_borrow_mut() {
            Ok(mut reactor) => reactor.poll().map_err(io::Error::into),
            // A handler runs the loop while it is itself called from here: what is ready stays ready for later.
            Err(_) => Ok(()),
        }
    }

    /// Open a connection without a socket; `sink` gets what it sends.
    fn connect(&self, sink: Py<PyAny>) -> PyResult<MemoryConnection> {
        MemoryConnection::open(self.0.reactor.clone(), sink)
    }

    /// Open a connection over a transport of asyncio's: `sink` gets bytes to write, None to close, True or False to read or
    /// not; at most `window` bytes are given before `written` says that they are on their way.
    #[pyo3(signature = (sink, *, peer=None, tls=None, window=262_144))]
    fn connect_over(
        &self,
        sink: Py<PyAny>,
        peer: Option<(String, u16)>,
        tls: Option<&TlsAcceptor>,
        window: usize,
    ) -> PyResult<MemoryConnection> {
        let peer = peer.and_then(|(host, port)| Some(SocketAddr::new(host.parse().ok()?, port)));
        MemoryConnection::open_over(self.0.reactor.clone(), sink, peer, tls.map(|tls| &tls.acceptor), window)
    }

    /// Stop accepting; end idle connections now, or `linger_s` seconds from now when they bring no request till then, and
    /// the others after their current request.
    #[pyo3(signature = (linger_s=0.0))]
    fn drain(&self, linger_s: f64) -> PyResult<()> {
        let linger = Duration::try_from_secs_f64(linger_s)
            .map_err(|_| PyValueError::new_err(format!("linger_s must be 0 or more, not {linger_s}")))?;
        self.open()?.drain(linger);
        Ok(())
    }

    /// End every connection now; waiting handlers are cancelled.
    fn abort(&self) -> PyResult<()> {
        self.open()?.abort();
        Ok(())
    }

    /// Send a message to every WebSocket that is subscribed to a topic, but for `except_`. Returns to how many.
    #[pyo3(signature = (topic, payload, *, except_=None))]
    fn broadcast(
        &self,
        topic: &str,
        payload: &Bound<'_, PyAny>,
        except_: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<usize> {
        let except = except_.and_then(|socket| socket.cast::<WebSocket>().ok()?.get().token_at(&self.0.desk));
        with_payload(payload, |kind, payload| self.0.desk.broadcast(topic, kind, payload, except))
    }

    /// WebSockets that are subscribed to a topic.
    fn subscribers(&self, topic: &str) -> usize {
        self.0.desk.sockets.as_ref().map_or(0, |sockets| sockets.subscribers(topic))
    }

    /// Connections open now.
    #[getter]
    fn connections(&self) -> PyResult<usize> {
        Ok(self.open()?.connections())
    }

    /// Handlers that wait now.
    #[getter]
    fn waiting(&self) -> PyResult<usize> {
        Ok(self.open()?.app().waiting())
    }

    /// Totals: requests, refused, accepted, shed, sockets, slow_sockets; and open_sockets now.
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counts = self.open()?.counts();
        let totals = PyDict::new(py);
        totals.set_item("requests", counts.requests)?;
        totals.set_item("refused", counts.refused)?;
        totals.set_item("accepted", counts.accepted)?;
        totals.set_item("overloaded", counts.overloaded)?;
        totals.set_item("shed", counts.shed)?;
        totals.set_item("sockets", counts.sockets)?;
        totals.set_item("open_sockets", counts.open_sockets)?;
        totals.set_item("slow_sockets", counts.slow_sockets)?;
        Ok(totals)
    }
}

impl Server {
    fn open(&self) -> PyResult<std::cell::RefMut<'_, Reactor<Dispatcher>>> {
        self.0.reactor.try_borrow_mut().map_err(|_| busy())
    }
}

/// The done-callback of a waiting handler's Task, or of the Task that sends a streamed response.
#[pyclass(frozen, module = "spica._core")]
pub struct Completion(Homed<Awaited>);

struct Awaited {
    reactor: Weak<RefCell<Reactor<Dispatcher>>>,
    exchange: Exchange,
    call: usize,
    ends: Ends,
}

/// What a Task comes to.
#[derive(Clone, Copy)]
pub enum Ends {
    /// The answer.
    Answer,
    /// The end of a streamed answer.
    Stream,
    /// The end of a WebSocket, or the answer when it was not accepted.
    Socket,
}

impl Completion {
    /// Ends `call` when called.
    pub fn new(reactor: Weak<RefCell<Reactor<Dispatcher>>>, exchange: Exchange, call: usize, ends: Ends) -> Self {
        Completion(Homed::new(Awaited { reactor, exchange, call, ends }))
    }
}

#[pymethods]
impl Completion {
    fn __call__(slf: &Bound<'_, Self>, task: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        let this = &*slf.get().0;
        let Some(reactor) = this.reactor.upgrade() else { return Ok(()) };
        let borrowed = reactor.try_borrow_mut();
        match borrowed {
            Ok(mut reactor) => {
                let (exchange, call) = (this.exchange, this.call);
                match this.ends {
                    Ends::Stream => {
                        let Some(whole) = reactor.app().take_sent(py, call) else { return Ok(()) };
                        reactor.finish(exchange, whole);
                    }
                    Ends::Socket => match reactor.app().take_socket(py, call) {
                        None => {}
                        Some(true) => {
                            reactor.finish_socket(exchange);
                        }
                        Some(false) => {
                            reactor.complete(exchange, |app, reply| app.write_task(py, call, exchange, reply));
                        }
                    },
                    Ends::Answer => {
                        reactor.complete(exchange, |app, reply| app.write_task(py, call, exchange, reply));
                    }
                }
                Ok(())
            }
            // A handler runs the loop while the reactor is at work: come again when it is not.
            Err(_) => task.call_method0("get_loop")?.call_method1("call_soon", (slf, task)).map(|_| ()),
        }
    }
}

/// The error of calls that must not be made from inside a handler.
pub fn busy() -> PyErr {
    PyRuntimeError::new_err("the server is at work: call this from the event loop, not from inside a plain handler")
}

fn open_log(format: &str) -> PyResult<AccessLog> {
    let format = match format {
        "text" => LogFormat::Text,
        "json" => LogFormat::Json,
        other => return Err(PyValueError::new_err(format!("access_log must be 'text' or 'json', not {other:?}"))),
    };
    // Without Rust's buffer: only what the descriptor takes counts as written.
    let sink: Box<dyn Write + Send> = match io::stdout().as_fd().try_clone_to_owned() {
        Ok(descriptor) => Box::new(File::from(descriptor)),
        Err(_) => Box::new(io::stdout()),
    };
    Ok(AccessLog::new(format, sink))
}
