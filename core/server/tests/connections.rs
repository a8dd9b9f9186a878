//! Connections without sockets: splitting changes nothing, a panic is a 500, waiting keeps the order.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use spica_router::{Found, Params, Router, RouterBuilder};
use spica_server::{
    Application, Called, Content, Exchange, Inbox, Options, Outbox, Pushed, Reactor, Reply, Request, Signal, Taken,
    Takes, Token,
};

const LARGE: usize = 8 * 1024 * 1024;

/// Answers `/echo` with the content, `/wait` later, `/panic` never, `/large` with more than the kernel takes, `/flow` with
/// a streamed answer to streamed content; `/vital` is answered under any load.
struct Echo {
    router: Router,
    sent: RefCell<Vec<u8>>,
    large: RefCell<usize>,
    closed: RefCell<bool>,
    waiting: RefCell<VecDeque<Exchange>>,
    cancelled: RefCell<Vec<usize>>,
    woken: RefCell<Vec<Signal>>,
    wake_panics: Cell<bool>,
    inbox: RefCell<Option<Rc<Inbox>>>,
    outbox: RefCell<Option<Rc<Outbox>>>,
}

impl Echo {
    fn new() -> Self {
        let mut builder = RouterBuilder::new();
        let routes = [
            ("POST", "/echo"),
            ("GET", "/wait"),
            ("GET", "/panic"),
            ("GET", "/large"),
            ("POST", "/flow"),
            ("GET", "/flow"),
            ("GET", "/vital"),
            ("POST", "/take"),
        ];
        for (method, pattern) in routes {
            builder.add(method, pattern, pattern).unwrap();
        }
        Echo {
            router: builder.build().unwrap(),
            sent: RefCell::default(),
            large: RefCell::default(),
            closed: RefCell::default(),
            waiting: RefCell::default(),
            cancelled: RefCell::default(),
            woken: RefCell::default(),
            wake_panics: Cell::default(),
            inbox: RefCell::default(),
            outbox: RefCell::default(),
        }
    }
}

impl Application for Echo {
    fn router(&self) -> &Router {
        &self.router
    }

    fn takes(&self, route: u32) -> Takes {
        if route == 4 || route == 7 {
            Takes::Stream
        } else {
            Takes::Whole
        }
    }

    fn is_vital(&self, route: u32) -> bool {
        route == 6
    }

    fn wake(&self, _: usize, signal: Signal) {
        assert!(!self.wake_panics.get(), "as asked");
        self.woken.borrow_mut().push(signal);
    }

    fn call(&self, found: Found<'_>, _: &Params, request: &Request<'_>, reply: &mut Reply<'_>) -> Called {
        if let Content::Stream(inbox) = &request.content {
            self.inbox.replace(Some(inbox.clone()));
        }
        match found {
            Found::Route(0) => match &request.content {
                Content::Bytes(bytes) => reply.content(200, "text/plain", bytes),
                Content::File { file, len } => {
                    let mut bytes = vec![0; *len as usize];
                    file.read_exact_at(&mut bytes, 0).unwrap();
                    reply.content(200, "text/plain", &bytes);
                }
                Content::Stream(_) => unreachable!("it takes whole content"),
            },
            Found::Route(1 | 7) => {
                self.waiting.borrow_mut().push_back(request.exchange);
                return Called::Waiting(self.waiting.borrow().len());
            }
            Found::Route(4 | 5) => {
                self.waiting.borrow_mut().push_back(request.exchange);
                let outbox = reply.stream(200, [(&b"x"[..], &b"y"[..])].into_iter()).unwrap();
                let streams = outbox.is_some();
                self.outbox.replace(outbox);
                return if streams { Called::Streaming(70) } else { Called::Answered };
            }
            Found::Route(6) => reply.content(200, "text/plain", b"well"),
            Found::Route(3) => {
                *self.large.borrow_mut() += 1;
                reply.content(200, "text/plain", &vec![b'x'; LARGE]);
            }
            Found::Route(_) => panic!("as asked"),
            _ => reply.content(404, "text/plain", b"none"),
        }
        Called::Answered
    }

    fn cancel(&self, call: usize) {
        self.cancelled.borrow_mut().push(call);
    }

    fn deliver(&self, _: Token, bytes: &[u8], closed: bool) {
        self.sent.borrow_mut().extend_from_slice(bytes);
        *self.closed.borrow_mut() |= closed;
    }
}

