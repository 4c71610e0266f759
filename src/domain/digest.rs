//! `StateHash`: the fingerprint by which two runs are compared.
//!
//! Invariant: equal state gives equal bytes on every platform and build; only integers, bit patterns of floats and
//! length-prefixed bytes enter, in declaration order.
//! Absent on purpose: `std::hash::Hash`, whose byte stream is not promised to stay.

use xxhash_rust::xxh3::Xxh3Default;

/// A running xxh3 of explicit fields.
pub struct Digest(Xxh3Default);

/// What takes part in the hash of trading state.
pub trait StateHash {
    fn state_hash(&self, digest: &mut Digest);
}

impl Digest {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Digest(Xxh3Default::new())
    }

    pub fn u8(&mut self, x: u8) {
        self.0.update(&[x]);
    }

    pub fn u64(&mut self, x: u64) {
        self.0.update(&x.to_le_bytes());
    }

    pub fn i64(&mut self, x: i64) {
        self.0.update(&x.to_le_bytes());
    }

    pub fn i128(&mut self, x: i128) {
        self.0.update(&x.to_le_bytes());
    }

    pub fn f64(&mut self, x: f64) {
        self.u64(x.to_bits());
    }

    pub fn bool(&mut self, x: bool) {
        self.u8(u8::from(x));
    }

    pub fn text(&mut self, x: &str) {
        self.u64(x.len() as u64);
        self.0.update(x.as_bytes());
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
        self.0.digest()
    }
}

/// Sixteen lower-case hex digits.
pub fn hex(hash: u64) -> String {
    format!("{hash:016x}")
}
