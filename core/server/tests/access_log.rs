//! The access log's promise: a sink that is slow, full, broken or dead delays nobody, and what it loses is told.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod support;

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use spica_http1::Limits;
use spica_server::{AccessLog, Entry, LogFormat, Options, Reactor};
use support::{logged, Given, Giver};

const SECOND: i64 = 1_795_253_400;

fn push(log: &mut AccessLog, target: &str) {
    let target = target.as_bytes();
    log.push(SECOND, &Entry { method: b"GET", target, status: 200, bytes: 0, since: Instant::now(), peer: None });
}

/// A sink that a test opens, closes and breaks.
#[derive(Clone, Default)]
struct Sink(Arc<(Mutex<Script>, Condvar)>);

#[derive(Default)]
struct Script {
    text: Vec<u8>,
    pieces: Vec<Vec<u8>>,
    writers: Vec<String>,
    shut: bool,
    /// What the next writes come to; when there is no more, all succeed.
    faults: Vec<Fault>,
}

#[derive(Clone, Copy)]
enum Fault {
    /// Takes so many octets, then the disk is full.
    Full(usize),
    WouldBlock,
    Interrupted,
}

impl Sink {
    fn shut(&self, shut: bool) {
        self.0 .0.lock().unwrap().shut = shut;
        self.0 .1.notify_all();
    }

    fn fail(&self, faults: &[Fault]) {
        self.0 .0.lock().unwrap().faults = faults.iter().rev().copied().collect();
    }

    fn text(&self) -> String {
        String::from_utf8(self.0 .0.lock().unwrap().text.clone()).unwrap()
    }

    fn targets(&self) -> Vec<String> {
        let text = self.text();
        text.lines().map(|line| line.split(' ').nth(2).unwrap_or(line).to_owned()).collect()
    }
}

