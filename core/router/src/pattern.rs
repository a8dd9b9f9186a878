//! How a pattern is written.

use crate::converter::{Kind, Reach, CONVERTERS};
use crate::error::{closest, PatternError, PatternErrorKind};
use crate::params::MAX_PARAMS;

/// One segment of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// A text, percent-decoded; empty only at the end of a pattern that ends with `/`.
    Text(Box<[u8]>),
    /// A parameter.
    Param(Kind),
}

/// A mistake without the route it is in.
struct Mistake {
    kind: PatternErrorKind,
    what: String,
    why: String,
    fix: String,
}

/// Split `pattern` into segments.
pub(crate) fn parse(method: &str, pattern: &str) -> Result<Vec<Segment>, PatternError> {
    parse_segments(pattern).map_err(|Mistake { kind, what, why, fix }| PatternError {
        kind,
        route: format!("{method} {pattern}"),
        what,
        why,
        fix,
    })
}

fn parse_segments(pattern: &str) -> Result<Vec<Segment>, Mistake> {
    let Some(rest) = pattern.strip_prefix('/') else {
        return Err(Mistake {
            kind: PatternErrorKind::MissingSlash,
            what: format!("the pattern {pattern:?} does not begin with /"),
            why: "every path of a request does".into(),
            fix: format!("write /{pattern}"),
        });
    };
    let texts: Vec<&str> = rest.split('/').collect();
    let mut names: Vec<&str> = Vec::new();
    let mut segments = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let is_last = index + 1 == texts.len();
        segments.push(parse_segment(text, is_last, &mut names)?);
    }
    Ok(segments)
}

fn parse_segment<'a>(text: &'a str, is_last: bool, names: &mut Vec<&'a str>) -> Result<Segment, Mistake> {
    if text.contains(['{', '}']) {
        return parse_param(text, is_last, names);
    }
    if text.is_empty() && !is_last {
        return Err(Mistake {
            kind: PatternErrorKind::EmptySegment,
            what: "the pattern has two slashes in a row".into(),
            why: "an empty segment is almost always a mistake, and links to it are easily broken".into(),
            fix: "remove one of the slashes".into(),
        });
    }
    if let Some(character) =
        text.chars().find(|character| matches!(character, '?' | '#' | '%') || character.is_control())
    {
        return Err(Mistake {
            kind: PatternErrorKind::Text,
            what: format!("the segment {text:?} contains {character:?}"),
            why: "a pattern is the path as it reads, without query, fragment and percent-encoding".into(),
            fix: match character {
                '%' => "write the character itself, such as é for %C3%A9".into(),
                _ => "leave the query to the handler".into(),
            },
        });
    }
    Ok(Segment::Text(text.as_bytes().into()))
}

fn parse_param<'a>(text: &'a str, is_last: bool, names: &mut Vec<&'a str>) -> Result<Segment, Mistake> {
    let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    let Some(inner) = inner.filter(|inner| !inner.contains(['{', '}'])) else {
        return Err(Mistake {
            kind: PatternErrorKind::Braces,
            what: format!("the segment {text:?} is neither a text nor one parameter"),
            why: "a parameter fills the whole segment between two slashes".into(),
            fix: "write /{name} or /{name:int}, and take the text apart in the handler".into(),
        });
    };
    let (name, kind) = match (inner.strip_prefix('*'), inner.split_once(':')) {
        (Some(name), _) => (name, Kind::Path),
        (None, Some((name, converter))) => (name, kind_named(name, converter)?),
        (None, None) => (inner, Kind::Str),
    };
    check_name(name, names)?;
    if kind.converter().reach == Reach::Rest && !is_last {
        return Err(Mistake {
            kind: PatternErrorKind::RestNotLast,
            what: format!("there is something after {text}"),
            why: "it takes the whole rest of the path, so nothing can follow".into(),
            fix: format!("move it to the end, or write {{{name}}} for one segment"),
        });
    }
    names.push(name);
    if names.len() > MAX_PARAMS {
        return Err(Mistake {
            kind: PatternErrorKind::TooManyParams,
            what: format!("the pattern has more than {MAX_PARAMS} parameters"),
            why: "parameters are captured in a fixed array".into(),
            fix: "move some of them to the query".into(),
        });
    }
    Ok(Segment::Param(kind))
}

fn kind_named(name: &str, converter: &str) -> Result<Kind, Mistake> {
    Kind::named(converter).ok_or_else(|| {
        let known: Vec<&str> = CONVERTERS.iter().map(|converter| converter.name).collect();
        let near = closest(converter, known.iter().copied());
        Mistake {
            kind: PatternErrorKind::UnknownConverter,
            what: format!("there is no type {converter:?}"),
            why: format!("the types are {}", known.join(", ")),
            fix: match near {
                Some(near) => format!("did you mean {{{name}:{near}}}?"),
                None => format!("write {{{name}}} and check the value in the handler"),
            },
        }
    })
}

fn check_name(name: &str, names: &[&str]) -> Result<(), Mistake> {
    let is_start = |character: char| character.is_ascii_alphabetic() || character == '_';
    let is_identifier =
        name.starts_with(is_start) && name.chars().all(|character| is_start(character) || character.is_ascii_digit());
    if !is_identifier {
        return Err(Mistake {
            kind: PatternErrorKind::Name,
            what: format!("{name:?} is not a parameter name"),
            why: "it becomes the name of an argument: ASCII letters, digits and _, not a digit first".into(),
            fix: "write a name such as {post_id}".into(),
        });
    }
    if names.contains(&name) {
        return Err(Mistake {
            kind: PatternErrorKind::DuplicateName,
            what: format!("the pattern has two parameters called {name}"),
            why: "a handler gets each parameter by its name".into(),
            fix: format!("rename one of them, such as {{parent_{name}}}"),
        });
    }
    Ok(())
}
