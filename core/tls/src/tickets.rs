//! Session tickets that every worker with the same secret can open, also after a restart.
//!
//! Time is cut into epochs of six hours. Each has a key, derived by HKDF-SHA256 from the secret and the epoch's number; the current one
//! seals, the current and the previous one open. So a ticket lives six hours at least and twelve at most, and nothing is exchanged or
//! stored. A ticket is the key's name (16 octets), a nonce (12), and the session sealed by AES-256-GCM with the name as associated data.
//! Nonces are random: 2^32 tickets a key (NIST SP 800-38D 8.3) are 198,000 handshakes a second for six hours.
//!
//! Source: RFC 5077 section 4 (the form of a ticket), RFC 8446 4.6.1.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::aead::{Aad, Nonce, RandomizedNonceKey, AES_256_GCM, NONCE_LEN};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{self, Prk, Salt, HKDF_SHA256};
use rustls::server::ProducesTickets;

/// How long a key seals.
pub const TICKET_EPOCH: Duration = Duration::from_secs(6 * 60 * 60);

const NAME_LEN: usize = 16;
const KEY_LEN: usize = 32;

/// The tickets of one secret.
pub(crate) struct Tickets {
    secret: Prk,
    now: fn() -> SystemTime,
    keys: RwLock<Arc<Keys>>,
}

struct Keys {
    epoch: u64,
    current: TicketKey,
    previous: TicketKey,
}

struct TicketKey {
    name: [u8; NAME_LEN],
    key: RandomizedNonceKey,
}

impl Tickets {
    pub(crate) fn new(secret: &[u8], now: fn() -> SystemTime) -> Result<Self, Unspecified> {
        let secret = Salt::new(HKDF_SHA256, b"spica tls tickets").extract(secret);
        let keys = Keys::derive(&secret, epoch_of(now()))?;
        Ok(Tickets { secret, now, keys: RwLock::new(Arc::new(keys)) })
    }

    /// The keys of now, derived anew when the epoch has changed.
    fn keys(&self) -> Option<Arc<Keys>> {
        let epoch = epoch_of((self.now)());
        let held = self.keys.read().unwrap_or_else(PoisonError::into_inner).clone();
        if held.epoch == epoch {
            return Some(held);
        }
        let keys = Arc::new(Keys::derive(&self.secret, epoch).ok()?);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys.clone();
        Some(keys)
    }
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        // What every ticket is good for; one sealed early in its epoch would be good for up to twice that.
        TICKET_EPOCH.as_secs() as u32
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.keys()?.current.seal(plain).ok()
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let keys = self.keys()?;
        let (name, sealed) = ticket.split_first_chunk::<NAME_LEN>()?;
        let key = [&keys.current, &keys.previous].into_iter().find(|key| key.name == *name)?;
        key.open(sealed)
    }
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tickets")
    }
}

impl Keys {
    fn derive(secret: &Prk, epoch: u64) -> Result<Self, Unspecified> {
        let current = TicketKey::derive(secret, epoch)?;
        let previous = TicketKey::derive(secret, epoch.saturating_sub(1))?;
        Ok(Keys { epoch, current, previous })
    }
}

impl TicketKey {
    fn derive(secret: &Prk, epoch: u64) -> Result<Self, Unspecified> {
        let mut octets = [0; NAME_LEN + KEY_LEN];
        secret.expand(&[b"epoch", &epoch.to_be_bytes()], NameAndKey)?.fill(&mut octets)?;
        let (name, key) = octets.split_first_chunk::<NAME_LEN>().ok_or(Unspecified)?;
        Ok(TicketKey { name: *name, key: RandomizedNonceKey::new(&AES_256_GCM, key)? })
    }

    fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let mut sealed = plain.to_vec();
        let nonce = self.key.seal_in_place_append_tag(Aad::from(self.name), &mut sealed)?;
        let mut ticket = Vec::with_capacity(NAME_LEN + NONCE_LEN + sealed.len());
        ticket.extend_from_slice(&self.name);
        ticket.extend_from_slice(nonce.as_ref());
        ticket.extend_from_slice(&sealed);
        Ok(ticket)
    }

    fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut plain = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let len = self.key.open_in_place(nonce, Aad::from(self.name), &mut plain).ok()?.len();
        plain.truncate(len);
        Some(plain)
    }
}

struct NameAndKey;

impl hkdf::KeyType for NameAndKey {
    fn len(&self) -> usize {
        NAME_LEN + KEY_LEN
    }
}

fn epoch_of(now: SystemTime) -> u64 {
    now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / TICKET_EPOCH.as_secs()
}
