//! How a pattern is written.

use std::cmp::Ordering;

use crate::converter::Kind;
use crate::error::{closest, PatternError, PatternErrorKind};
use crate::mixed::Mixed;
use crate::params::MAX_PARAMS;
use crate::take::{Constraint, Take};

/// One segment of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// A text, percent-decoded; empty only at the end of a pattern that ends with `/`.
    Text(Box<[u8]>),
    /// A parameter.
    Param(Take),
    /// Texts and parameters.
    Mixed(Mixed),
}

impl Segment {
    pub(crate) fn text(&self) -> Option<&[u8]> {
        match self {
            Self::Text(text) => Some(text),
            Self::Param(_) | Self::Mixed(_) => None,
        }
    }

    /// A text that matches, as far as can be told.
    pub(crate) fn sample(&self) -> String {
        match self {
            Self::Text(text) => String::from_utf8_lossy(text).into_owned(),
            Self::Param(take) => take.sample(),
            Self::Mixed(mixed) => mixed.sample(),
        }
    }

    /// The order of trying: texts, mixtures, parameters.
    pub(crate) fn rank(&self, other: &Self) -> Ordering {
        let class = |segment: &Self| match segment {
            Self::Text(_) => 0,
            Self::Mixed(_) => 1,
            Self::Param(_) => 2,
        };
        match (self, other) {
            (Self::Mixed(one), Self::Mixed(two)) => one.rank(two),
            (Self::Param(one), Self::Param(two)) => one.rank(two),
            _ => class(self).cmp(&class(other)),
        }
    }
}

/// A mistake without the route it is in.
pub(crate) struct Mistake {
    pub kind: PatternErrorKind,
    pub what: String,
    pub why: String,
    pub fix: String,
}

impl Mistake {
    pub(crate) fn of(self, route: &str) -> PatternError {
        let Self { kind, what, why, fix } = self;
        PatternError { kind, route: route.into(), what, why, fix }
    }
}

/// Reads the segments of one route: names are unique in it, and constraints belong to names.
pub(crate) struct Reader<'a> {
    names: Vec<&'a str>,
    constraints: &'a [(&'a str, &'a str)],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(constraints: &'a [(&'a str, &'a str)]) -> Self {
        Self { names: Vec::new(), constraints }
    }

    /// Split a path's pattern into segments.
    pub(crate) fn read_path(&mut self, pattern: &'a str) -> Result<Vec<Segment>, Mistake> {
        let Some(rest) = pattern.strip_prefix('/') else {
            return Err(Mistake {
                kind: PatternErrorKind::MissingSlash,
                what: format!("the pattern {pattern:?} does not begin with /"),
                why: "every path of a request does".into(),
                fix: format!("write /{pattern}"),
            });
        };
        let texts = split_outside(rest, '/');
        let last = texts.len() - 1;
        texts.iter().enumerate().map(|(index, text)| self.read_segment(text, index == last)).collect()
    }

    /// Split a host's pattern into its parts.
    pub(crate) fn read_host(&mut self, host: &'a str) -> Result<Vec<Segment>, Mistake> {
        let refuse = |what: String, fix: &str| Mistake {
            kind: PatternErrorKind::Host,
            what,
            why: "a host is a name of parts between dots, without scheme, port and path".into(),
            fix: fix.into(),
        };
        let is_foreign =
            |text: &str| text.contains([':', '/', '@', '?', '#', '*']) || text.contains(char::is_whitespace);
        let parts = split_outside(host, '.');
        let mut segments = Vec::with_capacity(parts.len());
        for part in parts {
            let literal: String = literals(part).concat();
            if part.is_empty() || is_foreign(&literal) || !literal.is_ascii() {
                return Err(refuse(format!("{host:?} is no host"), "write it like admin.example.com"));
            }
            let segment = self.read_segment(part, false)?;
            segments.push(match segment {
                Segment::Text(text) => Segment::Text(text.to_ascii_lowercase().into()),
                other => other,
            });
        }
        Ok(segments)
    }

    /// Whether each constraint was for a parameter.
    pub(crate) fn finish(self) -> Result<(), Mistake> {
        match self.constraints.iter().find(|(name, _)| !self.names.contains(name)) {
            None => Ok(()),
            Some((name, _)) => Err(Mistake {
                kind: PatternErrorKind::Constraint,
                what: format!("there is a constraint for {name:?}, and no such parameter"),
                why: format!("the parameters are {}", self.names.join(", ")),
                fix: match closest(name, self.names.iter().copied()) {
                    Some(near) => format!("did you mean {near}?"),
                    None => "remove the constraint, or add the parameter".into(),
                },
            }),
        }
    }

    fn read_segment(&mut self, text: &'a str, is_last: bool) -> Result<Segment, Mistake> {
        check_text(text, is_last)?;
        if !text.contains(['{', '}']) {
            return Ok(Segment::Text(text.as_bytes().into()));
        }
        let whole = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
        if let Some(inner) = whole.filter(|inner| !inner.contains(['{', '}'])) {
            return Ok(Segment::Param(self.read_param(inner, is_last, true)?));
        }
        self.read_mixed(text).map(Segment::Mixed)
    }

    fn read_mixed(&mut self, text: &'a str) -> Result<Mixed, Mistake> {
        let refuse = |why: &str, fix: &str| Mistake {
            kind: PatternErrorKind::Braces,
            what: format!("the segment {text:?} can't be read"),
            why: why.into(),
            fix: fix.into(),
        };
        let (lead, mut rest) = text.split_at(text.find(['{', '}']).unwrap_or(text.len()));
        let mut takes: Vec<(Take, Box<[u8]>)> = Vec::new();
        while !rest.is_empty() {
            let closed = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
            let Some((inner, behind)) = closed.filter(|(inner, _)| !inner.contains('{')) else {
                return Err(refuse("a parameter is {name} or {name:type}", "close each brace, and write none besides"));
            };
            let (after, next) = behind.split_at(behind.find(['{', '}']).unwrap_or(behind.len()));
            if after.is_empty() && !next.is_empty() {
                return Err(refuse(
                    "nothing stands between two parameters, so nobody could say where one ends",
                    "put a text between them: {year}-{month}",
                ));
            }
            let take = self.read_param(inner, false, false)?;
            takes.push((take, after.as_bytes().into()));
            rest = next;
        }
        Ok(Mixed { lead: lead.as_bytes().into(), takes })
    }

    fn read_param(&mut self, inner: &'a str, is_last: bool, is_whole: bool) -> Result<Take, Mistake> {
        let (name, mut take) = match (inner.strip_prefix('*'), inner.split_once(':')) {
            (Some(name), _) => (name, Take::of(Kind::Path)),
            (None, Some((name, choices))) if choices.contains('|') => (name, read_choices(inner, choices)?),
            (None, Some((name, converter))) => (name, Take::of(kind_named(name, converter)?)),
            (None, None) => (inner, Take::of(Kind::Str)),
        };
        self.add_name(name)?;
        if take.takes_rest() && !(is_last && is_whole) {
            return Err(Mistake {
                kind: PatternErrorKind::RestNotLast,
                what: format!("there is something beside {{{inner}}}"),
                why: "it takes the whole rest of the path, so nothing can follow".into(),
                fix: format!("move it to the end, or write {{{name}}} for one segment"),
            });
        }
        if let Some((_, text)) = self.constraints.iter().find(|(of, _)| *of == name) {
            take.constraint = Some(Constraint::new(text).map_err(|error| bad_constraint(name, text, &error))?);
        }
        Ok(take)
    }

    fn add_name(&mut self, name: &'a str) -> Result<(), Mistake> {
        check_name(name, &self.names)?;
        self.names.push(name);
        if self.names.len() <= MAX_PARAMS {
            return Ok(());
        }
        Err(Mistake {
            kind: PatternErrorKind::TooManyParams,
            what: format!("the pattern has more than {MAX_PARAMS} parameters"),
            why: "parameters are captured in a fixed array".into(),
            fix: "move some of them to the query".into(),
        })
    }
}

