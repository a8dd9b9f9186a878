//! Writing one response: nothing broken can be emitted (promise 7).
//!
//! The message's framing (Content-Length, Connection, what HEAD, 204 and 304 leave out) is decided here and nowhere else.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::rc::Rc;

use spica_coding::fields::vary_on_encoding;
use spica_files as files;
use spica_http1::response::{body_allowed, check_field, length_allowed, push_decimal, push_field, push_status_line};
use spica_http1::Head;

use crate::clock::Clock;
use crate::compression::{Coded, Codings, Compressor, StreamEncoder};
use crate::files::merge_fields;
use crate::outbox::Outbox;

/// Contents of files up to this size are read into the answer; larger ones go by sendfile.
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

impl Version {
    /// That of a request which came as HTTP/1.
    pub(crate) fn of(head: &Head) -> Self {
        match head.minor {
            0 => Self::Http10,
            _ => Self::Http11,
        }
    }
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
    /// How its content may be encoded.
    pub codings: Codings,
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
    pub encoder: Option<StreamEncoder>,
    /// The rest can't be encoded.
    pub is_broken: bool,
}

/// How long a response's content is.
#[derive(Clone, Copy)]
enum Length {
    /// What the handler made, and what goes out in its coding.
    Known { made: u64, sent: u64 },
    /// Known to the handler, if its own Content-Length says so.
    Streamed(Option<u64>),
}

/// The place where one request's response is written.
pub struct Reply<'a> {
    out: &'a mut Vec<u8>,
    tail: &'a mut Vec<Segment>,
    heads: &'a Heads,
    compressor: &'a Compressor,
    shape: Shape,
    wanted: Option<bool>,
    answer: Option<Answer>,
    streaming: Option<Box<Streaming>>,
}

impl<'a> Reply<'a> {
    pub(crate) fn new(
        out: &'a mut Vec<u8>,
        tail: &'a mut Vec<Segment>,
        heads: &'a Heads,
        compressor: &'a Compressor,
        shape: Shape,
    ) -> Self {
        Reply { out, tail, heads, compressor, shape, wanted: None, answer: None, streaming: None }
    }

    pub(crate) fn take_streaming(&mut self) -> Option<Box<Streaming>> {
        self.streaming.take()
    }

    pub(crate) fn answer(&self) -> Option<Answer> {
        self.answer
    }

    /// Whether the response may have fields about its connection.
    pub(crate) fn is_http1(&self) -> bool {
        self.shape.version != Version::Http2
    }

    /// Whether it makes a difference what [`Reply::compress`] says about whole content of this length.
    pub fn may_compress(&self, len: usize) -> bool {
        self.compressor.may_encode(len)
    }

    /// Says whether the next response may be compressed: never, or also where the request has credentials. `None` leaves
    /// it to the policy.
    pub fn compress(&mut self, wanted: Option<bool>) {
        self.wanted = wanted;
    }

    /// Writes a response that has no fields of its own but its content's type.
    pub fn content(&mut self, status: u16, content_type: &str, body: &[u8]) {
        if self.compressor.may_encode(body.len()) {
            let fields = [(&b"content-type"[..], content_type.as_bytes())].into_iter();
            let coded =
                self.compressor.decide(self.shape.codings, self.wanted, status, fields.clone(), Some(body.len()));
            // The application's own types can be sent, so this can't be refused; if it is, it goes as it is.
            if coded.varies && self.response(status, fields, Body::Bytes(body)).is_ok() {
                return;
            }
        }
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
        let mut coded = self.compressor.decide(self.shape.codings, self.wanted, status, fields.clone(), None);
        let encoder = coded.coding.and_then(|coding| self.compressor.encode_stream(coding));
        if encoder.is_none() {
            coded.coding = None;
        }
        let length =
            self.push_head(status, fields, Length::Streamed(None), coded).inspect_err(|_| self.out.truncate(start))?;
        self.finish(status, 0);
        if !body_allowed(status) || self.shape.head_only {
            return Ok(None);
        }
        let (framing, length) = match length {
            // What the handler declared still has to come, but it is not what is sent.
            Length::Streamed(length) if encoder.is_some() => (self.unknown_length(), length),
            Length::Known { sent: length, .. } | Length::Streamed(Some(length)) => (Framing::Length, Some(length)),
            Length::Streamed(None) => (self.unknown_length(), None),
        };
        let outbox = Rc::new(Outbox::new(length));
        let streaming = Streaming { outbox: outbox.clone(), framing, status, sent: 0, encoder, is_broken: false };
        self.streaming = Some(Box::new(streaming));
        Ok(Some(outbox))
    }

