//! From declared routes to a [`Router`].

use crate::allow::AllowTexts;
use crate::conflict::Conflict;
use crate::converter::Kind;
use crate::error::{PatternError, PatternErrorKind};
use crate::hash::ByteMap;
use crate::methods::{Methods, MAX_METHODS};
use crate::pattern::{parse, Segment};
use crate::router::Router;
use crate::tree::{Leaf, Node};

/// Collects routes.
#[derive(Debug)]
pub struct RouterBuilder {
    methods: Methods,
    routes: Vec<Declared>,
}

#[derive(Debug)]
struct Declared {
    method: String,
    bit: u64,
    pattern: String,
    segments: Vec<Segment>,
    label: String,
}

impl Default for RouterBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl RouterBuilder {
    /// A builder without routes.
    pub fn new() -> Self {
        Self { methods: Methods::new(), routes: Vec::new() }
    }

    /// Add a route.
    ///
    /// Args:    `method`, in upper case; `pattern`, see the crate page; `label`, how messages call the route, such as its handler and
    ///          where it was declared.
    /// Returns: the number of the route: 0 for the first, then counting up.
    /// Raises:  [`PatternError`]; the route is not added then and takes no number.
    pub fn add(&mut self, method: &str, pattern: &str, label: &str) -> Result<u32, PatternError> {
        let segments = parse(method, pattern)?;
        let bit = self.bit_of(method, pattern)?;
        let route = self.routes.len() as u32;
        self.routes.push(Declared {
            method: method.into(),
            bit,
            pattern: pattern.into(),
            segments,
            label: label.into(),
        });
        Ok(route)
    }

    /// Make the router.
    ///
    /// Raises: every [`Conflict`] between two routes.
    pub fn build(self) -> Result<Router, Vec<Conflict>> {
        let mut fixed: ByteMap<Leaf> = ByteMap::default();
        let mut root = Node::default();
        let mut conflicts = Vec::new();
        for (route, declared) in self.routes.iter().enumerate() {
            let leaf = match fixed_path(&declared.segments) {
                Some(path) => fixed.entry(path).or_default(),
                None => root.leaf_of(&declared.segments),
            };
            match leaf.route(declared.bit) {
                Some(first) => conflicts.push(conflict(&self.routes[first as usize], declared)),
                None => leaf.insert(declared.bit, route as u32),
            }
        }
        if conflicts.is_empty() {
            return Ok(Router { methods: self.methods, fixed, root, allow: AllowTexts::default() });
        }
        Err(conflicts)
    }

    fn bit_of(&mut self, method: &str, pattern: &str) -> Result<u64, PatternError> {
        let is_method =
            |octet: u8| octet.is_ascii_uppercase() || octet.is_ascii_digit() || octet == b'-' || octet == b'_';
        let route = format!("{method} {pattern}");
        if method.is_empty() || !method.bytes().all(is_method) {
            return Err(PatternError {
                kind: PatternErrorKind::Method,
                route,
                what: format!("{method:?} is not a method"),
                why: "methods are compared with case, and all known ones are in upper case".into(),
                fix: format!("write {:?}", if method.is_empty() { "GET".into() } else { method.to_uppercase() }),
            });
        }
        self.methods.intern(method).ok_or_else(|| PatternError {
            kind: PatternErrorKind::TooManyMethods,
            route,
            what: format!("{method} is one method more than a router can have"),
            why: format!("the methods of a path are kept as bits: {MAX_METHODS} at most"),
            fix: "tell the variants apart by path or query instead of by method".into(),
        })
    }
}

/// The path of a pattern without parameters.
fn fixed_path(segments: &[Segment]) -> Option<Box<[u8]>> {
    let mut path = Vec::new();
    for segment in segments {
        let Segment::Text(text) = segment else {
            return None;
        };
        path.push(b'/');
        path.extend_from_slice(text);
    }
    Some(path.into())
}

fn conflict(first: &Declared, second: &Declared) -> Conflict {
    let path = sample_path(&second.segments);
    let (why, fix) = match first.pattern == second.pattern {
        true => (
            "both have the same method and pattern, so the second can never be reached".into(),
            "remove one of them, or give it another method or path".into(),
        ),
        false => explain_shape(second),
    };
    Conflict { method: second.method.clone(), path, first: describe(first), second: describe(second), why, fix }
}

fn describe(declared: &Declared) -> String {
    format!("{}  {} {}", declared.label, declared.method, declared.pattern)
}

/// Two patterns that differ only in the names of their parameters.
fn explain_shape(second: &Declared) -> (String, String) {
    let why = "the patterns differ only in the names of parameters, so the second can never be reached";
    let is_str = |segment: &Segment| *segment == Segment::Param(Kind::Str);
    let fix = match second.segments.iter().position(is_str) {
        Some(index) => format!("give one of them a type: {}", with_type(&second.pattern, index)),
        None => "give one of them another path".into(),
    };
    (why.into(), fix)
}

/// `pattern` with `:int` in the parameter of segment `index`.
fn with_type(pattern: &str, index: usize) -> String {
    let typed = |(place, segment): (usize, &str)| match place == index + 1 {
        true => format!("{}:int}}", segment.trim_end_matches('}').trim_end_matches(":str")),
        false => segment.to_string(),
    };
    pattern.split('/').enumerate().map(typed).collect::<Vec<_>>().join("/")
}

fn sample_path(segments: &[Segment]) -> String {
    let mut path = String::new();
    for segment in segments {
        path.push('/');
        match segment {
            Segment::Text(text) => path.push_str(&String::from_utf8_lossy(text)),
            Segment::Param(kind) => path.push_str(kind.converter().sample),
        }
    }
    path
}
