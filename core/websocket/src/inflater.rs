//! Decompression of whole messages: RFC 7692 section 7.2.2.

use flate2::{Decompress, FlushDecompress, Status};

use crate::failure::{Failure, NOT_DEFLATE, TOO_BIG};

/// Octets kept between messages.
const KEPT: usize = 64 * 1024;
/// First size of the output.
const FIRST: usize = 16 * 1024;

/// What a sender removed from the end, and an empty last block after it: only a message that is complete ends with that block.
const END: [u8; 9] = [0x00, 0x00, 0xff, 0xff, 0x01, 0x00, 0x00, 0xff, 0xff];

/// Inflates messages, one at a time. One for a thread: since every message begins with an empty window, it serves all connections.
///
/// Holds nothing until the first compressed message, then about 47 KiB and at most 64 KiB of output between messages.
#[derive(Debug, Default)]
pub struct Inflater {
    stream: Option<Decompress>,
    out: Vec<u8>,
}

impl Inflater {
    /// An inflater that holds no memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Inflate one message.
    ///
    /// Args:    `payload`, all fragments of it; `max_message`, octets it may inflate to.
    /// Returns: the message, valid until the next one.
    /// Raises:  [`Failure`] 1007 when it is not DEFLATE data or not complete, 1009 above the limit.
    pub(crate) fn inflate(&mut self, payload: &[u8], max_message: usize) -> Result<&[u8], Failure> {
        self.release();
        let mut stream = self.stream.take().unwrap_or_else(|| Decompress::new(false));
        stream.reset(false);
        let result = inflate(&mut stream, payload, &mut self.out, max_message)
            .and_then(|_| inflate(&mut stream, &END, &mut self.out, max_message));
        self.stream = Some(stream);
        if result? {
            Ok(&self.out)
        } else {
            Err(NOT_DEFLATE)
        }
    }

    /// Forget the last message, and give memory back that only a large one needs.
    pub(crate) fn release(&mut self) {
        self.out.clear();
        if self.out.capacity() > KEPT {
            self.out = Vec::new();
        }
    }

    /// Octets of output held at the moment.
    pub fn capacity(&self) -> usize {
        self.out.capacity()
    }
}

/// Inflate `input`; returns whether a DEFLATE stream ended with its last octet.
fn inflate(stream: &mut Decompress, mut input: &[u8], out: &mut Vec<u8>, limit: usize) -> Result<bool, Failure> {
    loop {
        if out.len() == out.capacity() {
            // One octet more than allowed, to see whether there is one.
            let allowed = limit.saturating_sub(out.len()).saturating_add(1);
            out.reserve_exact(out.len().max(FIRST).min(allowed));
        }
        let before = stream.total_in();
        let status = stream.decompress_vec(input, out, FlushDecompress::None).map_err(|_| NOT_DEFLATE)?;
        let consumed = usize::try_from(stream.total_in() - before).unwrap_or(usize::MAX);
        input = input.get(consumed..).unwrap_or_default();
        if out.len() > limit {
            return Err(TOO_BIG);
        }
        match status {
            // A last block may be followed by others (RFC 7692 section 7.2.3.5); they begin with an empty window here.
            Status::StreamEnd => {
                stream.reset(false);
                if input.is_empty() {
                    return Ok(true);
                }
            }
            // There is room left, so all input was taken.
            Status::Ok | Status::BufError if out.len() < out.capacity() => return Ok(false),
            Status::Ok | Status::BufError => {}
        }
    }
}
