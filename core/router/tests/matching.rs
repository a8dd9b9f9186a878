//! What matches, what wins, and what is captured.

use spica_router::{decode, Found, Kind, Params, Router, RouterBuilder};

fn router(routes: &[(&str, &str)]) -> Router {
    let mut builder = RouterBuilder::new();
    for (index, (method, pattern)) in routes.iter().enumerate() {
        assert_eq!(builder.add(method, pattern, pattern), Ok(index as u32));
    }
    match builder.build() {
        Ok(router) => router,
        Err(conflicts) => panic!("{conflicts:?}"),
    }
}

/// The pattern of the route that answers GET, and what it captured.
fn get(routes: &[&str], path: &str) -> Option<(String, Vec<String>)> {
    let declared: Vec<(&str, &str)> = routes.iter().map(|pattern| ("GET", *pattern)).collect();
    let router = router(&declared);
    let mut params = Params::new();
    match router.find(b"GET", path.as_bytes(), &mut params) {
        Found::Route(route) => {
            let text = |param: &spica_router::Param| match param.kind {
                Kind::Int => param.int.to_string(),
                _ => String::from_utf8_lossy(param.raw(path.as_bytes())).into_owned(),
            };
            Some((routes[route as usize].into(), params.as_slice().iter().map(text).collect()))
        }
        Found::NotFound => {
            assert!(params.is_empty());
            None
        }
        other => panic!("{other:?}"),
    }
}

fn found(pattern: &str, captured: &[&str]) -> Option<(String, Vec<String>)> {
    Some((pattern.into(), captured.iter().map(|text| (*text).into()).collect()))
}

#[test]
fn texts() {
    let routes = ["/", "/a", "/a/b", "/a/", "/x y", "/é"];
    for pattern in ["/", "/a", "/a/b", "/a/"] {
        assert_eq!(get(&routes, pattern), found(pattern, &[]));
    }
    for path in ["/b", "/a/b/", "/A", "//", "//a", "/a//b", "a", "", "*", "/a/.", "/a?b"] {
        assert_eq!(get(&routes, path), None, "{path}");
    }
    assert_eq!(get(&routes, "/x%20y"), found("/x y", &[]));
    assert_eq!(get(&routes, "/%c3%A9"), found("/é", &[]));
}

#[test]
fn int() {
    for (text, number) in
        [("0", "0"), ("7", "7"), ("1234567890", "1234567890"), ("9223372036854775807", "9223372036854775807")]
    {
        assert_eq!(get(&["/{id:int}"], &format!("/{text}")), found("/{id:int}", &[number]));
    }
    for text in [
        "",
        "-1",
        "+1",
        "01",
        "00",
        "1.0",
        "1e3",
        "0x1",
        "1_000",
        "９",
        "٣",
        "9223372036854775808",
        "18446744073709551616",
        "99999999999999999999",
        "1/",
        "1 ",
        "a",
        "%2B1",
        "1%",
    ] {
        assert_eq!(get(&["/{id:int}"], &format!("/{text}")), None, "{text}");
    }
    assert_eq!(get(&["/{id:int}"], "/%31%32"), found("/{id:int}", &["12"]));
}

#[test]
fn str_is_one_segment_that_is_not_empty() {
    assert_eq!(get(&["/u/{name}"], "/u/ann"), found("/u/{name}", &["ann"]));
    assert_eq!(get(&["/u/{name}"], "/u/%2F%20"), found("/u/{name}", &["%2F%20"]));
    for path in ["/u/", "/u", "/u/a/b", "/u/a/"] {
        assert_eq!(get(&["/u/{name}"], path), None, "{path}");
    }
    assert_eq!(get(&["/{a}/{b}"], "//x"), None);
    assert_eq!(get(&["/{a}/"], "/x/"), found("/{a}/", &["x"]));
}

#[test]
fn path_is_the_rest() {
    for pattern in ["/f/{rest:path}", "/f/{*rest}"] {
        for rest in ["a", "a/b", "a/", "a//b", "a/%2e%2e/b", "a/../b"] {
            assert_eq!(get(&[pattern], &format!("/f/{rest}")), found(pattern, &[rest]));
        }
        for path in ["/f/", "/f", "/f//a", "/g/a"] {
            assert_eq!(get(&[pattern], path), None, "{path}");
        }
    }
}

