//! One request as Python sees it: its own copy of the head, decoded only when asked.

use std::borrow::Cow;
use std::fs::File;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
use spica_files::Verdict;
use spica_http1::response::push_field;
use spica_http1::{Field, Head, Span};
use spica_server::{Exchange, RequestFields, Version};

use crate::content::{HomedDesk, IncomingContent};
use crate::cookies::read_cookies;
use crate::files::unix_second;

/// The content as the request keeps it.
enum Kept {
    Bytes(Py<PyBytes>),
    File {
        file: File,
        len: u64,
        read: OnceLock<Py<PyBytes>>,
    },
    /// An `IncomingContent`, or what another server gives instead.
    Stream(Py<PyAny>),
}

/// The way back to the connection, for what a handler does before it answers.
struct Origin {
    exchange: Exchange,
    desk: Py<HomedDesk>,
}

/// One request's head and content. Immutable.
#[pyclass(frozen, module = "spica._core")]
pub struct Request {
    bytes: Box<[u8]>,
    method: Span,
    target: Span,
    path: Span,
    query: Option<Span>,
    version: Version,
    fields: Box<[Field]>,
    content: Kept,
    origin: Option<Origin>,
    client: Option<SocketAddr>,
    secure: bool,
    matched: OnceLock<(i64, Py<PyTuple>)>,
}

impl Request {
    /// Copies a parsed request out of its connection's buffers.
    ///
    /// # Errors
    /// When the descriptor of its spooled content can't be duplicated.
    pub fn copy(
        py: Python<'_>,
        request: &spica_server::Request<'_>,
        desk: &Py<HomedDesk>,
        event_loop: &Py<PyAny>,
    ) -> PyResult<Self> {
        let Head { method, target, path, query, fields, .. } = request.head;
        let content = match &request.content {
            spica_server::Content::Bytes(bytes) => Kept::Bytes(PyBytes::new(py, bytes).unbind()),
            spica_server::Content::File { file, len } => {
                Kept::File { file: file.try_clone()?, len: *len, read: OnceLock::new() }
            }
            spica_server::Content::Stream(inbox) => {
                let (desk, event_loop) = (desk.get().desk().clone(), event_loop.clone_ref(py));
                let incoming = IncomingContent::new(inbox.clone(), request.exchange, desk, event_loop);
                Kept::Stream(Py::new(py, incoming)?.into_any())
            }
        };
        Ok(Request {
            bytes: request.bytes.into(),
            method: *method,
            target: *target,
            path: *path,
            query: *query,
            version: request.version,
            fields: fields.as_slice().into(),
            content,
            origin: Some(Origin { exchange: request.exchange, desk: desk.clone_ref(py) }),
            client: request.peer,
            secure: request.secure,
            matched: OnceLock::new(),
        })
    }

    /// The content's handle, when it streams.
    pub fn incoming(&self) -> Option<&Py<PyAny>> {
        match &self.content {
            Kept::Stream(incoming) => Some(incoming),
            Kept::Bytes(_) | Kept::File { .. } => None,
        }
    }

    /// Remembers the route and its path parameters. A request is matched once.
    pub fn set_match(&self, route: i64, params: Py<PyTuple>) {
        let _ = self.matched.set((route, params));
    }

    /// The matched route's number; -1 when there is none.
    pub fn number(&self) -> i64 {
        self.matched.get().map_or(-1, |(route, _)| *route)
    }

    /// The method's bytes.
    pub fn method_bytes(&self) -> &[u8] {
        self.method.of(&self.bytes)
    }

    /// The path's bytes, as sent.
    pub fn path_bytes(&self) -> &[u8] {
        self.path.of(&self.bytes)
    }

    /// The Host field's value; empty when there is none.
    pub fn host_bytes(&self) -> &[u8] {
        self.values(b"host").next().unwrap_or_default()
    }

