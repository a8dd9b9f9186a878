//! One request that has been called and not wholly answered.

use std::rc::Rc;
use std::time::Instant;

use spica_http1::response::push_field;

use crate::application::{Application, Signal};
use crate::compression::StreamEncoder;
use crate::connection::Link;
use crate::reactor::Worker;
use crate::reply::{Framing, Shape, Streaming};
use crate::socket::Socket;

/// What the log line will need when the answer is known.
pub struct LogLine {
    pub method: Vec<u8>,
    pub target: Vec<u8>,
    pub since: Instant,
}

impl LogLine {
    /// Of what was refused before it was known to be a request: what was sent as its method and target is not trusted.
    pub fn unknown() -> Box<Self> {
        Box::new(LogLine { method: b"-".to_vec(), target: b"-".to_vec(), since: Instant::now() })
    }
}

/// A call that has not answered, or whose answer is not whole.
pub struct InFlight {
    /// The application's number of the call.
    pub call: usize,
    /// Which of the connection's requests it is.
    pub stream: u32,
    pub shape: Shape,
    pub log: Option<Box<LogLine>>,
    /// The response's content on its way, once its head is written.
    pub streaming: Option<Box<Streaming>>,
    /// What the connection becomes once it is accepted.
    pub socket: Option<Rc<Socket>>,
}

impl InFlight {
    /// The connection is gone: nobody waits for the answer.
    pub fn abandon<A: Application>(&self, link: &Link, worker: &mut Worker<A>) {
        worker.waiting -= 1;
        if let Some(streaming) = &self.streaming {
            streaming.outbox.set_gone();
            worker.log_answer(link.peer, self.log.as_deref(), streaming.status, streaming.sent);
        }
        if let Some(socket) = &self.socket {
            socket.set_gone();
        }
        worker.app.cancel(self.call);
    }

    /// Tells a streaming handler whether the peer lags.
    pub fn report_room<A: Application>(&self, worker: &Worker<A>, full: bool) {
        if self.streaming.as_ref().is_some_and(|streaming| streaming.outbox.set_full(full)) {
            worker.app.wake(self.call, Signal::Room);
        }
    }
}

/// Work that must wait until the reactor is not in the middle of another's: done at the end of the turn.
pub enum Notice {
    /// Look at an exchange's inbox and outbox.
    Attend(crate::Exchange),
    /// Send an interim response, rendered.
    Interim(crate::Exchange, Vec<u8>),
    /// Send a message to the subscribers of a topic.
    Broadcast(Broadcast),
    /// End a WebSocket whose handler has come to its end.
    FinishSocket(crate::Exchange),
}

/// A message for the subscribers of a topic.
pub struct Broadcast {
    pub topic: String,
    pub kind: spica_websocket::Kind,
    pub payload: Vec<u8>,
    pub except: Option<crate::Token>,
}

impl Streaming {
    /// Whether its coding has failed, so that nothing more can be sent: nobody needs what its handler makes.
    pub fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Takes what has been pushed since, in its coding.
    pub fn take(&mut self) -> Vec<u8> {
        let bytes = self.outbox.take();
        let bytes = match &mut self.encoder {
            Some(encoder) if !bytes.is_empty() => encoder.push(&bytes).unwrap_or_else(|_| {
                self.break_off();
                Vec::new()
            }),
            _ => bytes,
        };
        self.sent += bytes.len() as u64;
        bytes
    }

    /// Takes the end of the coding. Returns `None` when the content is not whole.
    pub fn take_end(&mut self) -> Option<Vec<u8>> {
        if self.is_broken || self.outbox.missing() > 0 {
            return None;
        }
        let end = self.encoder.as_mut().map_or(Ok(Vec::new()), StreamEncoder::finish).ok()?;
        self.sent += end.len() as u64;
        Some(end)
    }

    /// The encoder has failed: nothing that follows could be decoded.
    fn break_off(&mut self) {
        self.is_broken = true;
        self.outbox.set_gone();
    }

    /// Writes what has been pushed since, framed.
    pub fn push(&mut self, out: &mut Vec<u8>) {
        let bytes = self.take();
        self.frame(&bytes, out);
    }

    /// Writes the end of content that its handler has made `whole`. Returns whether it is.
    pub fn push_end(&mut self, out: &mut Vec<u8>, whole: bool) -> bool {
        self.push(out);
        let Some(end) = whole.then(|| self.take_end()).flatten() else { return false };
        self.frame(&end, out);
        if self.framing == Framing::Chunked {
            push_last_chunk(out, self);
        }
        true
    }

    fn frame(&self, bytes: &[u8], out: &mut Vec<u8>) {
        if bytes.is_empty() || self.framing != Framing::Chunked {
            return out.extend_from_slice(bytes);
        }
        push_hexadecimal(out, bytes.len());
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(bytes);
        out.extend_from_slice(b"\r\n");
    }
}

fn push_hexadecimal(out: &mut Vec<u8>, number: usize) {
    out.extend_from_slice(format!("{number:x}").as_bytes());
}

/// The end of chunked content, with the trailer fields that can be sent.
fn push_last_chunk(out: &mut Vec<u8>, streaming: &Streaming) {
    out.extend_from_slice(b"0\r\n");
    for (name, value) in streaming.outbox.take_trailers() {
        // Checked when it was set; what can't be sent all the same is left out rather than half written.
        let _ = push_field(out, &name, &value);
    }
    out.extend_from_slice(b"\r\n");
}
