//! A connection's transport: a socket, TLS over it where that is spoken, and what still has to be sent.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::io::Errno;
use rustix::net::{recv, shutdown, RecvFlags, Shutdown};
use spica_tls::{Protocol, Session, TlsFailure};

use crate::application::{Application, Token};
use crate::clock::Tick;
use crate::connection::NEVER;
use crate::output::{send_some, Flushed, Output};
use crate::reactor::Worker;
use crate::reply::Segment;

/// Queued answers above this stop serving and reading until the peer has taken them; so does one queued file.
const OUTPUT_HIGH: usize = 256 * 1024;
/// Answers larger than this are encrypted part by part, as the kernel takes them.
const ENCRYPTED_AT_ONCE: usize = 64 * 1024;
/// A shared buffer larger than this is given away or back, so that one large answer does not stay in memory.
const OUT_KEPT: usize = 256 * 1024;
/// TLS handshakes finished in a row before other connections get their turn.
const HANDSHAKES_PER_TURN: u32 = 8;
/// What a client that speaks plain HTTP to a TLS port can read.
const PLAIN_HTTP: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n\
    content-length: 64\r\nconnection: close\r\n\r\n400 Bad Request: this port speaks TLS, use https:// to reach it\n";

/// What a read came to.
pub enum Arrived {
    /// This many octets are in the buffer.
    Clear(usize),
    /// What was said is in `plain`, perhaps nothing yet.
    Decrypted,
    /// The socket has nothing more now.
    Nothing,
    /// The peer has sent its last octet; what came before it is in `plain`.
    End,
    /// The transport failed, and whatever could be said about it is on its way: close when that is sent.
    Failed,
    /// The connection is of no more use.
    Broken,
}

/// The flow control of a connection whose transport is another's: asyncio's, say.
pub struct Window {
    /// Octets that may be delivered before some are said to be written; less than nothing when records were longer than
    /// what they carry.
    pub credit: isize,
    /// Whether it was last said to want octets.
    pub feeding: bool,
}

/// The transport of one connection, or its stand-in without a socket.
pub struct Link {
    socket: Option<OwnedFd>,
    tls: Option<Box<Session>>,
    output: Option<Box<Output>>,
    window: Option<Box<Window>>,
    /// ALPN has just chosen HTTP/2.
    chose_http2: bool,
    /// The other end.
    pub peer: Option<SocketAddr>,
    /// The connection's name.
    pub token: Token,
    /// When what the connection waits for must have come.
    pub deadline: Tick,
    /// Where the deadline wheel holds this connection's entry.
    pub entered: Tick,
    /// The socket may hold octets, or its end, that have not been read.
    pub readable: bool,
    /// It waits in line for its turn.
    pub in_line: bool,
    /// The peer has ended its side; the end itself may still have to be read.
    pub hung_up: bool,
}

impl Link {
    /// A transport that has just been accepted.
    pub fn new(
        socket: Option<OwnedFd>,
        peer: Option<SocketAddr>,
        tls: Option<Box<Session>>,
        token: Token,
        deadline: Tick,
    ) -> Self {
        Link {
            socket,
            tls,
            output: None,
            window: None,
            chose_http2: false,
            peer,
            token,
            deadline,
            entered: NEVER,
            readable: false,
            in_line: false,
            hung_up: false,
        }
    }

    /// Puts a transport without a socket under flow control.
    pub fn limit(&mut self, credit: usize) {
        self.window = Some(Box::new(Window { credit: as_credit(credit), feeding: true }));
    }

    /// Whether it is under flow control.
    pub fn is_limited(&self) -> bool {
        self.window.is_some()
    }

    /// Octets were written, and as many more may be delivered.
    pub fn add_credit(&mut self, octets: usize) {
        if let Some(window) = &mut self.window {
            window.credit = window.credit.saturating_add(as_credit(octets));
        }
    }

    /// Whether who feeds a transport must be told that this has changed.
    pub fn set_feeding(&mut self, feeding: bool) -> bool {
        self.window.as_mut().is_some_and(|window| std::mem::replace(&mut window.feeding, feeding) != feeding)
    }

    /// Whether there is a socket: without one, no event ever comes back.
    pub fn has_socket(&self) -> bool {
        self.socket.is_some()
    }

    /// Whether TLS is spoken.
    pub fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// The TLS session.
    pub fn tls(&self) -> Option<&Session> {
        self.tls.as_deref()
    }

    /// Whether ALPN has chosen HTTP/2; once for each connection.
    pub fn take_http2_choice(&mut self) -> bool {
        std::mem::take(&mut self.chose_http2)
    }

    /// Whether something waits to be sent.
    pub fn has_output(&self) -> bool {
        self.output.is_some()
    }

