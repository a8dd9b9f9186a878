//! Files as Python sees them: a response's file, a public file that answers where no route does, and the content of
//! either for servers that send it themselves (ASGI).

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use spica_files::{answer_file, Answer, Body, Description, Opened, Options, Origins, Root, Segment};
use spica_http1::response::check_field;

use crate::request::Request;

/// A public folder: its path, its Cache-Control, and the prefix of its names where it has one.
#[derive(FromPyObject)]
pub enum Folder {
    /// Files at `/…`.
    Plain(PathBuf, String),
    /// Files at `/prefix/…`.
    Prefixed(PathBuf, String, String),
}

/// Whose scripts may read public files: origins, what stands around the star of others, exposed fields, and whether
/// they send credentials.
#[derive(FromPyObject)]
pub struct Readers(Vec<String>, Vec<(String, String)>, String, bool);

impl Readers {
    fn into_origins(self) -> PyResult<Origins> {
        let Readers(exact, below, exposed, credentials) = self;
        let mut fields = Vec::new();
        if credentials {
            fields.push(("access-control-allow-credentials", "true".into()));
        }
        if !exposed.is_empty() {
            check_field(b"access-control-expose-headers", exposed.as_bytes())
                .map_err(|error| PyValueError::new_err(format!("the exposed fields can't be sent: {error}")))?;
            fields.push(("access-control-expose-headers", exposed.into()));
        }
        Ok(Origins { exact, below, fields })
    }
}

/// Opens public folders. One that is not there has no files.
///
/// # Errors
/// When one is there and can't be opened.
pub fn open_folders(folders: Vec<Folder>, readers: Option<Readers>) -> PyResult<Vec<Arc<Root>>> {
    let mut roots = Vec::new();
    let origins = readers.map(Readers::into_origins).transpose()?.map(Arc::new);
    for folder in folders {
        let (folder, cache_control, prefix) = match folder {
            Folder::Plain(folder, cache_control) => (folder, cache_control, String::new()),
            Folder::Prefixed(folder, cache_control, prefix) => (folder, cache_control, prefix),
        };
        let options = Options {
            cache_control: cache_control.into(),
            prefix: prefix.into(),
            origins: origins.clone(),
            ..Options::default()
        };
        match Root::open(&folder, options) {
            Ok(root) => roots.push(Arc::new(root)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(roots)
}

/// Finds the public file that a request names.
pub fn find_public(roots: &[Arc<Root>], request: &Request) -> Option<Answer> {
    let fields = request.file_fields();
    let field = |name: &str| fields.get(name);
    let asked = spica_files::Request { method: request.method_bytes(), field: &field, now: unix_second() };
    roots.iter().find_map(|root| root.answer(request.path_bytes(), &asked))
}

/// Answers with the file of a response. Conditions and ranges count where the response would be a 200 to GET or HEAD.
///
/// # Errors
/// When it can't be opened, or is no regular file.
pub fn answer_path(path: &str, status: u16, own: &[(Vec<u8>, Vec<u8>)], request: &Request) -> PyResult<Answer> {
    // With the number and the path Python chooses the class of the error, and says which file it was.
    let named = |error: std::io::Error| match error.raw_os_error() {
        Some(number) => PyOSError::new_err((number, error.to_string(), path.to_owned())),
        None => error.into(),
    };
    let opened = Opened::open(Path::new(path)).map_err(named)?.ok_or_else(|| {
        PyValueError::new_err(format!("only a regular file can be sent, and {path:?} is a folder or a device"))
    })?;
    if status != 200 {
        let (len, file) = (opened.len, opened.file);
        let segments = if len == 0 { vec![] } else { vec![Segment::File { offset: 0, len }] };
        let body = if len == 0 { Body::Empty } else { Body::Segments { file, segments } };
        return Ok(Answer { status, fields: Vec::new(), len, body });
    }
    let value = |name: &str| own.iter().find(|(own, _)| own == name.as_bytes()).map(|(_, value)| value);
    let content_type = value("content-type").map(|value| String::from_utf8_lossy(value).into_owned());
    let description = Description { content_type: content_type.unwrap_or_default().into(), ..Description::default() };
    let is_read = matches!(request.method_bytes(), b"GET" | b"HEAD");
    let is_encoded = value("content-encoding").is_some();
    let fields = request.file_fields();
    let field = |name: &str| match name {
        // The parts of an encoded file would be neither in its coding nor out of it.
        "range" if is_encoded => None,
        name if is_read => fields.get(name),
        _ => None,
    };
    let asked = spica_files::Request { method: request.method_bytes(), field: &field, now: unix_second() };
    Ok(answer_file(opened, description, &asked))
}

/// The clock, for dates in conditions.
pub fn unix_second() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

/// The answer with a public file; made by `Application.begin`, taken by `Application.finish`.
#[pyclass(frozen, module = "spica._core")]
pub struct PublicFile(Mutex<Option<Answer>>);

impl PublicFile {
    /// Keeps an answer until it is finished.
    pub fn new(answer: Answer) -> Self {
        PublicFile(Mutex::new(Some(answer)))
    }

    /// Takes it out, once.
    pub fn take(&self) -> Option<Answer> {
        self.0.lock().ok()?.take()
    }
}

/// The content of an answer with a file, to be read part by part, on any thread.
#[pyclass(frozen, module = "spica._core")]
pub struct FileContent(Mutex<Rest>);

struct Rest {
    file: Option<File>,
    segments: VecDeque<Segment>,
}

impl FileContent {
    /// From its beginning.
    pub fn new(body: Body) -> Self {
        FileContent(Mutex::new(match body {
            Body::Empty => Rest { file: None, segments: VecDeque::new() },
            Body::Segments { file, segments } => Rest { file: Some(file), segments: segments.into() },
        }))
    }
}

#[pymethods]
impl FileContent {
    /// Read the next octets, `limit` at most; b"" at the end. Raises OSError when the file has become shorter.
    fn read<'py>(&self, py: Python<'py>, limit: usize) -> PyResult<Bound<'py, PyBytes>> {
        let read =
            py.detach(|| self.0.lock().map_err(|_| io::ErrorKind::Other.into()).and_then(|mut it| it.read(limit)));
        Ok(PyBytes::new(py, &read?))
    }
}

impl Rest {
    fn read(&mut self, limit: usize) -> io::Result<Vec<u8>> {
        match (self.segments.pop_front(), &self.file) {
            (Some(Segment::File { offset, len }), Some(file)) => {
                let now = len.min(limit.max(1) as u64);
                let mut octets = vec![0; now as usize];
                file.read_exact_at(&mut octets, offset)?;
                if now < len {
                    self.segments.push_front(Segment::File { offset: offset + now, len: len - now });
                }
                Ok(octets)
            }
            (Some(Segment::Bytes(bytes)), _) => Ok(bytes),
            (Some(Segment::File { .. }), None) | (None, _) => Ok(Vec::new()),
        }
    }
}
