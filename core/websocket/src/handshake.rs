//! The opening handshake, from the fields of a request: RFC 6455 section 4.2, RFC 8441 section 5 for HTTP/2.

use data_encoding::BASE64;
use sha1_smol::Sha1;

use crate::extensions::{parse_offers, Offer};
use crate::permessage_deflate::PerMessageDeflate;
use crate::refusal::{Refusal, CONTENT, EXTENSIONS, KEY, METHOD, ORIGIN_REPEATED, PROTOCOL, VERSION};
use crate::syntax::{elements, lists, token};

/// What is appended to the key, RFC 6455 section 1.3.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A valid request for a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake<'a> {
    /// The subprotocols the client offers, the one it prefers first.
    pub protocols: Vec<&'a str>,
    /// What compression to agree on; `None` when the client offers none that is acceptable. Set it to `None` to have none.
    pub deflate: Option<PerMessageDeflate>,
    /// The Origin field, for [`crate::origin_allowed`]; programs other than browsers send none.
    pub origin: Option<&'a [u8]>,
    accept: [u8; 28],
}

impl<'a> Handshake<'a> {
    /// The value of the answer's Sec-WebSocket-Accept field; without meaning in HTTP/2.
    pub fn accept(&self) -> &str {
        std::str::from_utf8(&self.accept).unwrap_or_default()
    }

    /// The subprotocol to answer: the first offered that the server has.
    pub fn protocol(&self, supported: &[&str]) -> Option<&'a str> {
        self.protocols.iter().copied().find(|offered| supported.contains(offered))
    }
}

/// Check a request of HTTP/1.
///
/// Args:    `method` and `minor`, the request line; `fields`, names and values as sent, in order.
/// Returns: `None` when the request asks for no WebSocket: Upgrade does not list `websocket`, Connection does not list `upgrade`, or
///          it is HTTP/1.0, where Upgrade is ignored (RFC 9110 section 7.8).
/// Raises:  [`Refusal`], the status of the answer.
/// Source:  RFC 6455 section 4.2.1.
pub fn check_upgrade<'a>(
    method: &[u8],
    minor: u8,
    fields: impl Iterator<Item = (&'a [u8], &'a [u8])>,
) -> Result<Option<Handshake<'a>>, Refusal> {
    let asked = Asked::collect(fields);
    if minor == 0 || !asked.upgrade || !asked.connection {
        return Ok(None);
    }
    if method != b"GET" {
        return Err(METHOD);
    }
    if asked.content {
        return Err(CONTENT);
    }
    asked.check_version()?;
    let [key] = asked.keys.as_slice() else { return Err(KEY) };
    if !is_key(key) {
        return Err(KEY);
    }
    asked.handshake(accept_of(key)).map(Some)
}

/// Check an extended CONNECT of HTTP/2 or HTTP/3, whose `:protocol` is `websocket`: there is no key and no Upgrade.
///
/// Args:    `fields`, names and values without the pseudo-fields.
/// Raises:  [`Refusal`]; without its Upgrade field, which HTTP/2 does not have.
/// Source:  RFC 8441 section 5.
pub fn check_extended_connect<'a>(
    fields: impl Iterator<Item = (&'a [u8], &'a [u8])>,
) -> Result<Handshake<'a>, Refusal> {
    let asked = Asked::collect(fields);
    asked.check_version()?;
    asked.handshake([b'='; 28])
}

/// The fields of a request that matter.
#[derive(Default)]
struct Asked<'a> {
    upgrade: bool,
    connection: bool,
    content: bool,
    versions: Vec<&'a [u8]>,
    keys: Vec<&'a [u8]>,
    origins: Vec<&'a [u8]>,
    protocols: Vec<&'a [u8]>,
    extensions: Vec<&'a [u8]>,
}

impl<'a> Asked<'a> {
    fn collect(fields: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Self {
        let mut asked = Self::default();
        for (name, value) in fields {
            let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
            match name.len() {
                6 if is("origin") => asked.origins.push(value),
                7 if is("upgrade") => asked.upgrade |= lists(value, b"websocket"),
                10 if is("connection") => asked.connection |= lists(value, b"upgrade"),
                14 if is("content-length") => asked.content |= value != b"0",
                17 if is("transfer-encoding") => asked.content = true,
                17 if is("sec-websocket-key") => asked.keys.push(value),
                21 if is("sec-websocket-version") => asked.versions.push(value),
                22 if is("sec-websocket-protocol") => asked.protocols.push(value),
                24 if is("sec-websocket-extensions") => asked.extensions.push(value),
                _ => {}
            }
        }
        asked
    }

    fn check_version(&self) -> Result<(), Refusal> {
        if self.versions == [b"13"] {
            Ok(())
        } else {
            Err(VERSION)
        }
    }

    fn handshake(&self, accept: [u8; 28]) -> Result<Handshake<'a>, Refusal> {
        let protocols = self.protocols.iter().flat_map(|field| elements(field)).map(token);
        let protocols = protocols.collect::<Option<Vec<_>>>().ok_or(PROTOCOL)?;
        let mut offers: Vec<Offer<'_>> = Vec::new();
        for field in &self.extensions {
            offers.extend(parse_offers(field).ok_or(EXTENSIONS)?);
        }
        let origin = match self.origins.as_slice() {
            [] => None,
            [origin] => Some(*origin),
            _ => return Err(ORIGIN_REPEATED),
        };
        Ok(Handshake { protocols, deflate: PerMessageDeflate::choose(&offers), origin, accept })
    }
}

/// 16 octets in base64: 22 of the alphabet, then two of padding. Bits that the padding leaves over are not looked at.
fn is_key(key: &[u8]) -> bool {
    let Some(digits) = key.strip_suffix(b"==") else { return false };
    digits.len() == 22 && digits.iter().all(|octet| octet.is_ascii_alphanumeric() || b"+/".contains(octet))
}

fn accept_of(key: &[u8]) -> [u8; 28] {
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update(GUID);
    let mut accept = [0; 28];
    BASE64.encode_mut(&hash.digest().bytes(), &mut accept);
    accept
}
