//! From what a handler returned to what goes out: one set of rules for our own server and for ASGI.

use std::rc::Rc;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};
use spica_http1::response::{check_field, length_allowed};
use spica_server::{merge_fields, Outbox, Reply, ReplyError};

use crate::files::{answer_path, FileContent};
use crate::names::response::{BODY, COMPRESS, FIELDS, FILE, STATUS, STREAM};
use crate::request::Request;

const TEXT: &str = "text/plain; charset=utf-8";
const OCTETS: &str = "application/octet-stream";
const JSON: &str = "application/json";

/// The Python objects that the rules need.
pub struct Encoding {
    /// `encode(value) -> bytes` of JSON.
    pub encode: Py<PyAny>,
    /// The class of responses that say everything themselves.
    pub response_type: Py<PyAny>,
}

/// A returned value, sorted by the rules.
pub enum Outgoing<'py> {
    /// Content with nothing but a type.
    Content { status: u16, content_type: &'static str, body: Content<'py> },
    /// A Response.
    Response { response: Bound<'py, PyAny>, status: u16, fields: Bound<'py, PyList>, body: Bound<'py, PyBytes> },
    /// A Response whose content is a file's.
    File { status: u16, fields: Bound<'py, PyList>, path: String },
    /// A Response whose content is made while it is sent.
    Stream { status: u16, fields: Bound<'py, PyList>, response: Bound<'py, PyAny> },
}

/// A response that was begun: what is left to do is to run it.
pub struct Begun<'py> {
    /// The Response.
    pub response: Bound<'py, PyAny>,
    /// Where its content goes.
    pub outbox: Rc<Outbox>,
}

/// Text or octets, kept as Python owns them so that nothing is copied before the send buffer.
pub enum Content<'py> {
    Text(Bound<'py, PyString>),
    Bytes(Bound<'py, PyBytes>),
    Empty,
}

impl Content<'_> {
    fn as_bytes(&self) -> PyResult<&[u8]> {
        match self {
            Content::Text(text) => Ok(text.to_str()?.as_bytes()),
            Content::Bytes(bytes) => Ok(bytes.as_bytes()),
            Content::Empty => Ok(b""),
        }
    }
}

impl<'py> Outgoing<'py> {
    /// Sorts a value: str is text, bytes are octets, None is no content, a Response is itself, anything else is JSON.
    pub fn sort(value: &Bound<'py, PyAny>, status: u16, encoding: &Encoding) -> PyResult<Self> {
        let py = value.py();
        if let Ok(text) = value.cast_exact::<PyString>() {
            return Ok(Outgoing::Content { status, content_type: TEXT, body: Content::Text(text.clone()) });
        }
        let response_type = encoding.response_type.bind(py);
        // By its type alone: `isinstance` also asks an object that is none for its `__class__`.
        if value.get_type().is_subclass(response_type)? {
            return Self::response(value);
        }
        if let Ok(bytes) = value.cast_exact::<PyBytes>() {
            return Ok(Outgoing::Content { status, content_type: OCTETS, body: Content::Bytes(bytes.clone()) });
        }
        if value.is_none() {
            let status = if status == 200 { 204 } else { status };
            return Ok(Outgoing::Content { status, content_type: TEXT, body: Content::Empty });
        }
        if let Ok(text) = value.cast::<PyString>() {
            return Ok(Outgoing::Content { status, content_type: TEXT, body: Content::Text(text.clone()) });
        }
        // SAFETY: both only look at the object's type.
        if unsafe { ffi::PyGen_CheckExact(value.as_ptr()) != 0 || ffi::PyAsyncGen_CheckExact(value.as_ptr()) != 0 } {
            return Self::response(&response_type.call_method1(pyo3::intern!(py, STREAM), (value,))?);
        }
        let encoded = encoding.encode.bind(py).call1((value,))?;
        let body = encoded.cast_into::<PyBytes>().map_err(|_| PyTypeError::new_err("encode must return bytes"))?;
        Ok(Outgoing::Content { status, content_type: JSON, body: Content::Bytes(body) })
    }

    fn response(value: &Bound<'py, PyAny>) -> PyResult<Self> {
        let py = value.py();
        if !value.getattr(pyo3::intern!(py, STREAM))?.is_none() {
            return Ok(Outgoing::Stream {
                status: value.getattr(pyo3::intern!(py, STATUS))?.extract()?,
                fields: value.getattr(pyo3::intern!(py, FIELDS))?.cast_into()?,
                response: value.clone(),
            });
        }
        let file = value.getattr(pyo3::intern!(py, FILE))?;
        let status = value.getattr(pyo3::intern!(py, STATUS))?.extract()?;
        let fields = value.getattr(pyo3::intern!(py, FIELDS))?.cast_into()?;
        if !file.is_none() {
            return Ok(Outgoing::File { status, fields, path: file.str()?.to_string() });
        }
        let body = value.getattr(pyo3::intern!(py, BODY))?.cast_into()?;
        Ok(Outgoing::Response { response: value.clone(), status, fields, body })
    }

