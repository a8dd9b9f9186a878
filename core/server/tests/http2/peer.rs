//! A client, h2's own, and a reactor with one connection between them that has no socket.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs::File;
use std::future::Future;
use std::io::{self, Seek, Write};
use std::os::unix::fs::FileExt;
use std::pin::{pin, Pin};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request as Message};
use spica_router::{Found, Params, Router, RouterBuilder};
use spica_server::{
    Application, Body, Called, Content, Exchange, FilePart, Inbox, Options, Outbox, Reactor, Reply, Request, Segment,
    Signal, Takes, Token, Version,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub const LARGE: usize = 3 * 1024 * 1024;

/// Answers each route in its own way; what waits is kept by stream.
pub struct App {
    router: Router,
    pub sent: RefCell<Vec<u8>>,
    pub sends: Cell<usize>,
    pub large: Cell<usize>,
    pub closed: Cell<bool>,
    pub waiting: RefCell<BTreeMap<u32, Exchange>>,
    pub cancelled: RefCell<Vec<usize>>,
    pub woken: RefCell<Vec<(usize, Signal)>>,
    pub inbox: RefCell<Option<Rc<Inbox>>>,
    pub outbox: RefCell<Option<Rc<Outbox>>>,
    pub spooled: Cell<u64>,
    pub file: RefCell<Option<File>>,
}

const ROUTES: [(&str, &str); 10] = [
    ("POST", "/echo"),
    ("GET", "/wait"),
    ("GET", "/panic"),
    ("GET", "/large"),
    ("GET", "/stream"),
    ("POST", "/take"),
    ("GET", "/file"),
    ("GET", "/version"),
    ("GET", "/vital"),
    ("DELETE", "/nothing"),
];

impl App {
    fn new() -> Self {
        let mut builder = RouterBuilder::new();
        for (method, pattern) in ROUTES {
            builder.add(method, pattern, pattern).unwrap();
        }
        App {
            router: builder.build().unwrap(),
            sent: RefCell::default(),
            sends: Cell::default(),
            large: Cell::default(),
            closed: Cell::default(),
            waiting: RefCell::default(),
            cancelled: RefCell::default(),
            woken: RefCell::default(),
            inbox: RefCell::default(),
            outbox: RefCell::default(),
            spooled: Cell::default(),
            file: RefCell::default(),
        }
    }

    fn wait(&self, exchange: Exchange) -> Called {
        self.waiting.borrow_mut().insert(exchange.stream, exchange);
        Called::Waiting(exchange.stream as usize)
    }
}

impl Application for App {
    fn router(&self) -> &Router {
        &self.router
    }

    fn takes(&self, route: u32) -> Takes {
        if route == 5 {
            Takes::Stream
        } else {
            Takes::Whole
        }
    }

    fn is_vital(&self, route: u32) -> bool {
        route == 8
    }

    fn call(&self, found: Found<'_>, _: &Params, request: &Request<'_>, reply: &mut Reply<'_>) -> Called {
        let Found::Route(route) = found else {
            reply.content(404, "text/plain", b"none");
            return Called::Answered;
        };
        match ROUTES[route as usize].1 {
            "/echo" => match &request.content {
                Content::Bytes(bytes) => reply.content(200, "text/plain", bytes),
                Content::File { file, len } => {
                    let mut bytes = vec![0; *len as usize];
                    file.read_exact_at(&mut bytes, 0).unwrap();
                    self.spooled.set(*len);
                    reply.content(200, "text/plain", &bytes);
                }
                Content::Stream(_) => unreachable!("it takes whole content"),
            },
            "/wait" => return self.wait(request.exchange),
            "/take" => {
                let Content::Stream(inbox) = &request.content else { unreachable!("it takes content as it comes") };
                self.inbox.replace(Some(inbox.clone()));
                return self.wait(request.exchange);
            }
            "/stream" => {
                self.waiting.borrow_mut().insert(request.exchange.stream, request.exchange);
                let outbox = reply.stream(200, [(&b"x"[..], &b"y"[..])].into_iter()).unwrap();
                let streams = outbox.is_some();
                self.outbox.replace(outbox);
                return if streams { Called::Streaming(70) } else { Called::Answered };
            }
            "/large" => {
                self.large.set(self.large.get() + 1);
                reply.content(200, "text/plain", &vec![b'x'; LARGE]);
            }
            "/file" => {
                let file = self.file.borrow().as_ref().unwrap().try_clone().unwrap();
                let len = file.metadata().unwrap().len();
                let part = FilePart { file: Rc::new(file), offset: 0, len };
                reply
                    .response(
                        200,
                        [(&b"etag"[..], &b"\"a\""[..])].into_iter(),
                        Body::Segments(vec![Segment::File(part)]),
                    )
                    .unwrap();
            }
            "/version" => {
                let text = match request.version {
                    Version::Http2 => "2",
                    Version::Http10 | Version::Http11 => "1",
                };
                reply.content(200, "text/plain", text.as_bytes());
            }
            "/nothing" => reply.response(204, [].into_iter(), Body::Bytes(b"")).unwrap(),
            "/vital" => reply.content(200, "text/plain", b"well"),
            _ => panic!("as asked"),
        }
        Called::Answered
    }

    fn wake(&self, call: usize, signal: Signal) {
        self.woken.borrow_mut().push((call, signal));
    }

    fn cancel(&self, call: usize) {
        self.cancelled.borrow_mut().push(call);
    }

    fn deliver(&self, _: Token, bytes: &[u8], closed: bool) {
        self.sent.borrow_mut().extend_from_slice(bytes);
        self.sends.set(self.sends.get() + 1);
        self.closed.set(self.closed.get() || closed);
    }
}

pub fn reactor(options: Options) -> Reactor<App> {
    Reactor::new(App::new(), options, None).unwrap()
}

/// A file of this many octets.
pub fn file_of(len: usize) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&content_of(len)).unwrap();
    file.rewind().unwrap();
    file
}

