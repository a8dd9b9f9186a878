//! What a connection still has to send, in order: bytes and files.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use rustix::io::Errno;
use rustix::net::send;

use crate::clock::Tick;
use crate::reply::{FilePart, Segment as Content};
use crate::system::{send_file, NO_SIGNAL};
use spica_tls::Session;

/// Encrypted at a time: what the kernel does not take of it waits as ciphertext.
const ENCRYPTED: usize = 64 * 1024;
/// A rest of this size or more is moved, not copied.
const MOVED: usize = 64 * 1024;
/// Shared octets of this size or more are kept where they are; a copy of fewer is smaller than the account of them.
const SHARED: usize = 512;
/// Bytes are appended to a segment up to this size: a larger one would double what a full queue holds.
const APPENDED: usize = 64 * 1024;

/// How far a flush came.
#[derive(Debug, PartialEq, Eq)]
pub enum Flushed {
    /// Everything is with the kernel.
    All,
    /// The peer must take some first.
    Blocked,
    /// The connection is of no more use.
    Broken,
}

enum Segment {
    Bytes { bytes: Vec<u8>, sent: usize },
    Shared { bytes: Arc<[u8]>, sent: usize },
    File { part: FilePart, sent: u64 },
}

/// The queue of one connection; absent while everything fits the kernel's buffer.
///
/// Under TLS the segments are plain, and are encrypted when it is their turn: records have their order from encryption.
#[derive(Default)]
pub struct Output {
    segments: VecDeque<Segment>,
    /// Bytes of the segments.
    held: usize,
    /// A part of what the first segment begins with was sent before it came here.
    begun: bool,
    /// Records on their way to the kernel, ahead of all segments.
    records: Records,
    /// When the peer must have taken something; none before it is asked for.
    deadline: Option<Tick>,
}

