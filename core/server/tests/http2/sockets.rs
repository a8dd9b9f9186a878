//! The same on sockets: the peer may be slow, or gone.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use spica_server::{Options, Reactor};

use crate::peer::{content_of, file_of, reactor, App, LARGE};
use crate::PREFACE;

fn pair(options: Options) -> (Reactor<App>, TcpStream) {
    let mut reactor = reactor(options);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    reactor.listen(listener.into(), None).unwrap();
    let client = TcpStream::connect(address).unwrap();
    client.set_nonblocking(true).unwrap();
    (reactor, client)
}

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let mut octets = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    octets.extend([kind, flags, 0, 0, 0, stream]);
    octets.extend(payload);
    octets
}

/// Preface, SETTINGS with a window of 1 GiB for each stream, and as much for the connection.
fn greeting() -> Vec<u8> {
    let windows = [frame(4, 0, 0, &[0, 4, 0x40, 0, 0, 0]), frame(8, 0, 0, &[0x3f, 0, 0, 0])].concat();
    [PREFACE, &windows].concat()
}

fn get(stream: u8, path: &str) -> Vec<u8> {
    let mut block = b"\x82\x86\x44".to_vec();
    block.push(path.len() as u8);
    block.extend(path.as_bytes());
    block.extend(b"\x41\x06a.test");
    frame(1, 5, stream, &block)
}

/// Runs the reactor and reads at most `piece` octets at a time until `done` says so.
fn read_until(
    reactor: &mut Reactor<App>,
    client: &mut TcpStream,
    piece: usize,
    done: impl Fn(&[u8]) -> bool,
) -> Vec<u8> {
    let (mut all, mut buffer, begun) = (Vec::new(), vec![0; piece], Instant::now());
    while !done(&all) {
        assert!(begun.elapsed() < Duration::from_secs(20), "{} octets came", all.len());
        reactor.poll().unwrap();
        match client.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => all.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_micros(200));
            }
            Err(error) => panic!("{error}"),
        }
    }
    all
}

/// The content of the DATA frames on a stream, and whether they have ended.
fn content(mut octets: &[u8], of: u8) -> (Vec<u8>, bool) {
    let (mut all, mut ended) = (Vec::new(), false);
    while let [a, b, c, kind, flags, _, _, _, stream, rest @ ..] = octets {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let Some(payload) = rest.get(..length) else { break };
        if *kind == 0 && *stream == of {
            all.extend_from_slice(payload);
            ended |= flags & 1 == 1;
        }
        octets = &rest[length..];
    }
    (all, ended)
}

#[test]
fn a_file_reaches_a_slow_reader_whole() {
    let (mut reactor, mut client) = pair(Options::default());
    reactor.app().file.replace(Some(file_of(4 * LARGE)));
    client.write_all(&[greeting(), get(1, "/file"), get(3, "/version")].concat()).unwrap();
    // Headers, frames and all: a little more than the file.
    let whole = 4 * LARGE + 4 * LARGE / 16_384 * 9;
    let got = read_until(&mut reactor, &mut client, 50_000, |all| all.len() > whole && content(all, 1).1);
    assert!(content(&got, 1).0 == content_of(4 * LARGE));
    assert_eq!(content(&got, 3), (b"2".to_vec(), true));
}

#[test]
fn a_peer_that_takes_nothing_is_given_up() {
    let (mut reactor, mut client) = pair(Options { write_timeout: Duration::from_secs(1), ..Options::default() });
    reactor.app().file.replace(Some(file_of(8 * LARGE)));
    client.write_all(&[greeting(), get(1, "/file")].concat()).unwrap();
    let begun = Instant::now();
    reactor.poll().unwrap();
    while reactor.connections() > 0 || begun.elapsed() < Duration::from_millis(500) {
        assert!(begun.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(10));
        reactor.poll().unwrap();
    }
}

#[test]
fn a_peer_that_leaves_cancels_its_calls() {
    let (mut reactor, mut client) = pair(Options::default());
    client.write_all(&[greeting(), get(1, "/wait"), get(3, "/wait")].concat()).unwrap();
    read_until(&mut reactor, &mut client, 1000, |all| all.len() > 9);
    assert_eq!(reactor.app().waiting.borrow().len(), 2);
    drop(client);
    let begun = Instant::now();
    while reactor.connections() > 0 && begun.elapsed() < Duration::from_secs(10) {
        reactor.poll().unwrap();
    }
    let mut cancelled = reactor.app().cancelled.take();
    cancelled.sort_unstable(); // streams that end together end in any order
    assert_eq!(cancelled, [1, 3]);
}

#[test]
fn an_idle_connection_rests() {
    let (mut reactor, mut client) = pair(Options::default());
    client.write_all(&[greeting(), get(1, "/version")].concat()).unwrap();
    read_until(&mut reactor, &mut client, 1000, |all| content(all, 1).1);
    client.write_all(&frame(4, 1, 0, &[])).unwrap();
    let busy = || {
        use rustix::event::{poll, PollFd, PollFlags, Timespec};
        move |reactor: &Reactor<App>| {
            let fd = reactor.as_fd();
            let mut polled = [PollFd::new(&fd, PollFlags::IN)];
            poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 100_000_000 })).unwrap() > 0
        }
    };
    let (is_busy, mut turns) = (busy(), 0);
    for _ in 0..10 {
        if is_busy(&reactor) {
            turns += 1;
            reactor.poll().unwrap();
        }
    }
    assert!(turns <= 6, "{turns} turns in a second: only the ticks of the timer are expected");
}
