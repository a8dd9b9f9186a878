//! Receiving: octets from the socket become requests, copied only when they are not complete yet.

use rustix::io::Errno;
use rustix::net::{recv, RecvFlags};
use spica_http1::{parse_head, Content, ContentReader, Head, Refusal};

use super::{Arriving, Connection, Next, Parsed, Stage};
use crate::application::Application;
use crate::reactor::Worker;

impl Connection {
    /// Reads and serves one buffer. Returns what is next when the connection's end was read.
    pub(super) fn read_once<A: Application>(&mut self, worker: &mut Worker<A>) -> Option<Next> {
        let mut buffer = std::mem::take(&mut worker.buffer);
        let next = match self.read(&mut buffer) {
            Ok(0) => Some(self.on_end(worker)),
            Ok(n) => {
                // A full buffer may have left bytes behind; an end that was announced is still to be read.
                self.readable = n == buffer.len() || self.hung_up;
                self.receive(worker, &buffer[..n]);
                None
            }
            Err(Errno::AGAIN) => {
                self.readable = false;
                None
            }
            Err(_) => Some(Next::Close),
        };
        worker.buffer = buffer;
        next
    }

    pub(super) fn read(&self, buffer: &mut [u8]) -> Result<usize, Errno> {
        let Some(socket) = &self.socket else { return Err(Errno::AGAIN) };
        loop {
            match recv(socket, &mut *buffer, RecvFlags::empty()) {
                Ok((n, _)) => return Ok(n),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Adds arrived bytes to what is unfinished, serves what is complete and keeps the rest.
    pub(super) fn receive<A: Application>(&mut self, worker: &mut Worker<A>, bytes: &[u8]) {
        if self.input.is_empty() {
            let consumed = self.serve(worker, bytes);
            self.keep(&bytes[consumed..]);
        } else {
            self.input.extend_from_slice(bytes);
            // Behind a waiting call or a full output, a connection without a socket still gets bytes.
            if !self.held_back {
                self.serve_input(worker);
            }
        }
    }

    /// Serves what is complete of the input and keeps the rest.
    pub(super) fn serve_input<A: Application>(&mut self, worker: &mut Worker<A>) {
        let mut input = std::mem::take(&mut self.input);
        let consumed = self.serve(worker, &input);
        input.drain(..consumed);
        if !input.is_empty() && !self.closing {
            self.input = input;
        }
    }

    fn keep(&mut self, rest: &[u8]) {
        if !rest.is_empty() && !self.closing {
            self.input = rest.to_vec();
        }
    }

    /// Parses a head, and its content when that is here too: then nothing is copied.
    pub(super) fn parse_request<A: Application>(
        &mut self,
        worker: &mut Worker<A>,
        input: &[u8],
    ) -> Result<Parsed, Refusal> {
        let mut head = std::mem::take(&mut worker.head);
        let parsed = self.parse_into(worker, input, &mut head);
        worker.head = head;
        parsed
    }

    fn parse_into<A: Application>(
        &mut self,
        worker: &mut Worker<A>,
        input: &[u8],
        head: &mut Head,
    ) -> Result<Parsed, Refusal> {
        if !parse_head(input, &mut self.scanned, &worker.options.limits, head)? {
            if self.stage == Stage::Idle && input != b"\r\n" {
                self.enter(Stage::Head, worker.clock.after(worker.options.head_timeout));
            }
            return Ok(Parsed::Incomplete { consumed: 0 });
        }
        self.scanned = 0;
        let (bytes, rest) = input.split_at(head.len);
        match head.content {
            Content::None => {
                self.call(worker, bytes, head, b"");
                return Ok(Parsed::Answered { consumed: head.len });
            }
            Content::Length(length) if length <= rest.len() as u64 => {
                // The limit is checked even for content that is already here.
                ContentReader::for_head(head, &worker.options.limits)?;
                let content = &rest[..length as usize];
                self.call(worker, bytes, head, content);
                return Ok(Parsed::Answered { consumed: head.len + content.len() });
            }
            Content::Length(_) | Content::Chunked => {}
        }
        let reader = ContentReader::for_head(head, &worker.options.limits)?;
        if head.expects_continue && rest.is_empty() {
            worker.out.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        self.enter(Stage::Content, worker.clock.after(worker.options.content_timeout));
        let arriving = Box::new(Arriving { bytes: bytes.to_vec(), head: head.clone(), reader, content: Vec::new() });
        match self.parse_content(worker, arriving, rest)? {
            Parsed::Answered { consumed } => Ok(Parsed::Answered { consumed: head.len + consumed }),
            Parsed::Incomplete { consumed } => Ok(Parsed::Incomplete { consumed: head.len + consumed }),
        }
    }

    pub(super) fn parse_content<A: Application>(
        &mut self,
        worker: &mut Worker<A>,
        mut arriving: Box<Arriving>,
        input: &[u8],
    ) -> Result<Parsed, Refusal> {
        let progress = arriving.reader.feed(input, &mut arriving.content)?;
        if !progress.done {
            self.arriving = Some(arriving);
            return Ok(Parsed::Incomplete { consumed: progress.consumed });
        }
        self.call(worker, &arriving.bytes, &arriving.head, &arriving.content);
        Ok(Parsed::Answered { consumed: progress.consumed })
    }
}
