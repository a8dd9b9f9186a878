//! One connection's TLS: octets from the socket in, octets for the socket out.
//!
//! States: handshaking, open, peer closed (may still be answered), closed, failed. A failed session repeats its failure.
//!
//! rustls is used without its buffers: whole records are decrypted where they were received, and only the beginning of a record is kept.
//! So an idle session has no buffer at all.

use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, EncodeError, EncodeTlsData, EncryptError, WriteTraffic};
use rustls::{Error, HandshakeKind, ProtocolVersion};

use crate::failure::{classify, TlsFailure};
use crate::options::{Protocol, Version};
use crate::server_name;

/// What is kept at most of a record or handshake message whose end has not arrived. The longest record has 18,437 octets.
pub const PENDING_LIMIT_BYTES: usize = 32 * 1024;

/// Header, explicit nonce, content type and tag of a record, at most; see RFC 5246 6.2.3.3 and RFC 8446 5.2.
const RECORD_OVERHEAD: usize = 32;
const RECORD_CONTENT: usize = 16 * 1024;

/// The alert `record_overflow` before any key is agreed.
const RECORD_OVERFLOW: [u8; 7] = [21, 3, 3, 0, 2, 2, 22];

type Server = rustls::server::ServerConnectionData;

/// A TLS session of a server.
pub struct Session {
    connection: UnbufferedServerConnection,
    pending: Vec<u8>,
    output: Vec<u8>,
    server_name: Option<Box<str>>,
    failure: Option<Box<TlsFailure>>,
    greeted: bool,
    peer_closed: bool,
    closed: bool,
}

impl Session {
    pub(crate) fn new(connection: UnbufferedServerConnection) -> Self {
        Session {
            connection,
            pending: Vec::new(),
            output: Vec::new(),
            server_name: None,
            failure: None,
            greeted: false,
            peer_closed: false,
            closed: false,
        }
    }

    /// Takes what the socket gave, cut anywhere, and appends what it says to `plain`.
    ///
    /// `cipher` is decrypted in place: its octets are worthless afterwards, except after [`TlsFailure::PlainHttp`]. What must be sent
    /// in return, alerts included, is for [`Session::take_output`]. After a failure `plain` has what came before it.
    pub fn receive(&mut self, cipher: &mut [u8], plain: &mut Vec<u8>) -> Result<(), TlsFailure> {
        if let Some(failure) = &self.failure {
            return Err((**failure).clone());
        }
        let (Some(first), false) = (cipher.first(), self.peer_closed) else {
            return Ok(());
        };
        if !self.greeted && self.pending.is_empty() && first.is_ascii_uppercase() {
            return Err(self.fail(TlsFailure::PlainHttp));
        }
        if self.pending.is_empty() {
            let used = self.process(cipher, plain)?;
            self.pending.extend_from_slice(cipher.get(used..).unwrap_or_default());
        } else {
            let mut pending = std::mem::take(&mut self.pending);
            pending.extend_from_slice(cipher);
            let used = self.process(&mut pending, plain)?;
            self.pending = if used == 0 { pending } else { pending.get(used..).unwrap_or_default().to_vec() };
        }
        if self.peer_closed {
            self.pending = Vec::new();
        }
        if self.pending.len() > PENDING_LIMIT_BYTES {
            if self.connection.protocol_version().is_none() {
                self.output.extend_from_slice(&RECORD_OVERFLOW);
            }
            return Err(self.fail(TlsFailure::TooLarge));
        }
        Ok(())
    }

    /// Appends `plain`, encrypted, to `cipher`, after whatever had to be sent before it.
    ///
    /// Up to 16 KiB become one record, so a small answer should be given in one call. Only for sessions that have finished their
    /// handshake and were not closed here.
    pub fn send(&mut self, plain: &[u8], cipher: &mut Vec<u8>) -> Result<(), TlsFailure> {
        let records = plain.len() / RECORD_CONTENT + 1;
        self.write(plain.len() + records * RECORD_OVERHEAD, cipher, |traffic, out| traffic.encrypt(plain, out))
    }

    /// Moves what must be sent to the end of `cipher`. To be called after every [`Session::receive`], failed ones too.
    pub fn take_output(&mut self, cipher: &mut Vec<u8>) {
        if !self.output.is_empty() {
            cipher.extend_from_slice(&self.output);
            self.output = Vec::new();
        }
    }

    /// Says that nothing more will be sent (close_notify), as HTTP needs to tell an end from a cut. Harmless when repeated; during
    /// a handshake and after a failure there is nothing to say.
    pub fn close(&mut self, cipher: &mut Vec<u8>) {
        // A refusal means that the session was never open, is closed, or has failed: then its alert, if any, is already out.
        let _ = self.write(RECORD_OVERHEAD, cipher, |traffic, out| traffic.queue_close_notify(out));
        self.take_output(cipher);
        self.closed = true;
    }

    /// Whether data can't be sent yet.
    pub fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// Whether the peer has said that it will send nothing more. A socket that ends without this was cut, perhaps by a stranger.
    pub fn peer_closed(&self) -> bool {
        self.peer_closed
    }

    /// What ALPN chose. `None` when the client doesn't use it (then HTTP/1.1 is spoken) or has not finished its hello.
    pub fn protocol(&self) -> Option<Protocol> {
        match self.connection.alpn_protocol()? {
            b"h2" => Some(Protocol::Http2),
            _ => Some(Protocol::Http1),
        }
    }

