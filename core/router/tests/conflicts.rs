//! Routes that answer the same request are refused when the router is built.

use spica_router::{Conflict, RouterBuilder};

fn conflicts(routes: &[(&str, &str)]) -> Vec<Conflict> {
    let mut builder = RouterBuilder::new();
    for (index, (method, pattern)) in routes.iter().enumerate() {
        assert_eq!(builder.add(method, pattern, &format!("handler{index}")), Ok(index as u32));
    }
    builder.build().err().unwrap_or_default()
}

#[test]
fn no_conflict() {
    let routes = [
        ("GET", "/users/{id:int}"),
        ("GET", "/users/{name}"),
        ("POST", "/users/{id}"),
        ("GET", "/users/new"),
        ("GET", "/users/{rest:path}"),
        ("GET", "/users/{name}/"),
        ("GET", "/users/{id:int}/edit"),
        ("GET", "/users"),
        ("GET", "/users/"),
        ("HEAD", "/users"),
        ("OPTIONS", "/users"),
    ];
    assert_eq!(conflicts(&routes), []);
}

#[test]
fn every_conflict_is_reported() {
    let found = conflicts(&[
        ("GET", "/a"),
        ("GET", "/a"),
        ("GET", "/{x}/b"),
        ("PUT", "/{x}/b"),
        ("GET", "/{y:str}/b"),
        ("GET", "/{z}/b"),
        ("GET", "/c/{*rest}"),
        ("GET", "/c/{all:path}"),
    ]);
    let pairs: Vec<(&str, &str)> = found.iter().map(|conflict| (&*conflict.first, &*conflict.second)).collect();
    assert_eq!(
        pairs,
        [
            ("handler0  GET /a", "handler1  GET /a"),
            ("handler2  GET /{x}/b", "handler4  GET /{y:str}/b"),
            ("handler2  GET /{x}/b", "handler5  GET /{z}/b"),
            ("handler6  GET /c/{*rest}", "handler7  GET /c/{all:path}"),
        ]
    );
}

#[test]
fn message_of_patterns_that_differ_in_names() {
    let found = conflicts(&[("GET", "/users/{id}"), ("GET", "/users/{name}")]);
    assert_eq!(
        found[0].to_string(),
        "two routes answer GET /users/a
  where  handler0  GET /users/{id}
         handler1  GET /users/{name}
  why    the patterns differ only in the names of parameters, so the second can never be reached
  fix    give one of them a type: /users/{name:int}"
    );
}

#[test]
fn message_of_equal_patterns() {
    let found = conflicts(&[("GET", "/users/{id:int}"), ("GET", "/users/{id:int}")]);
    assert_eq!(
        found[0].to_string(),
        "two routes answer GET /users/1
  where  handler0  GET /users/{id:int}
         handler1  GET /users/{id:int}
  why    both have the same method and pattern, so the second can never be reached
  fix    remove one of them, or give it another method or path"
    );
}

#[test]
fn the_fix_is_a_pattern_without_the_conflict() {
    let fix = |first: &str, second: &str| conflicts(&[("GET", first), ("GET", second)])[0].fix.clone();
    assert_eq!(fix("/{a:int}/{b:str}/c", "/{c:int}/{d:str}/c"), "give one of them a type: /{c:int}/{d:int}/c");
    assert_eq!(fix("/{a:int}", "/{b:int}"), "give one of them another path");
    assert_eq!(fix("/{*a}", "/{b:path}"), "give one of them another path");
}
