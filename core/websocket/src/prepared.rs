//! A message encoded once for many connections.

use std::sync::Arc;

use crate::deflater::Deflater;
use crate::permessage_deflate::PerMessageDeflate;
use crate::writer::{push_message, push_message_deflated, Kind};

/// The frame of a message, plain and, once a connection can have it, compressed. Both serve every connection, since no window is
/// carried over from one message to the next.
#[derive(Clone, Debug)]
pub struct Prepared {
    kind: Kind,
    payload_len: usize,
    plain: Arc<[u8]>,
    deflated: Option<Arc<[u8]>>,
}

impl Prepared {
    /// Encode a message.
    pub fn new(kind: Kind, payload: &[u8]) -> Self {
        let mut frame = Vec::with_capacity(payload.len() + 10);
        push_message(&mut frame, kind, payload);
        Self { kind, payload_len: payload.len(), plain: frame.into(), deflated: None }
    }

    /// The frame for a connection with these agreements. It is compressed at the first call that needs it.
    pub fn frame(&mut self, agreed: Option<PerMessageDeflate>, deflater: &mut Deflater) -> &Arc<[u8]> {
        let Some(agreed) = agreed.filter(|agreed| agreed.may_compress(self.payload_len)) else { return &self.plain };
        let Self { kind, payload_len, plain, deflated } = self;
        deflated.get_or_insert_with(|| {
            let payload = plain.get(plain.len() - *payload_len..).unwrap_or_default();
            let mut frame = Vec::new();
            push_message_deflated(&mut frame, *kind, payload, Some(agreed), deflater);
            if frame.len() < plain.len() {
                frame.into()
            } else {
                Arc::clone(plain)
            }
        })
    }

    /// The frame that every connection understands.
    pub fn plain(&self) -> &Arc<[u8]> {
        &self.plain
    }
}
