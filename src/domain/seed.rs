//! `Seed`: the root of every random draw, split by name.
//!
//! Invariant: the same seed and name give the same stream, and adding a named stream shifts no other.
//! Absent on purpose: any generator seeded from the operating system.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The seed a user gives (`--seed`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl Seed {
    /// A generator of its own for one purpose.
    pub fn stream(self, name: &str) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.number(name))
    }

    /// A number that is a pure function of the seed and the name.
    pub fn number(self, name: &str) -> u64 {
        xxh3_64_with_seed(name.as_bytes(), self.0)
    }
}