fn answer(reply: &mut Reply<'_>, status: u16, content_type: &str, body: &[u8]) -> Called {
    reply.content(status, content_type, body);
    Called::Answered
}

/// The first request of a connection.
fn first(token: Token) -> Exchange {
    Exchange { token, stream: 1 }
}

fn reactor() -> Reactor<Echo> {
    Reactor::new(Echo::new(), Options::default(), None).unwrap()
}

/// Feeds the parts to one connection and gives what it sent, without the Date values, and whether it closed.
fn run<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> (String, bool) {
    let mut reactor = reactor();
    let token = reactor.open();
    for part in parts {
        reactor.feed(token, part);
    }
    let sent = String::from_utf8_lossy(&reactor.app().sent.borrow()).into_owned();
    let lines = sent.lines().filter(|line| !line.starts_with("date: ")).collect::<Vec<_>>().join("\n");
    let closed = *reactor.app().closed.borrow();
    (lines, closed)
}

fn requests() -> impl Strategy<Value = Vec<u8>> {
    let content = proptest::collection::vec(any::<u8>(), 0..40);
    let one = (0..7u8, content).prop_map(|(kind, content)| match kind {
        0 => [
            b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: ",
            content.len().to_string().as_bytes(),
            b"\r\n\r\n",
            &content,
        ]
        .concat(),
        1 => {
            let middle = content.len() / 2;
            let mut chunked = b"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
            for part in [&content[..middle], &content[middle..]].into_iter().filter(|part| !part.is_empty()) {
                chunked.extend_from_slice(format!("{:x};a=b\r\n", part.len()).as_bytes());
                chunked.extend_from_slice(part);
                chunked.extend_from_slice(b"\r\n");
            }
            chunked.extend_from_slice(b"0\r\n\r\n");
            chunked
        }
        2 => b"GET /none?a=b HTTP/1.1\r\nHost: t\r\nX: y\r\n\r\n".to_vec(),
        3 => b"HEAD /none HTTP/1.1\r\nHost: t\r\n\r\n".to_vec(),
        4 => b"DELETE /echo HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n".to_vec(),
        5 => content,
        _ => b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc".to_vec(),
    });
    proptest::collection::vec(one, 1..5).prop_map(|many| many.concat())
}

proptest! {
    #[test]
    fn promise_3_splitting_changes_nothing(input in requests(), at in any::<prop::sample::Index>()) {
        let whole = run([&input[..]]);
        prop_assert_eq!(&run(input.chunks(1)), &whole, "one byte at a time");
        let (head, tail) = input.split_at(at.index(input.len() + 1));
        prop_assert_eq!(&run([head, tail]), &whole, "split at {}", head.len());
    }
}

#[test]
fn promise_3_a_pipeline_split_at_every_byte() {
    let input = b"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\
        POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nhiGET /none HTTP/1.1\r\nHost: t\r\n\r\n";
    let whole = run([&input[..]]);
    assert!(whole.0.contains("abc") && whole.0.contains("hi") && whole.0.contains("404"));
    for at in 0..=input.len() {
        assert_eq!(run([&input[..at], &input[at..]]), whole, "split at {at}");
    }
}