    /// Octets in memory that wait to be sent; a file counts as more than any limit.
    pub fn held(&self) -> usize {
        self.output.as_ref().map_or(0, |output| if output.has_file() { usize::MAX } else { output.held() })
    }

    /// Whether the peer must take answers before more are made; `more` octets are about to be queued.
    pub fn is_full(&self, more: usize) -> bool {
        self.held().saturating_add(more) >= OUTPUT_HIGH
    }

    /// When the peer must have taken something of what waits: `fresh` after each progress.
    pub fn write_deadline(&mut self, fresh: Tick) -> Tick {
        self.output.as_mut().map_or(fresh, |output| output.deadline(fresh))
    }

    /// Whether the kernel holds octets that have not been read.
    pub fn has_arrived(&self) -> bool {
        let Some(socket) = &self.socket else { return false };
        matches!(recv(socket, &mut [0; 1][..], RecvFlags::PEEK | RecvFlags::DONTWAIT), Ok((n, _)) if n > 0)
    }

    /// Whether a handshake would be one too many in this turn: each costs as much as a hundred requests.
    pub fn must_wait_for_handshakes<A: Application>(&self, worker: &Worker<A>) -> bool {
        worker.handshakes >= HANDSHAKES_PER_TURN && self.tls.as_ref().is_some_and(|session| session.is_handshaking())
    }

    /// Reads once into `buffer`, and decrypts into `plain` where TLS is spoken.
    pub fn read<A: Application>(&mut self, worker: &mut Worker<A>, buffer: &mut [u8], plain: &mut Vec<u8>) -> Arrived {
        plain.clear();
        match self.recv(buffer) {
            Ok(0) => Arrived::End,
            Ok(n) => {
                // A full buffer may have left octets behind; an end that was announced is still to be read.
                self.readable = n == buffer.len() || self.hung_up;
                if self.tls.is_some() {
                    self.decrypt(worker, &mut buffer[..n], plain)
                } else {
                    Arrived::Clear(n)
                }
            }
            Err(Errno::AGAIN) => {
                self.readable = false;
                Arrived::Nothing
            }
            Err(_) => Arrived::Broken,
        }
    }

    /// What `read` does, for octets that another transport has read.
    pub fn take<A: Application>(&mut self, worker: &mut Worker<A>, octets: &mut [u8], plain: &mut Vec<u8>) -> Arrived {
        plain.clear();
        if self.tls.is_some() {
            self.decrypt(worker, octets, plain)
        } else {
            Arrived::Clear(octets.len())
        }
    }

