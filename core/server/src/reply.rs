//! Writing one response: nothing broken can be emitted (promise 7).
//!
//! The message's framing (Content-Length, Connection, what HEAD, 204 and 304 leave out) is decided here and nowhere else.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::rc::Rc;

use spica_http1::response::{body_allowed, check_field, length_allowed, push_decimal, push_field, push_status_line};

use crate::clock::Clock;
use crate::outbox::Outbox;

/// Files up to this size are read into the answer; larger ones go by sendfile.
const SMALL_FILE: u64 = 64 * 1024;

/// A part of a file.
pub struct FilePart {
    /// Open for reading.
    pub file: Rc<File>,
    /// Where the part begins.
    pub offset: u64,
    /// Octets of it.
    pub len: u64,
}

/// A part of a response's content, in order.
pub enum Segment {
    /// In memory.
    Bytes(Vec<u8>),
    /// In a file.
    File(FilePart),
}

impl Segment {
    /// Octets of it.
    pub fn len(&self) -> u64 {
        match self {
            Segment::Bytes(bytes) => bytes.len() as u64,
            Segment::File(part) => part.len,
        }
    }

    /// Whether it has no octets.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The version that a response is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Has no chunks and must be told that the connection stays.
    Http10,
    /// The usual.
    Http11,
    /// Frames its own content and has no fields about the connection.
    Http2,
}

/// What of the request decides the form of its response; kept while a handler waits.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The request was HEAD: everything but the content.
    pub head_only: bool,
    /// The connection may serve another request.
    pub keep_alive: bool,
    /// What the client speaks.
    pub version: Version,
}

/// What was answered, for the log and the connection.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// The status written.
    pub status: u16,
    /// Content bytes written or queued.
    pub bytes: u64,
    /// The connection closes after it.
    pub close: bool,
}

/// Why a response was not written. Nothing of it has been.
#[derive(Debug)]
pub enum ReplyError {
    /// Not a final status (200 to 599).
    Status(u16),
    /// A field's name or value holds what HTTP cannot carry.
    Field(String),
    /// A field that frames the message and is written by the core alone, or a wrong Content-Length.
    Framing(String),
    /// The file could not be read.
    File(std::io::Error),
}

impl fmt::Display for ReplyError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReplyError::Status(status) => write!(out, "a response's status must be from 200 to 599, not {status}"),
            ReplyError::Field(text) => write!(out, "a response field can't be sent: {text}"),
            ReplyError::Framing(text) => write!(out, "a response field contradicts the message: {text}"),
            ReplyError::File(error) => write!(out, "the response's file can't be read: {error}"),
        }
    }
}

/// Response fields that are the same for a second: Date and the application's own.
pub struct Heads {
    defaults: Vec<(String, String)>,
    common: Vec<u8>,
    ok: Vec<u8>,
}

impl Heads {
    /// Checks the defaults, so that they need no check per response.
    pub fn new(defaults: &[(String, String)], clock: &Clock) -> Result<Self, ReplyError> {
        for (name, value) in defaults {
            check_field(name.as_bytes(), value.as_bytes()).map_err(|error| ReplyError::Field(error.to_string()))?;
        }
        let mut heads = Heads { defaults: defaults.to_vec(), common: Vec::new(), ok: Vec::new() };
        heads.refresh(clock);
        Ok(heads)
    }

    /// Renders the new second.
    pub fn refresh(&mut self, clock: &Clock) {
        self.common.clear();
        push_line(&mut self.common, b"date", clock.date().as_bytes());
        for (name, value) in &self.defaults {
            push_line(&mut self.common, name.as_bytes(), value.as_bytes());
        }
        self.ok.clear();
        push_status_line(&mut self.ok, 200);
        self.ok.extend_from_slice(&self.common);
    }
}

/// Content of a response.
pub enum Body<'b> {
    /// In memory.
    Bytes(&'b [u8]),
    /// A file, whole.
    File(File),
    /// Parts of files and what is between them.
    Segments(Vec<Segment>),
}

/// How the end of a streamed response's content is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// By the last chunk.
    Chunked,
    /// By the declared length.
    Length,
    /// By the end of the connection: HTTP/1.0.
    Close,
}

/// A response whose content comes piece by piece.
pub(crate) struct Streaming {
    pub outbox: Rc<Outbox>,
    pub framing: Framing,
    pub status: u16,
    pub sent: u64,
}

