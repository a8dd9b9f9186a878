//! Every answer compared with a matcher that tries all routes one by one.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use spica_router::{decode, Demands, Found, Kind, Params, RouterBuilder, Subject};

/// What a segment of a pattern matches; the order is the order of preference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Text(&'static str),
    /// `f.{p}`
    Feed,
    /// `{p}-{q:int}`
    Pair,
    /// `{p:a|x}`
    Choice,
    Int,
    Float,
    Date,
    Slug,
    /// `{p}` of which the text must be `[ax]b?`
    Constrained,
    Str,
    Path,
}

/// The host a route demands; the order is the order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Host {
    Fixed,
    Tenant,
    Any,
}

impl Host {
    fn pattern(self) -> Option<&'static str> {
        match self {
            Self::Fixed => Some("a.test"),
            Self::Tenant => Some("{t}.test"),
            Self::Any => None,
        }
    }

    /// What it captures of a Host field.
    fn captures(self, field: &str) -> Option<Vec<Capture>> {
        let name = field.split(':').next().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
        match self {
            Self::Fixed => (name == "a.test").then(Vec::new),
            Self::Tenant => {
                let tenant = name.strip_suffix(".test").filter(|tenant| !tenant.is_empty() && !tenant.contains('.'))?;
                Some(vec![(Kind::Str, field[..tenant.len()].into(), 0)])
            }
            Self::Any => Some(Vec::new()),
        }
    }
}

/// Kind, raw text and number.
type Capture = (Kind, String, i64);

#[derive(Clone, Debug)]
struct Route {
    method: &'static str,
    host: Host,
    /// Taken only when the request asks for the same; none is taken always.
    guard: Option<u8>,
    segments: Vec<Segment>,
}

fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    matches!(parts[..], [year, month, day] if year.len() == 4 && month.len() == 2 && day.len() == 2)
        && text == "2024-02-29"
}

fn number(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().filter(|number| number.to_string() == text && *number >= 0)
}

impl Route {
    fn pattern(&self) -> String {
        let mut out = String::new();
        for (index, segment) in self.segments.iter().enumerate() {
            out += &match segment {
                Segment::Text(text) => format!("/{text}"),
                Segment::Feed => format!("/f.{{p{index}}}"),
                Segment::Pair => format!("/{{p{index}}}-{{q{index}:int}}"),
                Segment::Choice => format!("/{{p{index}:x|a}}"),
                Segment::Int => format!("/{{p{index}:int}}"),
                Segment::Float => format!("/{{p{index}:float}}"),
                Segment::Date => format!("/{{p{index}:date}}"),
                Segment::Slug => format!("/{{p{index}:slug}}"),
                Segment::Constrained => format!("/{{p{index}}}"),
                Segment::Str => format!("/{{p{index}}}"),
                Segment::Path => format!("/{{p{index}:path}}"),
            };
        }
        out
    }

    fn constraints(&self) -> Vec<String> {
        let constrained = |(_, segment): &(usize, &Segment)| **segment == Segment::Constrained;
        self.segments.iter().enumerate().filter(constrained).map(|(index, _)| format!("p{index}")).collect()
    }

