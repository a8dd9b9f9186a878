//! Hosts, constraints, choices, mixed segments, guards and fallbacks.

use spica_router::{Demands, Found, Params, PatternErrorKind, Router, RouterBuilder, Subject};

fn build(routes: &[(&str, &str, Demands<'_>)]) -> Router {
    let mut builder = RouterBuilder::new();
    for (method, pattern, demands) in routes {
        assert!(builder.add_with(method, pattern, pattern, *demands).is_ok(), "{pattern}");
    }
    match builder.build() {
        Ok(router) => router,
        Err(conflicts) => panic!("{conflicts:?}"),
    }
}

fn host(host: &str) -> Demands<'_> {
    Demands { host: Some(host), ..Demands::default() }
}

fn guard(guard: &str) -> Demands<'_> {
    Demands { guard, ..Demands::default() }
}

const FALLBACK: Demands<'static> = Demands { host: None, constraints: &[], guard: "", is_fallback: true };
const NOTHING: Demands<'static> = Demands { host: None, constraints: &[], guard: "", is_fallback: false };

/// What answers, and the raw captures.
fn ask<'r>(router: &'r Router, host: &str, method: &str, path: &str) -> (Found<'r>, Vec<String>) {
    let mut params = Params::new();
    let subject = Subject { host: host.as_bytes(), method: method.as_bytes(), path: path.as_bytes() };
    let found = router.find_for(subject, &mut params, &mut |route, _| route % 2 == 0);
    let text = |in_host: bool| if in_host { host } else { path };
    let raw = params.as_slice().iter().map(|param| param.raw(text(param.in_host).as_bytes()).to_vec());
    (found, raw.map(|octets| String::from_utf8_lossy(&octets).into_owned()).collect())
}

#[test]
fn the_nearest_host_wins_and_the_others_stay_reachable() {
    let router = build(&[
        ("GET", "/", NOTHING),
        ("GET", "/", host("admin.example.com")),
        ("GET", "/", host("{tenant}.example.com")),
        ("GET", "/only", host("{tenant}.example.com")),
        ("GET", "/", host("{tenant}.{region}.example.com")),
        ("GET", "/everywhere", NOTHING),
    ]);
    let route = |host: &str, path: &str| ask(&router, host, "GET", path).0;
    assert_eq!(route("other.test", "/"), Found::Route(0));
    assert_eq!(route("", "/"), Found::Route(0));
    assert_eq!(route("ADMIN.example.com:8080", "/"), Found::Route(1));
    assert_eq!(route("admin.example.com.", "/"), Found::Route(1));
    assert_eq!(ask(&router, "Acme.example.com", "GET", "/"), (Found::Route(2), vec!["Acme".into()]));
    assert_eq!(route("admin.example.com", "/only"), Found::Route(3));
    assert_eq!(ask(&router, "a.eu.example.com", "GET", "/").1, ["a", "eu"]);
    assert_eq!(route("acme.example.com", "/everywhere"), Found::Route(5));
    assert_eq!(route("other.test", "/only"), Found::NotFound);
    for strange in [".example.com", "..example.com", "[::1]:80", "[", ":", "a.example.com.evil.test"] {
        assert_eq!(route(strange, "/"), Found::Route(0), "{strange}");
    }
}

#[test]
fn allow_has_the_methods_of_every_host_that_matches() {
    let router = build(&[("GET", "/a", NOTHING), ("POST", "/a", host("x.test")), ("PUT", "/a", host("{y}.test"))]);
    assert_eq!(ask(&router, "x.test", "BREW", "/a").0, Found::MethodNotAllowed("GET, HEAD, OPTIONS, POST, PUT"));
    assert_eq!(ask(&router, "z.test", "OPTIONS", "/a").0, Found::Options("GET, HEAD, OPTIONS, PUT"));
    assert_eq!(ask(&router, "z.other", "POST", "/a").0, Found::MethodNotAllowed("GET, HEAD, OPTIONS"));
}

