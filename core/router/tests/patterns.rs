//! How patterns are written, and what is said about those that are not.

use spica_router::{PatternError, PatternErrorKind, RouterBuilder, MAX_PARAMS};

fn add(method: &str, pattern: &str) -> Result<u32, PatternError> {
    RouterBuilder::new().add(method, pattern, "label")
}

fn mistake(pattern: &str) -> PatternError {
    match add("GET", pattern) {
        Ok(_) => panic!("{pattern} was accepted"),
        Err(error) => error,
    }
}

#[test]
fn routes_are_numbered_in_order_and_a_mistake_takes_no_number() {
    let mut routes = RouterBuilder::new();
    assert_eq!(routes.add("GET", "/a", "a"), Ok(0));
    assert!(routes.add("GET", "b", "b").is_err());
    assert_eq!(routes.add("GET", "/c", "c"), Ok(1));
}

#[test]
fn accepted() {
    for pattern in [
        "/",
        "/a",
        "/a/",
        "/a.b-c~d:e",
        "/a b",
        "/é",
        "/{id}",
        "/{id:int}/",
        "/{_a1}/b/{c:str}",
        "/{rest:path}",
        "/a/{*rest}",
        "/*",
        "/a;b=c",
        "/a{id}",
        "/{id}.json",
        "/feed.{format:json|atom}",
        "/{day:date}/{id:uuid}/{x:float}/{name:slug}",
    ] {
        assert_eq!(add("GET", pattern), Ok(0), "{pattern}");
    }
}

#[test]
fn refused() {
    use PatternErrorKind::*;
    for (pattern, kind) in [
        ("", MissingSlash),
        ("a", MissingSlash),
        ("{id}", MissingSlash),
        ("//", EmptySegment),
        ("/a//b", EmptySegment),
        ("/a?b", Text),
        ("/a#b", Text),
        ("/a%20b", Text),
        ("/a\nb", Text),
        ("/{a}{b}", Braces),
        ("/{id", Braces),
        ("/id}", Braces),
        ("/{{id}}", Braces),
        ("/{}", Name),
        ("/{1a}", Name),
        ("/{a-b}", Name),
        ("/{é}", Name),
        ("/{:int}", Name),
        ("/{*}", Name),
        ("/{*a:path}", Name),
        ("/{a}/{a}", DuplicateName),
        ("/{a:int}/b/{a:path}", DuplicateName),
        ("/{a:integer}", UnknownConverter),
        ("/{a:}", UnknownConverter),
        ("/{a:Int}", UnknownConverter),
        ("/{a: int}", UnknownConverter),
        ("/{a:path}/b", RestNotLast),
        ("/{*a}/", RestNotLast),
    ] {
        assert_eq!(mistake(pattern).kind, kind, "{pattern}");
    }
}

#[test]
fn methods_are_tokens_in_upper_case() {
    for method in ["", "get", "Get", "GE T", "GET\r\n", "É"] {
        let Err(error) = add(method, "/") else { panic!("{method} was accepted") };
        assert_eq!(error.kind, PatternErrorKind::Method);
    }
    for method in ["GET", "M-SEARCH", "PURGE2"] {
        assert_eq!(add(method, "/"), Ok(0), "{method}");
    }
}

#[test]
fn sixteen_parameters_but_not_more() {
    let pattern = |count: usize| (0..count).map(|index| format!("/{{p{index}}}")).collect::<String>();
    assert_eq!(add("GET", &pattern(MAX_PARAMS)), Ok(0));
    assert_eq!(mistake(&pattern(MAX_PARAMS + 1)).kind, PatternErrorKind::TooManyParams);
}

#[test]
fn sixty_two_methods_but_not_more() {
    let mut routes = RouterBuilder::new();
    // GET, HEAD and OPTIONS are known from the start.
    for index in 0..59 {
        assert_eq!(routes.add(&format!("M{index}"), "/", "label"), Ok(index));
    }
    let error = routes.add("ONE-MORE", "/", "label").map_err(|error| error.kind);
    assert_eq!(error, Err(PatternErrorKind::TooManyMethods));
    assert_eq!(routes.add("M7", "/a", "label"), Ok(59));
}

#[test]
fn messages() {
    assert_eq!(
        mistake("/users/{id:itn}").to_string(),
        "there is no type \"itn\"
  where  GET /users/{id:itn}
  why    the types are int, float, uuid, date, slug, str, path
  fix    did you mean {id:int}?"
    );
    assert_eq!(mistake("/{id:integer}").fix, "did you mean {id:int}?");
    assert_eq!(mistake("/{id:string}").fix, "did you mean {id:str}?");
    assert_eq!(mistake("/{id:md5}").fix, "write {id} and check the value in the handler");
    assert_eq!(
        mistake("/{id}{format}").to_string(),
        "the segment \"{id}{format}\" can't be read
  where  GET /{id}{format}
  why    nothing stands between two parameters, so nobody could say where one ends
  fix    put a text between them: {year}-{month}"
    );
    assert_eq!(mistake("users").fix, "write /users");
    assert_eq!(mistake("/{*rest}/edit").what, "there is something beside {*rest}");
    assert_eq!(mistake("/{*rest}/edit").fix, "move it to the end, or write {rest} for one segment");
    assert_eq!(mistake("/{id}/{id}").fix, "rename one of them, such as {parent_id}");
    assert_eq!(add("get", "/").map_err(|error| error.fix), Err("write \"GET\"".into()));
}
