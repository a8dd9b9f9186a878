//! WebSockets on connections: the handshake, what is held back before it, closing, keep-alive, backpressure, topics.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::time::{Duration, Instant};

use spica_router::{Found, Params, Router, RouterBuilder};
use spica_server::{
    Application, Called, Kind, Message, Options, Reactor, Received, Reply, Request, Sent, Signal, Socket,
    SocketOptions, Sockets, Takes, Token,
};

const HEAD: &str = "GET /socket HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// Keeps the sockets of its route, and accepts them at once unless it is told to wait.
struct Keeper {
    router: Router,
    shared: RefCell<Option<Rc<Sockets>>>,
    sockets: RefCell<Vec<Rc<Socket>>>,
    waits: bool,
    sent: RefCell<Vec<u8>>,
    closed: RefCell<bool>,
    cancelled: RefCell<Vec<usize>>,
    woken: RefCell<Vec<Signal>>,
}

impl Application for Keeper {
    fn router(&self) -> &Router {
        &self.router
    }

    fn takes(&self, _: u32) -> Takes {
        Takes::Whole
    }

    fn is_vital(&self, _: u32) -> bool {
        false
    }

    fn call(&self, found: Found<'_>, _: &Params, request: &Request<'_>, reply: &mut Reply<'_>) -> Called {
        if !matches!(found, Found::Route(0)) {
            reply.content(404, "text/plain", b"none");
            return Called::Answered;
        }
        let shared = self.shared.borrow().clone().unwrap();
        match request.upgrade(&shared, &[]) {
            Ok(socket) => {
                if !self.waits {
                    socket.accept(None, [].into_iter()).unwrap();
                }
                self.sockets.borrow_mut().push(socket.clone());
                Called::Upgrading(self.sockets.borrow().len(), socket)
            }
            Err(refused) => {
                reply.refuse_upgrade(refused);
                Called::Answered
            }
        }
    }

    fn wake(&self, _: usize, signal: Signal) {
        self.woken.borrow_mut().push(signal);
    }

    fn cancel(&self, call: usize) {
        self.cancelled.borrow_mut().push(call);
    }

    fn deliver(&self, _: Token, bytes: &[u8], closed: bool) {
        self.sent.borrow_mut().extend_from_slice(bytes);
        *self.closed.borrow_mut() |= closed;
    }
}

fn reactor_with(waits: bool, sockets: SocketOptions) -> Reactor<Keeper> {
    let mut builder = RouterBuilder::new();
    builder.add("GET", "/socket", "socket").unwrap();
    let keeper = Keeper {
        router: builder.build().unwrap(),
        shared: RefCell::default(),
        sockets: RefCell::default(),
        waits,
        sent: RefCell::default(),
        closed: RefCell::default(),
        cancelled: RefCell::default(),
        woken: RefCell::default(),
    };
    let reactor = Reactor::new(keeper, Options { sockets, ..Options::default() }, None).unwrap();
    reactor.app().shared.replace(Some(reactor.sockets()));
    reactor
}

fn reactor() -> Reactor<Keeper> {
    reactor_with(false, SocketOptions::default())
}

/// A frame of a client.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        len @ 0..=125 => frame.push(0x80 | len as u8),
        len => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(len as u16).to_be_bytes());
        }
    }
    frame.extend_from_slice(&mask);
    frame.extend(payload.iter().enumerate().map(|(at, octet)| octet ^ mask[at % 4]));
    frame
}

fn text(payload: &str) -> Vec<u8> {
    frame(1, payload.as_bytes())
}

/// Feeds the head of a request and what follows it; gives the connection and its socket.
fn open(reactor: &mut Reactor<Keeper>, extra: &str) -> (Token, Rc<Socket>) {
    let token = reactor.open();
    reactor.feed(token, format!("{HEAD}{extra}\r\n").as_bytes());
    let socket = reactor.app().sockets.borrow().last().unwrap().clone();
    (token, socket)
}

fn taken(socket: &Socket) -> Vec<String> {
    let mut taken = Vec::new();
    loop {
        match socket.take() {
            Received::Message(Message::Text(text)) => taken.push(text.into_string()),
            Received::Message(Message::Binary(octets)) => taken.push(format!("{octets:?}")),
            Received::Nothing => return taken,
            Received::Ended(code, reason) => {
                taken.push(format!("{code} {reason}"));
                return taken;
            }
        }
    }
}

fn sent(reactor: &Reactor<Keeper>) -> Vec<u8> {
    std::mem::take(&mut *reactor.app().sent.borrow_mut())
}

