//! What frames, masking and compression cost: `cargo run --release -p spica-websocket --example measure`.
//!
//! Each figure is the best of several rounds, so that other work on the machine counts little.

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use spica_websocket::{
    apply_mask, check_upgrade, push_message, push_message_deflated, Closing, Deflater, Event, Failure, Inflater, Kind,
    PerMessageDeflate, Prepared, Reader,
};

const ROUNDS: u32 = 15;
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const MIB: usize = 1 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    println!("idle: Reader {} octets, Closing {}", size_of::<Reader>(), size_of::<Closing>());
    for length in [20, 125, 1000] {
        reading(length)?;
    }
    pieces(16 * MIB, 64 * 1024)?;
    for length in [16, 125, 4096, MIB] {
        masking(length);
    }
    let agreed = agreement()?.ok_or("permessage-deflate is always accepted")?;
    for length in [128, 256, 512, 1024, 4096, 65_536] {
        compressing(length, agreed)?;
    }
    let payload = json(300);
    let best = best_of(10_000, || drop(black_box(Prepared::new(Kind::Text, &payload))));
    println!("prepare     {:6} octets plain          {best:9.1} ns", payload.len());
    Ok(())
}

/// Text messages in whole frames, 64 to an input.
fn reading(length: usize) -> Result<(), Failure> {
    const FRAMES: usize = 64;
    let frames = frame(&vec![b'x'; length]).repeat(FRAMES);
    let (mut reader, mut inflater, mut input) = (Reader::new(MIB, true), Inflater::new(), frames.clone());
    let mut result = Ok(());
    let best = best_of(2_000, || {
        input.copy_from_slice(&frames);
        result =
            result.and(drain(&mut reader, black_box(&mut input), &mut inflater).map(|count| assert!(count == FRAMES)));
    });
    println!("read        {length:6} octets of text, whole  {:9.1} ns a message", best / FRAMES as f64);
    result
}

/// One message that arrives in pieces.
fn pieces(length: usize, piece: usize) -> Result<(), Failure> {
    let (mut inflater, mut result) = (Inflater::new(), Ok(()));
    for (name, opcode) in [("binary", 2), ("text", 1)] {
        let mut frame = frame(&vec![b'x'; length]);
        frame[0] = 0x80 | opcode;
        let mut input = frame.clone();
        let best = best_of(1, || {
            input.copy_from_slice(&frame);
            let mut reader = Reader::new(length, true);
            for piece in input.chunks_mut(piece) {
                result = result.and(drain(&mut reader, piece, &mut inflater).map(drop));
            }
        });
        println!(
            "read        {} MiB of {name} in pieces of {} KiB  {:6.2} GB/s",
            length / MIB,
            piece >> 10,
            length as f64 / best
        );
    }
    result
}

fn masking(length: usize) {
    let mut octets = vec![b'x'; length];
    let best = best_of((50 * MIB / (length + 500)) as u32 / 10, || apply_mask(black_box(&mut octets), black_box(MASK)));
    println!("mask        {length:8} octets {best:12.1} ns {:8.2} GB/s", length as f64 / best);
}

/// Records as a JSON API sends them.
fn compressing(length: usize, agreed: PerMessageDeflate) -> Result<(), Failure> {
    let payload = json(length);
    for level in [1, 3, 6] {
        let (mut deflater, mut out) = (Deflater::new(level), Vec::new());
        let times = (20_000_000 / (length + 20_000)) as u32;
        let best = best_of(times, || {
            out.clear();
            push_message_deflated(&mut out, Kind::Text, black_box(&payload), Some(agreed), &mut deflater);
        });
        let (mut inflater, mut reader) = (Inflater::new(), Reader::new(MIB, true));
        let header = out.len().min(if out.len() < 128 { 2 } else { 4 });
        let client = masked(out[0], &out[header..]);
        let (mut input, mut result) = (client.clone(), Ok(0));
        let read = best_of(times, || {
            input.copy_from_slice(&client);
            result = drain(&mut reader, &mut input, &mut inflater);
        });
        result?;
        println!(
            "deflate {level}   {length:6} octets of JSON to {:6} {best:9.0} ns, read again {read:9.0} ns",
            out.len()
        );
    }
    Ok(())
}

fn drain(reader: &mut Reader, input: &mut [u8], inflater: &mut Inflater) -> Result<usize, Failure> {
    let (mut at, mut count) = (0, 0);
    loop {
        let progress = reader.read(&mut input[at..], inflater)?;
        at += progress.consumed;
        match black_box(progress.event) {
            None => return Ok(count),
            Some(Event::Text(_) | Event::Binary(_)) => count += 1,
            Some(_) => {}
        }
    }
}

fn json(length: usize) -> Vec<u8> {
    let records = (0..).flat_map(|id: u32| {
        format!(
            "{{\"id\":{id},\"name\":\"user{}\",\"score\":{},\"online\":{}}},",
            id * 7919 % 1000,
            id * 31_337 % 997,
            id % 3 == 0
        )
        .into_bytes()
    });
    records.take(length).collect()
}

fn frame(payload: &[u8]) -> Vec<u8> {
    masked(0x81, payload)
}

/// A server's frame, made a client's.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    push_message(&mut plain, Kind::Text, payload);
    let header = plain.len() - payload.len();
    let mut out = plain[..header].to_vec();
    out[0] = first;
    out[1] |= 0x80;
    out.extend_from_slice(&MASK);
    out.extend_from_slice(payload);
    apply_mask(&mut out[header + 4..], MASK);
    out
}

fn agreement() -> Result<Option<PerMessageDeflate>, Box<dyn Error>> {
    let fields: [(&[u8], &[u8]); 5] = [
        (b"upgrade", b"websocket"),
        (b"connection", b"upgrade"),
        (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
        (b"sec-websocket-version", b"13"),
        (b"sec-websocket-extensions", b"permessage-deflate; client_max_window_bits"),
    ];
    let best = best_of(10_000, || drop(black_box(check_upgrade(b"GET", 1, fields.into_iter()))));
    println!("handshake   5 fields                     {best:9.1} ns");
    Ok(check_upgrade(b"GET", 1, fields.into_iter())?.and_then(|handshake| handshake.deflate))
}

/// Nanoseconds of one call.
fn best_of(times: u32, mut work: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..times {
            work();
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e9 / f64::from(times));
    }
    best
}