#[test]
fn a_constraint_covers_the_whole_text() {
    let constraints = [("slug", "[a-z]+|x1")];
    let router = build(&[
        ("GET", "/p/{slug}", Demands { constraints: &constraints, ..NOTHING }),
        ("GET", "/p/{other}", NOTHING),
        ("GET", "/f/{slug:path}", Demands { constraints: &[("slug", "a/.*")], ..NOTHING }),
    ]);
    let route = |path: &str| ask(&router, "", "GET", path).0;
    assert_eq!(route("/p/abc"), Found::Route(0));
    assert_eq!(route("/p/%61bc"), Found::Route(0));
    assert_eq!(route("/p/x1"), Found::Route(0));
    assert_eq!(route("/p/abc%0a"), Found::Route(1));
    assert_eq!(route("/p/abc1"), Found::Route(1));
    assert_eq!(route("/p/%ff"), Found::Route(1));
    assert_eq!(route("/f/a/b"), Found::Route(2));
    assert_eq!(route("/f/b/a"), Found::NotFound);
}

#[test]
fn constraints_are_tried_in_the_order_of_their_declaration() {
    let routes: [(&str, &str, Demands<'_>); 2] = [
        ("GET", "/{a}", Demands { constraints: &[("a", "[a-m]+")], ..NOTHING }),
        ("GET", "/{b}", Demands { constraints: &[("b", "[k-z]+")], ..NOTHING }),
    ];
    let router = build(&routes);
    assert_eq!(ask(&router, "", "GET", "/kkk").0, Found::Route(0));
    assert_eq!(ask(&router, "", "GET", "/zzz").0, Found::Route(1));
}

#[test]
fn a_constraint_of_a_client_is_linear() {
    let constraints = [("a", "(x+x+)+y")];
    let router = build(&[("GET", "/{a}", Demands { constraints: &constraints, ..NOTHING })]);
    let path = format!("/{}", "x".repeat(50_000));
    assert_eq!(ask(&router, "", "GET", &path).0, Found::NotFound);
}

#[test]
fn mixed_segments_are_split_from_their_end() {
    let router = build(&[
        ("GET", "/feed.{format:json|atom}", NOTHING),
        ("GET", "/{name}.{format}", NOTHING),
        ("GET", "/{name}", NOTHING),
        ("GET", "/{year:int}-{month:int}/x", NOTHING),
        ("GET", "/v{n:int}(draft)/y", NOTHING),
    ]);
    let found = |path: &str| ask(&router, "", "GET", path);
    assert_eq!(found("/feed.json"), (Found::Route(0), vec!["json".into()]));
    assert_eq!(found("/feed.xml"), (Found::Route(1), vec!["feed".into(), "xml".into()]));
    assert_eq!(found("/a.b.c"), (Found::Route(1), vec!["a.b".into(), "c".into()]));
    assert_eq!(found("/a%2Eb%2ec%20d"), (Found::Route(1), vec!["a%2Eb".into(), "c%20d".into()]));
    assert_eq!(found("/.x"), (Found::Route(2), vec![".x".into()]));
    assert_eq!(found("/x."), (Found::Route(2), vec!["x.".into()]));
    assert_eq!(found("/2026-11/x"), (Found::Route(3), vec!["2026".into(), "11".into()]));
    assert_eq!(found("/2026-/x").0, Found::NotFound);
    assert_eq!(found("/v7(draft)/y"), (Found::Route(4), vec!["7".into()]));
    assert_eq!(found("/v(draft)/y").0, Found::NotFound);
}

#[test]
fn a_guard_is_asked_last_and_only_where_the_rest_matches() {
    let router = build(&[
        ("GET", "/a", guard("yes")),
        ("GET", "/a", guard("no")),
        ("GET", "/b", NOTHING),
        ("GET", "/b", guard("no")),
        ("POST", "/c", guard("yes")),
        ("PUT", "/c", guard("no")),
    ]);
    let mut asked = Vec::new();
    let mut params = Params::new();
    let mut find = |method: &str, path: &str| {
        asked.clear();
        let subject = Subject { host: b"", method: method.as_bytes(), path: path.as_bytes() };
        let found = router.find_for(subject, &mut params, &mut |route, _| {
            asked.push(route);
            route % 2 == 0
        });
        (format!("{found:?}"), asked.clone())
    };
    assert_eq!(find("GET", "/a"), ("Route(0)".into(), vec![0]));
    assert_eq!(find("GET", "/b"), ("Route(2)".into(), vec![3]));
    assert_eq!(find("GET", "/nothing"), ("NotFound".into(), vec![]));
    // One that refuses is as if it were not there, also in Allow.
    assert_eq!(find("PUT", "/c"), ("MethodNotAllowed(\"OPTIONS, POST\")".into(), vec![5, 4]));
    assert_eq!(find("PUT", "/a"), ("MethodNotAllowed(\"GET, HEAD, OPTIONS\")".into(), vec![0]));
}

#[test]
fn a_fallback_answers_what_nothing_else_does() {
    let router = build(&[
        ("GET", "/{rest:rest}", FALLBACK),
        ("GET", "/api/{rest:rest}", FALLBACK),
        ("GET", "/{rest:rest}", Demands { host: Some("x.test"), ..FALLBACK }),
        ("POST", "/api/things", NOTHING),
    ]);
    let found = |host: &str, method: &str, path: &str| ask(&router, host, method, path);
    assert_eq!(found("", "GET", "/"), (Found::Fallback(0), vec![String::new()]));
    assert_eq!(found("", "BREW", "/some/thing"), (Found::Fallback(0), vec!["some/thing".into()]));
    assert_eq!(found("", "GET", "/api"), (Found::Fallback(1), vec![String::new()]));
    assert_eq!(found("", "GET", "/api/"), (Found::Fallback(1), vec![String::new()]));
    assert_eq!(found("", "GET", "/api/x"), (Found::Fallback(1), vec!["x".into()]));
    assert_eq!(found("x.test", "GET", "/api/x").0, Found::Fallback(2));
    assert_eq!(found("", "POST", "/api/things").0, Found::Route(3));
    assert_eq!(found("", "GET", "/api/things").0, Found::MethodNotAllowed("OPTIONS, POST"));
}

#[test]
fn two_of_the_same_demands_conflict() {
    let conflicts = |first: (&str, Demands<'_>), second: (&str, Demands<'_>)| {
        let mut builder = RouterBuilder::new();
        for (pattern, demands) in [first, second] {
            assert!(builder.add_with("GET", pattern, "label", demands).is_ok(), "{pattern}");
        }
        builder.build().err().map(|conflicts| conflicts[0].path.clone())
    };
    let lower = Demands { constraints: &[("a", "[a-z]+")], ..NOTHING };
    assert_eq!(conflicts(("/{a}", lower), ("/{a}", lower)), Some("/a".into()));
    assert_eq!(conflicts(("/{a}", lower), ("/{a}", NOTHING)), None);
    assert_eq!(conflicts(("/a", host("x.test")), ("/a", host("X.test"))), Some("x.test/a".into()));
    assert_eq!(conflicts(("/a", host("{x}.test")), ("/a", host("{y}.test"))), Some("a.test/a".into()));
    assert_eq!(conflicts(("/a", host("x.test")), ("/a", host("{y}.test"))), None);
    assert_eq!(conflicts(("/{a:x|y}", NOTHING), ("/{b:y|x}", NOTHING)), Some("/x".into()));
    assert_eq!(conflicts(("/f.{a}", NOTHING), ("/f.{b}", NOTHING)), Some("/f.a".into()));
    assert_eq!(conflicts(("/a", guard("g")), ("/a", guard("g"))), Some("/a".into()));
    assert_eq!(conflicts(("/a", guard("g")), ("/a", guard("h"))), None);
    assert_eq!(conflicts(("/{a:rest}", FALLBACK), ("/{b:rest}", FALLBACK)), Some("/a/b".into()));
}

#[test]
fn what_cannot_be_demanded() {
    let refusal = |pattern: &str, demands: Demands<'_>| {
        RouterBuilder::new().add_with("GET", pattern, "label", demands).err().map(|error| error.kind)
    };
    let constraint = |text: &'static str| match text {
        "(" => Demands { constraints: &[("a", "(")], ..NOTHING },
        "a)|(b" => Demands { constraints: &[("a", "a)|(b")], ..NOTHING },
        "huge" => Demands { constraints: &[("a", "(\\w{500}){500}")], ..NOTHING },
        _ => Demands { constraints: &[("a", "(?=x)x")], ..NOTHING },
    };
    for text in ["(", "a)|(b", "huge", "look-ahead"] {
        assert_eq!(refusal("/{a}", constraint(text)), Some(PatternErrorKind::Constraint), "{text}");
    }
    assert_eq!(refusal("/{b}", Demands { constraints: &[("a", "x")], ..NOTHING }), Some(PatternErrorKind::Constraint));
    for name in ["", "a..b", "https://a", "a:80", "a/b", "*.a", "é.a", "a b"] {
        assert_eq!(refusal("/", host(name)), Some(PatternErrorKind::Host), "{name}");
    }
    assert_eq!(refusal("/{a}", host("{a}.test")), Some(PatternErrorKind::DuplicateName));
    assert_eq!(refusal("/", host("{a:path}.test")), Some(PatternErrorKind::RestNotLast));
    assert_eq!(refusal("/{a}{b}", NOTHING), Some(PatternErrorKind::Braces));
    assert_eq!(refusal("/x{a:path}", NOTHING), Some(PatternErrorKind::RestNotLast));
    assert_eq!(refusal("/{a:x|}", NOTHING), Some(PatternErrorKind::UnknownConverter));
}