/// Split at a character that stands outside of braces.
fn split_outside(text: &str, at: char) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(|character| {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == at && depth == 0
    })
    .collect()
}

/// The parts of a segment that stand outside of braces.
fn literals(segment: &str) -> Vec<&str> {
    segment
        .split('{')
        .enumerate()
        .map(|(index, part)| match (index, part.split_once('}')) {
            (1.., Some((_, behind))) => behind,
            _ => part,
        })
        .collect()
}

fn check_text(text: &str, is_last: bool) -> Result<(), Mistake> {
    if text.is_empty() && !is_last {
        return Err(Mistake {
            kind: PatternErrorKind::EmptySegment,
            what: "the pattern has two slashes in a row".into(),
            why: "an empty segment is almost always a mistake, and links to it are easily broken".into(),
            fix: "remove one of the slashes".into(),
        });
    }
    let is_foreign = |character: &char| matches!(character, '?' | '#' | '%') || character.is_control();
    let Some(character) = literals(text).into_iter().flat_map(str::chars).find(is_foreign) else {
        return Ok(());
    };
    Err(Mistake {
        kind: PatternErrorKind::Text,
        what: format!("the segment {text:?} contains {character:?}"),
        why: "a pattern is the path as it reads, without query, fragment and percent-encoding".into(),
        fix: match character {
            '%' => "write the character itself, such as é for %C3%A9".into(),
            _ => "leave the query to the handler".into(),
        },
    })
}

fn read_choices(inner: &str, choices: &str) -> Result<Take, Mistake> {
    if choices.split('|').all(|choice| !choice.is_empty() && !choice.contains('/')) {
        return Ok(Take::choice(choices.split('|').map(|choice| choice.as_bytes().into())));
    }
    Err(Mistake {
        kind: PatternErrorKind::UnknownConverter,
        what: format!("a choice of {{{inner}}} is empty or contains a slash"),
        why: "the choices are texts that stand in one segment, with | between them".into(),
        fix: "write {status:draft|published}".into(),
    })
}

fn bad_constraint(name: &str, text: &str, error: &regex::Error) -> Mistake {
    let shown = error.to_string();
    let reason = shown.lines().last().unwrap_or_default().trim_start_matches("error: ").to_string();
    Mistake {
        kind: PatternErrorKind::Constraint,
        what: format!("the constraint {text:?} of {name:?} is no regular expression: {reason}"),
        why: "constraints are matched in linear time: no look-around, no backreferences; they cover the whole text"
            .into(),
        fix: "write an expression such as [a-z-]+, or check the value in the handler".into(),
    }
}

fn kind_named(name: &str, converter: &str) -> Result<Kind, Mistake> {
    Kind::named(converter).ok_or_else(|| {
        let known: Vec<&str> = Kind::names().collect();
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