    /// The fields as the rules of files ask for them.
    pub fn file_fields(&self) -> RequestFields<'_> {
        RequestFields::new(&self.bytes, &self.fields)
    }

    fn values<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.fields
            .iter()
            .filter(move |field| field.name.of(&self.bytes).eq_ignore_ascii_case(name))
            .map(|field| field.value.of(&self.bytes))
    }
}

#[pymethods]
impl Request {
    /// The method, as sent.
    #[getter]
    fn method<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        match self.method_bytes() {
            b"GET" => pyo3::intern!(py, "GET").clone(),
            b"POST" => pyo3::intern!(py, "POST").clone(),
            other => latin1(py, other),
        }
    }

    /// Evaluate If-Match, If-None-Match and their like against what the request is about.
    ///
    /// 200: go on; 304: the client has it already; 412: it is not in the state that the client supposed.
    fn check_conditions(&self, etag: Option<&str>, last_modified: Option<i64>) -> u16 {
        let fields = self.file_fields();
        let field = |name: &str| fields.get(name);
        let asked = spica_files::Request { method: self.method_bytes(), field: &field, now: unix_second() };
        match spica_files::check_conditions(&asked, spica_files::Validators { etag, last_modified }) {
            Verdict::Proceed => 200,
            Verdict::NotModified => 304,
            Verdict::Failed => 412,
        }
    }

    /// The request target, as sent.
    #[getter]
    fn target<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        latin1(py, self.target.of(&self.bytes))
    }

    /// The path, percent-decoded; bytes that are no UTF-8 become U+FFFD.
    #[getter]
    fn path<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        decoded(py, self.path_bytes())
    }

    /// The query without its "?", as sent; "" when there is none.
    #[getter]
    fn query<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        latin1(py, self.query.map(|query| query.of(&self.bytes)).unwrap_or_default())
    }

    /// "2", "1.1" or "1.0".
    #[getter]
    fn version<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        match self.version {
            Version::Http2 => pyo3::intern!(py, "2").clone(),
            Version::Http11 => pyo3::intern!(py, "1.1").clone(),
            Version::Http10 => pyo3::intern!(py, "1.0").clone(),
        }
    }

    /// "http" or "https".
    #[getter]
    fn scheme<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        if self.secure { pyo3::intern!(py, "https") } else { pyo3::intern!(py, "http") }.clone()
    }

    /// The other end's (address, port), None for a Unix socket.
    #[getter]
    fn client(&self) -> Option<(String, u16)> {
        self.client.map(|client| (client.ip().to_string(), client.port()))
    }

    /// Every field as (lower-case name, value), in order.
    #[getter]
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(
            py,
            self.fields.iter().map(|field| {
                let name = field.name.of(&self.bytes).to_ascii_lowercase();
                (latin1(py, &name), latin1(py, field.value.of(&self.bytes)))
            }),
        )
    }

    /// One field's value, repeated ones joined with ", "; None when absent.
    fn field<'py>(&self, py: Python<'py>, name: &str) -> Option<Bound<'py, PyString>> {
        let mut values = self.values(name.as_bytes());
        let first = values.next()?;
        let Some(second) = values.next() else { return Some(latin1(py, first)) };
        let mut joined = [first, b", ", second].concat();
        for value in values {
            joined.extend_from_slice(b", ");
            joined.extend_from_slice(value);
        }
        Some(latin1(py, &joined))
    }

    /// One field's values, in order; [] when absent.
    fn field_values<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.values(name.as_bytes()).map(|value| latin1(py, value)))
    }

    /// The cookies by name, values decoded, the first of a repeated name; None when there are more than `limit`.
    fn read_cookies<'py>(&self, py: Python<'py>, limit: usize) -> PyResult<Option<Bound<'py, PyDict>>> {
        read_cookies(py, self.values(b"cookie"), limit)
    }

    /// The whole content; b"" when there is none. Content that streams has no whole: take it from `incoming`.
    #[getter]
    fn content<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        match &self.content {
            Kept::Bytes(bytes) => Ok(bytes.bind(py).clone()),
            Kept::File { file, len, read } => {
                if let Some(bytes) = read.get() {
                    return Ok(bytes.bind(py).clone());
                }
                let bytes = PyBytes::new_with(py, *len as usize, |buffer| Ok(file.read_exact_at(buffer, 0)?))?;
                let _ = read.set(bytes.clone().unbind());
                Ok(bytes)
            }
            Kept::Stream(_) => {
                Err(PyRuntimeError::new_err("this route takes its content as a stream: read it from there, not whole"))
            }
        }
    }

    /// Whether there is content: known before any of it is read.
    #[getter]
    fn has_content(&self, py: Python<'_>) -> bool {
        match &self.content {
            Kept::Bytes(bytes) => !bytes.bind(py).as_bytes().is_empty(),
            Kept::File { .. } | Kept::Stream(_) => true,
        }
    }

    /// The content's number of octets, known before any of it is read; 0 for content that streams.
    #[getter]
    fn content_length(&self, py: Python<'_>) -> u64 {
        match &self.content {
            Kept::Bytes(bytes) => bytes.bind(py).as_bytes().len() as u64,
            Kept::File { len, .. } => *len,
            Kept::Stream(_) => 0,
        }
    }

    /// Whether the content waits in a file because it is too large for memory.
    #[getter]
    fn is_spooled(&self) -> bool {
        matches!(self.content, Kept::File { .. })
    }

    /// At most `limit` octets of the content from an offset; b"" beyond its end. What is spooled stays in its file.
    fn read_content<'py>(&self, py: Python<'py>, offset: u64, limit: usize) -> PyResult<Bound<'py, PyBytes>> {
        match &self.content {
            Kept::Bytes(bytes) => {
                let all = bytes.bind(py).as_bytes();
                let start = usize::try_from(offset).unwrap_or(usize::MAX).min(all.len());
                Ok(PyBytes::new(py, &all[start..start.saturating_add(limit).min(all.len())]))
            }
            Kept::File { file, len, .. } => {
                let left = usize::try_from(len.saturating_sub(offset)).unwrap_or(usize::MAX);
                PyBytes::new_with(py, left.min(limit), |buffer| Ok(file.read_exact_at(buffer, offset)?))
            }
            Kept::Stream(_) => {
                Err(PyRuntimeError::new_err("this route takes its content as a stream: read it from there"))
            }
        }
    }

    /// The content of a route that takes it as a stream; None otherwise.
    #[getter(incoming)]
    fn incoming_object(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.incoming().map(|incoming| incoming.clone_ref(py))
    }

    /// Send a 103 ahead of the response, where the client's version has interim responses.
    fn send_early_hints(&self, fields: Vec<(String, String)>) -> PyResult<()> {
        let mut head = b"HTTP/1.1 103 Early Hints\r\n".to_vec();
        for (name, value) in &fields {
            push_field(&mut head, name.as_bytes(), &to_latin1(value)?)
                .map_err(|error| PyValueError::new_err(format!("an early hint can't be sent: {name}: {error}")))?;
        }
        head.extend_from_slice(b"\r\n");
        if let (Some(origin), Version::Http11 | Version::Http2) = (&self.origin, self.version) {
            origin.desk.get().desk().interim(origin.exchange, head);
        }
        Ok(())
    }

    /// The path parameters, in the pattern's order; () when no route was matched.
    #[getter]
    fn params<'py>(&self, py: Python<'py>) -> Bound<'py, PyTuple> {
        match self.matched.get() {
            Some((_, params)) => params.bind(py).clone(),
            None => PyTuple::empty(py),
        }
    }

    /// The matched route's number; -1 when there is none.
    #[getter]
    fn route(&self) -> i64 {
        self.number()
    }

    /// Make a request from parts, for servers that parse themselves (ASGI) and for tests.
    #[staticmethod]
    /// `spooled` is the descriptor of a file that holds the content, which is duplicated: the caller may close its own.
    #[pyo3(signature = (method, target, fields, content=None, *, incoming=None, spooled=None, scheme="http", client=None))]
    #[allow(clippy::too_many_arguments)] // keywords on the Python side
    fn build(
        py: Python<'_>,
        method: &str,
        target: &str,
        fields: Vec<(String, String)>,
        content: Option<Py<PyBytes>>,
        incoming: Option<Py<PyAny>>,
        spooled: Option<i32>,
        scheme: &str,
        client: Option<(String, u16)>,
    ) -> PyResult<Self> {
        let mut bytes = Vec::new();
        let method = append(&mut bytes, &to_latin1(method)?);
        let target_span = append(&mut bytes, &to_latin1(target)?);
        let (path, query) = split_target(target_span, &bytes);
        let mut spans = Vec::with_capacity(fields.len());
        for (name, value) in &fields {
            let name = append(&mut bytes, &to_latin1(name)?);
            spans.push(Field { name, value: append(&mut bytes, &to_latin1(value)?) });
        }
        Ok(Request {
            bytes: bytes.into(),
            method,
            target: target_span,
            path,
            query,
            version: Version::Http11,
            fields: spans.into(),
            content: match (incoming, spooled) {
                (Some(incoming), _) => Kept::Stream(incoming),
                (None, Some(descriptor)) => keep_file(descriptor)?,
                (None, None) => Kept::Bytes(content.unwrap_or_else(|| PyBytes::new(py, b"").unbind())),
            },
            origin: None,
            client: client.and_then(|(address, port)| Some(SocketAddr::new(address.parse().ok()?, port))),
            secure: scheme == "https",
            matched: OnceLock::new(),
        })
    }

    fn __repr__(&self) -> String {
        format!(
            "<Request {} {}>",
            String::from_utf8_lossy(self.method_bytes()),
            String::from_utf8_lossy(self.target.of(&self.bytes))
        )
    }
}