    /// The host that the client asked for, in lower case.
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }

    /// The version agreed on.
    pub fn version(&self) -> Option<Version> {
        match self.connection.protocol_version()? {
            ProtocolVersion::TLSv1_3 => Some(Version::Tls13),
            _ => Some(Version::Tls12),
        }
    }

    /// The suite agreed on, such as `TLS13_AES_128_GCM_SHA256`.
    pub fn cipher_suite(&self) -> Option<&'static str> {
        self.connection.negotiated_cipher_suite()?.suite().as_str()
    }

    /// The key exchange, such as `X25519MLKEM768`. `None` before its end, and in a resumed TLS 1.2 session, which has none.
    pub fn key_exchange(&self) -> Option<&'static str> {
        self.connection.negotiated_key_exchange_group()?.name().as_str()
    }

    /// Whether the client came back with a ticket.
    pub fn is_resumed(&self) -> bool {
        self.connection.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// Reads all whole records of `buffer`. Returns how much of it is done with.
    fn process(&mut self, buffer: &mut [u8], plain: &mut Vec<u8>) -> Result<usize, TlsFailure> {
        let mut done = 0;
        let result = self.advance(buffer, &mut done, plain);
        if let Some(name) = server_name::take() {
            self.server_name = Some(name);
        }
        self.greeted |= done > 0;
        let Err(error) = result else {
            return Ok(done);
        };
        self.flush_alert(buffer.get_mut(done..).unwrap_or_default());
        Err(self.fail(classify(error, self.greeted)))
    }

    fn advance(&mut self, buffer: &mut [u8], done: &mut usize, plain: &mut Vec<u8>) -> Result<(), Error> {
        loop {
            let mut status = self.connection.process_tls_records(buffer.get_mut(*done..).unwrap_or_default());
            let mut blocked = false;
            let step = match &mut status.state {
                Err(error) => Err(error.clone()),
                Ok(ConnectionState::ReadTraffic(traffic)) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record?;
                        status.discard += record.discard;
                        plain.extend_from_slice(record.payload);
                    }
                    Ok(())
                }
                Ok(ConnectionState::EncodeTlsData(data)) => encode(data, &mut self.output),
                Ok(ConnectionState::TransmitTlsData(_)) => Ok(()),
                Ok(ConnectionState::PeerClosed) => {
                    self.peer_closed = true;
                    Ok(())
                }
                Ok(ConnectionState::BlockedHandshake | ConnectionState::WriteTraffic(_) | ConnectionState::Closed) => {
                    blocked = true;
                    Ok(())
                }
                Ok(state) => Err(Error::General(format!("{state:?} without being asked for"))),
            };
            *done += status.discard;
            if let Ok(ConnectionState::TransmitTlsData(data)) = status.state {
                data.done();
            }
            step?;
            if blocked {
                return Ok(());
            }
        }
    }

    /// Puts the alert that follows an error into the output, and no more: the same octets must not be processed again.
    fn flush_alert(&mut self, rest: &mut [u8]) {
        while self.connection.wants_write() {
            let Ok(ConnectionState::EncodeTlsData(mut data)) = self.connection.process_tls_records(rest).state else {
                return;
            };
            if encode(&mut data, &mut self.output).is_err() {
                return;
            }
        }
    }

    /// Lets `work` write at most `bound` octets of records behind `cipher`.
    fn write(
        &mut self,
        bound: usize,
        cipher: &mut Vec<u8>,
        mut work: impl FnMut(&mut WriteTraffic<'_, Server>, &mut [u8]) -> Result<usize, EncryptError>,
    ) -> Result<(), TlsFailure> {
        if let Some(failure) = &self.failure {
            return Err((**failure).clone());
        }
        if self.closed || self.is_handshaking() {
            return Err(TlsFailure::NotOpen);
        }
        self.take_output(cipher);
        loop {
            // All whole records were processed when they came, so nothing is read here; the rest must be shown all the same.
            let state = self.connection.process_tls_records(&mut self.pending).state;
            let result = match state.map_err(|error| classify(error, true))? {
                ConnectionState::WriteTraffic(mut traffic) => append(bound, cipher, |out| work(&mut traffic, out)),
                ConnectionState::EncodeTlsData(mut data) => {
                    encode(&mut data, cipher).map_err(|error| classify(error, true))?;
                    continue;
                }
                ConnectionState::TransmitTlsData(data) => {
                    data.done();
                    continue;
                }
                _ => return Err(TlsFailure::NotOpen),
            };
            return result.map_err(|error| self.fail(TlsFailure::Internal(error.to_string())));
        }
    }

    fn fail(&mut self, failure: TlsFailure) -> TlsFailure {
        self.pending = Vec::new();
        self.failure = Some(Box::new(failure.clone()));
        failure
    }
}

/// Appends what `work` writes: at most `bound` octets, or as many as it asks for.
fn append(
    bound: usize,
    cipher: &mut Vec<u8>,
    mut work: impl FnMut(&mut [u8]) -> Result<usize, EncryptError>,
) -> Result<(), EncryptError> {
    let start = cipher.len();
    cipher.resize(start + bound, 0);
    let mut written = work(cipher.get_mut(start..).unwrap_or_default());
    if let Err(EncryptError::InsufficientSize(size)) = &written {
        cipher.resize(start + size.required_size, 0);
        written = work(cipher.get_mut(start..).unwrap_or_default());
    }
    cipher.truncate(start + *written.as_ref().unwrap_or(&0));
    written.map(|_| ())
}

fn encode(data: &mut EncodeTlsData<'_, Server>, output: &mut Vec<u8>) -> Result<(), Error> {
    let start = output.len();
    let result = match data.encode(&mut []) {
        Err(EncodeError::InsufficientSize(size)) => {
            output.resize(start + size.required_size, 0);
            data.encode(output.get_mut(start..).unwrap_or_default())
        }
        other => other,
    };
    result.map(|_| ()).map_err(|error| Error::General(error.to_string()))
}
