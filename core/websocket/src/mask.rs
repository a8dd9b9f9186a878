//! Masking, RFC 6455 section 5.3.

/// Apply `mask` to `octets` in place, the first octet with the first of the mask.
///
/// Whole blocks are written so that the compiler turns each into a few vector instructions.
#[inline]
pub fn apply_mask(octets: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = [a, b, c, d, a, b, c, d, a, b, c, d, a, b, c, d, a, b, c, d, a, b, c, d, a, b, c, d, a, b, c, d];
    let mut blocks = octets.chunks_exact_mut(wide.len());
    for block in &mut blocks {
        xor(block, &wide);
    }
    let narrow = [a, b, c, d, a, b, c, d];
    let mut words = blocks.into_remainder().chunks_exact_mut(narrow.len());
    for word in &mut words {
        xor(word, &narrow);
    }
    xor(words.into_remainder(), &narrow);
}

#[inline]
fn xor(octets: &mut [u8], key: &[u8]) {
    for (octet, key) in octets.iter_mut().zip(key) {
        *octet ^= key;
    }
}
