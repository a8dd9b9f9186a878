//! One connection without a socket, and its answers taken apart.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::Read;
use std::rc::Rc;

use spica_router::{Found, Params, Router, RouterBuilder};
use spica_server::{
    AccessLog, Application, Body, Called, Exchange, Options, Outbox, Reactor, Reply, Request, Signal, Takes, Token,
};

/// What a handler answers.
#[derive(Clone)]
pub struct Given {
    pub status: u16,
    pub fields: Vec<(&'static str, &'static str)>,
    pub content: Vec<u8>,
    pub wanted: Option<bool>,
}

impl Given {
    pub fn html(len: usize) -> Self {
        let content = b"<li>one of many</li>".iter().copied().cycle().take(len).collect();
        Given { status: 200, fields: vec![("content-type", "text/html")], content, wanted: None }
    }

    pub fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.fields.push((name, value));
        self
    }

    pub fn wanting(mut self, wanted: bool) -> Self {
        self.wanted = Some(wanted);
        self
    }

    fn pairs(&self) -> Vec<(&[u8], &[u8])> {
        self.fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect()
    }

    pub fn write(&self, reply: &mut Reply<'_>) -> Called {
        reply.compress(self.wanted);
        reply.response(self.status, self.pairs().into_iter(), Body::Bytes(&self.content)).unwrap();
        Called::Answered
    }
}

/// `/now` answers what is given, `/plain` its content as text, `/wait` later, `/stream` as it is pushed.
pub struct Giver {
    router: Router,
    pub given: Given,
    pub called: Cell<usize>,
    pub outboxes: RefCell<VecDeque<Rc<Outbox>>>,
    /// Of the last call.
    pub exchange: Cell<Option<Exchange>>,
    pub sent: RefCell<Vec<u8>>,
    pub closed: Cell<bool>,
    /// Calls that were cancelled.
    pub cancelled: Cell<usize>,
}

impl Application for Giver {
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
        self.called.set(self.called.get() + 1);
        self.exchange.set(Some(request.exchange));
        match found {
            Found::Route(0) => self.given.write(reply),
            Found::Route(1) => {
                reply.content(200, "text/plain", &self.given.content);
                Called::Answered
            }
            Found::Route(2) => Called::Waiting(7),
            Found::Route(3) => {
                reply.compress(self.given.wanted);
                match reply.stream(self.given.status, self.given.pairs().into_iter()).unwrap() {
                    Some(outbox) => {
                        self.outboxes.borrow_mut().push_back(outbox);
                        Called::Streaming(7)
                    }
                    None => Called::Answered,
                }
            }
            Found::MethodNotAllowed(_) => {
                reply.content(405, "text/plain", b"not so");
                Called::Answered
            }
            _ => {
                reply.content(404, "text/plain", b"none");
                Called::Answered
            }
        }
    }

    fn wake(&self, _: usize, _: Signal) {}

    fn cancel(&self, _: usize) {
        self.cancelled.set(self.cancelled.get() + 1);
    }

    fn deliver(&self, _: Token, bytes: &[u8], closed: bool) {
        self.sent.borrow_mut().extend_from_slice(bytes);
        self.closed.set(self.closed.get() || closed);
    }
}

pub fn reactor(given: Given, options: Options) -> Reactor<Giver> {
    logged(given, options, None)
}

pub fn logged(given: Given, options: Options, log: Option<AccessLog>) -> Reactor<Giver> {
    let mut builder = RouterBuilder::new();
    for (method, path) in
        [("GET", "/now"), ("GET", "/plain"), ("GET", "/wait"), ("GET", "/stream"), ("POST", "/form.txt")]
    {
        builder.add(method, path, path).unwrap();
    }
    let app = Giver {
        router: builder.build().unwrap(),
        given,
        called: Cell::default(),
        outboxes: RefCell::default(),
        exchange: Cell::default(),
        sent: RefCell::default(),
        closed: Cell::default(),
        cancelled: Cell::default(),
    };
    Reactor::new(app, options, log).unwrap()
}

/// The first request of a connection.
pub fn first(token: Token) -> Exchange {
    Exchange { token, stream: 1 }
}

/// One answer, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub fields: Vec<(String, String)>,
    pub content: Vec<u8>,
}

impl Answer {
    pub fn parse(octets: &[u8]) -> Self {
        let end = octets.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(octets[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let fields = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Answer { status, fields, content: octets[end + 4..].to_vec() }
    }

    /// A field's value; it must not be there twice.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|(own, _)| own == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} is there twice");
        value
    }

    pub fn coding(&self) -> Option<&str> {
        self.field("content-encoding")
    }

    pub fn len(&self) -> Option<usize> {
        self.field("content-length").map(|len| len.parse().unwrap())
    }
}

/// Sends `METHOD path` with fields and gives the answer.
pub fn ask(reactor: &mut Reactor<Giver>, target: &str, fields: &[(&str, &str)]) -> Answer {
    let token = begin(reactor, target, fields);
    if target.ends_with("/wait") {
        reactor.complete(first(token), |app, reply| app.given.write(reply));
    }
    Answer::parse(&reactor.app().sent.take())
}

pub fn begin(reactor: &mut Reactor<Giver>, target: &str, fields: &[(&str, &str)]) -> Token {
    let token = reactor.open();
    let mut request = format!("{target} HTTP/1.1\r\nHost: t\r\n");
    for (name, value) in fields {
        request += &format!("{name}: {value}\r\n");
    }
    reactor.feed(token, (request + "\r\n").as_bytes());
    token
}

pub fn decode(coding: Option<&str>, octets: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match coding {
        None => plain.extend_from_slice(octets),
        Some("gzip") => {
            flate2::read::GzDecoder::new(octets).read_to_end(&mut plain).unwrap();
        }
        Some("br") => brotli::BrotliDecompress(&mut &octets[..], &mut plain).unwrap(),
        Some("zstd") => plain = zstd::decode_all(octets).unwrap(),
        Some(other) => panic!("{other} is no coding"),
    }
    plain
}

/// The chunks of chunked content, and whether the last one has come.
pub fn chunks(mut octets: &[u8]) -> (Vec<Vec<u8>>, bool) {
    let mut chunks = Vec::new();
    while let Some(end) = octets.windows(2).position(|two| two == b"\r\n") {
        let len = usize::from_str_radix(std::str::from_utf8(&octets[..end]).unwrap(), 16).unwrap();
        if len == 0 {
            return (chunks, true);
        }
        chunks.push(octets[end + 2..end + 2 + len].to_vec());
        octets = &octets[end + 4 + len..];
    }
    (chunks, false)
}