/// What was sent behind the 101.
fn frames(reactor: &Reactor<Keeper>) -> Vec<u8> {
    let sent = sent(reactor);
    let end = sent.windows(4).position(|octets| octets == b"\r\n\r\n").map_or(0, |at| at + 4);
    sent[end..].to_vec()
}

#[test]
fn rfc6455_4_2_2_the_handshake_is_answered_when_it_is_accepted() {
    let mut reactor = reactor_with(true, SocketOptions::default());
    let (_, socket) = open(&mut reactor, "Sec-WebSocket-Protocol: a, b\r\n");
    assert!(sent(&reactor).is_empty(), "nobody has accepted it");
    assert_eq!(socket.protocols(), ["a", "b"]);
    assert!(socket.accept(Some("c"), [].into_iter()).is_err(), "not offered");
    assert!(socket.accept(None, [(&b"connection"[..], &b"close"[..])].into_iter()).is_err());
    assert!(socket.accept(None, [(&b"x"[..], &b"a\r\nb"[..])].into_iter()).is_err());
    socket.accept(Some("b"), [(&b"set-cookie"[..], &b"a=b"[..])].into_iter()).unwrap();
    assert!(reactor.attend(socket.exchange()));
    let head = String::from_utf8(sent(&reactor)).unwrap();
    assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
    assert!(head.contains("\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{head}");
    assert!(head.contains("\r\nsec-websocket-protocol: b\r\nset-cookie: a=b\r\n\r\n"), "{head}");
    assert_eq!(reactor.counts().open_sockets, 1);
}

#[test]
fn what_is_no_valid_handshake_is_an_ordinary_response() {
    let cases = [
        ("GET /socket HTTP/1.1\r\nHost: t\r\n\r\n".to_owned(), "HTTP/1.1 426 "),
        (format!("{}\r\n", HEAD.replace("Version: 13", "Version: 12")), "HTTP/1.1 426 "),
        (format!("{}\r\n", HEAD.replace("ZQ==", "")), "HTTP/1.1 400 "),
        (format!("{HEAD}Origin: http://evil.example\r\n\r\n"), "HTTP/1.1 403 "),
        (format!("{HEAD}Content-Length: 1\r\n\r\nx"), "HTTP/1.1 400 "),
    ];
    for (request, status) in cases {
        let mut reactor = reactor();
        let token = reactor.open();
        reactor.feed(token, request.as_bytes());
        let answer = String::from_utf8(sent(&reactor)).unwrap();
        assert!(answer.starts_with(status), "{request} {answer}");
        if status.contains("426") {
            let fields = "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n";
            assert!(answer.contains(fields), "{answer}");
        }
    }
}

#[test]
fn promise_11_a_page_of_the_same_origin_may_connect() {
    let mut reactor = reactor();
    open(&mut reactor, "Origin: https://t\r\n");
    assert!(sent(&reactor).starts_with(b"HTTP/1.1 101 "));
}

#[test]
fn promise_8_nothing_after_the_head_is_parsed_before_the_101() {
    let mut reactor = reactor_with(true, SocketOptions::default());
    let token = reactor.open();
    // What follows would be refused as a request, and is a frame.
    reactor.feed(token, &[format!("{HEAD}\r\n").as_bytes(), &text("early")].concat());
    reactor.feed(token, &text("later"));
    assert!(sent(&reactor).is_empty());
    let socket = reactor.app().sockets.borrow()[0].clone();
    assert_eq!(taken(&socket), [""; 0], "not even read as a frame");
    socket.accept(None, [].into_iter()).unwrap();
    reactor.attend(socket.exchange());
    assert_eq!(taken(&socket), ["early", "later"]);
}

#[test]
fn an_answer_instead_of_a_101_serves_what_came_behind_as_requests() {
    let mut reactor = reactor_with(true, SocketOptions::default());
    let (token, socket) = open(&mut reactor, "");
    reactor.feed(token, b"GET /none HTTP/1.1\r\nHost: t\r\n\r\n");
    reactor.complete(socket.exchange(), |_, reply| {
        reply.content(403, "text/plain", b"no");
        Called::Answered
    });
    let answers = String::from_utf8(sent(&reactor)).unwrap();
    assert!(answers.starts_with("HTTP/1.1 403 ") && answers.contains("HTTP/1.1 404 "), "{answers}");
}

#[test]
fn promise_3_splitting_changes_nothing() {
    let input = [
        format!("{HEAD}\r\n").as_bytes(),
        &text("one"),
        &frame(9, b"ping"),
        &frame(2, &[7; 300]),
        &text("two"),
        &frame(8, &[3, 232, b'b', b'y', b'e']),
    ]
    .concat();
    let run = |parts: &[&[u8]]| {
        let mut reactor = reactor();
        let token = reactor.open();
        parts.iter().for_each(|part| {
            reactor.feed(token, part);
        });
        let socket = reactor.app().sockets.borrow()[0].clone();
        (taken(&socket), frames(&reactor), reactor.connections())
    };
    let whole = run(&[&input]);
    assert_eq!(whole.0.len(), 4, "{:?}", whole.0);
    assert_eq!(whole.0[3], "1000 bye");
    assert_eq!(whole.1, b"\x8a\x04ping\x88\x02\x03\xe8");
    assert_eq!(whole.2, 0, "both have said goodbye");
    for at in 0..input.len() {
        assert_eq!(run(&[&input[..at], &input[at..]]), whole, "split at {at}");
    }
    let octets: Vec<&[u8]> = input.chunks(1).collect();
    assert_eq!(run(&octets), whole, "one octet at a time");
}

#[test]
fn rfc6455_7_1_1_the_handlers_end_waits_for_the_peers_close() {
    let mut reactor = reactor();
    let (token, socket) = open(&mut reactor, "");
    assert_eq!(socket.send(Kind::Text, b"last"), Sent::Room);
    reactor.finish_socket(socket.exchange());
    assert_eq!(frames(&reactor), b"\x81\x04last\x88\x02\x03\xe8");
    assert_eq!(reactor.connections(), 1);
    assert_eq!(socket.send(Kind::Text, b"late"), Sent::Closed);
    reactor.feed(token, &[text("crossing"), frame(8, &[3, 232])].concat());
    assert_eq!(reactor.connections(), 0);
    assert_eq!(taken(&socket), ["1000 "], "what crossed our goodbye is not delivered");
    assert!(reactor.app().cancelled.borrow().is_empty(), "there is nothing to cancel");
}

#[test]
fn a_frame_without_a_mask_is_1002() {
    let mut reactor = reactor();
    let (token, socket) = open(&mut reactor, "");
    reactor.feed(token, b"\x81\x02hi");
    let frames = frames(&reactor);
    assert_eq!(frames[..1], [0x88]);
    assert_eq!(frames[2..4], 1002u16.to_be_bytes());
    assert_eq!(reactor.connections(), 0);
    assert!(taken(&socket)[0].starts_with("1002 "));
    assert_eq!(*reactor.app().cancelled.borrow(), [1], "its handler is told");
}

#[test]
fn a_lost_connection_ends_receiving_behind_what_has_arrived() {
    let mut reactor = reactor();
    let (token, socket) = open(&mut reactor, "");
    reactor.feed(token, &text("one"));
    reactor.hang_up(token);
    assert_eq!(taken(&socket), ["one", "1006 "]);
    assert_eq!(*reactor.app().cancelled.borrow(), [1]);
    assert_eq!(reactor.counts().open_sockets, 0);
}

#[test]
fn a_handler_that_does_not_receive_stops_the_reading() {
    let mut reactor = reactor();
    let (token, socket) = open(&mut reactor, "");
    let message = text(&"x".repeat(1000));
    for _ in 0..200 {
        reactor.feed(token, &message);
    }
    assert!(socket.is_paused(), "200 kB are more than wait in messages");
    reactor.feed(token, &frame(8, &[3, 232]));
    let mut count = 0;
    loop {
        match socket.take() {
            Received::Message(_) => count += 1,
            Received::Nothing => assert!(socket.is_paused(), "nothing is lost: {count}"),
            Received::Ended(code, _) => {
                assert_eq!((count, code), (200, 1000));
                break;
            }
        }
        if socket.is_paused() {
            reactor.attend(socket.exchange());
        }
    }
}

#[test]
fn a_message_wakes_only_who_found_none() {
    let mut reactor = reactor();
    let (token, socket) = open(&mut reactor, "");
    reactor.feed(token, &text("one"));
    assert!(reactor.app().woken.borrow().is_empty(), "nobody has looked");
    assert_eq!(taken(&socket), ["one"]);
    reactor.feed(token, &text("two"));
    reactor.feed(token, &text("three"));
    assert_eq!(*reactor.app().woken.borrow(), [Signal::Message]);
}

#[test]
fn what_is_broadcast_reaches_the_subscribers_but_one() {
    let mut reactor = reactor();
    let sockets: Vec<_> = (0..3).map(|_| open(&mut reactor, "").1).collect();
    sent(&reactor);
    sockets.iter().for_each(|socket| socket.subscribe("news"));
    let except = Some(sockets[1].exchange().token);
    assert_eq!(reactor.broadcast("news", Kind::Text, b"hi", except), 2);
    assert_eq!(sent(&reactor), b"\x81\x02hi\x81\x02hi");
    sockets[0].unsubscribe("news");
    reactor.hang_up(sockets[2].exchange().token);
    assert_eq!(reactor.broadcast("news", Kind::Binary, b"x", None), 1);
    assert_eq!(reactor.broadcast("none", Kind::Binary, b"x", None), 0);
}

#[test]
fn a_broadcast_comes_behind_what_the_handler_sent_before() {
    let mut reactor = reactor();
    let (_, socket) = open(&mut reactor, "");
    sent(&reactor);
    socket.subscribe("news");
    socket.send(Kind::Text, b"1");
    reactor.broadcast("news", Kind::Text, b"2", None);
    assert_eq!(sent(&reactor), b"\x81\x011\x81\x012");
}

#[test]
fn rfc7692_7_a_broadcast_is_compressed_for_who_agreed() {
    let mut reactor = reactor();
    let plain = open(&mut reactor, "").1;
    let deflated = open(&mut reactor, "Sec-WebSocket-Extensions: permessage-deflate\r\n").1;
    assert!(String::from_utf8(sent(&reactor)).unwrap().contains("sec-websocket-extensions: permessage-deflate;"));
    [plain, deflated].iter().for_each(|socket| socket.subscribe("news"));
    reactor.broadcast("news", Kind::Text, "a".repeat(1000).as_bytes(), None);
    let sent = sent(&reactor);
    let (first, second) = sent.split_at(1004);
    assert_eq!(first[0], 0x81);
    assert_eq!(second[0], 0xc1, "RSV1");
    assert!(second.len() < 100, "{}", second.len());
}

#[test]
fn promise_23_a_draining_server_says_1001() {
    let mut reactor = reactor();
    let (token, socket) = open(&mut reactor, "");
    assert!(matches!(socket.take(), Received::Nothing));
    reactor.drain(Duration::ZERO);
    assert_eq!(frames(&reactor), b"\x88\x02\x03\xe9");
    assert_eq!(*reactor.app().woken.borrow(), [Signal::Message], "its handler is told");
    assert_eq!(taken(&socket), ["1001 "]);
    reactor.feed(token, &frame(8, &[3, 233]));
    assert_eq!(reactor.connections(), 0);
}

/// A client on a real socket, whose handshake is done.
fn connect(reactor: &mut Reactor<Keeper>, port: u16, path_extra: &str) -> TcpStream {
    let mut peer = TcpStream::connect(("127.0.0.1", port)).unwrap();
    peer.write_all(format!("{HEAD}{path_extra}\r\n").as_bytes()).unwrap();
    peer.set_nonblocking(true).unwrap();
    let mut head = Vec::new();
    poll_until(reactor, |_| {
        let mut octets = [0; 1024];
        if let Ok(count) = peer.read(&mut octets) {
            head.extend_from_slice(&octets[..count]);
        }
        head.ends_with(b"\r\n\r\n")
    });
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    peer
}

fn listening(sockets: SocketOptions) -> (Reactor<Keeper>, u16) {
    let mut reactor = reactor_with(false, sockets);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    reactor.listen(listener.into(), None).unwrap();
    (reactor, port)
}

fn poll_until(reactor: &mut Reactor<Keeper>, mut done: impl FnMut(&Reactor<Keeper>) -> bool) {
    let began = Instant::now();
    while !done(reactor) {
        assert!(began.elapsed() < Duration::from_secs(20), "it takes too long");
        reactor.poll().unwrap();
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn silence_is_answered_by_a_ping_and_then_by_the_end() {
    let options = SocketOptions { ping_interval: Duration::from_millis(300), ..SocketOptions::default() };
    let (mut reactor, port) = listening(options);
    let (mut alive, mut silent) = (connect(&mut reactor, port, ""), connect(&mut reactor, port, ""));
    let (mut pings, mut pinged) = (0, Vec::new());
    poll_until(&mut reactor, |reactor| {
        let mut octets = [0; 64];
        if let Ok(count @ 1..) = alive.read(&mut octets) {
            assert_eq!(octets[..count], [0x89, 0]);
            pings += 1;
            alive.write_all(&frame(10, b"")).unwrap();
        }
        if let Ok(count) = silent.read(&mut octets) {
            pinged.extend_from_slice(&octets[..count]);
        }
        reactor.connections() == 1 && pings >= 3
    });
    assert_eq!(pinged, [0x89, 0], "asked once, then given up");
    let ended = reactor.app().sockets.borrow()[1].end();
    assert_eq!(ended, Some((1006, String::new())));
}

#[test]
fn promise_12_a_slow_consumer_is_closed_with_1013_and_holds_no_more_than_its_queue() {
    let options = SocketOptions { max_queue: 256 * 1024, ..SocketOptions::default() };
    let (mut reactor, port) = listening(options);
    let (mut fast, mut slow) = (connect(&mut reactor, port, ""), connect(&mut reactor, port, ""));
    let sockets = reactor.app().sockets.borrow().clone();
    sockets.iter().for_each(|socket| socket.subscribe("news"));
    let message = [b'x'; 2000];
    let (mut received, mut sent) = (0, 0);
    let mut octets = vec![0; 1 << 20];
    let began = Instant::now();
    while sockets[1].is_open() {
        assert!(began.elapsed() < Duration::from_secs(20), "it is never closed");
        reactor.broadcast("news", Kind::Binary, &message, None);
        sent += message.len() + 4;
        while received < sent {
            reactor.poll().unwrap();
            received += fast.read(&mut octets).unwrap_or(0);
        }
    }
    assert!(sockets[0].is_open(), "who reads is not disturbed");
    assert_eq!(sockets[1].end().unwrap().0, 1013);
    assert_eq!(reactor.counts().slow_sockets, 1);
    // What was not begun is dropped: behind what the kernel holds comes the rest of one message, and the goodbye.
    let mut last = Vec::new();
    poll_until(&mut reactor, |_| {
        if let Ok(count @ 1..) = slow.read(&mut octets) {
            last.extend_from_slice(&octets[..count]);
        }
        last.ends_with(b"\x03\xf5the client reads too slowly")
    });
    let mut at = 0;
    while last[at] == 0x82 {
        at += 4 + 2000;
    }
    assert_eq!(last[at], 0x88, "whole messages, then the Close frame");
    let dropped = sent - at;
    assert!(dropped <= options.max_queue + 2 * 2004, "{dropped} octets were queued");
    assert!(dropped > options.max_queue / 2, "{dropped} octets were queued");
}

#[test]
fn a_goodbye_that_is_not_answered_ends_the_connection() {
    let options = SocketOptions { close_timeout: Duration::from_millis(200), ..SocketOptions::default() };
    let (mut reactor, port) = listening(options);
    let _peer = connect(&mut reactor, port, "");
    let socket = reactor.app().sockets.borrow()[0].clone();
    socket.close(4000, "enough").unwrap();
    reactor.attend(socket.exchange());
    assert_eq!(reactor.connections(), 1);
    poll_until(&mut reactor, |reactor| reactor.connections() == 0);
}

#[test]
fn a_handler_that_sends_faster_than_its_peer_reads_is_asked_to_wait() {
    let (mut reactor, port) = listening(SocketOptions::default());
    let mut peer = connect(&mut reactor, port, "");
    let socket = reactor.app().sockets.borrow()[0].clone();
    let message = vec![b'x'; 60_000];
    let mut sent = 0;
    while socket.send(Kind::Binary, &message) == Sent::Room {
        sent += message.len() + 4;
        reactor.attend(socket.exchange());
        assert!(sent < 64 << 20, "the kernel takes no more than that");
    }
    sent += message.len() + 4;
    assert!(socket.is_full());
    reactor.attend(socket.exchange());
    reactor.app().woken.borrow_mut().clear();
    let (mut received, mut octets) = (0, vec![0; 1 << 20]);
    poll_until(&mut reactor, |_| {
        received += peer.read(&mut octets).unwrap_or(0);
        received == sent
    });
    assert_eq!(*reactor.app().woken.borrow(), [Signal::Room], "told once");
    assert!(!socket.is_full());
}

#[test]
fn promise_20_a_handler_that_is_slow_is_no_sign_that_its_peer_is_dead() {
    let mut reactor =
        reactor_with(false, SocketOptions { ping_interval: Duration::from_millis(200), ..SocketOptions::default() });
    let (token, socket) = open(&mut reactor, "");
    sent(&reactor);
    // More than the handler has room for: the rest, and whatever the peer says to a Ping, is not looked at.
    reactor.feed(token, &text("a").repeat(300));
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(1200) {
        reactor.poll().unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(!*reactor.app().closed.borrow(), "it was not listened to");
    let mut messages = taken(&socket);
    reactor.attend(socket.exchange());
    messages.extend(taken(&socket));
    assert_eq!(messages.len(), 300);
    while !*reactor.app().closed.borrow() {
        assert!(began.elapsed() < Duration::from_secs(10), "a peer that says nothing is kept");
        reactor.poll().unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
}
