//! Nanoseconds per head and per chunked content: `cargo run --release -p spica-http1 --example measure`.
//!
//! Each figure is the best of several rounds, so that other work on the machine counts little.

use std::hint::black_box;
use std::time::Instant;

use spica_http1::{parse_head, ContentReader, Head, Limits, Refusal};

const ROUNDS: u32 = 20;
const TIMES: u32 = 20_000;

const WRK: &[u8] =
    b"GET /users/42 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nConnection: keep-alive\r\nAccept: application/json\r\n\r\n";

const SIX: &[u8] = b"GET /users/42?page=2 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: wrk/4.2.0 (bench)\r\n\
Accept: application/json, text/plain;q=0.9\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\nCookie: session=0123456789abcdef\r\n\r\n";

const BROWSER: &[u8] = b"GET /posts/17/comments?page=2 HTTP/1.1\r\nHost: example.com\r\nConnection: keep-alive\r\n\
sec-ch-ua: \"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\"\r\nsec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: \"Linux\"\r\nUpgrade-Insecure-Requests: 1\r\n\
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n\
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8\r\nSec-Fetch-Site: same-origin\r\n\
Sec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\nSec-Fetch-Dest: document\r\nReferer: https://example.com/posts/17\r\n\
Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9\r\nCookie: session=v1.k1.MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\r\n\r\n";

fn main() -> Result<(), Refusal> {
    let limits = Limits::default();
    let mut head = Head::new();
    for (name, input) in [("wrk, 3 fields", WRK), ("6 fields", SIX), ("browser, 15 fields", BROWSER)] {
        let best = best_of(|| {
            let mut scanned = 0;
            black_box(parse_head(black_box(input), &mut scanned, &limits, &mut head)).map(|_| ())
        })?;
        println!("parse_head  {name:20} {:4} octets  {best:7.1} ns", input.len());
    }
    let mut chunked = Vec::new();
    for _ in 0..16 {
        chunked.extend_from_slice(b"1000\r\n");
        chunked.extend_from_slice(&[b'x'; 4096]);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let mut sink = Vec::new();
    let best = best_of(|| {
        sink.clear();
        let mut reader = ContentReader::new(spica_http1::Content::Chunked, &limits)?;
        black_box(reader.feed(black_box(&chunked), &mut sink)).map(|_| ())
    })?;
    println!("chunked     16 chunks of 4 KiB            {best:7.1} ns");
    Ok(())
}

fn best_of(mut work: impl FnMut() -> Result<(), Refusal>) -> Result<f64, Refusal> {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..TIMES {
            work()?;
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES));
    }
    Ok(best)
}
