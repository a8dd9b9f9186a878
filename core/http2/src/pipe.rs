//! The transport as h2 sees it: two buffers in memory.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A buffer above this is given back to the allocator when it is empty.
const KEEP: usize = 4 * 1024;

/// Both ends share it: the [`crate::Connection`] and, inside h2, the reader and writer of frames.
#[derive(Clone, Debug)]
pub(crate) struct Pipe(Arc<Mutex<Buffers>>);

#[derive(Debug)]
pub(crate) struct Buffers {
    input: Vec<u8>,
    read: usize,
    /// No octet follows: the transport ended, or no more of it is wanted.
    pub(crate) ended: bool,
    output: Vec<u8>,
    /// Output at which writing waits.
    high_water: usize,
    /// Whether a write has waited since output was taken last.
    pub(crate) blocked: bool,
}

impl Pipe {
    pub(crate) fn new(high_water: usize) -> Self {
        Self(Arc::new(Mutex::new(Buffers {
            input: Vec::new(),
            read: 0,
            ended: false,
            output: Vec::new(),
            high_water,
            blocked: false,
        })))
    }

    /// Nothing under the lock panics, and buffers have no invariant a panic could break.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Buffers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Buffers {
    pub(crate) fn push_input(&mut self, octets: &[u8]) {
        self.input.extend_from_slice(octets);
    }

    /// Octets received that h2 has not read, because its output waits.
    pub(crate) fn unread(&self) -> usize {
        self.input.len() - self.read
    }

    pub(crate) fn unsent(&self) -> usize {
        self.output.len()
    }

    /// Add to the output what h2 does not say.
    pub(crate) fn say(&mut self, octets: &[u8]) {
        self.output.extend_from_slice(octets);
    }

    /// Forget what was received, and let the last words out however full the output is.
    pub(crate) fn close(&mut self) {
        self.input = Vec::new();
        self.read = 0;
        self.high_water = usize::MAX;
    }

    /// Move the output to the end of `out`.
    pub(crate) fn take_output(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.output);
        empty(&mut self.output);
    }

    fn accepts(&mut self) -> bool {
        self.blocked |= self.output.len() >= self.high_water;
        !self.blocked
    }
}

fn empty(buffer: &mut Vec<u8>) {
    buffer.clear();
    if buffer.capacity() > KEEP {
        *buffer = Vec::new();
    }
}

impl AsyncRead for Pipe {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut buffers = self.lock();
        let unread = buffers.input.get(buffers.read..).unwrap_or_default();
        if unread.is_empty() {
            // Nobody is woken later: whoever adds input marks the connection as ready.
            return if buffers.ended { Poll::Ready(Ok(())) } else { Poll::Pending };
        }
        let count = unread.len().min(into.remaining());
        into.put_slice(unread.get(..count).unwrap_or_default());
        buffers.read += count;
        if buffers.read == buffers.input.len() {
            buffers.read = 0;
            empty(&mut buffers.input);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(octets)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut buffers = self.lock();
        if !buffers.accepts() {
            // Nobody is woken later: whoever takes output marks the connection as ready.
            return Poll::Pending;
        }
        let before = buffers.output.len();
        slices.iter().for_each(|slice| buffers.output.extend_from_slice(slice));
        Poll::Ready(Ok(buffers.output.len() - before))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