impl Output {
    /// Appends bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.held += bytes.len();
        if let Some(Segment::Bytes { bytes: last, sent }) = self.segments.back_mut() {
            // A peer that never takes quite everything must not make the part it has taken grow for ever.
            if *sent > 0 && *sent >= last.len() - *sent {
                last.drain(..std::mem::take(sent));
                self.begun = true; // only the first segment has been sent from
            }
            if last.len() < APPENDED {
                return last.extend_from_slice(bytes);
            }
        }
        if !bytes.is_empty() {
            self.segments.push_back(Segment::Bytes { bytes: bytes.to_vec(), sent: 0 });
        }
    }

    /// Appends octets that others get too, from `sent` on.
    pub fn push_shared(&mut self, bytes: Arc<[u8]>, sent: usize) {
        let rest = bytes.get(sent..).unwrap_or_default();
        // One that has been begun stands for itself, so that `drop_unsent` knows where it ends.
        if sent == 0 && rest.len() < SHARED {
            return self.push(rest);
        }
        self.held += rest.len();
        self.segments.push_back(Segment::Shared { bytes, sent });
    }

    /// Forgets every segment that has not been begun.
    pub fn drop_unsent(&mut self) {
        let begun = match self.segments.front() {
            Some(Segment::Bytes { bytes, sent }) if *sent > 0 || self.begun => Some(bytes.len() - sent),
            Some(Segment::Shared { bytes, sent }) if *sent > 0 => Some(bytes.len() - sent),
            _ => None,
        };
        self.segments.truncate(usize::from(begun.is_some()));
        self.held = begun.unwrap_or(0);
    }

    /// Forgets everything but records: without its session, the rest would go out in clear text.
    pub fn drop_unencrypted(&mut self) {
        self.segments.clear();
        self.held = 0;
    }

    /// Begins with what `out` holds from `sent` on, and leaves `out` empty.
    pub fn push_rest(&mut self, out: &mut Vec<u8>, sent: usize) {
        self.begun = sent > 0;
        if out.len() - sent < MOVED {
            self.push(&out[sent..]);
            out.clear();
        } else {
            self.held += out.len() - sent;
            self.segments.push_back(Segment::Bytes { bytes: std::mem::take(out), sent });
        }
    }

    /// Records that go ahead of everything that is not encrypted yet.
    pub fn push_records(&mut self, records: &[u8]) {
        self.records.bytes.extend_from_slice(records);
    }

    /// Whether a file waits: it holds a descriptor.
    pub fn has_file(&self) -> bool {
        self.segments.iter().any(|segment| matches!(segment, Segment::File { .. }))
    }

    /// When the peer must have taken more: `fresh` after every progress, unchanged without.
    pub fn deadline(&mut self, fresh: Tick) -> Tick {
        *self.deadline.get_or_insert(fresh)
    }

    /// Appends a part of a response's content.
    pub fn push_content(&mut self, content: Content) {
        match content {
            Content::Bytes(bytes) => self.push(&bytes),
            Content::File(part) if part.len > 0 => self.segments.push_back(Segment::File { part, sent: 0 }),
            Content::File(_) => {}
        }
    }

    /// Bytes that occupy memory.
    pub fn held(&self) -> usize {
        self.held + self.records.bytes.len() - self.records.sent
    }

    /// Sends until all is gone or the kernel takes no more.
    pub fn flush(&mut self, socket: &OwnedFd, tls: Option<&mut Session>) -> Flushed {
        match tls {
            Some(session) => self.flush_encrypted(socket, session),
            None => self.flush_plain(socket),
        }
    }

    fn flush_encrypted(&mut self, socket: &OwnedFd, session: &mut Session) -> Flushed {
        loop {
            match self.records.flush(socket) {
                Ok(progress) if progress => self.deadline = None,
                Ok(_) => {}
                Err((flushed, progress)) => {
                    if progress {
                        self.deadline = None;
                    }
                    return flushed;
                }
            }
            match self.encrypt_next(session) {
                Some(true) => {}
                Some(false) => return Flushed::All,
                None => return Flushed::Broken,
            }
        }
    }

    /// Encrypts the next part of the first segment. Returns whether there was one; `None` when it can't be.
    fn encrypt_next(&mut self, session: &mut Session) -> Option<bool> {
        let Some(segment) = self.segments.front_mut() else { return Some(false) };
        let done = match segment {
            Segment::Bytes { bytes, sent } => {
                let end = bytes.len().min(*sent + ENCRYPTED);
                session.send(&bytes[*sent..end], &mut self.records.bytes).ok()?;
                self.held -= end - *sent;
                *sent = end;
                end == bytes.len()
            }
            Segment::Shared { bytes, sent } => {
                let end = bytes.len().min(*sent + ENCRYPTED);
                session.send(&bytes[*sent..end], &mut self.records.bytes).ok()?;
                self.held -= end - *sent;
                *sent = end;
                end == bytes.len()
            }
            Segment::File { part, sent } => {
                let mut plain = vec![0; (part.len - *sent).min(ENCRYPTED as u64) as usize];
                part.file.read_exact_at(&mut plain, part.offset + *sent).ok()?;
                session.send(&plain, &mut self.records.bytes).ok()?;
                *sent += plain.len() as u64;
                *sent == part.len
            }
        };
        if done {
            self.segments.pop_front();
            self.begun = false;
        }
        Some(true)
    }

    fn flush_plain(&mut self, socket: &OwnedFd) -> Flushed {
        // An alert may be left of a session that has failed.
        if let Err((flushed, _)) = self.records.flush(socket) {
            return flushed;
        }
        while let Some(segment) = self.segments.front_mut() {
            let done = match segment {
                Segment::Bytes { bytes, sent } => match send_some(socket, &bytes[*sent..]) {
                    Ok(n) => {
                        self.deadline = None;
                        self.held -= n;
                        *sent += n;
                        *sent == bytes.len()
                    }
                    Err(flushed) => return flushed,
                },
                Segment::Shared { bytes, sent } => match send_some(socket, &bytes[*sent..]) {
                    Ok(n) => {
                        self.deadline = None;
                        self.held -= n;
                        *sent += n;
                        *sent == bytes.len()
                    }
                    Err(flushed) => return flushed,
                },
                Segment::File { part, sent } => match send_file_part(socket, part, *sent) {
                    Ok(n) => {
                        self.deadline = None;
                        *sent += n;
                        *sent == part.len
                    }
                    Err(flushed) => return flushed,
                },
            };
            if done {
                self.segments.pop_front();
                self.begun = false;
            }
        }
        Flushed::All
    }

    /// Takes the next octets, at most `most`, for a connection without a socket. `None`: there are no more.
    pub fn take_next(&mut self, most: usize) -> io::Result<Option<Vec<u8>>> {
        let Some(segment) = self.segments.front_mut() else { return Ok(None) };
        let (next, done) = match segment {
            Segment::Bytes { bytes, sent } => {
                let end = bytes.len().min(sent.saturating_add(most));
                let whole = *sent == 0 && end == bytes.len();
                let next = if whole { std::mem::take(bytes) } else { bytes[*sent..end].to_vec() };
                *sent = end;
                (next, whole || end == bytes.len())
            }
            Segment::Shared { bytes, sent } => {
                let end = bytes.len().min(sent.saturating_add(most));
                let next = bytes[*sent..end].to_vec();
                *sent = end;
                (next, end == bytes.len())
            }
            Segment::File { part, sent } => {
                let mut next = vec![0; (part.len - *sent).min(most.min(ENCRYPTED) as u64) as usize];
                part.file.read_exact_at(&mut next, part.offset + *sent)?;
                *sent += next.len() as u64;
                (next, *sent == part.len)
            }
        };
        if !matches!(segment, Segment::File { .. }) {
            self.held -= next.len();
        }
        if done {
            self.segments.pop_front();
            self.begun = false;
        }
        Ok(Some(next))
    }
}

