//! The content of a request, however framed.

use crate::chunk::{At, Chunks};
use crate::head::{Content, Head};
use crate::limits::Limits;
use crate::refusal::{Refusal, CONTENT_TOO_LARGE};
use crate::trailers::Trailers;

/// What one [`ContentReader::feed`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Octets of the input that belong to this request. Less than the input only when `done`.
    pub consumed: usize,
    /// Whether the content is complete: the next octet begins the next request.
    pub done: bool,
}

/// Reads the content of one request.
#[derive(Debug)]
pub struct ContentReader {
    state: State,
    trailers: Trailers,
}

#[derive(Debug)]
enum State {
    Length(u64),
    Chunked(Chunks),
    Done,
    Refused(Refusal),
}

impl ContentReader {
    /// A reader whose trailers have the limits for themselves; [`ContentReader::for_head`] is the one for requests.
    ///
    /// Raises: [`Refusal`] 413 when the announced length is above [`Limits::content`].
    pub fn new(content: Content, limits: &Limits) -> Result<Self, Refusal> {
        Self::with_trailers(content, limits, Trailers::new(limits.field_block, limits.fields))
    }

    /// A reader for the content after `head`, whose fields count against the limits of the trailers.
    ///
    /// Raises: [`Refusal`] 413 when the announced length is above [`Limits::content`].
    pub fn for_head(head: &Head, limits: &Limits) -> Result<Self, Refusal> {
        let block = head.fields.first().map_or(0, |first| head.len - 2 - first.name.start as usize);
        let trailers =
            Trailers::new(limits.field_block.saturating_sub(block), limits.fields.saturating_sub(head.fields.len()));
        Self::with_trailers(head.content, limits, trailers)
    }

    fn with_trailers(content: Content, limits: &Limits, trailers: Trailers) -> Result<Self, Refusal> {
        let state = match content {
            Content::None | Content::Length(0) => State::Done,
            Content::Length(length) if length > limits.content => return Err(CONTENT_TOO_LARGE),
            Content::Length(length) => State::Length(length),
            Content::Chunked => State::Chunked(Chunks::new(limits.content, limits.chunk_extensions)),
        };
        Ok(Self { state, trailers })
    }

    /// Whether the content is complete.
    pub fn done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Take the content out of `input` and append it to `sink`, without its framing.
    ///
    /// Args:    `input`, octets after the head or after what was consumed before; `sink`, may be emptied between calls.
    /// Returns: how much was taken, and whether that was all.
    /// Raises:  [`Refusal`], see the crate page; every later call raises it again.
    pub fn feed(&mut self, input: &[u8], sink: &mut Vec<u8>) -> Result<Progress, Refusal> {
        let mut consumed = 0;
        while consumed < input.len() {
            match self.advance(&input[consumed..], sink) {
                Ok(0) => break,
                Ok(count) => consumed += count,
                Err(refusal) => {
                    self.state = State::Refused(refusal);
                    return Err(refusal);
                }
            }
        }
        match self.state {
            State::Refused(refusal) => Err(refusal),
            _ => Ok(Progress { consumed, done: self.done() }),
        }
    }

    /// Take one step on input that is not empty; 0 when nothing more is wanted.
    fn advance(&mut self, input: &[u8], sink: &mut Vec<u8>) -> Result<usize, Refusal> {
        match &mut self.state {
            State::Done => Ok(0),
            State::Refused(refusal) => Err(*refusal),
            State::Length(remaining) => {
                let count = take(input, remaining, sink);
                if *remaining == 0 {
                    self.state = State::Done;
                }
                Ok(count)
            }
            State::Chunked(chunks) => match chunks.at {
                At::Data => {
                    let count = take(input, &mut chunks.remaining, sink);
                    if chunks.remaining == 0 {
                        chunks.at = At::DataCr;
                    }
                    Ok(count)
                }
                At::Trailers => {
                    if self.trailers.push(input[0])? {
                        self.state = State::Done;
                    }
                    Ok(1)
                }
                _ => chunks.step(input[0]).map(|()| 1),
            },
        }
    }

    /// The trailer fields as names (as sent) and values, in order; empty until [`ContentReader::done`].
    pub fn trailers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.trailers.iter()
    }
}

/// Append up to `remaining` octets of `input` to `sink`.
fn take(input: &[u8], remaining: &mut u64, sink: &mut Vec<u8>) -> usize {
    let count = usize::try_from(*remaining).unwrap_or(usize::MAX).min(input.len());
    sink.extend_from_slice(&input[..count]);
    *remaining -= count as u64;
    count
}
