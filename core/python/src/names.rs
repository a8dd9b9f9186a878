//! Every Python name that Rust uses, in one place, looked up once.

use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

/// Names and objects of asyncio, bound to one event loop.
pub struct Names {
    /// `asyncio.Task`: a real one, so that `asyncio.timeout`, `TaskGroup` and anyio work unchanged.
    pub task_type: Py<PyAny>,
    /// The loop that tasks belong to.
    pub event_loop: Py<PyAny>,
    /// `("loop", "name", "context")`
    pub task_keywords: Py<PyTuple>,
    /// `("loop", "name", "context", "eager_start")`
    pub eager_keywords: Py<PyTuple>,
    /// Names of tasks that are not a route's own.
    pub miss: Py<PyString>,
    pub stream: Py<PyString>,
    /// Method names, interned.
    pub call_soon: Py<PyString>,
    pub done: Py<PyString>,
    pub result: Py<PyString>,
    pub exception: Py<PyString>,
    pub cancel: Py<PyString>,
    pub add_done_callback: Py<PyString>,
}

impl Names {
    /// Looks everything up for `event_loop`.
    pub fn new(event_loop: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = event_loop.py();
        let interned = |name: &str| PyString::intern(py, name).unbind();
        Ok(Names {
            task_type: py.import("asyncio")?.getattr("Task")?.unbind(),
            event_loop: event_loop.clone().unbind(),
            task_keywords: PyTuple::new(py, ["loop", "name", "context"])?.unbind(),
            eager_keywords: PyTuple::new(py, ["loop", "name", "context", "eager_start"])?.unbind(),
            miss: interned("no route"),
            stream: interned("streamed response"),
            call_soon: interned("call_soon"),
            done: interned("done"),
            result: interned("result"),
            exception: interned("exception"),
            cancel: interned("cancel"),
            add_done_callback: interned("add_done_callback"),
        })
    }
}

/// Attributes of a Python `Response`.
pub mod response {
    /// The status, an int.
    pub const STATUS: &str = "status";
    /// The fields, a list of (name, value).
    pub const FIELDS: &str = "fields";
    /// The content, bytes.
    pub const BODY: &str = "body";
    /// What is iterated for the content instead, or None.
    pub const STREAM: &str = "stream";
    /// The path of a file to send instead of the content, or None.
    pub const FILE: &str = "file";
    /// Whether it may be compressed: None leaves it to the policy.
    pub const COMPRESS: &str = "compress";
}
