//! Compression of whole messages: RFC 7692 section 7.2.1.

use flate2::{Compress, Compression, FlushCompress};

/// Octets kept between messages.
const KEPT: usize = 64 * 1024;
/// What the heads of blocks and a flush need beside the payload.
const ROOM: usize = 64;
/// What a flush ends with, and a sender removes.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// Deflates messages, one at a time. One for a thread: since every message begins with an empty window, it serves all connections.
///
/// Holds nothing until the first message, then about 370 KiB. What is sent to many connections may deserve a second one of a higher
/// level: [`crate::Prepared`] compresses once.
#[derive(Debug)]
pub struct Deflater {
    level: Compression,
    stream: Option<Compress>,
    out: Vec<u8>,
}

impl Default for Deflater {
    /// Level 1: for messages of some kilobytes up to half more octets than level 3, for a third of the time.
    fn default() -> Self {
        Self::new(1)
    }
}

impl Deflater {
    /// A deflater that holds no memory yet; `level` is zlib's, 1 (fast) to 9 (small), others are brought into that range.
    pub fn new(level: u32) -> Self {
        Self { level: Compression::new(level.clamp(1, 9)), stream: None, out: Vec::new() }
    }

    /// Deflate one message; `None` when that would not make it smaller.
    pub(crate) fn deflate(&mut self, payload: &[u8]) -> Option<&[u8]> {
        self.out.clear();
        if self.out.capacity() > KEPT {
            self.out = Vec::new();
        }
        // Room for the worst case, nine bits for an octet, so that nothing is left in the stream: what is left in it when
        // it is reset breaks later messages (zlib-rs 0.6.8 then starts them behind it).
        self.out.reserve(payload.len().saturating_add(payload.len() / 8).saturating_add(ROOM));
        let mut stream = self.stream.take().unwrap_or_else(|| Compress::new(self.level, false));
        stream.reset();
        stream.compress_vec(payload, &mut self.out, FlushCompress::Sync).ok()?;
        // Room left over is the sign that nothing is missing.
        if self.out.len() < self.out.capacity() {
            self.stream = Some(stream);
        } else {
            return None;
        }
        let deflated = self.out.strip_suffix(&TAIL)?;
        (deflated.len() < payload.len()).then_some(deflated)
    }
}