impl Write for Sink {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let script = self.0 .0.lock().unwrap();
        let mut script = self.0 .1.wait_while(script, |script| script.shut).unwrap();
        script.pieces.push(octets.to_vec());
        script.writers.push(std::thread::current().name().unwrap_or_default().to_owned());
        let taken = match script.faults.pop() {
            None => octets.len(),
            Some(Fault::Full(0)) => return Err(ErrorKind::StorageFull.into()),
            Some(Fault::Full(room)) => {
                script.faults.push(Fault::Full(0));
                room
            }
            Some(Fault::WouldBlock) => return Err(ErrorKind::WouldBlock.into()),
            Some(Fault::Interrupted) => return Err(ErrorKind::Interrupted.into()),
        };
        script.text.extend_from_slice(&octets[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn text_log() -> (AccessLog, Sink) {
    let sink = Sink::default();
    (AccessLog::new(LogFormat::Text, Box::new(sink.clone())), sink)
}

#[test]
fn every_line_is_written_in_order_by_another_thread() {
    let (mut log, sink) = text_log();
    for line in 0..5_000 {
        push(&mut log, &format!("/{line}"));
        if line % 7 == 0 {
            log.flush();
        }
    }
    drop(log);
    assert_eq!(sink.targets(), (0..5_000).map(|line| format!("/{line}")).collect::<Vec<_>>());
    let script = sink.0 .0.lock().unwrap();
    assert!(script.writers.iter().all(|name| name == "spica-access-log"), "{:?}", script.writers);
    assert!(script.pieces.len() < 500, "lines gather: {} writes", script.pieces.len());
}

#[test]
fn workers_that_share_a_pipe_do_not_mix_their_lines() {
    let (mut log, sink) = text_log();
    for line in 0..2_000 {
        let length = if line == 1_000 { 9_000 } else { line % 300 };
        push(&mut log, &"x".repeat(length));
    }
    assert!(log.finish());
    let script = sink.0 .0.lock().unwrap();
    let lines = |piece: &[u8]| piece.iter().filter(|&&octet| octet == b'\n').count();
    for piece in &script.pieces {
        // Up to 4096 octets, a pipe takes all or nothing (POSIX, PIPE_BUF).
        assert!(piece.ends_with(b"\n") && (piece.len() <= 4096 || lines(piece) == 1), "{} octets", piece.len());
    }
    assert!(script.pieces.iter().any(|piece| piece.len() > 9_000), "a line that is longer is still written");
    assert_eq!(script.pieces.iter().map(|piece| lines(piece)).sum::<usize>(), 2_000);
}

#[test]
fn a_line_is_written_without_waiting_for_more() {
    let (collector, sink) = UnixStream::pair().unwrap();
    collector.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut log = AccessLog::new(LogFormat::Text, Box::new(sink));
    for target in ["/1", "/2"] {
        push(&mut log, target);
        log.flush();
        let mut buffer = [0; 256];
        let n = (&collector).read(&mut buffer).unwrap();
        assert!(String::from_utf8_lossy(&buffer[..n]).contains(&format!(" GET {target} 200 ")));
    }
}

#[test]
fn a_sink_that_takes_nothing_delays_nobody_and_its_losses_are_told() {
    let (mut log, sink) = text_log();
    sink.shut(true);
    let target = format!("/{}", "x".repeat(4_000));
    let began = Instant::now();
    for _ in 0..2_000 {
        push(&mut log, &target);
        log.flush();
    }
    assert!(began.elapsed() < Duration::from_secs(2), "8 MB of lines took {:?}", began.elapsed());
    sink.shut(false);
    assert!(log.finish(), "the sink takes lines again");
    push(&mut log, "/after");
    assert!(log.finish());

    let text = sink.text();
    let written = text.lines().filter(|line| line.contains("/xxx")).count();
    let lost: usize = text
        .lines()
        .filter_map(|line| line.split_once(" access log: ")?.1.split(' ').next()?.parse::<usize>().ok())
        .sum();
    assert!(lost > 0 && written > 0, "{written} written, {lost} lost");
    assert_eq!(written + lost, 2_000);
    assert!(written * target.len() < 3 * 1024 * 1024, "memory is bounded: {written} lines");
    assert!(text.ends_with(" ms\n") && text.contains(" /after "));
}

#[test]
fn a_full_disk_loses_lines_tears_none_and_is_told() {
    let (mut log, sink) = text_log();
    sink.fail(&[Fault::Full(70)]);
    for target in ["/1", "/2", "/3", "/4"] {
        push(&mut log, target); // some 34 octets each
    }
    assert!(log.finish(), "what failed does not wait");
    push(&mut log, "/5");
    assert!(log.finish());
    let text = sink.text();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].contains(" /1 ") && lines[1].contains(" /2 "), "{text}");
    assert!(lines[2].len() < 20, "the torn line ends where it was torn: {text}");
    assert!(lines[3].ends_with(" access log: 2 lines lost, they could not be written"), "{text}");
    assert!(lines[4].contains(" /5 ") && lines.len() == 5, "{text}");
}

#[test]
fn a_sink_that_does_not_block_is_waited_for() {
    let (mut log, sink) = text_log();
    sink.fail(&[Fault::WouldBlock, Fault::Interrupted, Fault::WouldBlock]);
    push(&mut log, "/1");
    assert!(log.finish());
    assert_eq!(sink.targets(), ["/1"]);
}

#[test]
fn a_dead_sink_does_not_hang_the_exit() {
    let (mut log, sink) = text_log();
    sink.shut(true);
    push(&mut log, "/1");
    let began = Instant::now();
    assert!(!log.finish());
    drop(log);
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(900) && took < Duration::from_millis(1_900), "one wait, not two: {took:?}");
    sink.shut(false);
}

