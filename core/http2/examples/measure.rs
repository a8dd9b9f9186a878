//! Microseconds per request and response, and memory per connection. `cargo run --release -p spica-http2 --example measure`

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use spica_http2::{Connection, Event, Settings};

static LIVE: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged; counting touches no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`, and `pointer` came from `alloc` above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const IN_FLIGHT: u32 = 100;
const ROUNDS: u32 = 1_000;
const CONNECTIONS: usize = 10_000;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![0, 0, payload.len() as u8, kind, flags];
    octets.extend(stream.to_be_bytes());
    octets.extend(payload);
    octets
}

/// GET / of a.test with user-agent, accept and accept-encoding; into HPACK's table at first, then out of it.
fn get(stream: u32) -> Vec<u8> {
    let first =
        [&[0x82, 0x87, 0x84, 0x41, 6][..], b"a.test", &[0x7a, 10], b"client/1.0", &[0x53, 3], b"*/*", &[0x90]].concat();
    let later = [0x82, 0x87, 0x84, 0xc0, 0xbf, 0xbe, 0x90];
    frame(1, 5, stream, if stream == 1 { &first } else { &later })
}

fn open(settings: &Arc<Settings>) -> Connection {
    let mut connection = Connection::new(settings);
    connection.receive(PREFACE);
    connection.receive(&[frame(4, 0, 0, &[]), frame(4, 1, 0, &[]), frame(8, 0, 0, &[0x3f, 0, 0, 0])].concat());
    while connection.poll().is_some() {}
    connection.take_output(&mut Vec::new());
    connection
}

fn answer(connection: &mut Connection, output: &mut Vec<u8>) {
    while let Some(event) = connection.poll() {
        let Event::Request { stream, request, .. } = event else { continue };
        black_box(&request);
        let fields = [(&b"content-type"[..], &b"text/plain"[..]), (b"content-length", b"13")];
        // A failure shows in the octets counted below.
        let _ = connection.respond(stream, 200, fields, false);
        let _ = connection.send(stream, Bytes::from_static(b"Hello, world!"), true);
        connection.finish(stream);
    }
    connection.take_output(output);
}

fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

fn main() {
    let settings = Arc::new(Settings::default());
    let mut connection = open(&settings);
    let (mut output, mut octets) = (Vec::new(), 0);
    let flights: Vec<Vec<u8>> =
        (0..ROUNDS).map(|round| (0..IN_FLIGHT).flat_map(|n| get((round * IN_FLIGHT + n) * 2 + 1)).collect()).collect();
    let start = Instant::now();
    for flight in &flights {
        connection.receive(flight);
        answer(&mut connection, &mut output);
        octets += output.len();
        output.clear();
    }
    let each = start.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS * IN_FLIGHT);
    println!(
        "{each:.2} us a request, {IN_FLIGHT} in flight; {} octets a response",
        octets as u32 / (ROUNDS * IN_FLIGHT)
    );

    let (live, rss) = (LIVE.load(Ordering::Relaxed), resident());
    let mut connections: Vec<Connection> = (0..CONNECTIONS).map(|_| open(&settings)).collect();
    let report = |what: &str| {
        let (bytes, pages) = (LIVE.load(Ordering::Relaxed) - live, resident().saturating_sub(rss));
        println!(
            "{what}: {} bytes allocated, {} resident, each of {CONNECTIONS}",
            bytes / CONNECTIONS,
            pages / CONNECTIONS
        );
    };
    report("idle, nothing asked yet");
    for connection in &mut connections {
        connection.receive(&get(1));
        answer(connection, &mut output);
        output.clear();
        connection.tick(Duration::from_secs(1));
    }
    report("idle, one request answered");
    drop(connections);
    hostile(&settings);
}

/// One connection that takes all it is given: heads by one-octet references into HPACK's table, all content its windows allow.
fn hostile(settings: &Arc<Settings>) {
    let live = LIVE.load(Ordering::Relaxed);
    let mut connection = open(settings);
    let mut held = Vec::new();
    let entry = [&[0x40, 1, b'x', 127, 0xa1, 0x1e][..], &[b'a'; 4_000]].concat();
    for n in 0..1_000 {
        let fields = [&[0x83, 0x87, 0x84, 0x01, 6][..], b"a.test", if n == 0 { &entry } else { &[0xbe] }].concat();
        let mut octets = frame(1, 4, n * 2 + 1, &fields);
        octets[1] = (fields.len() / 256) as u8;
        let mut content = frame(0, 0, n * 2 + 1, &[0; 4_096]);
        content[1] = 16;
        octets.extend(content);
        connection.receive(&octets);
        held.extend(std::iter::from_fn(|| connection.poll()));
    }
    let now = LIVE.load(Ordering::Relaxed) - live;
    println!("hostile: {} requests running, {} KiB allocated", connection.streams(), now / 1024);
}
