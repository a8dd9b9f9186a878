//! What a line of the access log costs the thread that serves: `cargo run --release -p spica-server --example measure_log`.
//!
//! Lines come at the pace of a busy server into a socket that another thread empties. Only the time in `push` and `flush`
//! counts, and the clock's own share is taken off. Each figure is the best of several rounds, so that
//! other work on the machine counts little.

use std::hint::black_box;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use spica_server::{AccessLog, Entry, LogFormat};

const ROUNDS: u32 = 15;
const LINES: u32 = 60_000;
/// Between two lines, on average.
const PACE: Duration = Duration::from_micros(4);

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{:<6} {:>12} {:>12} {:>12}", "form", "lines/poll", "ns/line", "written")?;
    for (name, format) in [("text", LogFormat::Text), ("json", LogFormat::Json)] {
        for lines_per_poll in [1, 16, 256] {
            let (nanoseconds, written) = measure(format, lines_per_poll)?;
            writeln!(out, "{name:<6} {lines_per_poll:>12} {nanoseconds:>12.0} {:>10.1} %", written * 100.0)?;
        }
    }
    Ok(())
}

fn measure(format: LogFormat, lines_per_poll: u32) -> io::Result<(f64, f64)> {
    let (sink, mut collector) = UnixStream::pair()?;
    let collecting = std::thread::spawn(move || {
        let (mut buffer, mut lines) = (vec![0; 1 << 16], 0);
        while let Ok(n @ 1..) = collector.read(&mut buffer) {
            lines += buffer.iter().take(n).filter(|&&octet| octet == b'\n').count();
        }
        lines
    });
    let mut log = AccessLog::new(format, Box::new(sink));
    let clock = (0..1000).map(|_| Instant::now().elapsed()).sum::<Duration>() / 1000;
    let best = (0..ROUNDS).map(|_| round(&mut log, lines_per_poll, clock)).fold(f64::INFINITY, f64::min);
    drop(log);
    let written = collecting.join().unwrap_or_default();
    Ok((best, written as f64 / f64::from(ROUNDS * (LINES / lines_per_poll) * lines_per_poll)))
}

fn round(log: &mut AccessLog, lines_per_poll: u32, clock: Duration) -> f64 {
    let peer = "203.0.113.9:49152".parse().ok();
    let polls = LINES / lines_per_poll;
    let mut spent = Duration::ZERO;
    for poll in 0..polls {
        let began = Instant::now();
        for _ in 0..lines_per_poll {
            let entry = Entry {
                method: black_box(b"GET"),
                target: black_box(b"/posts/12345/comments?page=2&order=newest"),
                status: 200,
                bytes: 12_345,
                since: began,
                peer,
            };
            log.push(1_795_248_000 + i64::from(poll * lines_per_poll / 30_000), &entry);
        }
        log.flush();
        spent += began.elapsed().saturating_sub(clock);
        while began.elapsed() < PACE * lines_per_poll {
            std::hint::spin_loop();
        }
    }
    spent.as_nanos() as f64 / f64::from(polls * lines_per_poll)
}