    fn unknown_length(&self) -> Framing {
        match self.shape.version {
            Version::Http10 => Framing::Close,
            Version::Http11 | Version::Http2 => Framing::Chunked,
        }
    }

    /// Writes an answer with a file. `own`: what the handler says besides; what the file says itself counts more.
    ///
    /// # Errors
    /// As [`Reply::response`].
    pub fn file<'f>(
        &mut self,
        answer: files::Answer,
        own: impl Iterator<Item = (&'f [u8], &'f [u8])>,
    ) -> Result<(), ReplyError> {
        let start = self.out.len();
        let written = self.try_file(answer, own);
        if written.is_err() {
            self.out.truncate(start);
        }
        written
    }

    fn try_file<'f>(
        &mut self,
        answer: files::Answer,
        own: impl Iterator<Item = (&'f [u8], &'f [u8])>,
    ) -> Result<(), ReplyError> {
        let own: Vec<_> = own.collect();
        let fields = merge_fields(&answer, own.into_iter());
        let length = Length::Known { made: answer.len, sent: answer.len };
        self.push_head(answer.status, fields.into_iter(), length, Coded::default())?;
        let files::Body::Segments { file, segments } = answer.body else {
            self.finish(answer.status, 0);
            return Ok(());
        };
        self.finish_with(answer.status, answer.len, Body::Segments(parts_of(file, segments)))
    }

    fn try_response<'f>(
        &mut self,
        status: u16,
        fields: impl Iterator<Item = (&'f [u8], &'f [u8])> + Clone,
        body: Body<'_>,
    ) -> Result<(), ReplyError> {
        let (mut coded, mut encoded) = (Coded::default(), None);
        if let Body::Bytes(bytes) = &body {
            if self.compressor.may_encode(bytes.len()) {
                let (codings, len) = (self.shape.codings, Some(bytes.len()));
                coded = self.compressor.decide(codings, self.wanted, status, fields.clone(), len);
                encoded = coded.coding.and_then(|coding| self.compressor.encode(coding, bytes));
            }
        }
        if encoded.is_none() {
            coded.coding = None;
        }
        let original = match &body {
            Body::Bytes(bytes) => bytes.len() as u64,
            Body::Segments(segments) => segments.iter().map(Segment::len).sum(),
        };
        let body = encoded.as_deref().map_or(body, Body::Bytes);
        let len = encoded.as_ref().map_or(original, |encoded| encoded.len() as u64);
        self.push_head(status, fields, Length::Known { made: original, sent: len }, coded)?;
        self.finish_with(status, len, body)
    }

    /// Writes the content of a response whose head is written.
    fn finish_with(&mut self, status: u16, len: u64, body: Body<'_>) -> Result<(), ReplyError> {
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
        coded: Coded,
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
        let mut varies = !coded.varies;
        for (name, value) in fields {
            if self.is_framing(name, value, &mut length)? {
                continue;
            }
            let value = if coded.varies { coded.change(name, value, &mut varies) } else { Cow::Borrowed(value) };
            push_field(self.out, name, &value)
                .map_err(|error| ReplyError::Field(format!("{}: {error}", String::from_utf8_lossy(name))))?;
        }
        if !varies {
            push_line(self.out, b"vary", b"accept-encoding");
        }
        if let Some(coding) = coded.coding {
            push_line(self.out, b"content-encoding", coding.token().as_bytes());
        }
        if length_allowed(status) {
            match length {
                Length::Streamed(Some(_)) if coded.coding.is_some() => self.push_unknown_length(status),
                Length::Known { sent: len, .. } | Length::Streamed(Some(len)) => {
                    self.push_length(if body_allowed(status) { len } else { 0 });
                }
                Length::Streamed(None) => self.push_unknown_length(status),
            }
        }
        self.push_connection();
        self.out.extend_from_slice(b"\r\n");
        Ok(length)
    }

    fn push_unknown_length(&mut self, status: u16) {
        match self.shape.version {
            Version::Http10 => self.shape.keep_alive = false,
            Version::Http11 if body_allowed(status) => {
                self.out.extend_from_slice(b"transfer-encoding: chunked\r\n");
            }
            Version::Http11 | Version::Http2 => {}
        }
    }

    fn push_body(&mut self, body: Body<'_>, len: u64) -> Result<(), ReplyError> {
        match body {
            Body::Bytes(bytes) => self.out.extend_from_slice(bytes),
            Body::Segments(segments) if len <= SMALL_FILE => {
                for segment in &segments {
                    self.push_segment(segment).map_err(ReplyError::File)?;
                }
            }
            Body::Segments(segments) => self.tail.extend(segments),
        }
        Ok(())
    }

    fn push_segment(&mut self, segment: &Segment) -> std::io::Result<()> {
        match segment {
            Segment::Bytes(bytes) => self.out.extend_from_slice(bytes),
            Segment::File(part) => {
                let start = self.out.len();
                self.out.resize(start + part.len as usize, 0);
                part.file.read_exact_at(&mut self.out[start..], part.offset)?;
            }
        }
        Ok(())
    }

    /// Handles a field that only the core writes. Returns whether it was one.
    fn is_framing(&mut self, name: &[u8], value: &[u8], length: &mut Length) -> Result<bool, ReplyError> {
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"date") => Ok(true),
            10 if name.eq_ignore_ascii_case(b"connection") => {
                self.shape.keep_alive &= !value.eq_ignore_ascii_case(b"close");
                if value == b"upgrade" && self.shape.version == Version::Http11 {
                    self.out.extend_from_slice(b"connection: upgrade\r\n");
                }
                Ok(true)
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                let declared = std::str::from_utf8(value).ok().and_then(|text| text.parse::<u64>().ok());
                match (*length, declared) {
                    (Length::Known { made, .. }, Some(declared)) if made == declared => Ok(true),
                    (Length::Streamed(None), Some(declared)) => {
                        *length = Length::Streamed(Some(declared));
                        Ok(true)
                    }
                    (Length::Known { made: len, .. }, _) => {
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

impl Coded {
    /// What a coding changes in a response's own field (RFC 9110 sections 12.5.5 and 8.8.3.3).
    fn change<'f>(self, name: &[u8], value: &'f [u8], varies: &mut bool) -> Cow<'f, [u8]> {
        if self.coding.is_some() && name.eq_ignore_ascii_case(b"etag") && !value.starts_with(b"W/") {
            return Cow::Owned([b"W/", value].concat());
        }
        if !*varies && name.eq_ignore_ascii_case(b"vary") {
            *varies = true;
            if let Some(changed) = std::str::from_utf8(value).ok().and_then(vary_on_encoding) {
                return Cow::Owned(changed.into_bytes());
            }
        }
        Cow::Borrowed(value)
    }
}

/// Where the parts of an answer with a file lie.
fn parts_of(file: File, segments: Vec<files::Segment>) -> Vec<Segment> {
    let file = Rc::new(file);
    let part = |segment| match segment {
        files::Segment::Bytes(bytes) => Segment::Bytes(bytes),
        files::Segment::File { offset, len } => Segment::File(FilePart { file: file.clone(), offset, len }),
    };
    segments.into_iter().map(part).collect()
}

fn push_line(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}
