//! Why these levels and windows: `cargo run --release -p spica-coding --example levels [FILE…]`.
//!
//! Ratio and speed of whole contents by level, then resident memory of one open stream by window and table sizes.

use std::error::Error;
use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use brotli::enc::BrotliEncoderParams;
use flate2::{Compress, Compression, FlushCompress};
use zstd::stream::raw::CParameter;

const STREAMS: usize = 100;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let mut paths: Vec<String> = std::env::args().skip(1).collect();
    if paths.is_empty() {
        paths = ["README.md", "ARCHITECTURE.md", "docs/reference/errors.md"]
            .map(|path| format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR")))
            .to_vec();
    }
    for path in paths {
        let data = std::fs::read(&path)?;
        println!("{path}: {} octets", data.len());
        for level in [1, 2, 3, 4, 5, 6, 9] {
            let mut context = zstd::bulk::Compressor::new(level)?;
            report("zstd", level, &data, || Ok(context.compress(&data)?))?;
        }
        for quality in [1, 2, 3, 4, 5, 6] {
            let params = BrotliEncoderParams { quality, lgwin: 18, ..Default::default() };
            report("br", quality, &data, || {
                let mut out = Vec::new();
                brotli::BrotliCompress(&mut &data[..], &mut out, &params)?;
                Ok(out)
            })?;
        }
        for level in [1, 2, 3, 4, 5, 6, 7, 9] {
            let mut state = Compress::new_gzip(Compression::new(level), 15);
            report("gzip", level as i32, &data, || {
                state.reset();
                let mut out = Vec::with_capacity(data.len() + 1024);
                state.compress_vec(&data, &mut out, FlushCompress::Finish)?;
                Ok(out)
            })?;
        }
    }
    for (window, hash, chain) in [(21, 17, 16), (18, 17, 16), (17, 15, 14), (16, 14, 14), (15, 13, 13), (14, 12, 12)] {
        resident(&format!("zstd 3  window {window} hash {hash} chain {chain}"), || {
            let mut stream = zstd::Encoder::new(Vec::new(), 3)?;
            for parameter in [CParameter::WindowLog(window), CParameter::HashLog(hash), CParameter::ChainLog(chain)] {
                stream.set_parameter(parameter)?;
            }
            Ok(stream)
        })?;
    }
    for (quality, window) in [(4, 18), (4, 17), (4, 16), (4, 14), (3, 16), (2, 16), (5, 16), (5, 18)] {
        resident(&format!("br {quality}  window {window}"), || {
            Ok(brotli::CompressorWriter::new(Vec::new(), 1024, quality, window))
        })?;
    }
    for (level, window) in [(6, 15), (4, 15), (4, 14), (4, 13), (4, 12)] {
        resident(&format!("gzip {level}  window {window}"), || {
            Ok(Gzip(Compress::new_gzip(Compression::new(level), window)))
        })?;
    }
    Ok(())
}

fn report(name: &str, level: i32, data: &[u8], mut work: impl FnMut() -> Result<Vec<u8>, Box<dyn Error>>) -> Outcome {
    let mut best = f64::INFINITY;
    let size = work()?.len();
    for _ in 0..15 {
        let start = Instant::now();
        black_box(work()?);
        best = best.min(start.elapsed().as_secs_f64());
    }
    let (ratio, speed) = (data.len() as f64 / size as f64, data.len() as f64 / best / 1e6);
    println!("  {name:5}{level:2}  {ratio:5.2} x  {:8.1} us  {speed:7.1} MB/s", best * 1e6);
    Ok(())
}

/// Each stream sends 200 events of about 300 octets, flushed one by one.
fn resident<W: Write>(name: &str, start: impl Fn() -> Result<W, Box<dyn Error>>) -> Outcome {
    let before = resident_kib()?;
    let begun = Instant::now();
    let mut streams = (0..STREAMS).map(|_| start()).collect::<Result<Vec<W>, _>>()?;
    for (number, stream) in streams.iter_mut().enumerate() {
        for event in 0..200 {
            write!(
                stream,
                "event: score\ndata: {{\"game\": {number}, \"at\": {event}, \"text\": \"{:x}\"}}\n\n",
                event * 7919 * number
            )?;
            stream.flush()?;
        }
    }
    let spent = begun.elapsed().as_secs_f64() * 1e6 / (STREAMS * 200) as f64;
    println!(
        "  {name:34} {:6} KiB a stream  {spent:6.2} us an event",
        (resident_kib()?.saturating_sub(before)) / STREAMS
    );
    // Kept, because memory that was given back would be counted as free for the next.
    std::mem::forget(streams);
    Ok(())
}

fn resident_kib() -> Result<usize, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS")).ok_or("no VmRSS")?;
    Ok(line.split_whitespace().nth(1).ok_or("no number")?.parse()?)
}

struct Gzip(Compress);

impl Write for Gzip {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        let mut out = Vec::with_capacity(data.len() + 1024);
        self.0.compress_vec(data, &mut out, FlushCompress::None)?;
        Ok(data.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.compress_vec(&[], &mut Vec::with_capacity(1024), FlushCompress::Sync)?;
        Ok(())
    }
}
