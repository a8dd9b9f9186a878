//! Drives the crate as a connection does, and writes down what happened.

#![allow(dead_code, reason = "each test file uses its own part")]

use spica_http1::{parse_head, ContentReader, Head, Limits, Refusal};

/// What one request on a connection came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Request(Request),
    /// The head was complete, the content not yet.
    ContentPending {
        request: Request,
    },
    /// Octets that are not a complete head yet.
    HeadPending {
        octets: usize,
    },
    /// The connection is over. `request` is there when the head had been accepted.
    Refused {
        refusal: Refusal,
        request: Option<Request>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub path: String,
    pub query: Option<String>,
    pub minor: u8,
    pub fields: Vec<(String, Vec<u8>)>,
    pub keep_alive: bool,
    pub expects_continue: bool,
    pub content: Vec<u8>,
    pub trailers: Vec<(String, Vec<u8>)>,
}

impl Request {
    fn of(head: &Head, buf: &[u8]) -> Self {
        let text = |span: spica_http1::Span| String::from_utf8_lossy(span.of(buf)).into_owned();
        Self {
            method: text(head.method),
            target: text(head.target),
            path: text(head.path),
            query: head.query.map(text),
            minor: head.minor,
            fields: head.fields.iter().map(|field| (text(field.name), field.value.of(buf).to_vec())).collect(),
            keep_alive: head.keep_alive,
            expects_continue: head.expects_continue,
            content: Vec::new(),
            trailers: Vec::new(),
        }
    }

    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
    }
}

/// A connection: octets in, events out.
pub struct Connection {
    limits: Limits,
    received: Vec<u8>,
    scanned: usize,
    head: Head,
    current: Option<(Request, ContentReader)>,
    pub events: Vec<Event>,
    refused: bool,
}

impl Connection {
    pub fn new(limits: Limits) -> Self {
        let head = Head::new();
        Self { limits, received: Vec::new(), scanned: 0, head, current: None, events: Vec::new(), refused: false }
    }

    pub fn receive(&mut self, octets: &[u8]) {
        if self.refused {
            return;
        }
        self.received.extend_from_slice(octets);
        if let Err(refusal) = self.advance() {
            let request = self.current.take().map(|(request, _)| request);
            self.events.push(Event::Refused { refusal, request });
            self.refused = true;
        }
    }

    fn advance(&mut self) -> Result<(), Refusal> {
        loop {
            if self.current.is_none() {
                if !parse_head(&self.received, &mut self.scanned, &self.limits, &mut self.head)? {
                    return Ok(());
                }
                let reader = ContentReader::for_head(&self.head, &self.limits)?;
                self.current = Some((Request::of(&self.head, &self.received), reader));
                self.received.drain(..self.head.len);
            }
            let Some((mut request, mut reader)) = self.current.take() else {
                return Ok(());
            };
            let outcome = reader.feed(&self.received, &mut request.content);
            request.trailers = reader
                .trailers()
                .map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), value.to_vec()))
                .collect();
            match outcome {
                Ok(progress) => {
                    self.received.drain(..progress.consumed);
                    if !progress.done {
                        self.current = Some((request, reader));
                        return Ok(());
                    }
                    self.events.push(Event::Request(request));
                }
                Err(refusal) => {
                    self.current = Some((request, reader));
                    return Err(refusal);
                }
            }
        }
    }

    pub fn finish(mut self) -> Vec<Event> {
        match self.current.take() {
            Some((request, _)) => self.events.push(Event::ContentPending { request }),
            None if !self.refused && !self.received.is_empty() => {
                self.events.push(Event::HeadPending { octets: self.received.len() });
            }
            None => {}
        }
        self.events
    }
}

/// All events of `input`, received in the given pieces.
pub fn events_of<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limits: &Limits) -> Vec<Event> {
    let mut connection = Connection::new(limits.clone());
    for piece in pieces {
        connection.receive(piece);
    }
    connection.finish()
}

/// All events of `input`, received at once.
pub fn events(input: impl AsRef<[u8]>) -> Vec<Event> {
    events_of([input.as_ref()], &Limits::default())
}

/// The only request of `input`, which is complete.
pub fn accept(input: impl AsRef<[u8]>) -> Request {
    let mut found = events(input.as_ref());
    match (found.pop(), found.is_empty()) {
        (Some(Event::Request(request)), true) => request,
        (other, _) => panic!("{:?} gave {found:?} and {other:?}", String::from_utf8_lossy(input.as_ref())),
    }
}

/// The status with which the first request of `input` is refused.
pub fn refuse(input: impl AsRef<[u8]>) -> u16 {
    refuse_within(input, &Limits::default())
}

/// The same with other limits.
pub fn refuse_within(input: impl AsRef<[u8]>, limits: &Limits) -> u16 {
    let found = events_of([input.as_ref()], limits);
    match found.as_slice() {
        [Event::Refused { refusal, .. }] => refusal.status,
        other => panic!("{:?} gave {other:?}", String::from_utf8_lossy(input.as_ref())),
    }
}

/// A GET of `/` with these field lines beside Host, each ended by CRLF.
pub fn with_fields(lines: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n")
}

/// A chunked POST of `/` with this content.
pub fn chunked(content: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{content}")
}
