//! The compiled application: the route table and how each route is called. Built at boot, read by every server.

use std::sync::{Arc, Mutex, OnceLock};

use pyo3::create_exception;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};
use spica_files::Root;
use spica_http1::response::check_field;
use spica_router::{Demands, Found, Params, Router, RouterBuilder, Subject};

use crate::files::{find_public, open_folders, Folder, PublicFile, Readers};
use crate::handler::{admits, call_handler, capture_values, Captured};
use crate::request::Request;
use crate::response::{file_parts, Encoding, Outgoing};
use crate::route::{parse_content, Kind, Route, Takes};

create_exception!(
    spica._core,
    RouteConflict,
    PyValueError,
    "Routes of which some can never be reached; args[0] lists them."
);
create_exception!(spica._core, RoutePatternError, PyValueError, "A pattern that is not understood.");

/// What `freeze` leaves behind.
pub struct Compiled {
    /// Path to route number.
    pub router: Router,
    /// By route number.
    pub routes: Vec<Route>,
}

struct Draft {
    builder: RouterBuilder,
    routes: Vec<Route>,
}

/// The route table, and what turns values and errors into responses.
#[pyclass(frozen, module = "spica._core")]
pub struct Application {
    draft: Mutex<Option<Draft>>,
    compiled: OnceLock<Arc<Compiled>>,
    /// How values become responses.
    pub encoding: Encoding,
    /// `on_error(request, exception)` gives the value to answer with.
    pub on_error: Py<PyAny>,
    /// `on_miss(request, status, allow)` gives the value to answer with, or a coroutine of it.
    pub on_miss: Py<PyAny>,
    /// `send_stream(outgoing, response)` makes the coroutine that sends a streamed response.
    pub send_stream: Py<PyAny>,
    /// Response fields of every answer.
    pub fields: Vec<(String, String)>,
    /// Folders whose files answer where no route does.
    pub public: Vec<Arc<Root>>,
}

impl Application {
    /// The frozen table.
    pub fn compiled(&self) -> PyResult<&Arc<Compiled>> {
        self.compiled
            .get()
            .ok_or_else(|| PyRuntimeError::new_err("freeze() the application before it answers requests"))
    }
}

impl Application {
    /// Match a request that another server has parsed.
    fn find_route(&self, request: &Bound<'_, Request>, params: &mut Params) -> PyResult<Found<'_>> {
        let (compiled, native) = (self.compiled()?, request.get());
        let (host, method, path) = (native.host_bytes(), native.method_bytes(), native.path_bytes());
        let mut broken = None;
        let mut guard = |number: u32, params: &Params| {
            let captured = Captured { params, path, host };
            let asked = admits(request.py(), &compiled.routes[number as usize], captured, || Ok(request.clone()));
            asked.unwrap_or_else(|error| {
                broken = Some(error);
                false
            })
        };
        let found = compiled.router.find_for(Subject { host, method, path }, params, &mut guard);
        match broken {
            Some(error) => Err(error),
            None => Ok(found),
        }
    }

    fn capture<'py>(
        &self,
        number: u32,
        params: &Params,
        request: &Bound<'py, Request>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let native = request.get();
        let captured = Captured { params, path: native.path_bytes(), host: native.host_bytes() };
        capture_values(request.py(), &self.compiled()?.routes[number as usize], captured)
    }
}