    /// Writes it, or the head of it when its content streams.
    pub fn write(
        self,
        request: &dyn Fn() -> PyResult<Bound<'py, Request>>,
        reply: &mut Reply<'_>,
    ) -> PyResult<Option<Begun<'py>>> {
        // What a response that could not be written had said is not about this one.
        reply.compress(None);
        match self {
            Outgoing::Content { status, content_type, body } => {
                reply.content(status, content_type, body.as_bytes()?);
                Ok(None)
            }
            Outgoing::Stream { status, fields, response } => {
                let pairs = field_pairs(&fields)?;
                reply.compress(wants_compression(&response)?);
                let outbox = reply.stream(status, borrowed(&pairs)).map_err(refused)?;
                Ok(outbox.map(|outbox| Begun { response, outbox }))
            }
            Outgoing::File { status, fields, path } => {
                let pairs = field_pairs(&fields)?;
                let answer = answer_path(&path, status, &pairs, request()?.get())?;
                reply.file(answer, borrowed(&pairs)).map_err(refused)?;
                Ok(None)
            }
            Outgoing::Response { response, status, fields, body } => {
                let (pairs, body) = (field_pairs(&fields)?, body.as_bytes());
                if reply.may_compress(body.len()) {
                    reply.compress(wants_compression(&response)?);
                }
                reply.response(status, borrowed(&pairs), spica_server::Body::Bytes(body)).map_err(refused)?;
                Ok(None)
            }
        }
    }

    /// Gives it as `(status, fields, bytes, content of a file or streaming Response)`, for ASGI; `defaults` are added where
    /// the response has no such field.
    pub fn into_parts(
        self,
        py: Python<'py>,
        defaults: &[(String, String)],
        request: &Request,
    ) -> PyResult<Bound<'py, PyTuple>> {
        match self {
            Outgoing::Content { status, content_type, body } => {
                let fields = if status == 204 {
                    vec![]
                } else {
                    vec![(b"content-type".to_vec(), content_type.as_bytes().to_vec())]
                };
                parts(py, status, fields, PyBytes::new(py, body.as_bytes()?).into_any(), defaults)
            }
            Outgoing::Response { response: _, status, fields, body } => {
                parts(py, status, field_pairs(&fields)?, body.into_any(), defaults)
            }
            Outgoing::File { status, fields, path } => {
                let pairs = field_pairs(&fields)?;
                file_parts(py, answer_path(&path, status, &pairs, request)?, &pairs, defaults)
            }
            Outgoing::Stream { status, fields, response } => {
                parts(py, status, field_pairs(&fields)?, response, defaults)
            }
        }
    }
}

/// The parts of an answer with a file, for ASGI.
pub fn file_parts<'py>(
    py: Python<'py>,
    answer: spica_files::Answer,
    own: &[(Vec<u8>, Vec<u8>)],
    defaults: &[(String, String)],
) -> PyResult<Bound<'py, PyTuple>> {
    let merged = merge_fields(&answer, borrowed(own));
    let mut pairs: Vec<_> = merged.into_iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
    if length_allowed(answer.status) {
        pairs.push((b"content-length".to_vec(), answer.len.to_string().into_bytes()));
    }
    let content = Bound::new(py, FileContent::new(answer.body))?.into_any();
    parts(py, answer.status, pairs, content, defaults)
}

fn parts<'py>(
    py: Python<'py>,
    status: u16,
    mut pairs: Vec<(Vec<u8>, Vec<u8>)>,
    body: Bound<'py, PyAny>,
    defaults: &[(String, String)],
) -> PyResult<Bound<'py, PyTuple>> {
    if !(200..=599).contains(&status) {
        return Err(PyValueError::new_err(format!("a response's status must be from 200 to 599, not {status}")));
    }
    for (name, value) in &pairs {
        check_field(name, value).map_err(|error| {
            let name = String::from_utf8_lossy(name);
            PyValueError::new_err(format!("a response field can't be sent: {name}: {error}"))
        })?;
    }
    for (name, value) in defaults {
        if !pairs.iter().any(|(own, _)| own.eq_ignore_ascii_case(name.as_bytes())) {
            pairs.push((name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        }
    }
    let fields = PyList::new(py, pairs.iter().map(|(name, value)| (PyBytes::new(py, name), PyBytes::new(py, value))))?;
    (status, fields, body).into_pyobject(py)
}

/// What a Response says about its compression.
fn wants_compression(response: &Bound<'_, PyAny>) -> PyResult<Option<bool>> {
    response.getattr(pyo3::intern!(response.py(), COMPRESS))?.extract()
}

fn borrowed(pairs: &[(Vec<u8>, Vec<u8>)]) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
    pairs.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
}

fn refused(error: ReplyError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// A Response's fields as octets. Their content is checked where they are written.
fn field_pairs(fields: &Bound<'_, PyList>) -> PyResult<Vec<(Vec<u8>, Vec<u8>)>> {
    fields
        .iter()
        .map(|pair| {
            let (name, value): (Bound<'_, PyString>, Bound<'_, PyString>) = pair.extract()?;
            Ok((octets(&name)?, octets(&value)?))
        })
        .collect()
}

fn octets(text: &Bound<'_, PyString>) -> PyResult<Vec<u8>> {
    let text = text.to_str()?;
    if text.is_ascii() {
        return Ok(text.as_bytes().to_vec());
    }
    text.chars().map(|character| u8::try_from(u32::from(character))).collect::<Result<_, _>>().map_err(|_| {
        PyValueError::new_err(format!("the response field {text:?} holds a character that is not latin-1"))
    })
}
