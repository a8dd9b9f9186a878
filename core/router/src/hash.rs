//! A fast hash for the keys of the router.
//!
//! The keys are the application's own patterns, fixed when the router is built; a client can look up but not insert, so it cannot
//! fill a bucket, and the slower hash of the standard library would protect from nothing.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// From octets to `V`.
pub(crate) type ByteMap<V> = HashMap<Box<[u8]>, V, BuildHasherDefault<WordHasher>>;

const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// Folds eight octets at a time by a 128-bit product.
#[derive(Default)]
pub(crate) struct WordHasher(u64);

impl WordHasher {
    #[inline]
    fn fold(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * u128::from(FACTOR);
        self.0 = (product as u64) ^ (product >> 64) as u64;
    }
}

impl Hasher for WordHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        let mut last = [0; 8];
        for word in words.by_ref() {
            last.copy_from_slice(word);
            self.fold(u64::from_le_bytes(last));
        }
        let rest = words.remainder();
        last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.fold(u64::from_le_bytes(last));
    }

    #[inline]
    fn write_usize(&mut self, length: usize) {
        self.fold(length as u64 ^ FACTOR);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}
