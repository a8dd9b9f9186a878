//! The request target and its four forms (RFC 9112 section 3.2).

use crate::head::Span;
use crate::refusal::{Refusal, TARGET_ESCAPE, TARGET_FORM, TARGET_OCTET};

/// A request target taken apart; all spans are offsets from the start of the head.
#[derive(Debug)]
pub(crate) struct Target {
    pub whole: Span,
    pub path: Span,
    pub query: Option<Span>,
    /// The authority of an absolute target.
    pub authority: Option<Span>,
}

impl Target {
    /// Take `text` apart, which lies at offset `at` of the head. `asterisk` says whether the method may have the target `*`.
    pub(crate) fn parse(text: &[u8], at: usize, asterisk: bool) -> Result<Self, Refusal> {
        let whole = Span::new(at, at + text.len());
        if text == b"*" && asterisk {
            return Ok(Self { whole, path: whole, query: None, authority: None });
        }
        if text.first() == Some(&b'/') {
            let (path, query) = split(text, 0, at)?;
            return Ok(Self { whole, path, query, authority: None });
        }
        let Some(authority_start) = after_scheme(text) else {
            return Err(TARGET_FORM);
        };
        let rest = &text[authority_start..];
        let authority_end =
            authority_start + rest.iter().position(|octet| matches!(octet, b'/' | b'?' | b'#')).unwrap_or(rest.len());
        let (mut path, query) = split(text, authority_end, at)?;
        if path.start == path.end {
            // An empty path means "/" (RFC 9110 section 4.2.3); a span needs bytes, and the slash before the authority is one.
            path = Span::new(at + authority_start - 1, at + authority_start);
        }
        let authority = Some(Span::new(at + authority_start, at + authority_end));
        Ok(Self { whole, path, query, authority })
    }
}

/// The offset after `http://` or `https://`.
fn after_scheme(text: &[u8]) -> Option<usize> {
    ["http://", "https://"].into_iter().find_map(|scheme| {
        let found = text.get(..scheme.len())?.eq_ignore_ascii_case(scheme.as_bytes());
        found.then_some(scheme.len())
    })
}

/// Split `text[from..]` at the first `?`, checking every octet.
fn split(text: &[u8], from: usize, at: usize) -> Result<(Span, Option<Span>), Refusal> {
    let mut end = from;
    while let Some(&octet) = text.get(end) {
        match CLASS[octet as usize] {
            Class::Plain => {}
            Class::Percent => check_escape(&text[end + 1..])?,
            Class::Question => break,
            Class::Refused => return Err(TARGET_OCTET),
        }
        end += 1;
    }
    let path = Span::new(at + from, at + end);
    if end == text.len() {
        return Ok((path, None));
    }
    if text[end..].iter().any(|&octet| CLASS[octet as usize] == Class::Refused) {
        return Err(TARGET_OCTET);
    }
    Ok((path, Some(Span::new(at + end + 1, at + text.len()))))
}

/// A path is decoded by the router and the application; what is not an escape, or escapes NUL, would be read differently by each.
fn check_escape(digits: &[u8]) -> Result<(), Refusal> {
    match digits {
        [b'0', b'0', ..] => Err(TARGET_ESCAPE),
        [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => Ok(()),
        _ => Err(TARGET_ESCAPE),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    Percent,
    Question,
    Refused,
}

static CLASS: [Class; 256] = {
    let mut table = [Class::Refused; 256];
    let mut octet = 0x21;
    while octet < 0x7f {
        table[octet] = Class::Plain;
        octet += 1;
    }
    table[b'%' as usize] = Class::Percent;
    table[b'?' as usize] = Class::Question;
    table[b'#' as usize] = Class::Refused;
    table
};
