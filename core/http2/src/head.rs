//! From the fields of HTTP/2 to the head of a request as HTTP/1.1 has it.
//!
//! The head is written as HTTP/1.1 and read by the parser of HTTP/1.1. So both versions are the same to everything above, and no
//! field reaches a handler that HTTP/1.1 could not carry.

use http::request::Parts;
use http::HeaderMap;
use spica_http1::{parse_head, Content, ContentReader, Head, Limits, Refusal};

use crate::event::Trailers;

/// A request's head.
#[derive(Clone, Debug)]
pub struct RequestHead {
    /// What the spans of `head` point into: the head as HTTP/1.1 would have it.
    pub bytes: Vec<u8>,
    /// Its parts. `content` is [`Content::Chunked`] when the length is not known beforehand.
    pub head: Head,
}

const PATH: Refusal = Refusal { status: 400, reason: "the path does not start with a slash" };
const SCHEME: Refusal = Refusal { status: 400, reason: "the scheme is neither http nor https" };
const AUTHORITY: Refusal = Refusal { status: 400, reason: "the authority is not the Host field" };
const VALUE: Refusal =
    Refusal { status: 400, reason: "a field value contains a control octet, or white space around it" };
const CONNECT: Refusal = Refusal { status: 501, reason: "CONNECT is for proxies" };
/// Content beyond the limit.
pub(crate) const CONTENT: Refusal = Refusal { status: 413, reason: "the content is larger than the limit" };

/// Build the head of a request; `end` says that it has no content.
///
/// Source: RFC 9113 sections 8.2 and 8.3, on top of what h2 has checked.
pub(crate) fn build_head(parts: &Parts, end: bool, limits: &Limits) -> Result<RequestHead, Refusal> {
    if parts.method == http::Method::CONNECT {
        return Err(CONNECT);
    }
    let bytes = render(parts)?;
    let mut head = Head::new();
    if !parse_head(&bytes, &mut 0, limits, &mut head)? {
        return Err(VALUE);
    }
    match head.content {
        Content::Length(length) if length > limits.content => return Err(CONTENT),
        Content::None if !end => {
            head.content = Content::Chunked;
            head.expects_continue = head.field(&bytes, b"expect").is_some();
        }
        _ => {}
    }
    Ok(RequestHead { bytes, head })
}

fn render(parts: &Parts) -> Result<Vec<u8>, Refusal> {
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    if !(target.starts_with('/') || target == "*") || target.bytes().any(|octet| octet <= b' ') {
        return Err(PATH);
    }
    if parts.uri.scheme_str().is_some_and(|scheme| scheme != "http" && scheme != "https") {
        return Err(SCHEME);
    }
    let mut bytes = Vec::with_capacity(256);
    for part in [parts.method.as_str(), " ", target, " HTTP/1.1\r\n"] {
        bytes.extend_from_slice(part.as_bytes());
    }
    if let Some(authority) = parts.uri.authority() {
        check_host(&parts.headers, authority.as_str())?;
        push(&mut bytes, b"host", authority.as_str().as_bytes())?;
    }
    push_fields(&mut bytes, &parts.headers, parts.uri.authority().is_some())?;
    bytes.extend_from_slice(b"\r\n");
    Ok(bytes)
}

/// RFC 9113 section 8.3.1: a Host field must say what `:authority` says.
fn check_host(fields: &HeaderMap, authority: &str) -> Result<(), Refusal> {
    let same = |host: &http::HeaderValue| host.as_bytes().eq_ignore_ascii_case(authority.as_bytes());
    match fields.get_all(http::header::HOST).iter().all(same) {
        true => Ok(()),
        false => Err(AUTHORITY),
    }
}

fn push_fields(bytes: &mut Vec<u8>, fields: &HeaderMap, has_host: bool) -> Result<(), Refusal> {
    let mut in_cookie = false;
    for (name, value) in fields {
        let is_cookie = name == http::header::COOKIE;
        if has_host && name == http::header::HOST {
            continue;
        }
        if is_cookie && in_cookie {
            // RFC 9113 section 8.2.3; a map of fields keeps the values of one name together.
            check_value(value.as_bytes())?;
            bytes.truncate(bytes.len().saturating_sub(2));
            bytes.extend_from_slice(b"; ");
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        } else {
            push(bytes, name.as_str().as_bytes(), value.as_bytes())?;
        }
        in_cookie = is_cookie;
    }
    Ok(())
}

fn push(bytes: &mut Vec<u8>, name: &[u8], value: &[u8]) -> Result<(), Refusal> {
    check_value(value)?;
    bytes.extend_from_slice(name);
    bytes.extend_from_slice(b": ");
    bytes.extend_from_slice(value);
    bytes.extend_from_slice(b"\r\n");
    Ok(())
}

/// RFC 9113 section 8.2.1, and what keeps one field from becoming two when it is written down.
fn check_value(value: &[u8]) -> Result<(), Refusal> {
    let is_space = |octet: Option<&u8>| matches!(octet, Some(b' ' | b'\t'));
    let broken = is_space(value.first()) || is_space(value.last());
    match broken || value.iter().any(|octet| matches!(octet, 0 | b'\r' | b'\n')) {
        true => Err(VALUE),
        false => Ok(()),
    }
}

/// Read a trailer section by the rules of HTTP/1.1; `block` and `fields` are what the limits leave after the head.
pub(crate) fn read_trailers(map: &HeaderMap, limits: &Limits, used: Used) -> Result<Trailers, Refusal> {
    let limits = Limits {
        field_block: limits.field_block.saturating_sub(used.block),
        fields: limits.fields.saturating_sub(used.fields),
        ..limits.clone()
    };
    let mut bytes = b"0\r\n".to_vec();
    for (name, value) in map {
        push(&mut bytes, name.as_str().as_bytes(), value.as_bytes())?;
    }
    bytes.extend_from_slice(b"\r\n");
    let mut reader = ContentReader::new(Content::Chunked, &limits)?;
    reader.feed(&bytes, &mut Vec::new())?;
    Ok(reader.trailers().map(|(name, value)| (name.to_vec(), value.to_vec())).collect())
}

/// What a head has used of the limits on fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Used {
    pub(crate) block: usize,
    pub(crate) fields: usize,
}

impl Used {
    pub(crate) fn by(request: &RequestHead) -> Self {
        Self { block: request.bytes.len(), fields: request.head.fields.len() }
    }
}