/// How long a response's content is.
#[derive(Clone, Copy)]
enum Length {
    Known(u64),
    /// Known to the handler, if its own Content-Length says so.
    Streamed(Option<u64>),
}

/// The place where one request's response is written.
pub struct Reply<'a> {
    out: &'a mut Vec<u8>,
    tail: &'a mut Vec<Segment>,
    heads: &'a Heads,
    shape: Shape,
    answer: Option<Answer>,
    streaming: Option<Streaming>,
}

impl<'a> Reply<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>, tail: &'a mut Vec<Segment>, heads: &'a Heads, shape: Shape) -> Self {
        Reply { out, tail, heads, shape, answer: None, streaming: None }
    }

    pub(crate) fn take_streaming(&mut self) -> Option<Streaming> {
        self.streaming.take()
    }

    pub(crate) fn answer(&self) -> Option<Answer> {
        self.answer
    }

    /// Writes a response that has no fields of its own but its content's type.
    pub fn content(&mut self, status: u16, content_type: &str, body: &[u8]) {
        if status == 200 {
            self.out.extend_from_slice(&self.heads.ok);
        } else {
            push_status_line(self.out, status);
            self.out.extend_from_slice(&self.heads.common);
        }
        let allowed = body_allowed(status);
        if allowed {
            push_line(self.out, b"content-type", content_type.as_bytes());
        }
        if length_allowed(status) {
            self.push_length(if allowed { body.len() as u64 } else { 0 });
        }
        self.push_connection();
        self.out.extend_from_slice(b"\r\n");
        let bytes = if allowed && !self.shape.head_only { body } else { b"" };
        self.out.extend_from_slice(bytes);
        self.finish(status, bytes.len() as u64);
    }

    /// Says that there is too much to do now (RFC 9110 15.6.4).
    pub(crate) fn overloaded(&mut self) {
        let fields = [(&b"content-type"[..], &b"text/plain; charset=utf-8"[..]), (b"retry-after", b"1")];
        // Fixed fields: this can't be refused.
        let _ =
            self.response(503, fields.into_iter(), Body::Bytes(b"503 Service Unavailable: too many requests wait\n"));
    }

    /// Writes a response with fields of its own.
    ///
    /// # Errors
    /// When HTTP can't carry it; then nothing is written and another response may be.
    pub fn response<'f>(
        &mut self,
        status: u16,
        fields: impl Iterator<Item = (&'f [u8], &'f [u8])> + Clone,
        body: Body<'_>,
    ) -> Result<(), ReplyError> {
        let start = self.out.len();
        let written = self.try_response(status, fields, body);
        if written.is_err() {
            self.out.truncate(start);
        }
        written
    }

    /// Writes the head of a response whose content comes piece by piece. Returns where the content goes; `None` when
    /// none is wanted (HEAD, 204, 304), and then the response is whole.
    ///
    /// # Errors
    /// As [`Reply::response`].
    pub fn stream<'f>(
        &mut self,
        status: u16,
        fields: impl Iterator<Item = (&'f [u8], &'f [u8])> + Clone,
    ) -> Result<Option<Rc<Outbox>>, ReplyError> {
        let start = self.out.len();
        let length =
            self.push_head(status, fields, Length::Streamed(None)).inspect_err(|_| self.out.truncate(start))?;
        self.finish(status, 0);
        if !body_allowed(status) || self.shape.head_only {
            return Ok(None);
        }
        let (framing, length) = match length {
            Length::Known(length) | Length::Streamed(Some(length)) => (Framing::Length, Some(length)),
            Length::Streamed(None) if self.shape.version == Version::Http10 => (Framing::Close, None),
            Length::Streamed(None) => (Framing::Chunked, None),
        };
        let outbox = Rc::new(Outbox::new(length));
        self.streaming = Some(Streaming { outbox: outbox.clone(), framing, status, sent: 0 });
        Ok(Some(outbox))
    }

    fn try_response<'f>(
        &mut self,
        status: u16,
        fields: impl Iterator<Item = (&'f [u8], &'f [u8])> + Clone,
        body: Body<'_>,
    ) -> Result<(), ReplyError> {
        let len = match &body {
            Body::Bytes(bytes) => bytes.len() as u64,
            Body::File(file) => file.metadata().map_err(ReplyError::File)?.len(),
            Body::Segments(segments) => segments.iter().map(Segment::len).sum(),
        };
        self.push_head(status, fields, Length::Known(len))?;
        let sent = body_allowed(status) && !self.shape.head_only;
        if sent {
            self.push_body(body, len)?;
        }
        self.finish(status, if sent { len } else { 0 });
        Ok(())
    }

    fn push_head<'f>(
        &mut self,
        status: u16,
        fields: impl Iterator<Item = (&'f [u8], &'f [u8])> + Clone,
        mut length: Length,
    ) -> Result<Length, ReplyError> {
        if !(200..=599).contains(&status) {
            return Err(ReplyError::Status(status));
        }
        push_status_line(self.out, status);
        push_line(self.out, b"date", self.heads.common.get(6..35).unwrap_or_default());
        for (name, value) in &self.heads.defaults {
            if !fields.clone().any(|(own, _)| own.eq_ignore_ascii_case(name.as_bytes())) {
                push_line(self.out, name.as_bytes(), value.as_bytes());
            }
        }
        for (name, value) in fields {
            if self.is_framing(name, value, &mut length)? {
                continue;
            }
            push_field(self.out, name, value)
                .map_err(|error| ReplyError::Field(format!("{}: {error}", String::from_utf8_lossy(name))))?;
        }
        if length_allowed(status) {
            match length {
                Length::Known(len) | Length::Streamed(Some(len)) => {
                    self.push_length(if body_allowed(status) { len } else { 0 });
                }
                Length::Streamed(None) if self.shape.version == Version::Http10 => self.shape.keep_alive = false,
                Length::Streamed(None) if self.shape.version == Version::Http11 && body_allowed(status) => {
                    self.out.extend_from_slice(b"transfer-encoding: chunked\r\n");
                }
                Length::Streamed(None) => {}
            }
        }
        self.push_connection();
        self.out.extend_from_slice(b"\r\n");
        Ok(length)
    }

    fn push_body(&mut self, body: Body<'_>, len: u64) -> Result<(), ReplyError> {
        match body {
            Body::Bytes(bytes) => self.out.extend_from_slice(bytes),
            Body::File(file) if len <= SMALL_FILE => {
                let read = file.take(len).read_to_end(self.out).map_err(ReplyError::File)?;
                if read as u64 != len {
                    return Err(ReplyError::File(std::io::ErrorKind::UnexpectedEof.into()));
                }
            }
            Body::File(file) => self.tail.push(Segment::File(FilePart { file: Rc::new(file), offset: 0, len })),
            Body::Segments(segments) => self.tail.extend(segments),
        }
        Ok(())
    }

    /// Handles a field that only the core writes. Returns whether it was one.
    fn is_framing(&mut self, name: &[u8], value: &[u8], length: &mut Length) -> Result<bool, ReplyError> {
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"date") => Ok(true),
            10 if name.eq_ignore_ascii_case(b"connection") => {
                self.shape.keep_alive &= !value.eq_ignore_ascii_case(b"close");
                Ok(true)
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                let declared = std::str::from_utf8(value).ok().and_then(|text| text.parse::<u64>().ok());
                match (*length, declared) {
                    (Length::Known(len), Some(declared)) if len == declared => Ok(true),
                    (Length::Streamed(None), Some(declared)) => {
                        *length = Length::Streamed(Some(declared));
                        Ok(true)
                    }
                    (Length::Known(len), _) => {
                        let value = String::from_utf8_lossy(value);
                        Err(ReplyError::Framing(format!("content-length: {value:?}, but the content has {len} bytes")))
                    }
                    (Length::Streamed(_), _) => {
                        let value = String::from_utf8_lossy(value);
                        Err(ReplyError::Framing(format!("content-length: {value:?} is no length, or the second one")))
                    }
                }
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                Err(ReplyError::Framing("transfer-encoding is chosen by the server".to_owned()))
            }
            _ => Ok(false),
        }
    }

    fn push_length(&mut self, len: u64) {
        self.out.extend_from_slice(b"content-length: ");
        push_decimal(self.out, len);
        self.out.extend_from_slice(b"\r\n");
    }

    fn push_connection(&mut self) {
        if self.shape.version == Version::Http2 {
            return;
        }
        if !self.shape.keep_alive {
            self.out.extend_from_slice(b"connection: close\r\n");
        } else if self.shape.version == Version::Http10 {
            self.out.extend_from_slice(b"connection: keep-alive\r\n");
        }
    }

    fn finish(&mut self, status: u16, bytes: u64) {
        self.answer = Some(Answer { status, bytes, close: !self.shape.keep_alive });
    }
}

fn push_line(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}
