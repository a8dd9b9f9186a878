//! Brotli (RFC 7932).

use brotli::enc::encode::{BrotliEncoderOperation, BrotliEncoderParameter, BrotliEncoderStateStruct};
use brotli::enc::StandardAlloc;

use super::{EncodeError, Step};
use crate::coding::Coding;

/// Quality 5 takes half as long again for 4 % less.
const WHOLE_QUALITY: u32 = 4;

/// 60 % of the memory of quality 4, and of its time. Quality 2 makes small flushed events larger than they were.
const STREAM_QUALITY: u32 = 3;

/// log2 of the window: 256 KiB for contents of known size, less for streams, of which many are open.
const WHOLE_WINDOW: u32 = 18;
const STREAM_WINDOW: u32 = 16;

/// The format's smallest window.
const LEAST_WINDOW: u32 = 10;

/// Boxed: the state is several KiB inline.
pub(super) struct Stream(Box<BrotliEncoderStateStruct<StandardAlloc>>);

impl Stream {
    pub(super) fn new() -> Self {
        Self::with(STREAM_QUALITY, STREAM_WINDOW)
    }

    fn with(quality: u32, window: u32) -> Self {
        let mut state = BrotliEncoderStateStruct::new(StandardAlloc::default());
        state.set_parameter(BrotliEncoderParameter::BROTLI_PARAM_QUALITY, quality);
        state.set_parameter(BrotliEncoderParameter::BROTLI_PARAM_LGWIN, window);
        Stream(Box::new(state))
    }

    pub(super) fn step(&mut self, data: &[u8], out: &mut Vec<u8>, step: Step) -> Result<(), EncodeError> {
        let operation = match step {
            Step::Write => BrotliEncoderOperation::BROTLI_OPERATION_PROCESS,
            Step::Flush => BrotliEncoderOperation::BROTLI_OPERATION_FLUSH,
            Step::Finish => BrotliEncoderOperation::BROTLI_OPERATION_FINISH,
        };
        let (mut left, mut offset) = (data.len(), 0);
        loop {
            // Given no room, the encoder keeps its output inside, from where it is taken without another copy.
            let is_ok = self.0.compress_stream(
                operation,
                &mut left,
                data,
                &mut offset,
                &mut 0,
                &mut [],
                &mut 0,
                &mut None,
                &mut |_, _, _, _| (),
            );
            if !is_ok {
                return Err(EncodeError(Coding::Brotli));
            }
            // The slice reaches to the end of the encoder's buffer; `count` says how much of it is output.
            let mut count = 0;
            let octets = self.0.take_output(&mut count);
            out.extend_from_slice(octets.get(..count).unwrap_or(octets));
            // Waiting output makes it stop before all that it took is encoded: only a call that brings nothing ends a flush.
            let is_done = match step {
                Step::Write => left == 0,
                Step::Flush => count == 0,
                Step::Finish => self.0.is_finished(),
            };
            if is_done {
                return Ok(());
            }
        }
    }
}

/// Append the whole of `data`; the window is no larger than it needs to be.
pub(super) fn encode(data: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    encode_with(data, WHOLE_QUALITY, WHOLE_WINDOW, out)
}

/// Append the whole of `data` in a quality of 0 to 11, with a window of up to `largest` bits.
pub(super) fn encode_with(data: &[u8], quality: u32, largest: u32, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let window = data.len().next_power_of_two().ilog2() + 1;
    Stream::with(quality, window.clamp(LEAST_WINDOW, largest)).step(data, out, Step::Finish)
}