#[test]
fn several_parameters_in_the_order_of_the_pattern() {
    let pattern = "/{a}/x/{b:int}/{c}/{*d}";
    assert_eq!(get(&[pattern], "/1/x/2/3/4/5"), found(pattern, &["1", "2", "3", "4/5"]));
}

#[test]
fn text_before_int_before_str_before_path_in_any_order_of_adding() {
    let routes = ["/{rest:path}", "/{name}", "/{id:int}", "/new"];
    let turned: Vec<&str> = routes.iter().rev().copied().collect();
    for routes in [&routes[..], &turned] {
        assert_eq!(get(routes, "/new"), found("/new", &[]));
        assert_eq!(get(routes, "/7"), found("/{id:int}", &["7"]));
        assert_eq!(get(routes, "/ann"), found("/{name}", &["ann"]));
        assert_eq!(get(routes, "/ann/x"), found("/{rest:path}", &["ann/x"]));
    }
}

#[test]
fn the_first_place_decides_before_the_second() {
    let routes = ["/{a}/b", "/a/{b}"];
    assert_eq!(get(&routes, "/a/b"), found("/a/{b}", &["b"]));
    assert_eq!(get(&routes, "/x/b"), found("/{a}/b", &["x"]));
}

#[test]
fn the_next_alternative_is_tried_when_the_rest_does_not_match() {
    let routes = ["/a/b/c", "/a/{x}/d", "/{y:int}/b/e", "/{z}/b/f", "/{*rest}"];
    assert_eq!(get(&routes, "/a/b/c"), found("/a/b/c", &[]));
    assert_eq!(get(&routes, "/a/b/d"), found("/a/{x}/d", &["b"]));
    assert_eq!(get(&routes, "/1/b/f"), found("/{z}/b/f", &["1"]));
    assert_eq!(get(&routes, "/a/b/f"), found("/{z}/b/f", &["a"]));
    assert_eq!(get(&routes, "/1/b/g"), found("/{*rest}", &["1/b/g"]));
}

#[test]
fn percent_encoding_never_splits_a_segment() {
    assert_eq!(get(&["/a/b", "/{x}"], "/a%2Fb"), found("/{x}", &["a%2Fb"]));
    assert_eq!(get(&["/a/b"], "/a%2fb"), None);
    assert_eq!(get(&["/a/b", "/a/{x}"], "/%61/%62"), found("/a/b", &[]));
    assert_eq!(get(&["/a/{x}"], "/%61/%62"), found("/a/{x}", &["%62"]));
    assert_eq!(get(&["/a/{x}/c"], "/a/%2F/%63"), found("/a/{x}/c", &["%2F"]));
}

#[test]
fn decoding() {
    assert_eq!(decode(b"plain").as_ref(), b"plain");
    assert!(matches!(decode(b"plain"), std::borrow::Cow::Borrowed(_)));
    assert_eq!(decode(b"%41b%2fC%c3%A9").as_ref(), "Ab/Cé".as_bytes());
    assert_eq!(decode(b"%%41%4").as_ref(), b"%A%4");
    assert_eq!(decode(b"%zz%+1%").as_ref(), b"%zz%+1%");
    assert_eq!(decode(b"%2541").as_ref(), b"%41");
    assert_eq!(decode(b"a+b").as_ref(), b"a+b");
}

#[test]
fn head_falls_to_get_unless_it_has_a_route() {
    let router =
        router(&[("GET", "/a"), ("HEAD", "/b"), ("GET", "/b"), ("POST", "/c"), ("GET", "/{x}/d"), ("HEAD", "/e")]);
    let head = |path: &str| router.find(b"HEAD", path.as_bytes(), &mut Params::new());
    assert_eq!(head("/a"), Found::Route(0));
    assert_eq!(head("/b"), Found::Route(1));
    assert_eq!(head("/c"), Found::MethodNotAllowed("OPTIONS, POST"));
    assert_eq!(head("/x/d"), Found::Route(4));
    assert_eq!(router.find(b"GET", b"/e", &mut Params::new()), Found::MethodNotAllowed("HEAD, OPTIONS"));
}