#[test]
fn a_log_without_lines_has_no_thread_and_never_touches_its_sink() {
    let (mut log, sink) = text_log();
    log.flush();
    assert!(log.finish());
    drop(log);
    assert_eq!(sink.0 .0.lock().unwrap().pieces.len(), 0);
    assert_eq!(Arc::strong_count(&sink.0), 1, "nobody else holds the sink");
}

#[test]
fn the_thread_ends_with_its_log() {
    let (mut log, sink) = text_log();
    push(&mut log, "/1");
    drop(log);
    let began = Instant::now();
    while Arc::strong_count(&sink.0) > 1 {
        assert!(began.elapsed() < Duration::from_secs(5), "the thread still holds the sink");
        std::thread::yield_now();
    }
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const POST: &str = "POST /form.txt HTTP/1.1\r\nHost: t\r\n";

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let [.., high, low] = payload.len().to_be_bytes();
    [&[0, high, low, kind, flags, 0, 0, 0, stream], payload].concat()
}

/// HEADERS of `POST path`, content to follow.
fn post(stream: u8, path: &str) -> Vec<u8> {
    let block = [b"\x83\x86\x44", &[path.len() as u8][..], path.as_bytes(), b"\x41\x01t"].concat();
    frame(1, 4, stream, &block)
}

/// What is logged of a connection that brings `octets`, without times; `wait` for a deadline of 30 ms.
fn lines_of(octets: &[u8], options: Options, wait: bool) -> Vec<String> {
    let (log, sink) = text_log();
    let mut reactor: Reactor<Giver> = logged(Given::html(10), options, Some(log));
    let token = reactor.open();
    for piece in octets.chunks(65_536) {
        reactor.feed(token, piece);
    }
    let began = Instant::now();
    while wait && reactor.app().sent.borrow().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(10), "no answer");
        reactor.poll().unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    reactor.abort();
    let text = sink.text();
    text.lines().map(|line| line.split(' ').skip(1).take(3).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn requests_that_are_refused_leave_a_line() {
    let options = || Options {
        limits: Limits { content: 100, ..Limits::default() },
        head_timeout: Duration::from_millis(30),
        content_timeout: Duration::from_millis(30),
        ..Options::default()
    };
    let full_disk = || Options { spool_folder: "/nowhere/at/all".into(), ..Options::default() };
    let large = format!("{POST}Content-Length: 200000\r\n\r\n{}", "x".repeat(200_000));
    let cases: [(&str, Vec<u8>, Options, bool, &str); 9] = [
        ("no head", b"GET  / HTTP/1.1\r\n\r\n".to_vec(), options(), false, "- - 400"),
        ("half a head", b"GET /now HTTP/1.1\r\nHo".to_vec(), options(), true, "- - 408"),
        ("too much", format!("{POST}Content-Length: 101\r\n\r\n").into(), options(), false, "- - 413"),
        (
            "broken content",
            format!("{POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n").into(),
            options(),
            false,
            "POST /form.txt 400",
        ),
        ("half of it", format!("{POST}Content-Length: 9\r\n\r\nx").into(), options(), true, "POST /form.txt 408"),
        ("a full disk", large.into(), full_disk(), false, "POST /form.txt 507"),
        ("HTTP/2, no host", [PREFACE, &frame(1, 5, 1, b"\x83\x86\x84")].concat(), options(), false, "- - 400"),
        (
            "HTTP/2, too much",
            [PREFACE, &post(1, "/form.txt"), &frame(0, 0, 1, &[b'x'; 101])].concat(),
            options(),
            false,
            "POST /form.txt 413",
        ),
        (
            "HTTP/2, a full disk",
            [PREFACE, &post(1, "/form.txt"), &(0..6).flat_map(|_| frame(0, 0, 1, &[b'x'; 16_000])).collect::<Vec<_>>()]
                .concat(),
            full_disk(),
            false,
            "POST /form.txt 507",
        ),
    ];
    for (what, octets, options, wait, line) in cases {
        assert_eq!(lines_of(&octets, options, wait), [line], "{what}");
    }
}
