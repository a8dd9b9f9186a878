//! Every answer compared with a matcher that tries all routes one by one.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use spica_router::{decode, Found, Kind, Params, RouterBuilder};

/// What a segment of a pattern matches; the order is the order of preference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Text(&'static str),
    Int,
    Str,
    Path,
}

/// Kind, raw text and number.
type Capture = (Kind, String, i64);

#[derive(Clone, Debug)]
struct Route {
    method: &'static str,
    segments: Vec<Segment>,
}

impl Route {
    fn pattern(&self) -> String {
        let mut out = String::new();
        for (index, segment) in self.segments.iter().enumerate() {
            out += &match segment {
                Segment::Text(text) => format!("/{text}"),
                Segment::Int => format!("/{{p{index}:int}}"),
                Segment::Str => format!("/{{p{index}}}"),
                Segment::Path => format!("/{{p{index}:path}}"),
            };
        }
        out
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
                Segment::Int if text.parse::<i64>().is_ok_and(|number| number.to_string() == text && number >= 0) => {
                    captures.push((Kind::Int, raw.into(), text.parse().unwrap_or(-1)));
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

/// An answer that owns its text.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Route(usize, Vec<Capture>),
    NotFound,
    MethodNotAllowed(String),
    Options(String),
}

fn naive(routes: &[Route], method: &str, path: &str) -> Answer {
    let mut matching: Vec<(usize, &Route, Vec<Capture>)> =
        routes.iter().enumerate().filter_map(|(index, route)| Some((index, route, route.captures(path)?))).collect();
    // Texts are equal where two matching routes both have one, so only the kinds are compared.
    matching.sort_by_key(|(_, route, _)| route.segments.clone());
    let mut patterns: Vec<&[Segment]> = matching.iter().map(|(_, route, _)| route.segments.as_slice()).collect();
    patterns.dedup();
    for pattern in patterns {
        let of =
            |wanted: &str| matching.iter().find(|(_, route, _)| route.segments == pattern && route.method == wanted);
        let exact = of(method).or_else(|| (method == "HEAD").then(|| of("GET")).flatten());
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
    match method {
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
        Segment::Int,
        Segment::Str,
    ]);
    let last = select(vec![None, Some(Segment::Text("")), Some(Segment::Path)]);
    let method = select(vec!["GET", "POST", "PUT", "HEAD", "OPTIONS", "REPORT"]);
    (method, vec(segment, 0..4), last).prop_map(|(method, mut segments, last)| {
        segments.extend(last);
        if segments.is_empty() {
            segments.push(Segment::Text(""));
        }
        Route { method, segments }
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
        "%",
    ]);
    vec(segment, 1..5).prop_map(|segments| format!("/{}", segments.join("/")))
}

/// Keep the first of each shape and method: the others would be conflicts.
fn without_conflicts(routes: Vec<Route>) -> Vec<Route> {
    let mut kept: Vec<Route> = Vec::new();
    for route in routes {
        if !kept.iter().any(|known| known.method == route.method && known.segments == route.segments) {
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
    ) {
        let routes = without_conflicts(routes);
        let mut builder = RouterBuilder::new();
        for (index, route) in routes.iter().enumerate() {
            prop_assert_eq!(builder.add(route.method, &route.pattern(), "label"), Ok(index as u32));
        }
        let router = builder.build().map_err(|conflicts| TestCaseError::fail(conflicts[0].to_string()))?;
        let mut params = Params::new();
        for path in &paths {
            let answer = match router.find(method.as_bytes(), path.as_bytes(), &mut params) {
                Found::Route(route) => {
                    let captured = params.as_slice().iter().map(|param| {
                        (param.kind, String::from_utf8_lossy(param.raw(path.as_bytes())).into_owned(), param.int)
                    });
                    Answer::Route(route as usize, captured.collect())
                }
                Found::NotFound => Answer::NotFound,
                Found::MethodNotAllowed(allow) => Answer::MethodNotAllowed(allow.into()),
                Found::Options(allow) => Answer::Options(allow.into()),
            };
            prop_assert_eq!(answer, naive(&routes, method, path), "{} {}", method, path);
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
