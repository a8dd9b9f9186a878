//! Nanoseconds per match with 10 and 1,000 routes: `cargo run --release -p spica-router --example measure`.
//!
//! Each figure is the best of several rounds, so that other work on the machine counts little.

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use spica_router::{Found, Params, Router, RouterBuilder};

const ROUNDS: u32 = 20;
const TIMES: u32 = 100_000;

fn main() -> Result<(), Box<dyn Error>> {
    for count in [10, 1_000] {
        let router = build(count)?;
        let at = count / 10 / 2;
        let cases = [
            ("static", format!("/resource{at}/new")),
            ("int parameter", format!("/resource{at}/42")),
            ("str parameter", format!("/resource{at}/by/ann")),
            ("two int parameters", format!("/resource{at}/42/parts/7")),
            ("path parameter", format!("/resource{at}/files/a/b/c.txt")),
            ("percent-encoded", format!("/resource{at}/by/a%20n")),
            ("miss", format!("/resource{at}/42/nothing")),
        ];
        for (name, path) in cases {
            println!("{count:5} routes  {name:20} {:7.1} ns", measure(&router, path.as_bytes()));
        }
    }
    Ok(())
}

/// Ten routes a resource, `count` in all.
fn build(count: usize) -> Result<Router, Box<dyn Error>> {
    let mut routes = RouterBuilder::new();
    for index in 0..count / 10 {
        let base = format!("/resource{index}");
        let patterns = [
            ("GET", base.clone()),
            ("POST", base.clone()),
            ("GET", format!("{base}/new")),
            ("GET", format!("{base}/{{id:int}}")),
            ("PATCH", format!("{base}/{{id:int}}")),
            ("DELETE", format!("{base}/{{id:int}}")),
            ("GET", format!("{base}/{{id:int}}/edit")),
            ("GET", format!("{base}/{{id:int}}/parts/{{part:int}}")),
            ("GET", format!("{base}/by/{{name}}")),
            ("GET", format!("{base}/files/{{rest:path}}")),
        ];
        for (method, pattern) in patterns {
            routes.add(method, &pattern, &pattern)?;
        }
    }
    routes.build().map_err(|conflicts| conflicts[0].clone().into())
}

fn measure(router: &Router, path: &[u8]) -> f64 {
    let mut params = Params::new();
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..TIMES {
            let found = router.find(black_box(b"GET"), black_box(path), &mut params);
            black_box(matches!(found, Found::Route(_)));
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES));
    }
    best
}
