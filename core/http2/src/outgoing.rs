//! Content on its way out. h2 queues it without telling how much; these octets count themselves.

use std::sync::Arc;

use bytes::{Buf, Bytes};

use crate::ready::StreamReady;

/// Octets of one [`crate::Connection::send`], counted as queued until h2 has written or dropped them.
#[derive(Debug)]
pub(crate) struct Outgoing {
    data: Bytes,
    stream: Arc<StreamReady>,
}

impl Outgoing {
    pub(crate) fn new(data: Bytes, stream: &Arc<StreamReady>) -> Self {
        stream.enqueue(data.len());
        Self { data, stream: Arc::clone(stream) }
    }
}

impl Buf for Outgoing {
    fn remaining(&self) -> usize {
        self.data.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.data
    }

    fn advance(&mut self, count: usize) {
        self.data.advance(count);
        self.stream.dequeue(count);
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.stream.dequeue(self.data.len());
    }
}
