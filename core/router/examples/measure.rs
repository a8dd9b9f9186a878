//! Nanoseconds per match with 10 and 1,000 routes: `cargo run --release -p spica-router --example measure`. The second table has the
//! same routes beside some that demand a host, a regular expression or a guard.
//!
//! Each figure is the best of several rounds, so that other work on the machine counts little.

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use spica_router::{Demands, Found, Params, Router, RouterBuilder, Subject};

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
            println!("{count:5} routes  {name:26} {:7.1} ns", measure(&router, "", &path));
        }
    }
    println!();
    for count in [10, 1_000] {
        let router = build_demanding(count)?;
        let at = count / 10 / 2;
        let cases = [
            ("of every host", "", format!("/resource{at}/42")),
            ("a host", "host7.example.com", "/admin/42".into()),
            ("a host, upper case and port", "HOST7.Example.com:443", "/admin/42".into()),
            ("a host with a parameter", "acme.tenant7.example.com", "/board/42".into()),
            ("another host", "www.example.org", format!("/resource{at}/42")),
            ("a regular expression", "", format!("/resource{at}/slug/some-title-of-it")),
            ("it refuses, the next answers", "", format!("/resource{at}/slug/Some-Title")),
            ("a guard accepts", "", format!("/resource{at}/guarded/7")),
            ("a guard refuses, next", "", format!("/resource{at}/refused/7")),
        ];
        for (name, host, path) in cases {
            println!("{count:5} routes  {name:28} {:7.1} ns", measure(&router, host, &path));
        }
    }
    Ok(())
}

fn build(count: usize) -> Result<Router, Box<dyn Error>> {
    finish(plain(count)?)
}

/// As `build`, with ten hosts, ten hosts with a parameter, and constrained and guarded routes of each resource.
fn build_demanding(count: usize) -> Result<Router, Box<dyn Error>> {
    let mut routes = plain(count)?;
    for index in 0..10 {
        let named = format!("host{index}.example.com");
        routes.add_with("GET", "/admin/{id:int}", &named, Demands { host: Some(&named), ..Demands::default() })?;
        let open = format!("{{tenant}}.tenant{index}.example.com");
        routes.add_with("GET", "/board/{id:int}", &open, Demands { host: Some(&open), ..Demands::default() })?;
    }
    let constraints: &[_] = &[("slug", "[a-z]+(?:-[a-z]+)*")];
    for index in 0..count / 10 {
        let base = format!("/resource{index}");
        let slug = format!("{base}/slug/{{slug}}");
        routes.add_with("GET", &slug, &slug, Demands { constraints, ..Demands::default() })?;
        routes.add("GET", &format!("{base}/slug/{{key}}"), "key")?;
        let guarded = format!("{base}/guarded/{{id:int}}");
        routes.add_with("GET", &guarded, &guarded, Demands { guard: "accepts", ..Demands::default() })?;
        let refused = format!("{base}/refused/{{id:int}}");
        routes.add_with("GET", &refused, &refused, Demands { guard: "refuses", ..Demands::default() })?;
        routes.add("GET", &refused, "next")?;
    }
    finish(routes)
}

fn finish(routes: RouterBuilder) -> Result<Router, Box<dyn Error>> {
    routes.build().map_err(|conflicts| conflicts[0].clone().into())
}

/// Ten routes a resource, `count` in all.
fn plain(count: usize) -> Result<RouterBuilder, Box<dyn Error>> {
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
    Ok(routes)
}

fn measure(router: &Router, host: &str, path: &str) -> f64 {
    let subject = Subject { host: host.as_bytes(), method: b"GET", path: path.as_bytes() };
    let accepts = !path.contains("refused");
    let mut params = Params::new();
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..TIMES {
            let found = router.find_for(black_box(subject), &mut params, &mut |_, _| black_box(accepts));
            black_box(matches!(found, Found::Route(_)));
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES));
    }
    best
}
