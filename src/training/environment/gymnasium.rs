//! `GymnasiumRandom`: the numbers that gymnasium's environments draw after `reset(seed=...)`, so that episodes begin where those
//! of other programs do.
//!
//! numpy's `SeedSequence` (O'Neill's seed_seq, 4 words of 32 bits) seeds PCG64 (O'Neill 2014, XSL-RR on 128 bits).
//! Source: <https://numpy.org/doc/stable/reference/random/bit_generators/pcg64.html>.
//! Invariant: bit for bit what numpy draws.
//! Absent on purpose: any use besides first states; what is learnt draws from `domain::Seed`.

/// PCG64 as numpy seeds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GymnasiumRandom {
    state: u128,
    increment: u128,
}

const MULTIPLIER: u128 = 0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645;

impl GymnasiumRandom {
    pub fn new(seed: u64) -> GymnasiumRandom {
        let words = seed_words([seed as u32, (seed >> 32) as u32, 0, 0]);
        let wide = |at: usize| words[at..at + 4].iter().zip([64, 96, 0, 32]).map(|(x, by)| u128::from(*x) << by).sum();
        let (start, sequence): (u128, u128) = (wide(0), wide(4));
        let mut random = GymnasiumRandom { state: 0, increment: sequence << 1 | 1 };
        random.advance();
        random.state = random.state.wrapping_add(start);
        random.advance();
        random
    }

    /// In low..high, as `Generator.uniform`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        self.advance();
        let folded = (self.state >> 64) as u64 ^ self.state as u64;
        let word = folded.rotate_right((self.state >> 122) as u32);
        low + (high - low) * ((word >> 11) as f64 / (1_u64 << 53) as f64)
    }

    fn advance(&mut self) {
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(self.increment);
    }
}

/// `SeedSequence(...).generate_state(8)`. A seed below 2^64 fills two words, and words of zero are as good as none.
fn seed_words(entropy: [u32; 4]) -> [u32; 8] {
    let mut constant = 0x43b0_d7e5_u32;
    let mut hashed = |value: u32| {
        let value = value ^ constant;
        constant = constant.wrapping_mul(0x931e_8875);
        let value = value.wrapping_mul(constant);
        value ^ value >> 16
    };
    let mut pool = entropy.map(&mut hashed);
    for from in 0..4 {
        for to in (0..4).filter(|to| *to != from) {
            let (own, other) = (pool[to].wrapping_mul(0xca01_f9dd), hashed(pool[from]).wrapping_mul(0x4973_f715));
            let mixed = own.wrapping_sub(other);
            pool[to] = mixed ^ mixed >> 16;
        }
    }
    let mut constant = 0x8b51_f9dd_u32;
    std::array::from_fn(|at| {
        let value = pool[at % 4] ^ constant;
        constant = constant.wrapping_mul(0x58f3_8ded);
        let value = value.wrapping_mul(constant);
        value ^ value >> 16
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_draws_what_numpy_draws() {
        // Generator(PCG64(SeedSequence(seed))).uniform(-[pi, 1], [pi, 1]), numpy 2.4.6.
        let known = [
            (10_000, 0.104_868_890_693_677_66, -0.152_601_694_967_138_5),
            (10_001, 1.349_668_561_895_916_8, 0.258_940_466_243_194_9),
            (10_002, 0.849_398_057_032_344_1, -0.499_970_063_088_240_9),
        ];
        for (seed, angle, speed) in known {
            let mut random = GymnasiumRandom::new(seed);
            assert_eq!(random.uniform(-std::f64::consts::PI, std::f64::consts::PI), angle);
            assert_eq!(random.uniform(-1.0, 1.0), speed);
        }
        assert_eq!(GymnasiumRandom::new(1 << 40 | 5).uniform(0.0, 1.0), 0.004739459374490829);
    }
}
