//! From the bytes of a connection to a [`Head`].

use std::mem::MaybeUninit;

use httparse::{Error, Request};

use crate::framing::Framing;
use crate::head::{Field, Head, Span};
use crate::limits::{Limits, MAX_FIELDS};
use crate::refusal::{
    Refusal, CONNECT, FIELD_NAME, FIELD_VALUE, METHOD_TOO_LONG, REQUEST_LINE, START, TOO_MANY_FIELDS, VERSION,
};
use crate::scan::scan;
use crate::syntax::is_token;
use crate::target::Target;

/// The longest registered method, UPDATEREDIRECTREF, has 17 letters.
const MAX_METHOD: usize = 24;

const VERSION_LENGTH: usize = "HTTP/1.1".len();

/// Parse the head at the start of `buf`.
///
/// Args:    `buf`, what has been received since the end of the previous request; `scanned`, 0 for a new head, kept by the caller
///          between calls for the same head (it saves searching the same bytes again, and is 0 again after the head's end);
///          `head`, filled when the head is complete, else unspecified.
/// Returns: `true` when the head is complete, `false` when more bytes are needed.
/// Raises:  [`Refusal`], see the table on the crate page.
/// Source:  RFC 9112 sections 2 to 6.
pub fn parse_head(buf: &[u8], scanned: &mut usize, limits: &Limits, head: &mut Head) -> Result<bool, Refusal> {
    let Some(start) = find_start(buf)? else {
        return Ok(false);
    };
    let seen = scan(buf, start, *scanned, limits);
    if let Ok(Some(end)) = seen.end {
        *scanned = 0;
        parse_complete(&buf[..end], start, limits, head)?;
        return Ok(true);
    }
    if let Some(line_end) = seen.line_end {
        check_line(&buf[..line_end], start)?;
    }
    *scanned = buf.len();
    seen.end.map(|_| false)
}

/// Skip one empty line (RFC 9112 section 2.2); `None` when the method has not begun.
fn find_start(buf: &[u8]) -> Result<Option<usize>, Refusal> {
    let (start, rest) = match buf {
        [b'\r', b'\n', rest @ ..] => (2, rest),
        [b'\r'] => return Ok(None),
        _ => (0, buf),
    };
    match rest.first() {
        None => Ok(None),
        Some(&octet) if is_token(octet) => Ok(Some(start)),
        Some(_) => Err(START),
    }
}

/// Refuse a broken request line as soon as it has ended, without waiting for the fields.
fn check_line(buf: &[u8], start: usize) -> Result<(), Refusal> {
    let mut request = Request::new(&mut []);
    let outcome = request.parse(&buf[start..]);
    Line::of(buf, start, &request)?;
    match outcome {
        Ok(_) => Ok(()),
        Err(_) => Err(REQUEST_LINE),
    }
}

fn parse_complete(buf: &[u8], start: usize, limits: &Limits, head: &mut Head) -> Result<(), Refusal> {
    let mut storage = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut request = Request::new(&mut []);
    let outcome = request.parse_with_uninit_headers(&buf[start..], &mut storage[..limits.fields.min(MAX_FIELDS)]);
    let line = Line::of(buf, start, &request)?;
    match outcome {
        Ok(httparse::Status::Complete(length)) if start + length == buf.len() => {}
        // Not reached: the scan has found the same end. If the two ever disagreed, the request must not be served.
        Ok(_) => return Err(REQUEST_LINE),
        Err(error) => return Err(refusal_of(error)),
    }
    let mut framing = Framing::new(line.minor);
    head.fields.clear();
    for field in request.headers.iter() {
        let spans = Field { name: Span::locate(buf, field.name.as_bytes()), value: Span::locate(buf, field.value) };
        framing.note(field.name.as_bytes(), field.value, spans.value)?;
        head.fields.push(spans);
    }
    head.method = line.method;
    head.minor = line.minor;
    head.target = line.target.whole;
    head.path = line.target.path;
    head.query = line.target.query;
    head.len = buf.len();
    framing.finish(buf, line.target.authority, head)
}

fn refusal_of(error: Error) -> Refusal {
    match error {
        Error::HeaderName | Error::NewLine => FIELD_NAME,
        Error::HeaderValue => FIELD_VALUE,
        Error::TooManyHeaders => TOO_MANY_FIELDS,
        Error::Status | Error::Token | Error::Version => REQUEST_LINE,
    }
}

struct Line {
    method: Span,
    target: Target,
    minor: u8,
}

impl Line {
    /// What httparse found of the request line; `buf` holds at least that line, which begins at `start`.
    fn of(buf: &[u8], start: usize, request: &Request<'_, '_>) -> Result<Self, Refusal> {
        let (Some(method), Some(target)) = (request.method, request.path) else {
            return Err(REQUEST_LINE);
        };
        let Some(minor) = request.version else {
            return Err(version_refusal(&buf[start + method.len() + target.len() + 2..]));
        };
        let version_end = start + method.len() + 1 + target.len() + 1 + VERSION_LENGTH;
        if !buf[version_end..].starts_with(b"\r\n") {
            return Err(REQUEST_LINE);
        }
        if method.len() > MAX_METHOD {
            return Err(METHOD_TOO_LONG);
        }
        if method == "CONNECT" {
            return Err(CONNECT);
        }
        Ok(Self {
            method: Span::new(start, start + method.len()),
            target: Target::parse(target.as_bytes(), start + method.len() + 1, method == "OPTIONS")?,
            minor,
        })
    }
}

/// A version of the right form is not supported; anything else is not a version.
fn version_refusal(rest: &[u8]) -> Refusal {
    match rest {
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor, b'\r', ..]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            VERSION
        }
        _ => REQUEST_LINE,
    }
}