    /// The captures as kind, raw text and number, or `None` when the path is another.
    fn captures(&self, path: &str) -> Option<Vec<Capture>> {
        let mut rest: Option<&str> = path.strip_prefix('/');
        let mut captures = Vec::new();
        for segment in &self.segments {
            let (raw, after) = match rest?.split_once('/') {
                Some((raw, after)) => (raw, Some(after)),
                None => (rest?, None),
            };
            let text = String::from_utf8_lossy(&decode(raw.as_bytes())).into_owned();
            match segment {
                Segment::Text(expected) if text == *expected => {}
                Segment::Feed if text.len() > 2 && text.starts_with("f.") => {
                    captures.push((Kind::Str, cut(raw, 2, text.len()), 0));
                }
                Segment::Pair => {
                    let (left, right) = text.rsplit_once('-').filter(|(left, _)| !left.is_empty())?;
                    captures.push((Kind::Str, cut(raw, 0, left.len()), 0));
                    captures.push((Kind::Int, cut(raw, left.len() + 1, text.len()), number(right)?));
                }
                Segment::Choice if text == "a" || text == "x" => captures.push((Kind::Choice, raw.into(), 0)),
                Segment::Int => captures.push((Kind::Int, raw.into(), number(&text)?)),
                Segment::Float if text == "-1.50" || number(&text).is_some() || text == "9223372036854775808" => {
                    let float: f64 = text.parse().ok()?;
                    captures.push((Kind::Float, raw.into(), float.to_bits() as i64));
                }
                Segment::Date if is_day(&text) => captures.push((Kind::Date, raw.into(), 20_240_229)),
                Segment::Slug
                    if !text.is_empty()
                        && text
                            .bytes()
                            .all(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_') =>
                {
                    captures.push((Kind::Slug, raw.into(), 0));
                }
                Segment::Constrained if ["a", "x", "ab", "xb"].contains(&&*text) => {
                    captures.push((Kind::Str, raw.into(), 0));
                }
                Segment::Str if !text.is_empty() => captures.push((Kind::Str, raw.into(), 0)),
                Segment::Path if !text.is_empty() => {
                    captures.push((Kind::Path, rest?.into(), 0));
                    rest = None;
                    continue;
                }
                _ => return None,
            }
            rest = after;
        }
        rest.is_none().then_some(captures)
    }
}

/// The part of `raw` whose decoded octets are those from `from` to `to`.
fn cut(raw: &str, from: usize, to: usize) -> String {
    let mut places = Vec::new();
    let mut at = 0;
    while at < raw.len() {
        places.push(at);
        let is_escape = raw.as_bytes()[at] == b'%'
            && raw.get(at + 1..at + 3).is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        at += if is_escape { 3 } else { 1 };
    }
    places.push(raw.len());
    String::from_utf8_lossy(&raw.as_bytes()[places[from]..places[to]]).into_owned()
}

/// One request.
#[derive(Clone, Copy, Debug)]
struct Asked<'a> {
    host: &'a str,
    method: &'a str,
    path: &'a str,
    guard: u8,
}

/// An answer that owns its text.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Route(usize, Vec<Capture>),
    NotFound,
    MethodNotAllowed(String),
    Options(String),
}

fn naive(routes: &[Route], asked: Asked<'_>) -> Answer {
    let captures = |route: &Route| {
        let mut captures = route.host.captures(asked.host)?;
        captures.extend(route.captures(asked.path)?);
        Some(captures)
    };
    let admitted = |route: &Route| route.guard.is_none_or(|guard| guard == asked.guard);
    let mut matching: Vec<(usize, &Route, Vec<Capture>)> = routes
        .iter()
        .enumerate()
        .filter(|(_, route)| admitted(route))
        .filter_map(|(index, route)| Some((index, route, captures(route)?)))
        .collect();
    // Texts are equal where two matching routes both have one, so only the kinds are compared. A guarded route comes first.
    let place = |route: &Route| (route.host, route.segments.clone());
    matching.sort_by_key(|(index, route, _)| (place(route), route.guard.is_none(), *index));
    let mut places: Vec<(Host, Vec<Segment>)> = matching.iter().map(|(_, route, _)| place(route)).collect();
    places.dedup();
    for wanted_place in places {
        let of =
            |wanted: &str| matching.iter().find(|(_, route, _)| place(route) == wanted_place && route.method == wanted);
        let exact = of(asked.method).or_else(|| (asked.method == "HEAD").then(|| of("GET")).flatten());
        if let Some((index, _, captures)) = exact {
            return Answer::Route(*index, captures.clone());
        }
    }
    if matching.is_empty() {
        return Answer::NotFound;
    }
    let mut allowed: Vec<&str> = matching.iter().map(|(_, route, _)| route.method).chain(["OPTIONS"]).collect();
    if allowed.contains(&"GET") {
        allowed.push("HEAD");
    }
    allowed.sort_unstable();
    allowed.dedup();
    match asked.method {
        "OPTIONS" => Answer::Options(allowed.join(", ")),
        _ => Answer::MethodNotAllowed(allowed.join(", ")),
    }
}

fn route() -> impl Strategy<Value = Route> {
    let segment = select(vec![
        Segment::Text("a"),
        Segment::Text("b"),
        Segment::Text("1"),
        Segment::Text("a b"),
        Segment::Feed,
        Segment::Pair,
        Segment::Choice,
        Segment::Int,
        Segment::Float,
        Segment::Date,
        Segment::Slug,
        Segment::Constrained,
        Segment::Str,
    ]);
    let last = select(vec![None, Some(Segment::Text("")), Some(Segment::Path)]);
    let method = select(vec!["GET", "POST", "PUT", "HEAD", "OPTIONS", "REPORT"]);
    let host = select(vec![Host::Any, Host::Any, Host::Fixed, Host::Tenant]);
    let guard = select(vec![None, None, Some(1), Some(2)]);
    (method, host, guard, vec(segment, 0..4), last).prop_map(|(method, host, guard, mut segments, last)| {
        segments.extend(last);
        if segments.is_empty() {
            segments.push(Segment::Text(""));
        }
        Route { method, host, guard, segments }
    })
}

