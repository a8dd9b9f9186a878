//! gzip (RFC 1952).

use flate2::{Compress, Compression, FlushCompress, Status};

use super::{EncodeError, Step};
use crate::coding::Coding;

const FAILED: EncodeError = EncodeError(Coding::Gzip);

/// zlib's default, 6, takes half as long again for 1 % less.
const LEVEL: u32 = 4;

/// log2 of the window: the format's largest, and less for streams, of which many are open.
const WHOLE_WINDOW: u8 = 15;
const STREAM_WINDOW: u8 = 14;

/// Room for one step's output.
const ROOM: usize = 4096;

pub(super) struct Stream(Compress);

impl Stream {
    pub(super) fn new() -> Self {
        Stream(Compress::new_gzip(Compression::new(LEVEL), STREAM_WINDOW))
    }

    pub(super) fn step(&mut self, data: &[u8], out: &mut Vec<u8>, step: Step) -> Result<(), EncodeError> {
        let flush = match step {
            Step::Write => FlushCompress::None,
            Step::Flush => FlushCompress::Sync,
            Step::Finish => FlushCompress::Finish,
        };
        let mut rest = data;
        loop {
            out.reserve(ROOM);
            let before = self.0.total_in();
            let status = self.0.compress_vec(rest, out, flush).map_err(|_| FAILED)?;
            let taken = usize::try_from(self.0.total_in() - before).map_err(|_| FAILED)?;
            rest = rest.get(taken..).ok_or(FAILED)?;
            // Room left over means that nothing is waiting; only the end has a status of its own.
            let is_done = match step {
                Step::Finish => status == Status::StreamEnd,
                Step::Write | Step::Flush => rest.is_empty() && out.len() < out.capacity(),
            };
            if is_done {
                return Ok(());
            }
        }
    }
}

/// A context for contents that are there as a whole.
pub(super) struct Whole(Stream);

impl Whole {
    pub(super) fn new() -> Self {
        Whole(Stream(Compress::new_gzip(Compression::new(LEVEL), WHOLE_WINDOW)))
    }

    pub(super) fn encode(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.0 .0.reset();
        self.0.step(data, out, Step::Finish)
    }
}
