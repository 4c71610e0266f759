//! Draws from a named stream: uniform numbers and places.
//!
//! Invariant: one word pair of the stream a draw, so the place in the stream is all there is to keep.
//! Absent on purpose: the streams themselves (`domain::Seed`).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use super::checkpoint::{Checkpoint, CheckpointError};
use crate::domain::Seed;

/// In 0..1, of 2^53 values.
pub(super) fn uniform(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// In low..high.
pub(super) fn between(random: &mut ChaCha8Rng, low: f64, high: f64) -> f64 {
    low + (high - low) * uniform(random)
}

/// In 0..n; 0 for n = 0. The bias is below n / 2^64 (Lemire 2019 without rejection).
pub(super) fn below(random: &mut ChaCha8Rng, n: usize) -> usize {
    ((u128::from(random.next_u64()) * n as u128) >> 64) as usize
}

/// Keeps the place in a stream.
pub(super) fn save(random: &ChaCha8Rng, name: &str, checkpoint: &mut Checkpoint) {
    checkpoint.put_bytes(name, random.get_word_pos().to_le_bytes().to_vec());
}

/// The stream of this name at the place that was kept.
pub(super) fn load(seed: Seed, name: &str, checkpoint: &Checkpoint) -> Result<ChaCha8Rng, CheckpointError> {
    let place = checkpoint.bytes(name)?.try_into().map_err(|_| CheckpointError::Part { name: name.to_owned() })?;
    let mut random = seed.stream(name);
    random.set_word_pos(u128::from_le_bytes(place));
    Ok(random)
}
