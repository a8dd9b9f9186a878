//! What a line of the access log costs the thread that serves: `cargo run --release -p spica-server --example measure_log`.

use std::hint::black_box;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use spica_server::{AccessLog, Entry, LogFormat};

const LINES: usize = 200_000;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{:<6} {:>12} {:>12}", "form", "lines/poll", "ns/line")?;
    for (name, format) in [("text", LogFormat::Text), ("json", LogFormat::Json)] {
        for lines_per_poll in [1, 16, 256] {
            writeln!(out, "{name:<6} {lines_per_poll:>12} {:>12.0}", measure(format, lines_per_poll)?)?;
        }
    }
    Ok(())
}

fn measure(format: LogFormat, lines_per_poll: usize) -> io::Result<f64> {
    let (sink, mut collector) = UnixStream::pair()?;
    let collecting = std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while collector.read(&mut buffer).is_ok_and(|n| n > 0) {}
    });
    let mut log = AccessLog::new(format, Box::new(sink));
    let peer = "203.0.113.9:49152".parse().ok();
    let since = Instant::now();
    let mut best = f64::INFINITY;
    for _ in 0..7 {
        let began = Instant::now();
        for line in 0..LINES {
            let entry = Entry {
                method: black_box(b"GET"),
                target: black_box(b"/posts/12345/comments?page=2&order=newest"),
                status: 200,
                bytes: 12_345,
                since,
                peer,
            };
            log.push(1_795_248_000 + (line / 10_000) as i64, &entry);
            if line % lines_per_poll == 0 {
                log.flush();
            }
        }
        log.flush();
        best = best.min(began.elapsed().as_secs_f64() * 1e9 / LINES as f64);
    }
    drop(log);
    let _ = collecting.join();
    Ok(best)
}
