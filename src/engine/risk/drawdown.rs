//! `DrawdownThrottle`: less exposure the closer wealth comes to a floor that rises with its peak.
//!
//! Invariant: exposure is zero at the floor and below, and never above the cap.
//! Absent on purpose: halting (`protections`); a throttle lets go by itself when wealth recovers.
//! Source: Grossman and Zhou 1993 (Mathematical Finance 3:3); Black and Perold 1992 for constant proportions.

/// Constant proportion of the cushion above a floor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DrawdownThrottle {
    /// The floor as a share of the peak (alpha), 0.8 to 0.9.
    pub floor: f64,
    /// Exposure per unit of cushion (m), 2 to 4.
    pub multiplier: f64,
    /// Largest exposure as a share of wealth.
    pub cap: f64,
}

impl DrawdownThrottle {
    /// What wealth has above the floor, in its unit.
    pub fn cushion(&self, wealth: f64, peak: f64) -> f64 {
        (wealth - self.floor * peak).max(0.0)
    }

    /// m (W - alpha M), at most the cap times wealth.
    pub fn exposure(&self, wealth: f64, peak: f64) -> f64 {
        (self.multiplier * self.cushion(wealth, peak)).min(self.cap * wealth).max(0.0)
    }

    /// The exposure as a share of wealth; zero without wealth.
    pub fn fraction(&self, wealth: f64, peak: f64) -> f64 {
        if wealth > 0.0 { self.exposure(wealth, peak) / wealth } else { 0.0 }
    }

    /// The fraction over that at the peak: 1 at the peak, 0 at the floor. The factor for sizes that were chosen without
    /// thought of drawdowns.
    pub fn factor(&self, wealth: f64, peak: f64) -> f64 {
        let full = self.fraction(peak, peak);
        if full > 0.0 { (self.fraction(wealth, peak) / full).min(1.0) } else { 0.0 }
    }
}

impl Default for DrawdownThrottle {
    fn default() -> Self {
        DrawdownThrottle { floor: 0.85, multiplier: 3.0, cap: 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_factor_falls_from_one_at_the_peak_to_nothing_at_the_floor() {
        let throttle = DrawdownThrottle::default();
        let factors = [100.0, 95.0, 90.0, 85.0, 50.0, 0.0].map(|wealth| throttle.factor(wealth, 100.0));
        assert_eq!((factors[0], factors[3], factors[4], factors[5]), (1.0, 0.0, 0.0, 0.0));
        assert!(factors.windows(2).all(|pair| pair[0] >= pair[1]), "{factors:?}");
        assert!((factors[1] - (0.1 / 0.95) / 0.15).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn carried_out_in_small_steps_wealth_never_falls_through_the_floor(
            floor in 0.5f64..0.95, multiplier in 0.5f64..4.0, returns in prop::collection::vec(-0.2f64..0.2, 1..300),
        ) {
            let throttle = DrawdownThrottle { floor, multiplier, cap: 2.0 };
            let (mut wealth, mut peak) = (1.0_f64, 1.0_f64);
            for change in returns {
                let fraction = throttle.fraction(wealth, peak);
                prop_assert!((0.0..=2.0).contains(&fraction));
                wealth *= 1.0 + fraction * change;
                // A period's loss is below 1 / m, so the cushion never goes below nothing.
                prop_assert!(wealth >= floor * peak - 1e-9, "{wealth} {peak}");
                peak = peak.max(wealth);
            }
        }
    }
}
