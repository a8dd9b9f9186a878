//! The reactor as Python sees it: a descriptor to watch and a `poll` to call when it is readable.

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::rc::{Rc, Weak};
use std::time::Duration;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use spica_server::{AccessLog, Exchange, LogFormat, Options, Reactor};

use crate::application::Application;
use crate::content::Desk;
use crate::dispatch::Dispatcher;
use crate::memory::MemoryConnection;

/// The reactor of one worker, bound to one event loop and its thread.
#[pyclass(unsendable, frozen, module = "spica._core")]
pub struct Server {
    reactor: Rc<RefCell<Reactor<Dispatcher>>>,
}

#[pymethods]
impl Server {
    #[new]
    #[pyo3(signature = (application, event_loop, *, max_content_bytes=None, max_connections=None, head_timeout_s=None,
        content_timeout_s=None, keep_alive_timeout_s=None, write_timeout_s=None, access_log=None))]
    #[allow(clippy::too_many_arguments)] // keywords on the Python side
    fn new(
        application: Py<Application>,
        event_loop: &Bound<'_, PyAny>,
        max_content_bytes: Option<u64>,
        max_connections: Option<usize>,
        head_timeout_s: Option<f64>,
        content_timeout_s: Option<f64>,
        keep_alive_timeout_s: Option<f64>,
        write_timeout_s: Option<f64>,
        access_log: Option<&str>,
    ) -> PyResult<Self> {
        let mut options = Options { fields: application.get().fields.clone(), ..Options::default() };
        options.limits.content = max_content_bytes.unwrap_or(options.limits.content);
        options.max_connections = max_connections.unwrap_or(options.max_connections);
        options.head_timeout = seconds("head_timeout_s", head_timeout_s, options.head_timeout)?;
        options.content_timeout = seconds("content_timeout_s", content_timeout_s, options.content_timeout)?;
        options.keep_alive_timeout = seconds("keep_alive_timeout_s", keep_alive_timeout_s, options.keep_alive_timeout)?;
        options.write_timeout = seconds("write_timeout_s", write_timeout_s, options.write_timeout)?;
        let log = access_log.map(open_log).transpose()?;
        let dispatcher = Dispatcher::new(application, event_loop)?;
        let reactor = Rc::new(RefCell::new(Reactor::new(dispatcher, options, log)?));
        let desk = Desk { reactor: Rc::downgrade(&reactor), notices: reactor.borrow().notices() };
        reactor.borrow().app().desk.replace(Py::new(event_loop.py(), desk)?);
        Ok(Server { reactor })
    }

    /// Accept from a bound and listening socket; the descriptor is duplicated, so the caller keeps its own.
    fn listen(&self, descriptor: i32) -> PyResult<()> {
        if descriptor < 0 {
            return Err(PyValueError::new_err(format!("{descriptor} is no descriptor")));
        }
        // SAFETY: borrowed only for the duplication; a number that is not open makes it fail with EBADF.
        let socket = unsafe { BorrowedFd::borrow_raw(descriptor) }.try_clone_to_owned()?;
        Ok(self.open()?.listen(socket)?)
    }

    /// The descriptor to watch for reading.
    fn fileno(&self) -> PyResult<i32> {
        Ok(self.open()?.as_fd().as_raw_fd())
    }

    /// Serve whatever is ready. Never blocks.
    fn poll(&self) -> PyResult<()> {
        match self.reactor.try_borrow_mut() {
            Ok(mut reactor) => reactor.poll().map_err(io::Error::into),
            // A handler runs the loop while it is itself called from here: what is ready stays ready for later.
            Err(_) => Ok(()),
        }
    }

    /// Open a connection without a socket; `sink` gets what it sends.
    fn connect(&self, sink: Py<PyAny>) -> PyResult<MemoryConnection> {
        MemoryConnection::open(self.reactor.clone(), sink)
    }

    /// Stop accepting; end idle connections now and the others after their current request.
    fn drain(&self) -> PyResult<()> {
        self.open()?.drain();
        Ok(())
    }

    /// End every connection now; waiting handlers are cancelled.
    fn abort(&self) -> PyResult<()> {
        self.open()?.abort();
        Ok(())
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

    /// Totals: requests, refused, accepted.
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counts = self.open()?.counts();
        let totals = PyDict::new(py);
        totals.set_item("requests", counts.requests)?;
        totals.set_item("refused", counts.refused)?;
        totals.set_item("accepted", counts.accepted)?;
        Ok(totals)
    }
}

impl Server {
    fn open(&self) -> PyResult<std::cell::RefMut<'_, Reactor<Dispatcher>>> {
        self.reactor.try_borrow_mut().map_err(|_| busy())
    }
}

/// The done-callback of a waiting handler's Task, or of the Task that sends a streamed response.
#[pyclass(unsendable, frozen, module = "spica._core")]
pub struct Completion {
    reactor: Weak<RefCell<Reactor<Dispatcher>>>,
    exchange: Exchange,
    call: usize,
    streams: bool,
}

impl Completion {
    /// Answers `call` when called; or ends its answer, when that `streams`.
    pub fn new(reactor: Weak<RefCell<Reactor<Dispatcher>>>, exchange: Exchange, call: usize, streams: bool) -> Self {
        Completion { reactor, exchange, call, streams }
    }
}

#[pymethods]
impl Completion {
    fn __call__(slf: &Bound<'_, Self>, task: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.borrow();
        let Some(reactor) = this.reactor.upgrade() else { return Ok(()) };
        let borrowed = reactor.try_borrow_mut();
        match borrowed {
            Ok(mut reactor) => {
                let (exchange, call) = (this.exchange, this.call);
                if this.streams {
                    let Some(whole) = reactor.app().take_sent(py, call) else { return Ok(()) };
                    reactor.finish(exchange, whole);
                } else {
                    reactor.complete(exchange, |app, reply| app.write_task(py, call, exchange, reply));
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

fn seconds(name: &str, given: Option<f64>, default: Duration) -> PyResult<Duration> {
    match given {
        None => Ok(default),
        Some(value) => Duration::try_from_secs_f64(value)
            .map_err(|_| PyValueError::new_err(format!("{name} must be a number of seconds, 0 or more, not {value}"))),
    }
}

fn open_log(format: &str) -> PyResult<AccessLog> {
    let format = match format {
        "text" => LogFormat::Text,
        "json" => LogFormat::Json,
        other => return Err(PyValueError::new_err(format!("access_log must be 'text' or 'json', not {other:?}"))),
    };
    Ok(AccessLog::new(format, Box::new(io::stdout())))
}
