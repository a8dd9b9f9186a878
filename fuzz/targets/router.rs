//! Lines of text: first patterns, up to an empty line, then paths to find.

#![no_main]

use libfuzzer_sys::fuzz_target;
use spica_router::{decode, Found, Kind, Params, Router, RouterBuilder};

const METHODS: [&str; 3] = ["GET", "POST", "OPTIONS"];

/// The router, and its patterns by the number of the route.
fn build<'a>(patterns: impl Iterator<Item = (usize, &'a str)>) -> Option<(Router, Vec<&'a str>)> {
    let (mut routes, mut accepted) = (RouterBuilder::new(), Vec::new());
    for (index, pattern) in patterns {
        if routes.add(METHODS[index % METHODS.len()], pattern, pattern).is_ok() {
            accepted.push(pattern);
        }
    }
    Some((routes.build().ok()?, accepted))
}

/// What was found, by the pattern instead of its number.
fn answer(router: &Router, patterns: &[&str], method: &str, path: &[u8]) -> (String, Vec<(Kind, Vec<u8>, i64)>) {
    let mut params = Params::new();
    let found = match router.find(method.as_bytes(), path, &mut params) {
        Found::Route(route) => format!("route {}", patterns[route as usize]),
        other => format!("{other:?}"),
    };
    let captures = params.as_slice().iter().map(|param| (param.kind, param.raw(path).to_vec(), param.int));
    (found, captures.collect())
}

fn check_capture(kind: Kind, raw: &[u8], number: i64) {
    let decoded = decode(raw);
    let text = || std::str::from_utf8(&decoded).expect("a type with a form of its own is ASCII");
    assert!(!raw.is_empty() || kind == Kind::Rest);
    match kind {
        Kind::Int => assert_eq!(text(), number.to_string()),
        Kind::Float => assert_eq!(text().parse(), Ok(f64::from_bits(number as u64))),
        Kind::Uuid => {
            assert!(text().len() == 36 && text().bytes().all(|octet| octet.is_ascii_hexdigit() || octet == b'-'))
        }
        Kind::Date => assert_eq!(text().replace('-', ""), format!("{number:08}")),
        Kind::Slug => assert!(text().bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet))),
        Kind::Str | Kind::Choice => assert!(!raw.contains(&b'/')),
        Kind::Path => assert_ne!(raw[0], b'/'),
        Kind::Rest => {}
    }
}

fuzz_target!(|text: &str| {
    let (patterns, paths) = text.split_once("\n\n").unwrap_or((text, "/"));
    let declared: Vec<(usize, &str)> = patterns.lines().take(24).enumerate().collect();
    let Some((router, in_order)) = build(declared.iter().copied()) else { return };
    let Some((reversed, in_reverse)) = build(declared.iter().rev().copied()) else {
        panic!("routes that conflict in one order only")
    };
    for path in paths.lines().take(24).map(str::as_bytes) {
        for method in METHODS {
            let (found, captures) = answer(&router, &in_order, method, path);
            assert_eq!((&found, &captures), (&answer(&reversed, &in_reverse, method, path).0, &captures));
            for (kind, raw, number) in &captures {
                check_capture(*kind, raw, *number);
            }
        }
        let get = answer(&router, &in_order, "GET", path);
        if get.0.starts_with("route") {
            assert_eq!(answer(&router, &in_order, "HEAD", path), get, "HEAD is answered as GET is");
        }
    }
});
