//! Whether a response is encoded at all.

use crate::coding::Offered;
use crate::types::Types;

/// What an operator may set.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The codings that may be used.
    pub offered: Offered,
    /// Octets of content below which a coding costs more than it saves: what fits one packet takes one packet.
    pub threshold: u64,
    /// The media types that are encoded.
    pub types: Types,
}

impl Default for Policy {
    fn default() -> Self {
        Policy { offered: Offered::ALL, threshold: 1024, types: Types::default() }
    }
}

/// Fields that say the content is encoded, a part, or bound to its exact octets (RFC 9530).
const EXACT: [&[u8]; 5] = [b"content-encoding", b"content-range", b"content-digest", b"repr-digest", b"digest"];

impl Policy {
    /// Whether a response may be encoded, whoever asks; where it is true, Vary names Accept-Encoding.
    ///
    /// Args: `status`: 206 and those without content never are; `fields`: names in any case with their values; `len`: octets of content,
    /// None for a stream, which the threshold does not concern.
    pub fn applies<N, V>(&self, status: u16, fields: impl IntoIterator<Item = (N, V)>, len: Option<u64>) -> bool
    where
        N: AsRef<[u8]>,
        V: AsRef<[u8]>,
    {
        let is_whole = status >= 200 && !matches!(status, 204 | 205 | 206 | 304);
        if self.offered == Offered::NONE || !is_whole || len.is_some_and(|len| len < self.threshold) {
            return false;
        }
        let mut is_type = false;
        for (name, value) in fields {
            let (name, value) = (name.as_ref(), value.as_ref());
            if name.eq_ignore_ascii_case(b"content-type") {
                is_type = self.types.matches(value);
            } else if EXACT.iter().any(|exact| name.eq_ignore_ascii_case(exact))
                || (name.eq_ignore_ascii_case(b"cache-control") && is_kept(value))
            {
                return false;
            }
        }
        is_type
    }
}

/// RFC 9111 section 5.2.2.6.
fn is_kept(cache_control: &[u8]) -> bool {
    cache_control
        .split(|&octet| octet == b',')
        .any(|directive| directive.trim_ascii().eq_ignore_ascii_case(b"no-transform"))
}
