//! What is agreed on about compression: RFC 7692 section 7.1, as the crate page has it.

use crate::extensions::Offer;
use crate::writer::COMPRESSION_THRESHOLD;

const DEFAULT_WINDOW_BITS: u8 = 15;

/// permessage-deflate as agreed on with one client, without context takeover in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerMessageDeflate {
    /// The value of `server_max_window_bits` to answer, when the client asked for one.
    server_max_window_bits: Option<u8>,
}

impl PerMessageDeflate {
    /// The first of the offers that is acceptable.
    pub(crate) fn choose(offers: &[Offer<'_>]) -> Option<Self> {
        offers.iter().filter(|offer| offer.name == "permessage-deflate").find_map(|offer| Self::accept(offer))
    }

    fn accept(offer: &Offer<'_>) -> Option<Self> {
        let mut agreed = Self { server_max_window_bits: None };
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in &offer.parameters {
            if seen.contains(name) {
                return None;
            }
            seen.push(name);
            match (*name, value.as_deref()) {
                ("server_no_context_takeover" | "client_no_context_takeover" | "client_max_window_bits", None) => {}
                ("client_max_window_bits", Some(value)) => {
                    window_bits(value)?;
                }
                ("server_max_window_bits", Some(value)) => agreed.server_max_window_bits = Some(window_bits(value)?),
                _ => return None,
            }
        }
        Some(agreed)
    }

    /// The value of the answer's Sec-WebSocket-Extensions field.
    pub fn field_value(&self) -> String {
        let mut value = String::from("permessage-deflate; server_no_context_takeover; client_no_context_takeover");
        if let Some(bits) = self.server_max_window_bits {
            value.push_str("; server_max_window_bits=");
            value.push_str(&bits.to_string());
        }
        value
    }

    /// Whether a message of this length is to be compressed: long enough to be worth it, and within the window.
    pub(crate) fn may_compress(self, length: usize) -> bool {
        let bits = self.server_max_window_bits.unwrap_or(DEFAULT_WINDOW_BITS);
        length >= COMPRESSION_THRESHOLD && (bits >= DEFAULT_WINDOW_BITS || length <= 1 << bits)
    }
}

/// A number from 8 to 15 without leading zeros.
fn window_bits(value: &str) -> Option<u8> {
    let bits = match value.as_bytes() {
        [digit @ b'8'..=b'9'] => digit - b'0',
        [b'1', digit @ b'0'..=b'5'] => 10 + digit - b'0',
        _ => return None,
    };
    Some(bits)
}