#[pymethods]
impl Application {
    #[new]
    #[pyo3(signature = (*, encode, response_type, on_error, on_miss, send_stream, fields=Vec::new(),
        public=Vec::new(), readers=None))]
    #[allow(clippy::too_many_arguments)] // keywords on the Python side
    fn new(
        encode: Py<PyAny>,
        response_type: Py<PyAny>,
        on_error: Py<PyAny>,
        on_miss: Py<PyAny>,
        send_stream: Py<PyAny>,
        fields: Vec<(String, String)>,
        public: Vec<Folder>,
        readers: Option<Readers>,
    ) -> PyResult<Self> {
        for (name, value) in &fields {
            check_field(name.as_bytes(), value.as_bytes())
                .map_err(|error| PyValueError::new_err(format!("a default response field can't be sent: {error}")))?;
        }
        Ok(Application {
            draft: Mutex::new(Some(Draft { builder: RouterBuilder::new(), routes: Vec::new() })),
            compiled: OnceLock::new(),
            encoding: Encoding { encode, response_type },
            on_error,
            on_miss,
            send_stream,
            fields,
            public: open_folders(public, readers)?,
        })
    }

    /// Add a route; its number is returned.
    #[pyo3(signature = (method, pattern, handler, *, takes, order=Vec::new(), kind, status=200, label="",
        content="whole", vital=false, origins=Vec::new(), host=None, constraints=Vec::new(), parsers=Vec::new(),
        when=None, guard="", fallback=false))]
    #[allow(clippy::too_many_arguments)] // keywords on the Python side
    fn add_route(
        &self,
        py: Python<'_>,
        method: &str,
        pattern: &str,
        handler: Py<PyAny>,
        takes: &str,
        order: Vec<usize>,
        kind: &str,
        status: u16,
        label: &str,
        content: &str,
        vital: bool,
        origins: Vec<String>,
        host: Option<&str>,
        constraints: Vec<(String, String)>,
        parsers: Vec<(usize, Py<PyAny>)>,
        when: Option<Py<PyAny>>,
        guard: &str,
        fallback: bool,
    ) -> PyResult<u32> {
        if !(200..=599).contains(&status) {
            return Err(PyValueError::new_err(format!("a response's status must be from 200 to 599, not {status}")));
        }
        let (takes, kind, content) = (Takes::parse(takes, order)?, Kind::parse(kind)?, parse_content(content)?);
        let name = PyString::new(py, &format!("{method} {pattern}")).unbind();
        let route = Route {
            handler,
            name,
            takes,
            kind,
            status,
            content,
            content_limit: u64::MAX,
            logged: true,
            vital,
            origins,
            parsers,
            when,
        };
        if route.is_guarded() == guard.is_empty() {
            return Err(PyValueError::new_err(
                "a route has a guard's name when it has parsers or `when`, and only then",
            ));
        }
        let constraints: Vec<(&str, &str)> = constraints.iter().map(|(name, text)| (&**name, &**text)).collect();
        let demands = Demands { host, constraints: &constraints, guard, is_fallback: fallback };
        let mut draft = self.draft.lock().map_err(|_| PyRuntimeError::new_err("the route table is broken"))?;
        let draft = draft
            .as_mut()
            .ok_or_else(|| PyRuntimeError::new_err("the application is frozen: add routes before freeze()"))?;
        let number = draft
            .builder
            .add_with(method, pattern, label, demands)
            .map_err(|error| RoutePatternError::new_err((error.what, error.route, error.why, error.fix)))?;
        draft.routes.push(route);
        Ok(number)
    }

    /// Narrow what a route does: octets of content that it takes at most, and whether its requests leave an access line.
    #[pyo3(signature = (number, *, max_content_bytes=None, logged=true))]
    fn narrow(&self, number: usize, max_content_bytes: Option<u64>, logged: bool) -> PyResult<()> {
        let mut draft = self.draft.lock().map_err(|_| PyRuntimeError::new_err("the route table is broken"))?;
        let route = draft.as_mut().and_then(|draft| draft.routes.get_mut(number));
        let route = route.ok_or_else(|| PyRuntimeError::new_err("there is no such route, or the table is frozen"))?;
        route.content_limit = max_content_bytes.unwrap_or(u64::MAX);
        route.logged = logged;
        Ok(())
    }

    /// Build the tree. After this, routes can be matched and none added.
    fn freeze(&self) -> PyResult<()> {
        let mut draft = self.draft.lock().map_err(|_| PyRuntimeError::new_err("the route table is broken"))?;
        let Some(Draft { builder, routes }) = draft.take() else { return Ok(()) };
        let router = builder.build().map_err(|conflicts| {
            let conflicts: Vec<_> = conflicts
                .into_iter()
                .map(|found| (found.method, found.path, found.first, found.second, found.why, found.fix))
                .collect();
            RouteConflict::new_err((conflicts,))
        })?;
        let _ = self.compiled.set(Arc::new(Compiled { router, routes }));
        Ok(())
    }

    /// Match without calling: (route number, parameters), or (-status, Allow).
    #[pyo3(name = "match")]
    fn find<'py>(&self, py: Python<'py>, request: &Bound<'py, Request>) -> PyResult<Bound<'py, PyTuple>> {
        let mut params = Params::new();
        match self.find_route(request, &mut params)? {
            Found::Route(number) | Found::Fallback(number) => {
                (i64::from(number), self.capture(number, &params, request)?).into_pyobject(py)
            }
            Found::NotFound => (-404, "").into_pyobject(py),
            Found::MethodNotAllowed(allow) => (-405, allow).into_pyobject(py),
            Found::Options(allow) => (-204, allow).into_pyobject(py),
        }
    }

    /// Whether a route takes its content as a stream.
    #[getter]
    fn has_streams(&self) -> PyResult<bool> {
        Ok(self.compiled()?.routes.iter().any(|route| route.content == spica_server::Takes::Stream))
    }

    /// Whether the route that a request would reach takes its content as a stream.
    fn streams_content(&self, request: &Bound<'_, Request>) -> PyResult<bool> {
        match self.find_route(request, &mut Params::new())? {
            Found::Route(number) | Found::Fallback(number) => {
                Ok(self.compiled()?.routes[number as usize].content == spica_server::Takes::Stream)
            }
            Found::NotFound | Found::MethodNotAllowed(_) | Found::Options(_) => Ok(false),
        }
    }

    /// The handler of the WebSocket route that a request reaches, which is matched by it; None for others.
    fn begin_socket<'py>(&self, py: Python<'py>, request: &Bound<'py, Request>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let mut params = Params::new();
        let Found::Route(number) = self.find_route(request, &mut params)? else {
            return Ok(None);
        };
        let route = &self.compiled()?.routes[number as usize];
        if route.kind != Kind::Socket {
            return Ok(None);
        }
        request.get().set_match(i64::from(number), self.capture(number, &params, request)?.unbind());
        Ok(Some(route.handler.bind(py).clone()))
    }

    /// Match a request and call its handler: the value it returned, or its coroutine; a public file where no route is.
    fn begin<'py>(&self, py: Python<'py>, request: &Bound<'py, Request>) -> PyResult<Bound<'py, PyAny>> {
        let native = request.get();
        let mut params = Params::new();
        let found = self.find_route(request, &mut params)?;
        if matches!(found, Found::NotFound | Found::Fallback(_)) {
            if let Some(answer) = find_public(&self.public, native) {
                return Ok(Bound::new(py, PublicFile::new(answer))?.into_any());
            }
        }
        let (status, allow) = match found {
            Found::Route(number) | Found::Fallback(number) => {
                let route = &self.compiled()?.routes[number as usize];
                if route.kind == Kind::Socket {
                    return self.on_miss.bind(py).call1((request, 426, ""));
                }
                native.set_match(i64::from(number), self.capture(number, &params, request)?.unbind());
                let captured = Captured { params: &params, path: native.path_bytes(), host: native.host_bytes() };
                return call_handler(py, route, captured, || Ok(request.clone()));
            }
            Found::NotFound => (404, ""),
            Found::MethodNotAllowed(allow) => (405, allow),
            Found::Options(allow) => (204, allow),
        };
        self.on_miss.bind(py).call1((request, status, allow))
    }

    /// Turn a handler's value into (status, fields, body): octets, a file's content, or the Response that streams.
    fn finish<'py>(
        &self,
        py: Python<'py>,
        request: &Bound<'py, Request>,
        value: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        if let Some(answer) = value.cast::<PublicFile>().ok().and_then(|file| file.get().take()) {
            return file_parts(py, answer, &[], &self.fields);
        }
        let route =
            usize::try_from(request.get().number()).ok().and_then(|number| self.compiled().ok()?.routes.get(number));
        let status = route.map_or(200, |route| route.status);
        Outgoing::sort(value, status, &self.encoding)?.into_parts(py, &self.fields, request.get())
    }

    /// The response fields added to every answer.
    #[getter]
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, &self.fields)
    }
}
