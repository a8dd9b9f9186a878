//! A payload that arrives in pieces.

/// Most octets allocated beyond those that have arrived: an announced length alone costs nothing.
const AHEAD: usize = 64 * 1024;

/// Octets of a payload so far. Empty, it owns no memory.
#[derive(Debug, Default)]
pub(crate) struct Buffer(Vec<u8>);

impl Buffer {
    /// Append `piece`; `announced` octets are known to follow, if the peer keeps its word.
    pub(crate) fn push(&mut self, piece: &[u8], announced: usize) {
        let needed = self.0.len() + piece.len();
        if needed > self.0.capacity() {
            // Twice as much as before, so that a dribbled message is rarely copied, but within the allowance.
            let ahead = announced.max(self.0.len()).min(AHEAD);
            self.0.reserve_exact(piece.len() + ahead);
        }
        self.0.extend_from_slice(piece);
    }

    pub(crate) fn octets(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// Give the memory back.
    pub(crate) fn release(&mut self) {
        if self.0.capacity() > 0 {
            self.0 = Vec::new();
        }
    }
}
