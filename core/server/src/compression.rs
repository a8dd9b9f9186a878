//! Compression of answers: what a request says about it, and the encoders that a worker's answers share.
//!
//! | content | coding | because |
//! |---|---|---|
//! | whole, up to 64 KiB | the best that the client takes | brotli needs about 1 ms for it |
//! | whole, larger | zstd or gzip | brotli would hold the worker for longer |
//! | streamed | zstd or gzip, flushed with each push | brotli's encoder has more than twice the memory of zstd's |
//! | streamed, beyond 256 at a time | none | each encoder has 170 to 250 KiB, idle or not |
//! | a file | none; see `spica_files` for encoded siblings | |
//! | of HEAD | as GET, encoded and left out | its fields are those of GET, the length too |
//!
//! What grows by its coding goes as it is, and so does what an encoder fails on.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use spica_coding::{breach_safe, Accepted, Coding, EncodeError, Encoder, Encoders, Policy};
use spica_http1::Head;

/// Contents above this are not encoded by brotli.
const BROTLI_MOST: usize = 64 * 1024;
/// Streams that are encoded at the same time.
const STREAMS: usize = 256;

/// The codings that a request's answer may have; kept while a handler waits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Codings {
    best: Option<Coding>,
    /// Without brotli.
    quick: Option<Coding>,
    /// Encoding would tell nobody a secret by the size of the answer.
    is_safe: bool,
}

/// What compression does to one answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Coded {
    /// Another client could get it encoded: Vary must say so.
    pub varies: bool,
    /// The coding of this one.
    pub coding: Option<Coding>,
}

/// The policy and the encoders of one worker.
#[derive(Debug)]
pub struct Compressor {
    policy: Option<Policy>,
    encoders: RefCell<Encoders>,
    streams: Rc<Cell<usize>>,
}

impl Compressor {
    /// Compression by a policy; `None` for none.
    pub fn new(policy: Option<Policy>) -> Self {
        Compressor { policy, encoders: RefCell::default(), streams: Rc::default() }
    }

    /// Reads what a request says: one pass over its fields.
    pub fn codings(&self, bytes: &[u8], head: &Head) -> Codings {
        let Some(policy) = &self.policy else { return Codings::default() };
        let (mut accepts, mut has_credentials, mut site) = (false, false, None);
        for field in &head.fields {
            let name = field.name.of(bytes);
            match name.len() {
                15 if name.eq_ignore_ascii_case(b"accept-encoding") => accepts = true,
                6 if name.eq_ignore_ascii_case(b"cookie") => has_credentials = true,
                13 if name.eq_ignore_ascii_case(b"authorization") => has_credentials = true,
                // No browser sends it twice: two of them say nothing.
                14 if name.eq_ignore_ascii_case(b"sec-fetch-site") => {
                    site = if site.is_none() { Some(field.value.of(bytes)) } else { Some(&b""[..]) };
                }
                _ => {}
            }
        }
        if !accepts {
            return Codings::default();
        }
        let accepted = Accepted::parse(head.values(bytes, b"accept-encoding"));
        Codings {
            best: accepted.choose(policy.offered),
            quick: accepted.choose(policy.offered.without(Coding::Brotli)),
            is_safe: breach_safe(has_credentials, site),
        }
    }

    /// Whether content of this length could be encoded for anybody.
    pub fn may_encode(&self, len: usize) -> bool {
        self.policy.as_ref().is_some_and(|policy| len as u64 >= policy.threshold)
    }

    /// Decides for one answer. `wanted`: the handler's word, false for never, true for credentials notwithstanding.
    pub fn decide<'f>(
        &self,
        codings: Codings,
        wanted: Option<bool>,
        status: u16,
        fields: impl Iterator<Item = (&'f [u8], &'f [u8])>,
        len: Option<usize>,
    ) -> Coded {
        let Some(policy) = &self.policy else { return Coded::default() };
        if wanted == Some(false) || !policy.applies(status, fields, len.map(|len| len as u64)) {
            return Coded::default();
        }
        let coding = match len {
            Some(len) if len <= BROTLI_MOST => codings.best,
            Some(_) | None => codings.quick,
        };
        Coded { varies: true, coding: coding.filter(|_| codings.is_safe || wanted == Some(true)) }
    }

    /// Encodes whole content. `None` when that fails or makes it no smaller.
    pub fn encode(&self, coding: Coding, content: &[u8]) -> Option<Vec<u8>> {
        let mut encoded = Vec::new();
        self.encoders.borrow_mut().encode(coding, content, &mut encoded).ok()?;
        (encoded.len() < content.len()).then_some(encoded)
    }

    /// Starts to encode a stream. `None` when that fails, or too many are encoded already.
    pub fn encode_stream(&self, coding: Coding) -> Option<StreamEncoder> {
        if self.streams.get() >= STREAMS {
            return None;
        }
        let encoder = Encoder::new(coding).ok()?;
        self.streams.set(self.streams.get() + 1);
        Some(StreamEncoder { encoder, streams: self.streams.clone() })
    }
}

#[cfg(test)]
thread_local! {
    /// Whether the encoders of streams fail, as they do without memory.
    pub static FAILS: Cell<bool> = const { Cell::new(false) };
}

/// The encoder of one streamed answer.
#[derive(Debug)]
pub struct StreamEncoder {
    encoder: Encoder,
    streams: Rc<Cell<usize>>,
}

impl StreamEncoder {
    /// Encodes what was pushed, so that the client can decode all of it at once.
    pub fn push(&mut self, content: &[u8]) -> Result<Vec<u8>, EncodeError> {
        #[cfg(test)]
        if FAILS.get() {
            return Err(EncodeError(self.encoder.coding()));
        }
        let mut encoded = Vec::new();
        self.encoder.write(content, &mut encoded)?;
        self.encoder.flush(&mut encoded)?;
        Ok(encoded)
    }

    /// The end of the coding.
    pub fn finish(&mut self) -> Result<Vec<u8>, EncodeError> {
        let mut encoded = Vec::new();
        self.encoder.finish(&mut encoded)?;
        Ok(encoded)
    }
}

impl Drop for StreamEncoder {
    fn drop(&mut self) {
        self.streams.set(self.streams.get() - 1);
    }
}