/// Content that somebody else has written to a file.
fn keep_file(descriptor: i32) -> PyResult<Kept> {
    if descriptor < 0 {
        return Err(PyValueError::new_err(format!("{descriptor} is no descriptor")));
    }
    // SAFETY: only borrowed to be duplicated; a closed descriptor is an error of the duplication.
    let file = File::from(unsafe { BorrowedFd::borrow_raw(descriptor) }.try_clone_to_owned()?);
    let len = file.metadata()?.len();
    Ok(Kept::File { file, len, read: OnceLock::new() })
}

/// Text of octets, one character each: how field values reach Python (RFC 9110 5.5).
pub fn latin1<'py>(py: Python<'py>, bytes: &[u8]) -> Bound<'py, PyString> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => PyString::new(py, text),
        _ => PyString::new(py, &bytes.iter().map(|&byte| byte as char).collect::<String>()),
    }
}

/// Percent-decoded text.
pub fn decoded<'py>(py: Python<'py>, raw: &[u8]) -> Bound<'py, PyString> {
    let plain: Cow<'_, [u8]> = spica_router::decode(raw);
    PyString::new(py, &String::from_utf8_lossy(&plain))
}

fn to_latin1(text: &str) -> PyResult<Vec<u8>> {
    text.chars()
        .map(|character| u8::try_from(u32::from(character)))
        .collect::<Result<_, _>>()
        .map_err(|_| PyValueError::new_err(format!("{text:?} holds a character that is not latin-1")))
}

fn append(bytes: &mut Vec<u8>, part: &[u8]) -> Span {
    let start = bytes.len() as u32;
    bytes.extend_from_slice(part);
    Span { start, end: bytes.len() as u32 }
}

fn split_target(target: Span, bytes: &[u8]) -> (Span, Option<Span>) {
    match target.of(bytes).iter().position(|&byte| byte == b'?') {
        Some(at) => {
            let middle = target.start + at as u32;
            (Span { start: target.start, end: middle }, Some(Span { start: middle + 1, end: target.end }))
        }
        None => (target, None),
    }
}