    fn recv(&self, buffer: &mut [u8]) -> Result<usize, Errno> {
        let Some(socket) = &self.socket else { return Err(Errno::AGAIN) };
        loop {
            match recv(socket, &mut *buffer, RecvFlags::empty()) {
                Ok((n, _)) => return Ok(n),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Decrypts, and sends what the handshake asks for.
    fn decrypt<A: Application>(&mut self, worker: &mut Worker<A>, records: &mut [u8], plain: &mut Vec<u8>) -> Arrived {
        let Some(session) = &mut self.tls else { return Arrived::Broken };
        let was_handshaking = session.is_handshaking();
        let received = session.receive(records, plain);
        let mut reply = Vec::new();
        session.take_output(&mut reply);
        if was_handshaking && !session.is_handshaking() {
            worker.handshakes += 1;
            self.chose_http2 = session.protocol() == Some(Protocol::Http2);
        }
        let ended = session.peer_closed();
        if received == Err(TlsFailure::PlainHttp) {
            reply.extend_from_slice(PLAIN_HTTP);
        }
        if !reply.is_empty() {
            if self.socket.is_none() {
                self.hand_over(worker, &reply);
            } else if self.send_records(&reply) == Flushed::Broken {
                return Arrived::Broken;
            }
        }
        match received {
            Err(_) => {
                self.tls = None;
                if let Some(output) = &mut self.output {
                    output.drop_unencrypted();
                }
                Arrived::Failed
            }
            Ok(()) if ended => Arrived::End,
            Ok(()) => Arrived::Decrypted,
        }
    }

    /// Queues what can't go through the shared buffer: files and what is between them.
    pub fn queue<A: Application>(&mut self, worker: &mut Worker<A>, tail: Vec<Segment>) {
        let output = self.output.get_or_insert_with(Box::default);
        output.push(&worker.out);
        tail.into_iter().for_each(|content| output.push_content(content));
        worker.out.clear();
    }

    /// Sends what was written and what waits, as far as the kernel takes it.
    pub fn flush<A: Application>(&mut self, worker: &mut Worker<A>) -> Flushed {
        let Some(socket) = &self.socket else { return self.deliver(worker) };
        if let Some(output) = &mut self.output {
            output.push(&worker.out);
            worker.empty_out();
            let flushed = output.flush(socket, self.tls.as_deref_mut());
            if flushed == Flushed::All {
                self.output = None;
            }
            return flushed;
        }
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
        Flushed::Blocked
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

    /// Sends records, and keeps what the kernel does not take.
    fn send_records(&mut self, records: &[u8]) -> Flushed {
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

    /// Sends octets that others get too, without a copy; behind what waits they wait as well. `worker.out` is empty.
    pub fn send_shared<A: Application>(&mut self, worker: &mut Worker<A>, octets: Arc<[u8]>) -> Flushed {
        let Some(socket) = &self.socket else {
            worker.out.extend_from_slice(&octets);
            return self.deliver(worker);
        };
        if let Some(output) = &mut self.output {
            // Blocked: the kernel says when it takes more, and to ask it is a system call.
            output.push_shared(octets, 0);
            return Flushed::Blocked;
        }
        let sent = if self.tls.is_some() {
            0
        } else {
            match send_some(socket, &octets) {
                Ok(sent) if sent == octets.len() => return Flushed::All,
                Ok(sent) => sent,
                Err(Flushed::Blocked) => 0,
                Err(broken) => return broken,
            }
        };
        let output = self.output.get_or_insert_with(Box::default);
        output.push_shared(octets, sent);
        match &mut self.tls {
            Some(_) => self.flush(worker),
            None => Flushed::Blocked,
        }
    }

    /// Forgets what waits, but for a message that has been begun.
    pub fn drop_unsent(&mut self) {
        if let Some(output) = &mut self.output {
            output.drop_unsent();
        }
    }

    /// `flush` for a connection without a socket: everything goes to the application, as far as it takes it.
    fn deliver<A: Application>(&mut self, worker: &mut Worker<A>) -> Flushed {
        if self.output.is_none() && worker.out.is_empty() {
            return Flushed::All;
        }
        let mut output = self.output.take().unwrap_or_default();
        output.push(&worker.out);
        worker.empty_out();
        loop {
            let credit = self.window.as_ref().map_or(usize::MAX, |window| usize::try_from(window.credit).unwrap_or(0));
            if credit == 0 {
                self.output = Some(output);
                return Flushed::Blocked;
            }
            let next = match output.take_next(credit) {
                Ok(Some(next)) => next,
                Ok(None) => return Flushed::All,
                Err(_) => return Flushed::Broken,
            };
            let records = match &mut self.tls {
                None => next,
                Some(session) => {
                    let mut records = Vec::new();
                    if session.send(&next, &mut records).is_err() {
                        return Flushed::Broken;
                    }
                    records
                }
            };
            self.hand_over(worker, &records);
        }
    }

    /// Gives octets to whose transport it is. All of them count, since all of them come back as written.
    fn hand_over<A: Application>(&mut self, worker: &Worker<A>, octets: &[u8]) {
        if let Some(window) = &mut self.window {
            window.credit = window.credit.saturating_sub(as_credit(octets.len()));
        }
        worker.app.deliver(self.token, octets, false);
    }

    /// Ends our side: says so over TLS, and to the kernel when what is unread would make it send a reset over our answer.
    /// Returns whether the peer's side must be drained before closing.
    pub fn end<A: Application>(&mut self, worker: &Worker<A>, unread: bool) -> bool {
        if let Some(session) = &mut self.tls {
            let mut records = Vec::new();
            session.close(&mut records);
            if self.socket.is_none() {
                worker.app.deliver(self.token, &records, false);
            } else if !records.is_empty() {
                // Best effort: a peer that takes nothing is not waited for.
                let _ = self.send_records(&records);
            }
        }
        let Some(socket) = &self.socket else { return false };
        (unread || self.readable) && shutdown(socket, Shutdown::Write).is_ok()
    }

    /// Reads past what the peer still sends. Returns how much; `None` at its end.
    pub fn skip<A: Application>(&mut self, worker: &mut Worker<A>, most: usize) -> Option<usize> {
        let mut skipped = 0;
        loop {
            match self.recv(&mut worker.buffer) {
                Ok(n) if n > 0 && skipped + n <= most => skipped += n,
                Err(Errno::AGAIN) => return Some(skipped),
                Ok(_) | Err(_) => return None,
            }
        }
    }
}

fn as_credit(octets: usize) -> isize {
    isize::try_from(octets).unwrap_or(isize::MAX)
}

impl<A: Application> Worker<A> {
    /// Empties the buffer of answers, and gives it back when an answer has made it large.
    fn empty_out(&mut self) {
        self.out.clear();
        self.out.shrink_to(OUT_KEPT);
    }
}
