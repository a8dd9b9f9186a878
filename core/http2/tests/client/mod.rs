//! A client: h2's own, over buffers in memory, one connection.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::future::Future;
use std::io;
use std::pin::{pin, Pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request, Response};
use spica_http2::{Connection, Event, Settings};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

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

/// How octets are cut between the two sides.
#[derive(Clone, Copy, Debug)]
pub enum Cut {
    Whole,
    /// One cut, after this many octets of each flight.
    At(usize),
    /// Pieces of this size.
    Pieces(usize),
}

impl Cut {
    fn pieces(self, octets: &[u8]) -> Vec<&[u8]> {
        match self {
            Self::Whole => vec![octets],
            Self::At(at) => {
                let (first, second) = octets.split_at(at.min(octets.len()));
                vec![first, second]
            }
            Self::Pieces(size) => octets.chunks(size).collect(),
        }
    }
}

/// A client and the connection it talks to.
pub struct Pair {
    pub server: Connection,
    pub send: SendRequest<Bytes>,
    client: h2::client::Connection<Ends>,
    ends: Ends,
    cut: Cut,
    pub client_error: Option<h2::Error>,
}

pub fn context() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

impl Pair {
    pub fn new(settings: Settings, builder: &Builder, cut: Cut) -> Self {
        let ends = Ends::default();
        let handshake = pin!(builder.handshake::<_, Bytes>(ends.clone()));
        let Poll::Ready(Ok((send, client))) = handshake.poll(&mut context()) else { panic!("no handshake") };
        Self { server: Connection::new(&Arc::new(settings)), send, client, ends, cut, client_error: None }
    }

    /// Carry octets between the sides until both rest, giving each event to `handle`.
    pub fn run(&mut self, mut handle: impl FnMut(&mut Connection, Event)) {
        for _ in 0..10_000 {
            if let Poll::Ready(Err(error)) = Pin::new(&mut self.client).poll(&mut context()) {
                self.client_error = Some(error);
            }
            let sent = std::mem::take(&mut self.ends.0.lock().unwrap().1);
            for piece in self.cut.pieces(&sent) {
                self.server.receive(piece);
                self.handle(&mut handle);
            }
            let (mut output, mut moved) = (Vec::new(), !sent.is_empty());
            while self.server.is_ready() {
                self.handle(&mut handle);
                self.server.take_output(&mut output);
            }
            moved |= !output.is_empty();
            for piece in self.cut.pieces(&output) {
                self.ends.0.lock().unwrap().0.extend_from_slice(piece);
                let _ = Pin::new(&mut self.client).poll(&mut context());
            }
            if !moved {
                return;
            }
        }
        panic!("the sides never come to rest");
    }

    fn handle(&mut self, handle: &mut impl FnMut(&mut Connection, Event)) {
        while let Some(event) = self.server.poll() {
            handle(&mut self.server, event);
        }
    }

    pub fn request(&mut self, method: &str, path: &str, end: bool) -> (ResponseFuture, SendStream<Bytes>) {
        let uri = format!("https://a.test{path}");
        let request = Request::builder().method(method).uri(uri).body(()).unwrap();
        assert!(self.send.poll_ready(&mut context()).is_ready());
        self.send.send_request(request, end).unwrap()
    }

    pub fn get(&mut self, path: &str) -> ResponseFuture {
        self.request("GET", path, true).0
    }
}

/// A response that has arrived.
pub struct Arrived {
    pub head: Response<()>,
    body: RecvStream,
    pub content: Vec<u8>,
    pub trailers: Option<HeaderMap>,
    pub done: bool,
    pub error: Option<h2::Error>,
}

impl Arrived {
    pub fn new(future: &mut ResponseFuture) -> Option<Result<Self, h2::Error>> {
        match Pin::new(future).poll(&mut context()) {
            Poll::Pending => None,
            Poll::Ready(Err(error)) => Some(Err(error)),
            Poll::Ready(Ok(response)) => {
                let (parts, body) = response.into_parts();
                let head = Response::from_parts(parts, ());
                Some(Ok(Self { head, body, content: Vec::new(), trailers: None, done: false, error: None }))
            }
        }
    }

    /// Take what has come; `release` opens the windows again.
    pub fn take(&mut self, release: bool) {
        while let Poll::Ready(data) = self.body.poll_data(&mut context()) {
            match data {
                Some(Ok(data)) => {
                    self.content.extend_from_slice(&data);
                    if release {
                        self.body.flow_control().release_capacity(data.len()).unwrap();
                    }
                }
                Some(Err(error)) => return self.error = Some(error),
                None => {
                    if let Poll::Ready(trailers) = self.body.poll_trailers(&mut context()) {
                        self.trailers = trailers.unwrap();
                        self.done = true;
                    }
                    return;
                }
            }
        }
    }

    pub fn release(&mut self, octets: usize) {
        self.body.flow_control().release_capacity(octets).unwrap();
    }
}

/// A field for a response.
pub fn field<'a>(name: &'a str, value: &'a str) -> (&'a [u8], &'a [u8]) {
    (name.as_bytes(), value.as_bytes())
}

pub const NO_FIELDS: [(&[u8], &[u8]); 0] = [];

/// Answer each request with its path and content, when its content is complete.
#[derive(Default)]
pub struct Echo {
    bodies: std::collections::BTreeMap<u32, Vec<u8>>,
    pub resets: Vec<u32>,
}

impl Echo {
    pub fn handle(&mut self, server: &mut Connection, event: Event) {
        match event {
            Event::Request { stream, request, end } => {
                self.bodies.insert(stream, request.head.path.of(&request.bytes).to_vec());
                if end {
                    self.answer(server, stream);
                }
            }
            Event::Data { stream, data } => {
                self.bodies.get_mut(&stream).unwrap().extend_from_slice(&data);
                server.release(stream, data.len());
            }
            Event::End { stream, .. } => self.answer(server, stream),
            Event::Reset { stream, .. } => {
                self.resets.push(stream);
                server.finish(stream);
            }
            other => panic!("{other:?}"),
        }
    }

    fn answer(&mut self, server: &mut Connection, stream: u32) {
        let body = self.bodies.remove(&stream).unwrap();
        let length = body.len().to_string();
        server.respond(stream, 200, [field("Content-Length", &length), field("x", "y")], false).unwrap();
        server.send(stream, Bytes::from(body), true).unwrap();
        server.finish(stream);
    }
}
