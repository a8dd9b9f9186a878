//! What finding and answering cost: `cargo run --release -p spica-files --example measure`.
//!
//! Best of several rounds; the files are in the page cache, as those that are asked for often are.

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use spica_files::{parse_date, render_date, select_ranges, type_of, Options, Request, Root};

const ROUNDS: u32 = 30;
const TIMES: u32 = 2000;

type Fields<'a> = &'a [(&'a str, &'a str)];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("spica-measure-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("assets/deep/er"))?;
    for name in ["page.html", "page.html.gz", "photo.png", "assets/deep/er/app-3f9a1c2b.js"] {
        std::fs::write(folder.join(name), vec![b'x'; 10_000])?;
    }
    let root = Root::open(&folder, Options::default())?;
    for path in ["/photo.png", "/assets/deep/er/app-3f9a1c2b.js", "/missing.png", "/../secret", "/assets"] {
        report(&format!("find {path}"), || drop(black_box(root.find(black_box(path.as_bytes())))));
    }
    let etag = root.find(b"/photo.png")?.ok_or("no file")?.opened.etag(None);
    let cases: [(&str, &str, Fields<'_>); 6] = [
        ("200", "/photo.png", &[("accept-encoding", "gzip, deflate, br, zstd")]),
        ("304", "/photo.png", &[("if-none-match", &etag)]),
        ("206", "/photo.png", &[("range", "bytes=100-199")]),
        ("206, 3 parts", "/photo.png", &[("range", "bytes=0-9,500-509,-10")]),
        ("200, no sibling asked for", "/page.html", &[]),
        ("200, third sibling", "/page.html", &[("accept-encoding", "gzip, deflate, br, zstd")]),
    ];
    for (name, path, fields) in cases {
        let field = |name: &str| fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_bytes());
        let request = Request { method: b"GET", field: &field, now: 1_800_000_000 };
        report(&format!("answer {name}"), || drop(black_box(root.answer(path.as_bytes(), &request))));
    }
    report("type_of app.js", || drop(black_box(type_of(black_box(b"app.js")))));
    report("render_date", || drop(black_box(render_date(black_box(784_111_777)))));
    report("parse_date", || {
        black_box(parse_date(black_box(b"Sun, 06 Nov 1994 08:49:37 GMT"), 1_800_000_000));
    });
    report("select_ranges", || drop(black_box(select_ranges(black_box(b"bytes=100-199"), 10_000))));
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

fn report(name: &str, mut work: impl FnMut()) {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..TIMES {
            work();
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES));
    }
    println!("{name:42} {best:7.2} us");
}
