//! What h2 wakes: a flag for the connection, a list of streams. A wake that is not seen here is a stream that hangs.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Wake;

/// Who has something to do. Only one thread ever touches it; the atomics are what [`Wake`] asks for.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    connection: AtomicBool,
    streams: Mutex<VecDeque<u32>>,
    /// Octets of content queued by all streams.
    pub(crate) queued: AtomicUsize,
}

impl Ready {
    pub(crate) fn mark(&self) {
        self.connection.store(true, Ordering::Relaxed);
    }

    /// Whether the connection was marked; it no longer is.
    pub(crate) fn take(&self) -> bool {
        self.connection.swap(false, Ordering::Relaxed)
    }

    /// Whether anything was woken that has not been looked at.
    pub(crate) fn is_marked(&self) -> bool {
        self.connection.load(Ordering::Relaxed) || !self.streams().is_empty()
    }

    /// The stream woken first of those not looked at.
    pub(crate) fn next_stream(&self) -> Option<u32> {
        self.streams().pop_front()
    }

    fn streams(&self) -> MutexGuard<'_, VecDeque<u32>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.mark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.mark();
    }
}

/// One stream's place on the list, and what it has queued.
#[derive(Debug)]
pub(crate) struct StreamReady {
    stream: u32,
    connection: Arc<Ready>,
    listed: AtomicBool,
    /// Octets of content that h2 holds.
    queued: AtomicUsize,
    /// Octets that left, modulo the size of the word: progress.
    sent: AtomicUsize,
}

impl StreamReady {
    pub(crate) fn new(stream: u32, connection: &Arc<Ready>) -> Arc<Self> {
        Arc::new(Self {
            stream,
            connection: Arc::clone(connection),
            listed: AtomicBool::new(false),
            queued: AtomicUsize::new(0),
            sent: AtomicUsize::new(0),
        })
    }

    /// Put the stream on the list, once.
    pub(crate) fn mark(&self) {
        if !self.listed.swap(true, Ordering::Relaxed) {
            self.connection.streams().push_back(self.stream);
        }
    }

    /// The stream was taken from the list; from now on a wake puts it there again.
    pub(crate) fn clear(&self) {
        self.listed.store(false, Ordering::Relaxed);
    }

    pub(crate) fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    pub(crate) fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }

    pub(crate) fn enqueue(&self, octets: usize) {
        self.queued.fetch_add(octets, Ordering::Relaxed);
        self.connection.queued.fetch_add(octets, Ordering::Relaxed);
    }

    pub(crate) fn dequeue(&self, octets: usize) {
        self.queued.fetch_sub(octets, Ordering::Relaxed);
        self.connection.queued.fetch_sub(octets, Ordering::Relaxed);
        self.sent.fetch_add(octets, Ordering::Relaxed);
    }
}

impl Wake for StreamReady {
    fn wake(self: Arc<Self>) {
        self.mark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.mark();
    }
}
