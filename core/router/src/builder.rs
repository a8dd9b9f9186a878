//! From declared routes to a [`Router`].

use crate::allow::AllowTexts;
use crate::conflict::Conflict;
use crate::converter::Kind;
use crate::error::{PatternError, PatternErrorKind};
use crate::host::HostPattern;
use crate::methods::{Methods, MAX_METHODS};
use crate::pattern::{Mistake, Reader, Segment};
use crate::router::{Router, Tables, ANY};

/// What a route demands besides its method and its pattern.
#[derive(Clone, Copy, Debug, Default)]
pub struct Demands<'a> {
    /// The host, `admin.example.com` or `{tenant}.example.com`; `None` for every host.
    pub host: Option<&'a str>,
    /// Regular expressions by the names of the parameters whose whole text must match.
    pub constraints: &'a [(&'a str, &'a str)],
    /// Names what else is asked before the route answers; empty for nothing. Two routes with the same guard conflict like two without.
    pub guard: &'a str,
    /// Whether it answers, with any method, what no route does. Its pattern ends with `{name:rest}`.
    pub is_fallback: bool,
}

/// Collects routes.
#[derive(Debug, Default)]
pub struct RouterBuilder {
    methods: Methods,
    routes: Vec<Declared>,
}

#[derive(Debug)]
struct Declared {
    method: String,
    bit: u64,
    pattern: String,
    host: Option<HostPattern>,
    segments: Vec<Segment>,
    guard: String,
    is_fallback: bool,
    label: String,
}

impl RouterBuilder {
    /// A builder without routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Add a route that demands nothing but its method and its pattern; see [`RouterBuilder::add_with`].
    pub fn add(&mut self, method: &str, pattern: &str, label: &str) -> Result<u32, PatternError> {
        self.add_with(method, pattern, label, Demands::default())
    }

    /// Add a route.
    ///
    /// Args:    `method`, in upper case; `pattern`, see the crate page; `label`, how messages call the route, such as its handler and
    ///          where it was declared; `demands`, what else it demands.
    /// Returns: the number of the route: 0 for the first, then counting up.
    /// Raises:  [`PatternError`]; the route is not added then and takes no number.
    pub fn add_with(
        &mut self,
        method: &str,
        pattern: &str,
        label: &str,
        demands: Demands<'_>,
    ) -> Result<u32, PatternError> {
        let route_text = format!("{method} {pattern}");
        let (host, segments) = read(pattern, demands).map_err(|mistake| mistake.of(&route_text))?;
        let bit = if demands.is_fallback { ANY.bit } else { self.bit_of(method, &route_text)? };
        let route = self.routes.len() as u32;
        self.routes.push(Declared {
            method: method.into(),
            bit,
            pattern: pattern.into(),
            host,
            segments,
            guard: demands.guard.into(),
            is_fallback: demands.is_fallback,
            label: label.into(),
        });
        Ok(route)
    }

    /// Make the router.
    ///
    /// Raises: every [`Conflict`] between two routes.
    pub fn build(self) -> Result<Router, Vec<Conflict>> {
        let Self { methods, routes } = self;
        let mut router = Router { methods, allow: AllowTexts::default(), ..Router::default() };
        let mut conflicts = Vec::new();
        for (route, declared) in routes.iter().enumerate() {
            router.has_guards |= !declared.guard.is_empty();
            router.has_fallbacks |= declared.is_fallback;
            let tables = tables_of(&mut router, declared.host.as_ref());
            let leaf = match (declared.is_fallback, fixed_path(&declared.segments)) {
                (true, _) => tables.fallbacks.get_or_insert_default().leaf_of(&declared.segments),
                (false, Some(path)) => tables.fixed.entry(path).or_default(),
                (false, None) => tables.root.leaf_of(&declared.segments),
            };
            let is_guarded = !declared.guard.is_empty();
            let rival = match is_guarded {
                true => leaf.guarded(declared.bit).find(|other| routes[*other as usize].guard == declared.guard),
                false => leaf.route(declared.bit),
            };
            match rival {
                Some(first) => conflicts.push(conflict(&routes[first as usize], declared)),
                None => leaf.insert(declared.bit, route as u32, is_guarded),
            }
        }
        if conflicts.is_empty() {
            return Ok(router);
        }
        Err(conflicts)
    }

    fn bit_of(&mut self, method: &str, route: &str) -> Result<u64, PatternError> {
        let is_method =
            |octet: u8| octet.is_ascii_uppercase() || octet.is_ascii_digit() || octet == b'-' || octet == b'_';
        let route = route.to_string();
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

fn read(pattern: &str, demands: Demands<'_>) -> Result<(Option<HostPattern>, Vec<Segment>), Mistake> {
    let mut reader = Reader::new(demands.constraints);
    let host = demands.host.map(|host| reader.read_host(host)).transpose()?;
    let segments = reader.read_path(pattern)?;
    reader.finish()?;
    Ok((host.map(HostPattern::new), segments))
}

/// The tables of a host, made when they are new.
fn tables_of<'r>(router: &'r mut Router, host: Option<&HostPattern>) -> &'r mut Tables {
    let Some(host) = host else { return &mut router.anywhere };
    if let Some(name) = host.fixed() {
        return router.hosts.entry(name).or_default();
    }
    let patterns = router.patterns.entry(host.tail()).or_default();
    let index = patterns.iter().position(|(known, _)| known == host).unwrap_or_else(|| {
        let index = patterns.partition_point(|(known, _)| known.rank(host).is_le());
        patterns.insert(index, (host.clone(), Tables::default()));
        index
    });
    &mut patterns[index].1
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
    let path = sample_path(second);
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
    let is_str = |segment: &Segment| matches!(segment, Segment::Param(take) if take.kind == Kind::Str);
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

fn sample_path(declared: &Declared) -> String {
    let mut path = declared.host.as_ref().map(HostPattern::sample).unwrap_or_default();
    for segment in &declared.segments {
        path.push('/');
        path += &segment.sample();
    }
    path
}
