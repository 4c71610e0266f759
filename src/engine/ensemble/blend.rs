//! `blend` and `Band`: one position from the experts' weights, and the one band that keeps small changes from being traded.
//!
//! Invariant: the band stands after the blend, so that experts who cancel each other pay nothing.
//! Absent on purpose: costs; the band's width is where they enter.

/// The weighted position of the experts; what is no number counts as flat.
pub fn blend(weights: &[f64], targets: &[f64]) -> f64 {
    let finite = |target: f64| if target.is_finite() { target } else { 0.0 };
    let sum: f64 = weights.iter().zip(targets).map(|(weight, target)| weight * finite(*target)).sum();
    sum.clamp(-1.0, 1.0)
}

/// Changes of exposure smaller than this are not worth their cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band(pub f64);

impl Band {
    /// The position to hold: what is wanted where it lies outside of the band around what is held. Leaving altogether is
    /// never held back.
    pub fn settle(self, held: f64, wanted: f64) -> f64 {
        if wanted == 0.0 || (wanted - held).abs() >= self.0 { wanted } else { held }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn experts_that_cancel_each_other_do_not_trade() {
        let band = Band(0.2);
        let weights = [0.5, 0.5];
        let mut held = 0.0;
        let mut traded = 0.0;
        for at in 0..100 {
            let swing = if at % 2 == 0 { 1.0 } else { -1.0 };
            let next = band.settle(held, blend(&weights, &[swing, -swing * 0.9]));
            traded += f64::abs(next - held);
            held = next;
        }
        assert_eq!(traded, 0.0);
        assert_eq!((band.settle(0.1, 0.0), band.settle(0.1, 0.29), band.settle(0.1, 0.5)), (0.0, 0.1, 0.5));
        assert_eq!(blend(&weights, &[f64::NAN, 0.5]), 0.25);
    }

    proptest! {
        #[test]
        fn what_is_held_is_never_further_from_the_blend_than_the_band(
            targets in prop::collection::vec(prop::array::uniform3(-1.0f64..1.0), 1..50), width in 0.0f64..0.5,
        ) {
            let (mut held, weights) = (0.0, [0.2, 0.3, 0.5]);
            for targets in targets {
                let wanted = blend(&weights, &targets);
                let next = Band(width).settle(held, wanted);
                prop_assert!((next - wanted).abs() < width.max(1e-15) && next.abs() <= 1.0);
                prop_assert!(next == held || (next - held).abs() >= width);
                held = next;
            }
        }
    }
}
