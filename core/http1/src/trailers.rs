//! The trailer section after the last chunk (RFC 9112 section 7.1.2).

use httparse::{Error, Status, EMPTY_HEADER};

use crate::head::{Field, Span};
use crate::limits::MAX_FIELDS;
use crate::refusal::{Refusal, BARE_LF, FIELD_BLOCK_TOO_LARGE, TOO_MANY_FIELDS, TRAILER, TRAILER_FORBIDDEN};

const CRLF: usize = 2;

/// Collects the trailer section; owns memory only when there are trailers.
#[derive(Debug)]
pub(crate) struct Trailers {
    block: Vec<u8>,
    fields: Vec<Field>,
    block_left: usize,
    fields_left: usize,
}

impl Trailers {
    /// `block` and `fields` are what the limits still allow after the head.
    pub(crate) fn new(block: usize, fields: usize) -> Self {
        Self { block: Vec::new(), fields: Vec::new(), block_left: block, fields_left: fields.min(MAX_FIELDS) }
    }

    /// Take one octet.
    ///
    /// Returns: `true` when it was the last one.
    pub(crate) fn push(&mut self, octet: u8) -> Result<bool, Refusal> {
        self.block.push(octet);
        if octet == b'\n' {
            match self.block.as_slice() {
                b"\r\n" => {
                    self.block = Vec::new();
                    return Ok(true);
                }
                [.., b'\r', b'\n', b'\r', b'\n'] => return self.parse().map(|()| true),
                [.., b'\r', b'\n'] => {}
                _ => return Err(BARE_LF),
            }
        }
        match self.block.len() >= self.block_left + CRLF {
            true => Err(FIELD_BLOCK_TOO_LARGE),
            false => Ok(false),
        }
    }

    fn parse(&mut self) -> Result<(), Refusal> {
        let mut storage = [EMPTY_HEADER; MAX_FIELDS];
        let (length, fields) = match httparse::parse_headers(&self.block, &mut storage[..self.fields_left]) {
            Ok(Status::Complete(parsed)) => parsed,
            Err(Error::TooManyHeaders) => return Err(TOO_MANY_FIELDS),
            Ok(Status::Partial) | Err(_) => return Err(TRAILER),
        };
        if length != self.block.len() {
            return Err(TRAILER);
        }
        for field in fields {
            if is_forbidden(field.name.as_bytes()) {
                return Err(TRAILER_FORBIDDEN);
            }
            let value = Span::locate(&self.block, field.value);
            self.fields.push(Field { name: Span::locate(&self.block, field.name.as_bytes()), value });
        }
        Ok(())
    }

    /// Names and values in order; names as sent.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields.iter().map(|field| (field.name.of(&self.block), field.value.of(&self.block)))
    }
}

/// RFC 9110 section 6.5.1: fields that frame, route, modify, authenticate or describe content come before it or not at all.
fn is_forbidden(name: &[u8]) -> bool {
    FORBIDDEN.iter().any(|forbidden| name.eq_ignore_ascii_case(forbidden.as_bytes()))
}

static FORBIDDEN: [&str; 32] = [
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
];