/// Ciphertext in order.
#[derive(Default)]
struct Records {
    bytes: Vec<u8>,
    sent: usize,
}

impl Records {
    /// Sends all of it. Returns whether anything was taken, also when not all was.
    fn flush(&mut self, socket: &OwnedFd) -> Result<bool, (Flushed, bool)> {
        let begun = self.sent;
        while self.sent < self.bytes.len() {
            match send_some(socket, &self.bytes[self.sent..]) {
                Ok(n) => self.sent += n,
                Err(flushed) => return Err((flushed, self.sent > begun)),
            }
        }
        let progress = !self.bytes.is_empty();
        self.bytes.clear();
        self.sent = 0;
        Ok(progress)
    }
}

/// Sends what the kernel takes now: `Ok(n)` with n > 0 unless `bytes` is empty.
pub fn send_some(socket: &OwnedFd, bytes: &[u8]) -> Result<usize, Flushed> {
    loop {
        match send(socket, bytes, NO_SIGNAL) {
            Ok(n) => return Ok(n),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Err(Flushed::Blocked),
            Err(_) => return Err(Flushed::Broken),
        }
    }
}

fn send_file_part(socket: &OwnedFd, part: &FilePart, sent: u64) -> Result<u64, Flushed> {
    loop {
        // 1 MiB a call, so that a fast reader of a large file does not hold the thread.
        match send_file(socket, &part.file, part.offset + sent, (part.len - sent).min(1 << 20) as usize) {
            // The file became shorter than its announced length: only closing tells the client (promise 7).
            Ok(0) => return Err(Flushed::Broken),
            Ok(n) => return Ok(n as u64),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Err(Flushed::Blocked),
            Err(_) => return Err(Flushed::Broken),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is how a test fails")]
mod tests {
    use super::*;

    #[test]
    fn a_segment_whose_sent_part_was_given_back_has_still_been_begun() {
        let mut output = Output::default();
        output.push(&[b'a'; 1000]);
        assert_eq!(output.take_next(900).unwrap().unwrap().len(), 900);
        output.push(&[b'b'; 10]);
        output.drop_unsent();
        let rest = output.take_next(usize::MAX).unwrap().unwrap_or_default();
        assert!(rest.starts_with(&[b'a'; 100]), "the message that has been begun comes to its end");
    }
}
