//! `StateHash`: the fingerprint by which two runs are compared.
//!
//! Invariant: equal state gives equal bytes on every platform and build; only integers, bit patterns of floats and
//! length-prefixed bytes enter, in declaration order.
//! Absent on purpose: `std::hash::Hash`, whose byte stream is not promised to stay.

use xxhash_rust::xxh3::Xxh3Default;

/// A running xxh3 of explicit fields.
pub struct Digest {
    hash: Xxh3Default,
    /// What the hash has not seen yet: fields are small, and each of its updates is a call with a copy of unknown length.
    held: [u8; HELD],
    length: usize,
}

const HELD: usize = 256;

/// What takes part in the hash of trading state.
pub trait StateHash {
    fn state_hash(&self, digest: &mut Digest);
}

impl Digest {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Digest { hash: Xxh3Default::new(), held: [0; HELD], length: 0 }
    }

    pub fn u8(&mut self, x: u8) {
        self.put(&[x]);
    }

    pub fn u64(&mut self, x: u64) {
        self.put(&x.to_le_bytes());
    }

    pub fn i64(&mut self, x: i64) {
        self.put(&x.to_le_bytes());
    }

    pub fn i128(&mut self, x: i128) {
        self.put(&x.to_le_bytes());
    }

    pub fn f64(&mut self, x: f64) {
        self.u64(x.to_bits());
    }

    pub fn bool(&mut self, x: bool) {
        self.u8(u8::from(x));
    }

    pub fn text(&mut self, x: &str) {
        self.bytes(x.as_bytes());
    }

    /// A length, then the bytes.
    pub fn bytes(&mut self, x: &[u8]) {
        self.u64(x.len() as u64);
        self.put(x);
    }

    pub fn add(&mut self, x: &impl StateHash) {
        x.state_hash(self);
    }

    /// A length, then each item.
    pub fn all<'a, T: StateHash + 'a>(&mut self, items: impl ExactSizeIterator<Item = &'a T>) {
        self.u64(items.len() as u64);
        for item in items {
            item.state_hash(self);
        }
    }

    /// A presence byte, then the value.
    pub fn option(&mut self, x: Option<&impl StateHash>) {
        self.bool(x.is_some());
        if let Some(x) = x {
            x.state_hash(self);
        }
    }

    pub fn finish(&self) -> u64 {
        let mut whole = self.hash.clone();
        whole.update(&self.held[..self.length]);
        whole.digest()
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        if self.length + bytes.len() > HELD {
            self.hash.update(&self.held[..self.length]);
            self.length = 0;
        }
        match self.held.get_mut(self.length..self.length + bytes.len()) {
            Some(place) => {
                place.copy_from_slice(bytes);
                self.length += bytes.len();
            }
            None => self.hash.update(bytes),
        }
    }
}

/// Sixteen lower-case hex digits.
pub fn hex(hash: u64) -> String {
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_hash_is_that_of_all_bytes_in_a_row(fields in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 0..40)) {
            let (mut digest, mut row) = (Digest::new(), Vec::new());
            for field in &fields {
                digest.bytes(field);
                row.extend((field.len() as u64).to_le_bytes());
                row.extend(field);
                prop_assert_eq!(digest.finish(), xxhash_rust::xxh3::xxh3_64(&row));
            }
        }
    }
}
