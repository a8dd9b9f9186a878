//! The fields that decide where a request ends and whether the connection goes on.

use crate::head::{Content, Head, Span};
use crate::host::is_host;
use crate::refusal::{
    Refusal, CODING, CODING_AND_LENGTH, CODING_IN_1_0, CODING_UNKNOWN, CONTENT_TOO_LARGE, EXPECTATION, HOST,
    HOST_MISSING, HOST_REPEATED, LENGTH, LENGTH_REPEATED, TARGET_HOST,
};
use crate::syntax::{is_token, trim};

/// Collects what the fields say, one [`Framing::note`] a field, then [`Framing::finish`].
pub(crate) struct Framing {
    minor: u8,
    host: Option<Span>,
    length: Option<u64>,
    coding: Option<Coding>,
    close: bool,
    keep_alive: bool,
    expects_continue: bool,
}

#[derive(Clone, Copy)]
enum Coding {
    Chunked,
    /// Codings we do not know, then `chunked`: framed, but not readable.
    Unknown,
    /// Anything else: the end of the request is not known.
    Broken,
}

impl Framing {
    pub(crate) fn new(minor: u8) -> Self {
        Self { minor, host: None, length: None, coding: None, close: false, keep_alive: false, expects_continue: false }
    }

    /// Look at one field. Most names are told apart by their length alone.
    #[inline]
    pub(crate) fn note(&mut self, name: &[u8], value: &[u8], span: Span) -> Result<(), Refusal> {
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.note_host(value, span),
            6 if name.eq_ignore_ascii_case(b"expect") => self.note_expect(value),
            10 if name.eq_ignore_ascii_case(b"connection") => {
                self.note_connection(value);
                Ok(())
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => self.note_length(value),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                self.note_coding(value);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn note_host(&mut self, value: &[u8], span: Span) -> Result<(), Refusal> {
        if self.host.is_some() {
            return Err(HOST_REPEATED);
        }
        if !is_host(value) {
            return Err(HOST);
        }
        self.host = Some(span);
        Ok(())
    }

    /// RFC 9110 section 10.1.1: an expectation in HTTP/1.0 is ignored.
    fn note_expect(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.minor == 0 {
            return Ok(());
        }
        if !value.eq_ignore_ascii_case(b"100-continue") {
            return Err(EXPECTATION);
        }
        self.expects_continue = true;
        Ok(())
    }

    fn note_connection(&mut self, value: &[u8]) {
        for option in value.split(|&octet| octet == b',').map(trim) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }

    fn note_length(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.length.is_some() {
            return Err(LENGTH_REPEATED);
        }
        self.length = Some(parse_length(value)?);
        Ok(())
    }

    fn note_coding(&mut self, value: &[u8]) {
        self.coding = Some(match self.coding {
            None => Coding::of(value),
            Some(_) => Coding::Broken,
        });
    }

    /// Decide, and write the decision into `head`. `authority` is that of an absolute target.
    pub(crate) fn finish(self, buf: &[u8], authority: Option<Span>, head: &mut Head) -> Result<(), Refusal> {
        head.host = self.decide_host(buf, authority)?;
        head.content = self.decide_content()?;
        head.keep_alive = !self.close && (self.minor == 1 || self.keep_alive);
        head.expects_continue = self.expects_continue && !matches!(head.content, Content::None | Content::Length(0));
        Ok(())
    }

    fn decide_host(&self, buf: &[u8], authority: Option<Span>) -> Result<Option<Span>, Refusal> {
        match (self.host, authority) {
            (None, _) if self.minor == 1 => Err(HOST_MISSING),
            (None, Some(authority)) if !is_host(authority.of(buf)) => Err(TARGET_HOST),
            (None, authority) => Ok(authority),
            (Some(host), Some(authority)) if !host.of(buf).eq_ignore_ascii_case(authority.of(buf)) => Err(TARGET_HOST),
            (host, _) => Ok(host),
        }
    }

    fn decide_content(&self) -> Result<Content, Refusal> {
        match (self.coding, self.length) {
            (None, None) => Ok(Content::None),
            (None, Some(length)) => Ok(Content::Length(length)),
            (Some(_), _) if self.minor == 0 => Err(CODING_IN_1_0),
            (Some(_), Some(_)) => Err(CODING_AND_LENGTH),
            (Some(Coding::Chunked), None) => Ok(Content::Chunked),
            (Some(Coding::Unknown), None) => Err(CODING_UNKNOWN),
            (Some(Coding::Broken), None) => Err(CODING),
        }
    }
}

impl Coding {
    /// RFC 9112 sections 6.1 and 6.3: `chunked` must be last and there only once.
    fn of(value: &[u8]) -> Self {
        let is_chunked = |coding: &[u8]| coding.eq_ignore_ascii_case(b"chunked");
        if is_chunked(value) {
            return Self::Chunked;
        }
        let mut codings: Vec<&[u8]> = value.split(|&octet| octet == b',').map(trim).collect();
        let framed = codings.pop().is_some_and(is_chunked);
        let unknown =
            |coding: &&[u8]| !coding.is_empty() && coding.iter().all(|&octet| is_token(octet)) && !is_chunked(coding);
        match framed && codings.iter().all(unknown) {
            true => Self::Unknown,
            false => Self::Broken,
        }
    }
}

/// RFC 9112 section 6.3 and RFC 9110 section 8.6: digits, and no silent overflow.
fn parse_length(value: &[u8]) -> Result<u64, Refusal> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(LENGTH);
    }
    value
        .iter()
        .try_fold(0_u64, |length, digit| length.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
        .ok_or(CONTENT_TOO_LARGE)
}
