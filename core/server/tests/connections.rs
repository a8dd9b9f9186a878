//! Connections without sockets: splitting changes nothing, a panic is a 500, waiting keeps the order.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::cell::RefCell;
use std::collections::VecDeque;

use proptest::prelude::*;
use spica_router::{Found, Params, Router, RouterBuilder};
use spica_server::{Application, Called, Options, Reactor, Reply, Request, Token};

/// Answers `/echo` with the content, `/wait` later, `/panic` never.
struct Echo {
    router: Router,
    sent: RefCell<Vec<u8>>,
    closed: RefCell<bool>,
    waiting: RefCell<VecDeque<Token>>,
    cancelled: RefCell<Vec<usize>>,
}

impl Echo {
    fn new() -> Self {
        let mut builder = RouterBuilder::new();
        for (method, pattern) in [("POST", "/echo"), ("GET", "/wait"), ("GET", "/panic")] {
            builder.add(method, pattern, pattern).unwrap();
        }
        Echo {
            router: builder.build().unwrap(),
            sent: RefCell::default(),
            closed: RefCell::default(),
            waiting: RefCell::default(),
            cancelled: RefCell::default(),
        }
    }
}

impl Application for Echo {
    fn router(&self) -> &Router {
        &self.router
    }

    fn call(&self, found: Found<'_>, _: &Params, request: &Request<'_>, reply: &mut Reply<'_>) -> Called {
        match found {
            Found::Route(0) => reply.content(200, "text/plain", request.content),
            Found::Route(1) => {
                self.waiting.borrow_mut().push_back(request.token);
                return Called::Waiting(self.waiting.borrow().len());
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
    assert!(reactor.complete(waiting, |_, reply| reply.content(200, "text/plain", b"waited")));
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
    assert!(!reactor.complete(token, |_, reply| reply.content(200, "text/plain", b"late")));
    let next = reactor.open();
    assert_ne!(next, token, "a place is reused, a name is not");
    assert!(!reactor.complete(token, |_, reply| reply.content(200, "text/plain", b"late")));
    assert!(reactor.app().sent.borrow().is_empty());
}

#[test]
fn a_draining_reactor_says_close_and_ends_idle_connections() {
    let mut reactor = reactor();
    let (busy, idle) = (reactor.open(), reactor.open());
    reactor.feed(idle, b"POST /echo HTTP/1.1\r\nHost: t\r\n\r\n");
    reactor.feed(busy, b"GET /wait HTTP/1.1\r\nHost: t\r\n\r\n");
    reactor.drain();
    assert_eq!(reactor.connections(), 1);
    reactor.complete(busy, |_, reply| reply.content(200, "text/plain", b"done"));
    assert!(String::from_utf8_lossy(&reactor.app().sent.borrow()).contains("connection: close\r\n"));
    assert_eq!(reactor.connections(), 0);
}

#[test]
fn rfc9112_2_2_an_empty_line_after_a_request_leaves_the_connection_idle() {
    let mut reactor = reactor();
    let token = reactor.open();
    reactor.feed(token, b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nhi\r\n");
    reactor.drain();
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