fn path() -> impl Strategy<Value = String> {
    let segment = select(vec![
        "a",
        "b",
        "1",
        "23",
        "007",
        "a%20b",
        "%61",
        "%31",
        "a%2Fb",
        "%2F",
        "",
        "é",
        "x",
        "9223372036854775808",
        "-1.50",
        "2024-02-29",
        "2023-02-29",
        "f.x",
        "f%2Ea%20b",
        "f.",
        "a-7",
        "%61%2d-7",
        "ab",
        "%",
    ]);
    vec(segment, 1..5).prop_map(|segments| format!("/{}", segments.join("/")))
}

/// Keep the first of each shape and method: the others would be conflicts.
fn without_conflicts(routes: Vec<Route>) -> Vec<Route> {
    let mut kept: Vec<Route> = Vec::new();
    for route in routes {
        let key = |route: &Route| (route.method, route.host, route.guard, route.segments.clone());
        if !kept.iter().any(|known| key(known) == key(&route)) {
            kept.push(route);
        }
    }
    kept
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_answer_as_trying_all_routes(
        routes in vec(route(), 1..24),
        paths in vec(path(), 1..24),
        method in select(vec!["GET", "POST", "HEAD", "OPTIONS", "REPORT", "BREW"]),
        host in select(vec!["a.test", "A.test:80", "b.test.", "x.b.test", "", "other"]),
        guard in 0..3_u8,
    ) {
        let routes = without_conflicts(routes);
        let mut builder = RouterBuilder::new();
        for (index, route) in routes.iter().enumerate() {
            let names = route.constraints();
            let constraints: Vec<(&str, &str)> = names.iter().map(|name| (&**name, "[ax]b?")).collect();
            let asked = route.guard.map(|guard| guard.to_string()).unwrap_or_default();
            let demands =
                Demands { host: route.host.pattern(), constraints: &constraints, guard: &asked, is_fallback: false };
            prop_assert_eq!(builder.add_with(route.method, &route.pattern(), "label", demands), Ok(index as u32));
        }
        let router = builder.build().map_err(|conflicts| TestCaseError::fail(conflicts[0].to_string()))?;
        let mut params = Params::new();
        for path in &paths {
            let subject = Subject { host: host.as_bytes(), method: method.as_bytes(), path: path.as_bytes() };
            let mut admits = |route: u32, _: &Params| routes[route as usize].guard == Some(guard);
            let answer = match router.find_for(subject, &mut params, &mut admits) {
                Found::Route(route) => {
                    let captured = params.as_slice().iter().map(|param| {
                        let text = if param.in_host { host } else { path };
                        (param.kind, String::from_utf8_lossy(param.raw(text.as_bytes())).into_owned(), param.int)
                    });
                    Answer::Route(route as usize, captured.collect())
                }
                Found::NotFound => Answer::NotFound,
                Found::MethodNotAllowed(allow) => Answer::MethodNotAllowed(allow.into()),
                Found::Options(allow) => Answer::Options(allow.into()),
                Found::Fallback(route) => return Err(TestCaseError::fail(format!("fallback {route}"))),
            };
            prop_assert_eq!(answer, naive(&routes, Asked { host, method, path, guard }), "{} {}", method, path);
        }
    }

    #[test]
    fn no_path_makes_it_panic(path in vec(any::<u8>(), 0..40)) {
        let mut builder = RouterBuilder::new();
        for pattern in ["/a", "/a/{x:int}", "/{y}/b", "/{*z}"] {
            prop_assert!(builder.add("GET", pattern, "label").is_ok());
        }
        let router = builder.build().map_err(|conflicts| TestCaseError::fail(conflicts[0].to_string()))?;
        let mut rooted = vec![b'/'];
        rooted.extend_from_slice(&path);
        let mut params = Params::new();
        prop_assert_ne!(router.find(b"PUT", &path, &mut params), Found::Route(0));
        let found = router.find(b"GET", &rooted, &mut params);
        let expected = !path.is_empty() && path[0] != b'/';
        prop_assert_eq!(matches!(found, Found::Route(_)), expected, "{:?}", found);
    }
}
