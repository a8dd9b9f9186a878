//! Zstandard (RFC 8878). Windows stay far below the 8 MiB that RFC 9659 lets a client expect.

use zstd::zstd_safe::zstd_sys::ZSTD_EndDirective as End;
use zstd::zstd_safe::{compress_bound, CCtx, CParameter, InBuffer, OutBuffer, ResetDirective};

use super::{EncodeError, Step};
use crate::coding::Coding;

const FAILED: EncodeError = EncodeError(Coding::Zstd);

/// The library's default, and where speed and ratio bend.
const LEVEL: i32 = 3;

/// A stream's tables and window: level 3 of its own takes four times the memory for 1 % less (examples/levels.rs).
const STREAM: [CParameter; 4] =
    [CParameter::CompressionLevel(LEVEL), CParameter::WindowLog(16), CParameter::HashLog(14), CParameter::ChainLog(14)];

/// Room for one step's output.
const ROOM: usize = 4096;

pub(super) struct Stream(CCtx<'static>);

impl Stream {
    pub(super) fn new() -> Result<Self, EncodeError> {
        let mut context = CCtx::try_create().ok_or(FAILED)?;
        for parameter in STREAM {
            context.set_parameter(parameter).map_err(|_| FAILED)?;
        }
        Ok(Stream(context))
    }

    pub(super) fn step(&mut self, data: &[u8], out: &mut Vec<u8>, step: Step) -> Result<(), EncodeError> {
        let end = match step {
            Step::Write => End::ZSTD_e_continue,
            Step::Flush => End::ZSTD_e_flush,
            Step::Finish => End::ZSTD_e_end,
        };
        let mut input = InBuffer::around(data);
        loop {
            out.reserve(ROOM);
            let left = run(&mut self.0, &mut input, out, end)?;
            if input.pos() == data.len() && (left == 0 || step == Step::Write) {
                return Ok(());
            }
        }
    }
}

/// A context for contents that are there as a whole.
pub(super) struct Whole(CCtx<'static>);

impl Whole {
    pub(super) fn new() -> Result<Self, EncodeError> {
        let mut context = CCtx::try_create().ok_or(FAILED)?;
        context.set_parameter(CParameter::CompressionLevel(LEVEL)).map_err(|_| FAILED)?;
        Ok(Whole(context))
    }

    pub(super) fn encode(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.0.reset(ResetDirective::SessionOnly).map_err(|_| FAILED)?;
        // With room for the worst case it is done in one step, straight from `data` and without a window of its own.
        out.reserve(compress_bound(data.len()));
        match run(&mut self.0, &mut InBuffer::around(data), out, End::ZSTD_e_end)? {
            0 => Ok(()),
            _ => Err(FAILED),
        }
    }
}

fn run(context: &mut CCtx<'_>, input: &mut InBuffer<'_>, out: &mut Vec<u8>, end: End) -> Result<usize, EncodeError> {
    let at = out.len();
    context.compress_stream2(&mut OutBuffer::around_pos(out, at), input, end).map_err(|_| FAILED)
}
