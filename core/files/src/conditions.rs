//! Conditional requests in the order of RFC 9110 section 13.2.2.

use crate::date::parse_date;
use crate::etag::{tags, ETag};
use crate::request::Request;

/// What tells one state of a representation from another.
#[derive(Clone, Copy, Debug, Default)]
pub struct Validators<'a> {
    /// With its quotes, weak ones with `W/`.
    pub etag: Option<&'a str>,
    /// Seconds since 1970.
    pub last_modified: Option<i64>,
}

/// What the conditions say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Do what the method says.
    Proceed,
    /// 304: the client has it already.
    NotModified,
    /// 412: it is not in the state that the client supposed.
    Failed,
}

/// Evaluate If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since against a representation that exists.
///
/// For requests whose answer would be a 2xx without them; for any method, so that a handler can guard an update with it.
///
/// Source: RFC 9110 sections 13.1.1 to 13.1.4 and 13.2.2.
pub fn check_conditions(request: &Request<'_>, validators: Validators<'_>) -> Verdict {
    let own = validators.etag.and_then(|etag| ETag::parse_only(etag.as_bytes()));
    let is_unchanged_since = |name: &str| {
        let date = parse_date(request.field(name)?, request.now)?;
        validators.last_modified.map(|modified| modified <= date)
    };
    let is_expected = match request.field("if-match") {
        Some(b"*") => true,
        Some(list) => own.is_some_and(|own| tags(list).any(|tag| tag.is_strongly(own))),
        None => is_unchanged_since("if-unmodified-since").unwrap_or(true),
    };
    if !is_expected {
        return Verdict::Failed;
    }
    let is_known = match request.field("if-none-match") {
        Some(b"*") => true,
        Some(list) => own.is_some_and(|own| tags(list).any(|tag| tag.is_weakly(own))),
        None => request.is_read() && is_unchanged_since("if-modified-since").unwrap_or(false),
    };
    match (is_known, request.is_read()) {
        (false, _) => Verdict::Proceed,
        (true, true) => Verdict::NotModified,
        (true, false) => Verdict::Failed,
    }
}

/// Whether the Range field counts: there is no If-Range, or it names the present state.
///
/// A date must be the Last-Modified exactly. Clients may only send one that they know to be strong, and none where they got an ETag, so
/// it is not questioned further.
///
/// Source: RFC 9110 sections 13.1.5 and 14.2.
pub fn is_range_wanted(request: &Request<'_>, validators: Validators<'_>) -> bool {
    let Some(value) = request.field("if-range") else { return true };
    match ETag::parse_only(value) {
        Some(tag) => {
            validators.etag.and_then(|etag| ETag::parse_only(etag.as_bytes())).is_some_and(|own| own.is_strongly(tag))
        }
        None => {
            let date = parse_date(value, request.now);
            date.is_some() && date == validators.last_modified
        }
    }
}
