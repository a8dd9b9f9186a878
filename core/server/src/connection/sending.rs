//! Sending: answers go to the kernel, what it does not take waits in order, and a connection ends without losing one.

use rustix::io::Errno;
use rustix::net::{shutdown, Shutdown};

use super::{Connection, Next, Stage};
use crate::application::Application;
use crate::output::{send_some, Flushed, Output};
use crate::reactor::Worker;
use crate::reply::{Answer, Body, Reply, Shape, Version};

/// Answers larger than this are encrypted part by part, as the kernel takes them.
const ENCRYPTED_AT_ONCE: usize = 64 * 1024;
/// A shared buffer larger than this is given away or back, so that one large answer does not stay in memory.
const OUT_KEPT: usize = 256 * 1024;

impl Connection {
    pub(super) fn flush<A: Application>(&mut self, worker: &mut Worker<A>) -> Flushed {
        let Some(socket) = &self.socket else { return self.deliver(worker) };
        if self.output.is_none() {
            if worker.out.is_empty() {
                return Flushed::All;
            }
            if self.tls.is_some() {
                return self.flush_encrypted(worker);
            }
            let sent = match send_some(socket, &worker.out) {
                Ok(sent) => sent,
                Err(Flushed::Blocked) => 0,
                Err(_) => {
                    worker.out.clear();
                    return Flushed::Broken;
                }
            };
            if sent == worker.out.len() {
                worker.empty_out();
                return Flushed::All;
            }
            let mut output = Box::<Output>::default();
            output.push_rest(&mut worker.out, sent);
            self.output = Some(output);
            return Flushed::Blocked;
        }
        let Some(output) = &mut self.output else { return Flushed::All };
        output.push(&worker.out);
        worker.empty_out();
        let flushed = output.flush(socket, self.tls.as_deref_mut());
        if flushed == Flushed::All {
            self.output = None;
        }
        flushed
    }

    /// The usual case under TLS: one answer becomes one record and one send.
    fn flush_encrypted<A: Application>(&mut self, worker: &mut Worker<A>) -> Flushed {
        let (Some(socket), Some(session)) = (&self.socket, &mut self.tls) else { return Flushed::Broken };
        if worker.out.len() > ENCRYPTED_AT_ONCE {
            let mut output = Box::<Output>::default();
            output.push_rest(&mut worker.out, 0);
            let flushed = output.flush(socket, Some(session));
            if flushed == Flushed::Blocked {
                self.output = Some(output);
            }
            return flushed;
        }
        let mut records = std::mem::take(&mut worker.scratch);
        records.clear();
        let encrypted = session.send(&worker.out, &mut records);
        worker.empty_out();
        let flushed = if encrypted.is_ok() { self.send_records(&records) } else { Flushed::Broken };
        worker.scratch = records;
        flushed
    }

    /// Sends records, and keeps what the kernel does not take. Nothing else may wait before them.
    pub(super) fn send_records(&mut self, records: &[u8]) -> Flushed {
        let Some(socket) = &self.socket else { return Flushed::Broken };
        let sent = match &self.output {
            Some(_) => 0,
            None => match send_some(socket, records) {
                Ok(sent) => sent,
                Err(Flushed::Blocked) => 0,
                Err(broken) => return broken,
            },
        };
        if sent == records.len() {
            return Flushed::All;
        }
        self.output.get_or_insert_with(Box::default).push_records(&records[sent..]);
        Flushed::Blocked
    }

    /// Says over TLS that nothing more comes. Best effort: a peer that takes nothing is not waited for.
    pub(super) fn say_goodbye(&mut self) {
        if let Some(session) = &mut self.tls {
            let mut records = Vec::new();
            session.close(&mut records);
            if !records.is_empty() {
                let _ = self.send_records(&records);
            }
        }
    }

    /// `flush` for a connection without a socket: everything goes to the application at once.
    fn deliver<A: Application>(&mut self, worker: &mut Worker<A>) -> Flushed {
        let out = std::mem::take(&mut worker.out);
        let mut whole = true;
        if let Some(mut output) = self.output.take() {
            output.push(&out);
            match output.into_bytes() {
                Ok(bytes) => worker.app.deliver(self.token, &bytes, false),
                Err(_) => whole = false,
            }
        } else if !out.is_empty() {
            worker.app.deliver(self.token, &out, false);
        }
        worker.out = out;
        worker.empty_out();
        if whole {
            Flushed::All
        } else {
            Flushed::Broken
        }
    }

    /// Ends the connection; lingers first when unread input would make the kernel send a reset over our answer.
    pub(super) fn finish<A: Application>(&mut self, worker: &mut Worker<A>) -> Next {
        self.say_goodbye();
        let Some(socket) = &self.socket else { return Next::Close };
        // What was left unread here or in the kernel would answer our close with a reset.
        let unread = self.lingers || self.readable || !self.input.is_empty();
        if !unread || shutdown(socket, Shutdown::Write).is_err() {
            return Next::Close;
        }
        self.input = Vec::new();
        self.enter(Stage::Linger, worker.clock.after(worker.options.linger_timeout));
        self.drain(worker)
    }

    pub(super) fn drain<A: Application>(&mut self, worker: &mut Worker<A>) -> Next {
        let mut buffer = std::mem::take(&mut worker.buffer);
        let next = loop {
            match self.read(&mut buffer) {
                Ok(n) if n > 0 && self.drained + n <= worker.options.linger_bytes => self.drained += n,
                Err(Errno::AGAIN) => break Next::Keep,
                Ok(_) | Err(_) => break Next::Close,
            }
        };
        worker.buffer = buffer;
        next
    }
}

impl<A: Application> Worker<A> {
    /// Empties the buffer of answers, and gives it back when an answer has made it large.
    fn empty_out(&mut self) {
        self.out.clear();
        self.out.shrink_to(OUT_KEPT);
    }

    /// Writes an answer that the core makes itself and that ends the connection.
    pub(super) fn error(&mut self, status: u16, text: &str, head_only: bool) -> Answer {
        let shape = Shape { head_only, keep_alive: false, version: Version::Http11 };
        let mut tail = Vec::new();
        let mut reply = Reply::new(&mut self.out, &mut tail, &self.heads, shape);
        let body = format!("{status} {}: {text}\n", spica_http1::response::reason(status));
        // Only the core's own fixed texts come here, so this cannot be refused.
        let _ = reply.response(
            status,
            [(&b"content-type"[..], &b"text/plain; charset=utf-8"[..])].into_iter(),
            Body::Bytes(body.as_bytes()),
        );
        Answer { status, bytes: if head_only { 0 } else { body.len() as u64 }, close: true }
    }
}