#[test]
fn patterns_of_hosts_are_tried_with_the_longest_texts_at_their_end_first() {
    let router = build(&[
        ("GET", "/", host("{a}.{b}.{c}")),
        ("GET", "/", host("{a}.{b}.test")),
        ("GET", "/", host("a.{b}.test")),
        ("GET", "/", host("{a}.b.test")),
        ("GET", "/", host("{a}-x.b.test")),
        ("GET", "/only", host("{a}.{b}.test")),
        ("GET", "/", NOTHING),
    ]);
    let first = |host: &str| ask(&router, host, "GET", "/");
    assert_eq!(first("1.2.3"), (Found::Route(0), vec!["1".into(), "2".into(), "3".into()]));
    assert_eq!(first("1.2.test"), (Found::Route(1), vec!["1".into(), "2".into()]));
    assert_eq!(first("a.2.test"), (Found::Route(2), vec!["2".into()]));
    assert_eq!(first("a.b.test"), (Found::Route(3), vec!["a".into()]));
    assert_eq!(first("1-x.b.test"), (Found::Route(4), vec!["1".into()]));
    assert_eq!(ask(&router, "1-x.b.test", "GET", "/only"), (Found::Route(5), vec!["1-x".into(), "b".into()]));
    for other in ["b.test", ".b.test", "a..test", "a.b.test.x", "1.2.3.4", "..", ".", "test"] {
        assert_eq!(first(other), (Found::Route(6), vec![]), "{other}");
    }
}

#[test]
fn a_thousand_hosts_with_parameters_keep_apart() {
    let names: Vec<String> = (0..1_000).map(|index| format!("{{tenant}}.shop{index}.test")).collect();
    let routes: Vec<_> = names.iter().map(|name| ("GET", "/", host(name))).collect();
    let router = build(&routes);
    for index in [0, 7, 500, 999] {
        let found = ask(&router, &format!("acme.shop{index}.test"), "GET", "/");
        assert_eq!(found, (Found::Route(index), vec!["acme".into()]));
    }
    assert_eq!(ask(&router, "acme.shop1000.test", "GET", "/").0, Found::NotFound);
}