#[test]
fn promise_25_a_panic_is_a_500_and_the_reactor_lives() {
    let mut reactor = reactor();
    let token = reactor.open();
    reactor.feed(token, b"GET /panic HTTP/1.1\r\nHost: t\r\n\r\n");
    assert!(reactor.app().sent.borrow().starts_with(b"HTTP/1.1 500 "));
    assert!(*reactor.app().closed.borrow(), "what a panic left behind is not used again");
    reactor.app().sent.borrow_mut().clear();
    let other = reactor.open();
    reactor.feed(other, b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nhi");
    assert!(reactor.app().sent.borrow().ends_with(b"\r\n\r\nhi"));
}

#[test]
fn what_is_pipelined_behind_a_waiting_request_waits_too() {
    let mut reactor = reactor();
    let token = reactor.open();
    reactor.feed(
        token,
        b"GET /wait HTTP/1.1\r\nHost: t\r\n\r\nPOST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\n",
    );
    reactor.feed(token, b"end");
    assert!(reactor.app().sent.borrow().is_empty());
    let waiting = reactor.app().waiting.borrow_mut().pop_front().unwrap();
    assert!(reactor.complete(waiting, |_, reply| answer(reply, 200, "text/plain", b"waited")));
    let sent = String::from_utf8(reactor.app().sent.borrow().clone()).unwrap();
    assert!(sent.find("waited").unwrap() < sent.find("\r\n\r\nend").unwrap());
}

#[test]
fn a_hang_up_cancels_the_call_and_its_completion_is_too_late() {
    let mut reactor = reactor();
    let token = reactor.open();
    reactor.feed(token, b"GET /wait HTTP/1.1\r\nHost: t\r\n\r\n");
    reactor.hang_up(token);
    assert_eq!(*reactor.app().cancelled.borrow(), [1]);
    assert!(!reactor.complete(first(token), |_, reply| answer(reply, 200, "text/plain", b"late")));
    let next = reactor.open();
    assert_ne!(next, token, "a place is reused, a name is not");
    assert!(!reactor.complete(first(token), |_, reply| answer(reply, 200, "text/plain", b"late")));
    assert!(reactor.app().sent.borrow().is_empty());
}

#[test]
fn a_draining_reactor_says_close_and_ends_idle_connections() {
    let mut reactor = reactor();
    let (busy, idle) = (reactor.open(), reactor.open());
    reactor.feed(idle, b"POST /echo HTTP/1.1\r\nHost: t\r\n\r\n");
    reactor.feed(busy, b"GET /wait HTTP/1.1\r\nHost: t\r\n\r\n");
    reactor.drain(Duration::ZERO);
    assert_eq!(reactor.connections(), 1);
    reactor.complete(first(busy), |_, reply| answer(reply, 200, "text/plain", b"done"));
    assert!(String::from_utf8_lossy(&reactor.app().sent.borrow()).contains("connection: close\r\n"));
    assert_eq!(reactor.connections(), 0);
}

#[test]
fn rfc9112_2_2_an_empty_line_after_a_request_leaves_the_connection_idle() {
    let mut reactor = reactor();
    let token = reactor.open();
    reactor.feed(token, b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nhi\r\n");
    reactor.drain(Duration::ZERO);
    assert_eq!(reactor.connections(), 0, "it was idle");
}

#[test]
fn promise_5_trailers_share_the_limits_of_the_head() {
    let mut reactor = reactor();
    let token = reactor.open();
    let fields = "x: y\r\n".repeat(60);
    let request =
        format!("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n{fields}\r\n0\r\n{fields}\r\n");
    reactor.feed(token, request.as_bytes());
    assert!(reactor.app().sent.borrow().starts_with(b"HTTP/1.1 431 "));
}

/// A connection to a reactor that listens on a real socket.
fn connected(options: Options) -> (Reactor<Echo>, TcpStream) {
    let mut reactor = Reactor::new(Echo::new(), options, None).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    reactor.listen(listener.into(), None).unwrap();
    peer.set_nonblocking(true).unwrap();
    (reactor, peer)
}

/// Polls until `done` says so, or fails.
fn poll_until(reactor: &mut Reactor<Echo>, mut done: impl FnMut(&Reactor<Echo>) -> bool) {
    let began = Instant::now();
    while !done(reactor) {
        assert!(began.elapsed() < Duration::from_secs(10), "nothing happens any more");
        reactor.poll().unwrap();
        std::thread::sleep(Duration::from_micros(200));
    }
}

#[test]
fn promise_5_a_pipeline_is_served_no_faster_than_its_answers_are_taken() {
    let (mut reactor, mut peer) = connected(Options::default());
    peer.write_all(&b"GET /large HTTP/1.1\r\nHost: t\r\n\r\n".repeat(8)).unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    poll_until(&mut reactor, |reactor| *reactor.app().large.borrow() > 0);
    for _ in 0..50 {
        reactor.poll().unwrap();
    }
    assert_eq!(*reactor.app().large.borrow(), 1, "one answer fills the kernel; the others wait as requests");
    let (mut got, mut buffer) = (0, vec![0; 1 << 20]);
    poll_until(&mut reactor, |_| {
        while let Ok(n @ 1..) = peer.read(&mut buffer) {
            got += n;
        }
        got > 8 * LARGE
    });
    poll_until(&mut reactor, |reactor| reactor.connections() == 0);
}

#[test]
fn promise_5_a_pipeline_without_a_socket_is_served_whole() {
    let mut reactor = reactor();
    let token = reactor.open();
    reactor.feed(token, &b"GET /large HTTP/1.1\r\nHost: t\r\n\r\n".repeat(12));
    assert_eq!(*reactor.app().large.borrow(), 12);
}

#[test]
fn promise_16_bytes_that_arrive_do_not_move_the_deadline_of_bytes_that_leave() {
    let (mut reactor, mut peer) =
        connected(Options { write_timeout: Duration::from_millis(500), ..Options::default() });
    peer.write_all(b"GET /large HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
    poll_until(&mut reactor, |reactor| *reactor.app().large.borrow() == 1);
    let began = Instant::now();
    poll_until(&mut reactor, |reactor| {
        assert!(began.elapsed() < Duration::from_secs(4), "a peer that reads nothing is kept");
        let _ = peer.write(b"G");
        std::thread::sleep(Duration::from_millis(20));
        reactor.connections() == 0
    });
}

#[test]
fn promise_26_an_end_that_came_behind_a_full_output_is_not_forgotten() {
    let (mut reactor, mut peer) = connected(Options::default());
    peer.write_all(b"GET /large HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
    poll_until(&mut reactor, |reactor| *reactor.app().large.borrow() == 1);
    peer.write_all(b"GET /wait HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    for _ in 0..20 {
        reactor.poll().unwrap();
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut buffer = vec![0; 1 << 20];
    poll_until(&mut reactor, |reactor| {
        while let Ok(1..) = peer.read(&mut buffer) {}
        reactor.connections() == 0
    });
    assert_eq!(*reactor.app().cancelled.borrow(), [1]);
}

#[test]
fn promise_23_a_request_that_has_arrived_is_answered_by_a_draining_reactor() {
    let (mut reactor, mut peer) = connected(Options::default());
    poll_until(&mut reactor, |reactor| reactor.connections() == 1);
    peer.write_all(b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nhi").unwrap();
    reactor.drain(Duration::ZERO);
    poll_until(&mut reactor, |reactor| reactor.connections() == 0);
    let mut answer = String::new();
    peer.set_nonblocking(false).unwrap();
    peer.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("connection: close\r\n") && answer.ends_with("hi"));
}

#[test]
fn promise_6_an_answer_that_closes_survives_what_the_peer_sent_while_it_was_made() {
    let (mut reactor, mut peer) = connected(Options::default());
    peer.write_all(b"GET /wait HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").unwrap();
    poll_until(&mut reactor, |reactor| !reactor.app().waiting.borrow().is_empty());
    peer.write_all(b"GET /wait HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
    for _ in 0..20 {
        reactor.poll().unwrap();
        std::thread::sleep(Duration::from_millis(1));
    }
    let token = reactor.app().waiting.borrow_mut().pop_front().unwrap();
    reactor.complete(token, |_, reply| answer(reply, 200, "text/plain", b"done"));
    let mut answer = String::new();
    peer.set_nonblocking(false).unwrap();
    peer.read_to_string(&mut answer).expect("no reset");
    assert!(answer.ends_with("done"));
}

#[test]
fn promise_7_a_panic_under_head_has_no_content() {
    let mut reactor = reactor();
    let token = reactor.open();
    reactor.feed(token, b"HEAD /panic HTTP/1.1\r\nHost: t\r\n\r\n");
    assert!(reactor.app().sent.borrow().ends_with(b"\r\n\r\n"));
}

#[test]
fn rfc9112_7_1_a_streamed_answer_is_chunked_and_ends_with_its_trailers() {
    let mut reactor = reactor();
    let token = reactor.open();
    reactor.feed(token, b"GET /flow HTTP/1.1\r\nHost: t\r\n\r\nGET /none HTTP/1.1\r\nHost: t\r\n\r\n");
    let outbox = reactor.app().outbox.take().unwrap();
    assert_eq!(outbox.push(b"hello"), Pushed::Room);
    reactor.attend(first(token));
    assert_eq!(outbox.push(b" world!"), Pushed::Room);
    outbox.set_trailers(vec![(b"x-sum".to_vec(), b"12".to_vec()), (b"bad\r\n".to_vec(), b"1".to_vec())]);
    assert!(reactor.finish(first(token), true));
    let sent = String::from_utf8(reactor.app().sent.borrow().clone()).unwrap();
    assert!(sent.contains(
        "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n7\r\n world!\r\n0\r\nx-sum: 12\r\n\r\nHTTP/1.1 404 "
    ));
    assert!(!sent.contains("content-length: 12"));
}

#[test]
fn rfc9112_6_3_a_streamed_answer_to_http_1_0_ends_with_the_connection() {
    let mut reactor = reactor();
    let token = reactor.open();
    reactor.feed(token, b"GET /flow HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    reactor.app().outbox.take().unwrap().push(b"all");
    reactor.finish(first(token), true);
    let sent = String::from_utf8(reactor.app().sent.borrow().clone()).unwrap();
    assert!(sent.contains("connection: close\r\n") && sent.ends_with("\r\n\r\nall") && !sent.contains("chunked"));
    assert!(*reactor.app().closed.borrow());
}

#[test]
fn promise_7_a_streamed_answer_that_breaks_off_has_no_end() {
    let mut reactor = reactor();
    let token = reactor.open();
    reactor.feed(token, b"GET /flow HTTP/1.1\r\nHost: t\r\n\r\n");
    reactor.app().outbox.take().unwrap().push(b"half");
    reactor.finish(first(token), false);
    assert!(reactor.app().sent.borrow().ends_with(b"4\r\nhalf\r\n"));
    assert!(*reactor.app().closed.borrow(), "closing is the only way to say it");
}

#[test]
fn rfc9110_9_3_2_head_of_a_streamed_answer_has_no_content() {
    let mut reactor = reactor();
    let token = reactor.open();
    reactor.feed(token, b"HEAD /flow HTTP/1.1\r\nHost: t\r\n\r\n");
    assert!(reactor.app().outbox.take().is_none());
    assert!(reactor.app().sent.borrow().ends_with(b"\r\n\r\n"));
    assert_eq!(reactor.app().waiting.borrow().len(), 1);
}

const STREAMED: &[u8] = b"POST /take HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";

#[test]
fn content_reaches_a_streaming_handler_as_it_comes_with_its_trailers() {
    let mut reactor = reactor();
    let token = reactor.open();
    reactor.feed(token, STREAMED);
    let inbox = reactor.app().inbox.take().unwrap();
    assert_eq!(inbox.take(), Taken::Nothing);
    reactor.feed(token, b"3\r\nabc\r\n");
    assert_eq!(*reactor.app().woken.borrow(), [Signal::Content]);
    assert_eq!(inbox.take(), Taken::Some(b"abc".to_vec()));
    reactor.feed(token, b"0\r\nx-sum: 3\r\n\r\nGET /none HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_eq!(inbox.take(), Taken::End);
    assert_eq!(inbox.trailers(), [(b"x-sum".to_vec(), b"3".to_vec())]);
    assert!(reactor.app().sent.borrow().is_empty(), "the next request waits");
    reactor.complete(first(token), |_, reply| answer(reply, 200, "text/plain", b"took"));
    let sent = String::from_utf8(reactor.app().sent.borrow().clone()).unwrap();
    assert!(sent.find("took").unwrap() < sent.find("HTTP/1.1 404").unwrap());
}

#[test]
fn rfc9110_10_1_1_100_is_sent_when_the_handler_looks_and_not_before() {
    let mut reactor = reactor();
    let token = reactor.open();
    reactor.feed(token, b"POST /take HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    assert!(reactor.app().sent.borrow().is_empty());
    let inbox = reactor.app().inbox.take().unwrap();
    assert_eq!(inbox.take(), Taken::Nothing);
    reactor.attend(first(token));
    assert_eq!(*reactor.app().sent.borrow(), b"HTTP/1.1 100 Continue\r\n\r\n");
    reactor.attend(first(token));
    assert_eq!(reactor.app().sent.borrow().len(), 25, "once");
    reactor.feed(token, b"abc");
    assert_eq!(inbox.take(), Taken::Some(b"abc".to_vec()));
}

#[test]
fn rfc9110_10_1_1_an_answer_instead_of_100_ends_the_connection() {
    for (path, called) in [("/take", true), ("/none", false)] {
        let mut reactor = reactor();
        let token = reactor.open();
        let head = format!("POST {path} HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
        reactor.feed(token, head.as_bytes());
        if called {
            reactor.complete(first(token), |_, reply| answer(reply, 403, "text/plain", b"no"));
        }
        let sent = String::from_utf8(reactor.app().sent.borrow().clone()).unwrap();
        assert!(sent.starts_with("HTTP/1.1 40") && sent.contains("connection: close\r\n"), "{path}: {sent}");
        assert!(*reactor.app().closed.borrow(), "{path}");
    }
}

#[test]
fn promise_6_content_that_nobody_reads_never_becomes_a_request() {
    let inner = b"GET /vital HTTP/1.1\r\nHost: t\r\n\r\n";
    for path in ["/take", "/none"] {
        let mut reactor = reactor();
        let token = reactor.open();
        let head = format!("POST {path} HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n", inner.len());
        reactor.feed(token, head.as_bytes());
        if path == "/take" {
            reactor.complete(first(token), |_, reply| answer(reply, 200, "text/plain", b"early"));
        }
        reactor.feed(token, &[&inner[..], b"GET /large HTTP/1.1\r\nHost: t\r\n\r\n"].concat());
        let sent = reactor.app().sent.borrow();
        assert!(!sent.ends_with(b"well"), "{path}");
        assert_eq!(*reactor.app().large.borrow(), 1, "{path}: what follows the content is served");
    }
}

#[test]
fn promise_6_more_unread_content_than_is_drained_ends_the_connection() {
    let mut reactor = reactor();
    let token = reactor.open();
    reactor.feed(token, b"POST /none HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\n");
    for _ in 0..20 {
        reactor.feed(token, &[b'x'; 20_000]);
    }
    assert!(*reactor.app().closed.borrow());
}

#[test]
fn promise_4_content_that_breaks_reaches_a_streaming_handler_as_an_error() {
    let mut reactor = reactor();
    let token = reactor.open();
    reactor.feed(token, STREAMED);
    let inbox = reactor.app().inbox.take().unwrap();
    assert_eq!(inbox.take(), Taken::Nothing);
    reactor.feed(token, b"3\r\nabc\r\nnonsense\r\n");
    assert_eq!(inbox.take(), Taken::Some(b"abc".to_vec()));
    assert!(matches!(inbox.take(), Taken::Broken(refusal) if refusal.status == 400));
    reactor.complete(first(token), |_, reply| answer(reply, 400, "text/plain", b"broken"));
    assert!(*reactor.app().closed.borrow(), "nothing after it has a meaning");
}

#[test]
fn promise_18_large_whole_content_is_the_same_from_its_file() {
    let mut reactor = reactor();
    let token = reactor.open();
    let content: Vec<u8> = (0..300_000u32).map(|n| n as u8).collect();
    reactor
        .feed(token, format!("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n", content.len()).as_bytes());
    for part in content.chunks(7001) {
        reactor.feed(token, part);
    }
    assert!(reactor.app().sent.borrow().ends_with(&content));
}

#[test]
fn a_full_disk_is_507_and_not_a_crash() {
    let options = Options { spool_folder: "/nowhere/at/all".into(), ..Options::default() };
    let mut reactor = Reactor::new(Echo::new(), options, None).unwrap();
    let token = reactor.open();
    reactor.feed(token, b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n");
    reactor.feed(token, &[b'x'; 70_000]);
    assert!(reactor.app().sent.borrow().starts_with(b"HTTP/1.1 507 "));
}

#[test]
fn promise_21_beyond_the_limit_of_waiting_calls_only_vital_routes_are_answered() {
    let options = Options { max_waiting: 1, ..Options::default() };
    let mut reactor = Reactor::new(Echo::new(), options, None).unwrap();
    let (busy, shed) = (reactor.open(), reactor.open());
    reactor.feed(busy, b"GET /wait HTTP/1.1\r\nHost: t\r\n\r\n");
    reactor.feed(shed, b"GET /wait HTTP/1.1\r\nHost: t\r\n\r\nGET /vital HTTP/1.1\r\nHost: t\r\n\r\n");
    let sent = String::from_utf8(reactor.app().sent.take()).unwrap();
    assert!(sent.starts_with("HTTP/1.1 503 ") && sent.contains("retry-after: 1\r\n") && sent.ends_with("well"));
    reactor.complete(first(busy), |_, reply| answer(reply, 200, "text/plain", b"done"));
    reactor.feed(shed, b"GET /wait HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_eq!(reactor.app().waiting.borrow().len(), 2, "there is room again");
}

#[test]
fn rfc9110_15_2_an_interim_response_goes_before_the_answer_only() {
    let mut reactor = reactor();
    let token = reactor.open();
    reactor.feed(token, b"GET /wait HTTP/1.1\r\nHost: t\r\n\r\n");
    reactor.interim(first(token), b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
    reactor.complete(first(token), |_, reply| answer(reply, 200, "text/plain", b"done"));
    reactor.interim(first(token), b"HTTP/1.1 103 Early Hints\r\n\r\n");
    let sent = String::from_utf8(reactor.app().sent.take()).unwrap();
    assert!(sent.starts_with("HTTP/1.1 103 ") && sent.ends_with("done") && sent.matches(" 103 ").count() == 1);
}

#[test]
fn promise_12_a_streaming_handler_is_told_to_wait_and_when_to_go_on() {
    let (mut reactor, mut peer) = connected(Options::default());
    peer.write_all(b"GET /flow HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
    poll_until(&mut reactor, |reactor| !reactor.app().waiting.borrow().is_empty());
    let exchange = reactor.app().waiting.borrow_mut().pop_front().unwrap();
    let outbox = reactor.app().outbox.take().unwrap();
    let mut pushed = 0;
    while !outbox.is_full() {
        assert!(pushed < 64 * LARGE, "never asked to wait");
        outbox.push(&[b'x'; 32 * 1024]);
        pushed += 32 * 1024;
        reactor.attend(exchange);
    }
    assert!(reactor.app().woken.borrow().is_empty());
    let mut buffer = vec![0; 1 << 20];
    poll_until(&mut reactor, |reactor| {
        while let Ok(1..) = peer.read(&mut buffer) {}
        *reactor.app().woken.borrow() == [Signal::Room]
    });
    drop(peer);
    poll_until(&mut reactor, |reactor| reactor.connections() == 0);
    assert_eq!(*reactor.app().cancelled.borrow(), [70]);
    assert_eq!(outbox.push(b"more"), Pushed::Gone);
}

#[test]
fn promise_18_a_streaming_handler_that_does_not_read_stops_its_client() {
    let (mut reactor, mut peer) = connected(Options::default());
    peer.write_all(b"POST /take HTTP/1.1\r\nHost: t\r\nContent-Length: 16000000\r\n\r\n").unwrap();
    poll_until(&mut reactor, |reactor| reactor.app().inbox.borrow().is_some());
    let inbox = reactor.app().inbox.take().unwrap();
    let exchange = reactor.app().waiting.borrow_mut().pop_front().unwrap();
    let mut sent = 0;
    for _ in 0..200 {
        while let Ok(n) = peer.write(&[b'x'; 65536]) {
            sent += n;
        }
        reactor.poll().unwrap();
    }
    assert!(sent < 12_000_000, "{sent} bytes were taken for a handler that reads nothing");
    let (mut got, mut left) = (0, 16_000_000 - sent);
    poll_until(&mut reactor, |_| {
        while let Ok(n @ 1..) = peer.write(&vec![b'x'; left.min(65536)]) {
            left -= n;
        }
        true
    });
    let began = Instant::now();
    while got < 16_000_000 {
        assert!(began.elapsed() < Duration::from_secs(10), "{got} of 16000000");
        while let Ok(n @ 1..) = peer.write(&vec![b'x'; left.min(65536)]) {
            left -= n;
        }
        match inbox.take() {
            Taken::Some(bytes) => {
                assert!(bytes.len() <= 128 * 1024, "{} at once", bytes.len());
                got += bytes.len();
            }
            Taken::Nothing => {}
            other => panic!("{other:?}"),
        }
        reactor.attend(exchange);
        reactor.poll().unwrap();
    }
    assert_eq!(inbox.take(), Taken::End);
}

#[test]
fn rfc9110_10_1_1_a_streamed_answer_instead_of_100_ends_the_connection() {
    let mut reactor = reactor();
    let token = reactor.open();
    reactor.feed(token, b"POST /flow HTTP/1.1\r\nHost: t\r\nContent-Length: 33\r\nExpect: 100-continue\r\n\r\n");
    reactor.app().outbox.take().unwrap().push(b"no");
    reactor.finish(first(token), true);
    // Whether this is the content or a request, only the client knows.
    reactor.feed(token, b"GET /vital HTTP/1.1\r\nHost: t\r\n\r\nGET /vital HTTP/1.1\r\nHost: t\r\n\r\n");
    assert!(*reactor.app().closed.borrow());
    assert!(reactor.app().sent.borrow().ends_with(b"0\r\n\r\n"), "nothing follows the answer");
}

#[test]
fn rfc9112_9_2_a_request_has_one_answer_even_when_its_content_breaks_after_it() {
    let mut reactor = reactor();
    let token = reactor.open();
    reactor.feed(token, b"POST /none HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    reactor.feed(token, b"3\r\nabc\r\nnonsense\r\n");
    let sent = String::from_utf8(reactor.app().sent.take()).unwrap();
    assert!(sent.starts_with("HTTP/1.1 404 ") && sent.matches("HTTP/1.1 ").count() == 1, "{sent}");
    assert!(*reactor.app().closed.borrow());
}

#[test]
fn rfc9112_9_2_a_request_has_one_answer_even_when_its_content_takes_too_long_after_it() {
    let options = Options {
        content_timeout: Duration::from_millis(200),
        linger_timeout: Duration::from_millis(200),
        ..Options::default()
    };
    let (mut reactor, mut peer) = connected(options);
    peer.write_all(b"POST /none HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc").unwrap();
    poll_until(&mut reactor, |reactor| reactor.connections() == 1);
    poll_until(&mut reactor, |reactor| reactor.connections() == 0);
    let mut sent = String::new();
    peer.set_nonblocking(false).unwrap();
    peer.read_to_string(&mut sent).unwrap();
    assert!(sent.starts_with("HTTP/1.1 404 ") && sent.matches("HTTP/1.1 ").count() == 1, "{sent}");
}

#[test]
fn promise_16_the_only_connection_has_its_deadlines_after_a_wait_without_any() {
    let options = Options {
        head_timeout: Duration::from_millis(100),
        content_timeout: Duration::from_millis(100),
        linger_timeout: Duration::from_millis(100),
        ..Options::default()
    };
    let (mut reactor, mut peer) = connected(options);
    peer.write_all(b"POST /take HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc").unwrap();
    poll_until(&mut reactor, |reactor| reactor.app().inbox.borrow().is_some());
    let inbox = reactor.app().inbox.take().unwrap();
    assert_eq!(inbox.take(), Taken::Some(b"abc".to_vec()));
    poll_until(&mut reactor, |_| matches!(inbox.take(), Taken::Broken(_)));
    // Now it waits for the handler, without a deadline; the wheel is empty, and the timer rests.
    for _ in 0..50 {
        reactor.poll().unwrap();
        std::thread::sleep(Duration::from_millis(10));
    }
    let exchange = reactor.app().waiting.borrow_mut().pop_front().unwrap();
    reactor.complete(exchange, |_, reply| answer(reply, 408, "text/plain", b"slow"));
    assert_eq!(reactor.connections(), 1, "it lingers");
    poll_until(&mut reactor, |reactor| reactor.connections() == 0);
}

#[test]
fn promise_25_a_panic_outside_of_a_call_costs_one_connection() {
    let (mut reactor, mut peer) = connected(Options::default());
    peer.write_all(STREAMED).unwrap();
    poll_until(&mut reactor, |reactor| reactor.app().inbox.borrow().is_some());
    assert_eq!(reactor.app().inbox.take().unwrap().take(), Taken::Nothing);
    let other = reactor.open();
    reactor.feed(other, b"GET /wait HTTP/1.1\r\nHost: t\r\n\r\n");
    reactor.app().wake_panics.set(true);
    peer.write_all(b"3\r\nabc\r\n").unwrap();
    poll_until(&mut reactor, |reactor| reactor.connections() == 1);
    assert_eq!(*reactor.app().cancelled.borrow(), [1], "its call is told");
    reactor.app().wake_panics.set(false);
    reactor.complete(first(other), |_, reply| answer(reply, 200, "text/plain", b"done"));
    reactor.feed(other, b"GET /vital HTTP/1.1\r\nHost: t\r\n\r\n");
    assert!(reactor.app().sent.borrow().ends_with(b"well"));
    // The buffers are back: what sockets bring is read and served.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut next = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    reactor.listen(listener.into(), None).unwrap();
    next.write_all(b"GET /large HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
    poll_until(&mut reactor, |reactor| *reactor.app().large.borrow() == 1);
}
