//! From a request to a WebSocket: RFC 6455 section 4.2, and which pages may ask.

use std::rc::Rc;

use spica_websocket::{check_upgrade, origin_allowed};

use crate::application::Request;
use crate::reply::{Body, Reply};
use crate::socket::{Offer, Socket, Sockets};

/// Why there is no WebSocket; [`Reply::refuse_upgrade`] answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpgradeRefused {
    /// 400, 403 or 426.
    pub status: u16,
    /// One sentence for people.
    pub reason: &'static str,
}

const NOT_ASKED: UpgradeRefused = UpgradeRefused { status: 426, reason: "this address is a WebSocket" };
const FOREIGN: UpgradeRefused =
    UpgradeRefused { status: 403, reason: "pages of this origin may not open a WebSocket here" };

impl Request<'_> {
    /// Checks the handshake. The connection becomes a WebSocket once the socket is accepted.
    ///
    /// Args:    `origins`, those of pages that may connect, `*` for all; empty for the request's own.
    ///
    /// # Errors
    /// [`UpgradeRefused`]: 426 for an ordinary request or another version, 400 for a broken handshake, 403 for the origin.
    pub fn upgrade(&self, sockets: &Rc<Sockets>, origins: &[String]) -> Result<Rc<Socket>, UpgradeRefused> {
        let fields = || self.head.fields.iter().map(|field| (field.name.of(self.bytes), field.value.of(self.bytes)));
        let checked = check_upgrade(self.head.method.of(self.bytes), self.head.minor, fields());
        let handshake = match checked {
            Ok(Some(handshake)) => handshake,
            Ok(None) => return Err(NOT_ASKED),
            Err(refusal) => return Err(UpgradeRefused { status: refusal.status, reason: refusal.reason }),
        };
        let host = fields().find(|(name, _)| name.eq_ignore_ascii_case(b"host")).map(|(_, value)| value);
        if !origin_allowed(handshake.origin, host, self.secure, origins) {
            return Err(FOREIGN);
        }
        let offer = Offer {
            accept: handshake.accept().to_owned(),
            protocols: handshake.protocols.iter().map(|&name| name.to_owned()).collect(),
        };
        let deflate = handshake.deflate.filter(|_| sockets.options.deflate);
        Ok(Socket::new(self.exchange, sockets.clone(), offer, deflate))
    }
}

impl Reply<'_> {
    /// Answers a request that does not become a WebSocket.
    pub fn refuse_upgrade(&mut self, refused: UpgradeRefused) {
        let mut fields = vec![(&b"content-type"[..], &b"text/plain; charset=utf-8"[..])];
        if refused.status == 426 && self.is_http1() {
            fields.extend([
                (&b"upgrade"[..], &b"websocket"[..]),
                (b"connection", b"upgrade"),
                (b"sec-websocket-version", b"13"),
            ]);
        }
        let text =
            format!("{} {}: {}\n", refused.status, spica_http1::response::reason(refused.status), refused.reason);
        // Fixed fields and texts: this can't be refused.
        let _ = self.response(refused.status, fields.into_iter(), Body::Bytes(text.as_bytes()));
    }
}