#[test]
fn options_is_automatic_unless_it_has_a_route() {
    let router = router(&[("GET", "/a"), ("PUT", "/a"), ("OPTIONS", "/b"), ("DELETE", "/{x}"), ("GET", "/{x}/c")]);
    let options = |path: &str| router.find(b"OPTIONS", path.as_bytes(), &mut Params::new());
    assert_eq!(options("/a"), Found::Options("DELETE, GET, HEAD, OPTIONS, PUT"));
    assert_eq!(options("/b"), Found::Route(2));
    assert_eq!(options("/x/c"), Found::Options("GET, HEAD, OPTIONS"));
    assert_eq!(options("/x/y"), Found::NotFound);
    assert_eq!(options("*"), Found::Options("DELETE, GET, HEAD, OPTIONS, PUT"));
    assert_eq!(router.find(b"GET", b"*", &mut Params::new()), Found::NotFound);
}

#[test]
fn allow_lists_the_methods_of_all_routes_with_the_path() {
    let router =
        router(&[("POST", "/a/b"), ("PUT", "/a/{x}"), ("DELETE", "/{y}/b"), ("GET", "/{*z}"), ("PATCH", "/c")]);
    let put = |path: &str| router.find(b"BREW", path.as_bytes(), &mut Params::new());
    assert_eq!(put("/a/b"), Found::MethodNotAllowed("DELETE, GET, HEAD, OPTIONS, POST, PUT"));
    assert_eq!(put("/a/c"), Found::MethodNotAllowed("GET, HEAD, OPTIONS, PUT"));
    assert_eq!(put("/c"), Found::MethodNotAllowed("GET, HEAD, OPTIONS, PATCH"));
    assert_eq!(put("/a/b"), Found::MethodNotAllowed("DELETE, GET, HEAD, OPTIONS, POST, PUT"));
    assert_eq!(put("/"), Found::NotFound);
}

#[test]
fn a_route_for_another_method_hides_nothing() {
    let router = router(&[("GET", "/users/new"), ("DELETE", "/users/{name}"), ("GET", "/users/{id:int}")]);
    let mut params = Params::new();
    assert_eq!(router.find(b"DELETE", b"/users/new", &mut params), Found::Route(1));
    assert_eq!(params.as_slice()[0].raw(b"/users/new"), b"new");
    assert_eq!(router.find(b"DELETE", b"/users/7", &mut params), Found::Route(1));
    assert_eq!((params.len(), params.as_slice()[0].kind), (1, Kind::Str));
}

#[test]
fn methods_are_compared_with_case() {
    let router = router(&[("GET", "/a"), ("REPORT", "/a")]);
    for method in ["get", "", "GE", "GETS", "report"] {
        let found = router.find(method.as_bytes(), b"/a", &mut Params::new());
        assert_eq!(found, Found::MethodNotAllowed("GET, HEAD, OPTIONS, REPORT"), "{method}");
    }
}

#[test]
fn params_used_again_keep_nothing() {
    let router = router(&[("GET", "/{a}/{b:int}"), ("GET", "/{a}"), ("GET", "/x")]);
    let mut params = Params::new();
    router.find(b"GET", b"/q/5", &mut params);
    assert_eq!(params.len(), 2);
    router.find(b"GET", b"/q", &mut params);
    assert_eq!(params.len(), 1);
    assert_eq!((params.as_slice()[0].kind, params.as_slice()[0].int), (Kind::Str, 0));
    router.find(b"GET", b"/x", &mut params);
    assert!(params.is_empty());
}

#[test]
fn sixteen_parameters_are_captured() {
    let pattern: String = (0..16).map(|index| format!("/{{p{index}:int}}")).collect();
    let path: String = (0..16).map(|index| format!("/{index}")).collect();
    let expected: Vec<String> = (0..16).map(|index: i32| index.to_string()).collect();
    assert_eq!(get(&[&pattern], &path), Some((pattern.clone(), expected)));
}

#[test]
fn a_router_is_shared_between_threads() {
    let router = router(&[("GET", "/a"), ("PUT", "/b"), ("POST", "/{x}")]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    assert_eq!(
                        router.find(b"X", b"/a", &mut Params::new()),
                        Found::MethodNotAllowed("GET, HEAD, OPTIONS, POST")
                    );
                    assert_eq!(
                        router.find(b"X", b"/b", &mut Params::new()),
                        Found::MethodNotAllowed("OPTIONS, POST, PUT")
                    );
                    assert_eq!(router.find(b"X", b"/c", &mut Params::new()), Found::MethodNotAllowed("OPTIONS, POST"));
                }
            });
        }
    });
}
