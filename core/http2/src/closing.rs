//! How a connection ends: by the owner, by the peer, by an error, by a limit.

use h2::Reason;

use crate::connection::{Connection, Protocol};
use crate::event::{Cause, Event};

impl Connection {
    /// Accept no new streams, and close when the running ones are answered (RFC 9113 section 6.8).
    pub fn drain(&mut self) {
        if std::mem::replace(&mut self.draining, true) {
            return;
        }
        if let Protocol::Open(open) = &mut self.protocol {
            open.graceful_shutdown();
            self.ready.mark();
        }
    }

    /// Close now: GOAWAY with `reason`, all streams reset.
    pub fn close(&mut self, reason: Reason) {
        self.close_for(reason, Cause::Owner);
    }

    /// The transport has ended: no octet follows, and none can be sent.
    pub fn end_input(&mut self) {
        let mut buffers = self.pipe.lock();
        buffers.close();
        buffers.ended = true;
        drop(buffers);
        self.ready.mark();
    }

    /// Whether [`Event::Closed`] has come or is about to: after the remaining output there is nothing to send.
    pub fn is_closed(&self) -> bool {
        matches!(self.protocol, Protocol::Closed)
    }

    /// h2 has given up.
    pub(crate) fn end_by(&mut self, error: &h2::Error) {
        let cause = match error {
            error if error.is_io() => Cause::Transport,
            error if error.is_remote() => Cause::Peer,
            _ => Cause::Protocol,
        };
        self.end(error.reason().unwrap_or(Reason::NO_ERROR), cause);
    }

    /// The connection is over. What was not said stays unsaid.
    pub(crate) fn end(&mut self, reason: Reason, cause: Cause) {
        if matches!(self.protocol, Protocol::Closed) {
            return;
        }
        self.protocol = Protocol::Closed;
        self.pipe.lock().close();
        let (reason, cause) = self.closing.unwrap_or((reason, cause));
        for stream in self.streams.values_mut() {
            stream.lose(reason, &mut self.events);
        }
        self.streams.retain(|_, stream| stream.running);
        self.queueing = Vec::new();
        self.events.push_back(Event::Closed { reason, cause });
    }

    /// Say GOAWAY with `reason`, then end.
    pub(crate) fn close_for(&mut self, reason: Reason, cause: Cause) {
        if self.is_closing() {
            return;
        }
        self.closing = Some((reason, cause));
        if let Protocol::Handshake(_) = self.protocol {
            self.drive(); // our SETTINGS, which come before everything (RFC 9113 section 3.4)
        }
        match &mut self.protocol {
            Protocol::Open(open) => {
                open.abrupt_shutdown(reason);
                self.pipe.lock().close();
                self.ready.mark();
            }
            Protocol::Handshake(_) => {
                // h2 has no words before it has seen the peer's preface.
                self.pipe.lock().say(&goaway(reason));
                self.end(reason, cause);
            }
            Protocol::Closed => {}
        }
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.is_some() || self.is_closed()
    }
}

/// The frame GOAWAY on a connection that has had no streams (RFC 9113 section 6.8).
fn goaway(reason: Reason) -> [u8; 17] {
    let mut frame = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let (_, code) = frame.split_at_mut(13);
    code.copy_from_slice(&u32::from(reason).to_be_bytes());
    frame
}