pub fn content_of(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8).collect()
}

#[derive(Clone, Default)]
struct Ends(Arc<Mutex<(Vec<u8>, Vec<u8>)>>);

impl AsyncRead for Ends {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let input = &mut self.0.lock().unwrap().0;
        if input.is_empty() {
            return Poll::Pending;
        }
        let count = input.len().min(into.remaining());
        into.put_slice(&input[..count]);
        input.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Ends {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.0.lock().unwrap().1.extend_from_slice(octets);
        Poll::Ready(Ok(octets.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The two sides.
pub struct Pair {
    pub reactor: Reactor<App>,
    pub token: Token,
    send: SendRequest<Bytes>,
    client: h2::client::Connection<Ends>,
    ends: Ends,
    /// Octets carried at a time.
    pub piece: usize,
}

fn context() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

impl Pair {
    pub fn new() -> Self {
        Self::with(Options::default())
    }

    pub fn with(options: Options) -> Self {
        let ends = Ends::default();
        let handshake = pin!(Builder::new().handshake::<_, Bytes>(ends.clone()));
        let Poll::Ready(Ok((send, client))) = handshake.poll(&mut context()) else { panic!("no handshake") };
        let mut reactor = reactor(options);
        let token = reactor.open();
        Pair { reactor, token, send, client, ends, piece: usize::MAX }
    }

    pub fn app(&self) -> &App {
        self.reactor.app()
    }

    /// Carries octets until both sides rest.
    pub fn run(&mut self) {
        for _ in 0..100_000 {
            let _ = Pin::new(&mut self.client).poll(&mut context());
            let sent = std::mem::take(&mut self.ends.0.lock().unwrap().1);
            for piece in sent.chunks(self.piece) {
                self.reactor.feed(self.token, piece);
            }
            self.reactor.poll().unwrap();
            let output = self.app().sent.take();
            for piece in output.chunks(self.piece) {
                self.ends.0.lock().unwrap().0.extend_from_slice(piece);
                let _ = Pin::new(&mut self.client).poll(&mut context());
            }
            if sent.is_empty() && output.is_empty() {
                return;
            }
        }
        panic!("the sides never come to rest");
    }

    pub fn begin(&mut self, method: &str, path: &str, end: bool) -> (Answer, SendStream<Bytes>) {
        let message = Message::builder().method(method).uri(format!("http://a.test{path}")).body(()).unwrap();
        assert!(self.send.poll_ready(&mut context()).is_ready());
        let (future, content) = self.send.send_request(message, end).unwrap();
        (Answer { future, body: None, interim: Vec::new(), got: Got::default() }, content)
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.begin("GET", path, true).0
    }

    /// Sends a request with this content.
    pub fn post(&mut self, path: &str, content: Vec<u8>) -> Answer {
        let (answer, mut send) = self.begin("POST", path, false);
        send.send_data(content.into(), true).unwrap();
        answer
    }

    /// What a request has come to once the sides rest.
    pub fn got(&mut self, answer: &mut Answer) -> Got {
        loop {
            self.run();
            if !answer.take() {
                return answer.got.clone();
            }
        }
    }

    /// A request without content, and what it has come to.
    pub fn fetch(&mut self, path: &str) -> Got {
        let mut answer = self.get(path);
        self.got(&mut answer)
    }

    /// The exchange of a request that waits.
    pub fn exchange(&self, stream: u32) -> Exchange {
        self.app().waiting.borrow()[&stream]
    }

    pub fn complete(&mut self, stream: u32, status: u16, content: &[u8]) -> bool {
        let exchange = self.exchange(stream);
        self.reactor.complete(exchange, |_, reply| {
            reply.content(status, "text/plain", content);
            Called::Answered
        })
    }
}

/// What has come of a response.
#[derive(Clone, Debug, Default)]
pub struct Got {
    pub status: u16,
    pub fields: HeaderMap,
    pub content: Vec<u8>,
    pub trailers: HeaderMap,
    pub done: bool,
    pub reset: Option<h2::Reason>,
}

impl Got {
    pub fn text(&self) -> (u16, &str) {
        assert!(self.done, "{self:?}");
        (self.status, std::str::from_utf8(&self.content).unwrap())
    }
}

/// A response on its way; dropping it resets the stream.
pub struct Answer {
    future: ResponseFuture,
    body: Option<RecvStream>,
    pub interim: Vec<u16>,
    got: Got,
}

impl Answer {
    /// Takes what there is, opening the windows. Returns whether there was anything.
    fn take(&mut self) -> bool {
        while let Poll::Ready(Some(Ok(interim))) = self.future.poll_informational(&mut context()) {
            self.interim.push(interim.status().as_u16());
        }
        if self.got.done || self.got.reset.is_some() {
            return false;
        }
        if self.body.is_none() {
            match Pin::new(&mut self.future).poll(&mut context()) {
                Poll::Pending => return false,
                Poll::Ready(Err(error)) => {
                    self.got.reset = error.reason();
                    return true;
                }
                Poll::Ready(Ok(response)) => {
                    self.got.status = response.status().as_u16();
                    self.got.fields = response.headers().clone();
                    self.body = Some(response.into_body());
                }
            }
        }
        let Some(body) = &mut self.body else { return false };
        let mut any = false;
        while let Poll::Ready(data) = body.poll_data(&mut context()) {
            any = true;
            match data {
                Some(Ok(data)) => {
                    self.got.content.extend_from_slice(&data);
                    body.flow_control().release_capacity(data.len()).unwrap();
                }
                Some(Err(error)) => {
                    self.got.reset = error.reason();
                    return true;
                }
                None => {
                    if let Poll::Ready(Ok(trailers)) = body.poll_trailers(&mut context()) {
                        self.got.trailers = trailers.unwrap_or_default();
                        self.got.done = true;
                    }
                    return true;
                }
            }
        }
        any
    }
}
