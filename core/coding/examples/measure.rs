//! What the chosen encoders cost: `cargo run --release -p spica-coding --example measure [FILE…]`.
//!
//! Best of several rounds for time; resident memory of many streams opened at once, so that only touched pages count.

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use spica_coding::{Accepted, Coding, Encoder, Encoders, Offered, Policy};

const STREAMS: usize = 200;
const EVENTS: usize = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let field: &[u8] = b"gzip, deflate, br, zstd";
    let nanoseconds = best_of(|| {
        black_box(Accepted::parse(black_box([field])).choose(Offered::ALL));
    });
    println!("negotiation             {nanoseconds:8.0} ns");
    let (policy, fields) =
        (Policy::default(), [("content-type", "image/svg+xml"), ("cache-control", "public, max-age=60")]);
    let nanoseconds = best_of(|| {
        black_box(policy.applies(200, black_box(fields), Some(4096)));
    });
    println!("policy                  {nanoseconds:8.0} ns");

    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md").to_owned();
    let paths = std::env::args().skip(1).collect::<Vec<_>>();
    for path in if paths.is_empty() { vec![readme] } else { paths } {
        let (data, mut encoders, mut out) = (std::fs::read(&path)?, Encoders::new(), Vec::new());
        println!("{path}: {} octets", data.len());
        for coding in Coding::ALL {
            out.clear();
            encoders.encode(coding, &data, &mut out)?;
            let ratio = data.len() as f64 / out.len() as f64;
            let nanoseconds = best_of(|| {
                out.clear();
                let _ = black_box(encoders.encode(coding, &data, &mut out));
            });
            let speed = data.len() as f64 / nanoseconds * 1e3;
            println!("whole   {:5} {ratio:8.2} x  {:9.1} us  {speed:7.1} MB/s", coding.token(), nanoseconds / 1e3);
            let (mut stream, start) = (Encoder::new(coding)?, Instant::now());
            out.clear();
            data.chunks(16_384).try_for_each(|chunk| stream.write(chunk, &mut out))?;
            stream.finish(&mut out)?;
            let (ratio, spent) = (data.len() as f64 / out.len() as f64, start.elapsed().as_secs_f64() * 1e6);
            println!("stream  {:5} {ratio:8.2} x  {spent:9.1} us", coding.token());
        }
    }
    let mut open = Vec::new();
    for coding in Coding::ALL {
        let (before, start, mut octets, mut out) = (resident_kib()?, Instant::now(), 0, Vec::new());
        let mut streams = (0..STREAMS).map(|_| Encoder::new(coding)).collect::<Result<Vec<_>, _>>()?;
        for (number, stream) in streams.iter_mut().enumerate() {
            for event in 0..EVENTS {
                out.clear();
                stream.write(format!("data: {{\"game\": {number}, \"at\": {event}}}\n\n").as_bytes(), &mut out)?;
                stream.flush(&mut out)?;
                octets += out.len();
            }
        }
        println!(
            "stream  {:5} {:5} KiB each  {:6.2} us and {:3} octets an event",
            coding.token(),
            resident_kib()?.saturating_sub(before) / STREAMS,
            start.elapsed().as_secs_f64() * 1e6 / (STREAMS * EVENTS) as f64,
            octets / (STREAMS * EVENTS),
        );
        // Kept, because memory that was given back would be counted as free for the next.
        open.push(streams);
    }
    Ok(())
}

fn best_of(mut work: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..20 {
        let start = Instant::now();
        for _ in 0..50 {
            work();
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e9 / 50.0);
    }
    best
}

/// Reading /proc is Linux's way; elsewhere there is no such figure.
fn resident_kib() -> Result<usize, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS")).ok_or("no VmRSS")?;
    Ok(line.split_whitespace().nth(1).ok_or("no number")?.parse()?)
}
