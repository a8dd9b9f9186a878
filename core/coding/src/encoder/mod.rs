//! Encoding, all at once or as the content comes.
//!
//! | | meaning | afterwards |
//! |---|---|---|
//! | `write` | takes all of `data`; may keep octets back | any |
//! | `flush` | everything written so far can be decoded by the client; nothing new, nothing emitted | any |
//! | `finish` | ends the stream | only dropping |

mod brotli;
mod gzip;
mod smallest;
mod zstd;

use std::fmt;

use crate::coding::Coding;

pub use smallest::encode_smallest;

/// An encoder could not go on: no memory, or it was used after its end. The response can't be completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeError(pub Coding);

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} encoder failed", self.0.token())
    }
}

impl std::error::Error for EncodeError {}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Write,
    Flush,
    Finish,
}

/// One response encoded as it comes.
///
/// Small on purpose: a server holds one for each open stream. The crate page has the memory of each.
pub struct Encoder {
    inner: Inner,
    /// Whether something was written since the last flush: a flush of nothing must not cost the client octets.
    is_pending: bool,
    is_finished: bool,
}

enum Inner {
    Zstd(zstd::Stream),
    Brotli(brotli::Stream),
    Gzip(gzip::Stream),
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").field("coding", &self.coding()).finish_non_exhaustive()
    }
}

impl Encoder {
    /// Start a stream.
    pub fn new(coding: Coding) -> Result<Self, EncodeError> {
        let inner = match coding {
            Coding::Zstd => Inner::Zstd(zstd::Stream::new()?),
            Coding::Brotli => Inner::Brotli(brotli::Stream::new()),
            Coding::Gzip => Inner::Gzip(gzip::Stream::new()),
        };
        Ok(Encoder { inner, is_pending: false, is_finished: false })
    }

    /// Which coding it applies.
    pub fn coding(&self) -> Coding {
        match self.inner {
            Inner::Zstd(_) => Coding::Zstd,
            Inner::Brotli(_) => Coding::Brotli,
            Inner::Gzip(_) => Coding::Gzip,
        }
    }

    /// Encode `data`, appending what comes out to `out`.
    pub fn write(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if data.is_empty() && !self.is_finished {
            return Ok(());
        }
        self.is_pending = true;
        self.step(data, out, Step::Write)
    }

    /// Append what is kept back, so that the client can decode all that was written.
    pub fn flush(&mut self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if !self.is_pending && !self.is_finished {
            return Ok(());
        }
        self.is_pending = false;
        self.step(&[], out, Step::Flush)
    }

    /// Append the rest and the end of the stream.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.step(&[], out, Step::Finish)?;
        self.is_finished = true;
        Ok(())
    }

    fn step(&mut self, data: &[u8], out: &mut Vec<u8>, step: Step) -> Result<(), EncodeError> {
        if self.is_finished {
            return Err(EncodeError(self.coding()));
        }
        match &mut self.inner {
            Inner::Zstd(stream) => stream.step(data, out, step),
            Inner::Brotli(stream) => stream.step(data, out, step),
            Inner::Gzip(stream) => stream.step(data, out, step),
        }
    }
}

/// Encodes whole contents, keeping its contexts from one to the next. One a thread.
#[derive(Default)]
pub struct Encoders {
    zstd: Option<zstd::Whole>,
    gzip: Option<gzip::Whole>,
}

impl fmt::Debug for Encoders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoders").finish_non_exhaustive()
    }
}

impl Encoders {
    /// Nothing is allocated before the first use.
    pub fn new() -> Self {
        Self::default()
    }

    /// Append the whole of `data` encoded to `out`.
    ///
    /// After an error `out` may have gained octets; the caller cuts it back and can send the content as it is.
    pub fn encode(&mut self, coding: Coding, data: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match coding {
            Coding::Zstd => match &mut self.zstd {
                Some(whole) => whole.encode(data, out),
                empty => empty.insert(zstd::Whole::new()?).encode(data, out),
            },
            Coding::Brotli => brotli::encode(data, out),
            Coding::Gzip => self.gzip.get_or_insert_with(gzip::Whole::new).encode(data, out),
        }
    }
}
