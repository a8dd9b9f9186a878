//! How one route is called: decided at boot, read per request.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyString;

/// What the handler is given.
pub enum Takes {
    /// The path parameters alone, positionally; the numbers are places in the pattern. No Request is made.
    Params(Vec<usize>),
    /// The native Request.
    Request,
}

/// How the handler runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A plain `def`: called in place.
    Plain,
    /// An `async def` that never awaits: stepped in place, once.
    Step,
    /// An `async def` that may wait: an eagerly started `asyncio.Task`.
    Task,
    /// An `async def` that gets a WebSocket beside the Request: always a Task.
    Socket,
}

/// A route's handler and how it is called.
pub struct Route {
    /// The callable.
    pub handler: Py<PyAny>,
    /// Method and pattern: what its tasks are called.
    pub name: Py<PyString>,
    /// Its arguments.
    pub takes: Takes,
    /// How it runs.
    pub kind: Kind,
    /// The status of a value that is not a Response.
    pub status: u16,
    /// How it takes its content.
    pub content: spica_server::Takes,
    /// Octets of content that it takes at most, within the server's limit.
    pub content_limit: u64,
    /// Whether its requests leave an access line.
    pub logged: bool,
    /// Whether it is answered under any load.
    pub vital: bool,
    /// The origins of pages that may open a WebSocket; its own when there are none, `*` where the handler looks itself.
    pub origins: Vec<String>,
    /// What makes values of captured texts, by the place of the parameter. A `ValueError` means: another route.
    pub parsers: Vec<(usize, Py<PyAny>)>,
    /// `when(request)` says whether the route takes a request.
    pub when: Option<Py<PyAny>>,
}

impl Route {
    /// Whether Python is asked before the route answers.
    pub fn is_guarded(&self) -> bool {
        self.when.is_some() || !self.parsers.is_empty()
    }
}

impl Takes {
    /// Reads the Python spelling.
    pub fn parse(takes: &str, order: Vec<usize>) -> PyResult<Self> {
        match takes {
            "params" => Ok(Takes::Params(order)),
            "request" => Ok(Takes::Request),
            other => Err(PyValueError::new_err(format!("takes must be 'params' or 'request', not {other:?}"))),
        }
    }
}

impl Kind {
    /// Reads the Python spelling.
    pub fn parse(kind: &str) -> PyResult<Self> {
        match kind {
            "plain" => Ok(Kind::Plain),
            "step" => Ok(Kind::Step),
            "task" => Ok(Kind::Task),
            "socket" => Ok(Kind::Socket),
            other => {
                Err(PyValueError::new_err(format!("kind must be 'plain', 'step', 'task' or 'socket', not {other:?}")))
            }
        }
    }
}

/// Reads the Python spelling of how a route takes its content.
pub fn parse_content(content: &str) -> PyResult<spica_server::Takes> {
    match content {
        "whole" => Ok(spica_server::Takes::Whole),
        "stream" => Ok(spica_server::Takes::Stream),
        other => Err(PyValueError::new_err(format!("content must be 'whole' or 'stream', not {other:?}"))),
    }
}
