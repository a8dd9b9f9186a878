//! Coroutines become real `asyncio.Task`s that have taken their first step already.
//!
//! Python 3.12 and later have `eager_start`. On 3.11 a Task schedules its first step with `loop.call_soon`; while the
//! Task is made, that name on the loop instance is a function that keeps the step, so that it can run at once, in the
//! Task's own context. A loop whose instances have no `__dict__` gets ordinary tasks, a turn of the loop later.

use std::cell::RefCell;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::context::EnteredContext;
use crate::names::Names;

thread_local! {
    static CAPTURED: RefCell<Option<(Py<PyAny>, Py<PyAny>)>> = const { RefCell::new(None) };
}

/// Stands in for `loop.call_soon` while a Task is made.
///
/// A finalizer that the garbage collector runs at that very moment may call it too: what is not one bare callback with a
/// context, or comes second, goes to the loop.
#[pyfunction]
#[pyo3(signature = (callback, *args, context=None))]
fn capture<'py>(
    callback: Bound<'py, PyAny>,
    args: &Bound<'py, PyTuple>,
    context: Option<Bound<'py, PyAny>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = callback.py();
    let step = match context {
        Some(context) if args.is_empty() && CAPTURED.with_borrow(Option::is_none) => {
            CAPTURED.set(Some((callback.unbind(), context.unbind())));
            return Ok(None);
        }
        other => other,
    };
    let event_loop = py.import("asyncio")?.call_method0("get_running_loop")?;
    let call_soon = event_loop.get_type().getattr("call_soon")?;
    let positional = [event_loop, callback].into_iter().chain(args.iter()).collect::<Vec<_>>();
    let keywords = PyDict::new(py);
    keywords.set_item("context", step)?;
    call_soon.call(PyTuple::new(py, positional)?, Some(&keywords)).map(Some)
}

/// How tasks start on this Python and this loop.
pub enum Start {
    /// `Task(coro, loop=loop, eager_start=True)`.
    Eager,
    /// The captured first step; holds the loop's `__dict__` and `capture`.
    Captured(Py<PyDict>, Py<PyAny>),
    /// `Task(coro, loop=loop)`.
    Ordinary,
}

impl Start {
    /// Chooses once, when the server is made.
    pub fn choose(event_loop: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = event_loop.py();
        if py.version_info() >= (3, 12) {
            return Ok(Start::Eager);
        }
        match event_loop.getattr("__dict__").ok().and_then(|dict| dict.cast_into::<PyDict>().ok()) {
            Some(dict) => Ok(Start::Captured(dict.unbind(), pyo3::wrap_pyfunction!(capture, py)?.into_any().unbind())),
            None => Ok(Start::Ordinary),
        }
    }
}

/// What a Task is given: the context that it runs in, of its own or of its request, and a name. Without a name, asyncio would
/// print a number for each.
#[derive(Clone, Copy)]
pub struct Traits<'a, 'py> {
    pub context: &'a Bound<'py, PyAny>,
    pub name: &'a Py<PyString>,
}

/// Makes a Task of `coroutine` and lets it run to its first wait.
pub fn start_task<'py>(
    coroutine: &Bound<'py, PyAny>,
    traits: Traits<'_, 'py>,
    start: &Start,
    names: &Names,
) -> PyResult<Bound<'py, PyAny>> {
    match start {
        Start::Eager => new_task(coroutine, traits, names, true),
        Start::Ordinary => new_task(coroutine, traits, names, false),
        Start::Captured(dict, capture) => start_captured(coroutine, traits, names, dict, capture),
    }
}

fn start_captured<'py>(
    coroutine: &Bound<'py, PyAny>,
    traits: Traits<'_, 'py>,
    names: &Names,
    dict: &Py<PyDict>,
    capture: &Py<PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = coroutine.py();
    let dict = dict.bind(py);
    dict.set_item(&names.call_soon, capture)?;
    let made = new_task(coroutine, traits, names, false);
    dict.del_item(&names.call_soon)?;
    let step = CAPTURED.with(RefCell::take);
    let task = made?;
    if let Some((step, context)) = step {
        let entered = EnteredContext::enter(context.into_bound(py))?;
        step.bind(py).call0()?;
        drop(entered);
    }
    Ok(task)
}

fn new_task<'py>(
    coroutine: &Bound<'py, PyAny>,
    traits: Traits<'_, 'py>,
    names: &Names,
    eager: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let py = coroutine.py();
    let Traits { context, name } = traits;
    let keywords = if eager { &names.eager_keywords } else { &names.task_keywords };
    // SAFETY: Py_True is immortal or borrowed for the call.
    let yes = unsafe { ffi::Py_True() };
    let arguments = [coroutine.as_ptr(), names.event_loop.as_ptr(), name.as_ptr(), context.as_ptr(), yes];
    // SAFETY: one positional argument, then one per keyword name; all are alive for the call.
    unsafe {
        let task = ffi::PyObject_Vectorcall(names.task_type.as_ptr(), arguments.as_ptr(), 1, keywords.as_ptr());
        Bound::from_owned_ptr_or_err(py, task)
    }
}

/// Steps a coroutine that never awaits. `Ok` is what it returned.
pub fn run_once<'py>(coroutine: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = coroutine.py();
    let mut result = std::ptr::null_mut();
    // SAFETY: PyIter_Send takes a coroutine and a borrowed argument; `result` is a new reference unless it failed.
    let sent = unsafe { ffi::PyIter_Send(coroutine.as_ptr(), ffi::Py_None(), &mut result) };
    // SAFETY: null exactly when an exception is set.
    let value = unsafe { Bound::from_owned_ptr_or_err(py, result)? };
    match sent {
        ffi::PySendResult::PYGEN_RETURN => Ok(value),
        _ => {
            coroutine.call_method0("close")?;
            Err(pyo3::exceptions::PyRuntimeError::new_err("a handler that was thought never to wait has waited"))
        }
    }
}
