//! Fees: the rates and the asset they are taken from.
//!
//! Invariant: a fee is truncated towards zero at 1e-8 and never exceeds what the fill brings or what is free.
//! Absent on purpose: volume tiers; a run trades on one schedule.
//! Source: Binance spot API docs, faqs/commission_faq.md.

use serde::{Deserialize, Serialize};

use crate::domain::fixed::SCALE;
use crate::domain::{Money, Price, Quantity, Ratio};

/// What the venue charges. Rates are fractions from 0 to 1 (0.001 is ten basis points).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeSchedule {
    pub maker: Ratio,
    pub taker: Ratio,
    pub policy: FeePolicy,
}

/// The asset a fee is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeePolicy {
    /// The asset received: base on BUY, quote on SELL.
    Received,
    /// BNB at `price` (quote per BNB); `discount` is the multiplier (0.75). Without enough free BNB as `Received`.
    Bnb { price: Price, discount: Ratio },
    /// The quote asset on both sides.
    Quote,
}

impl FeeSchedule {
    pub const FREE: FeeSchedule = FeeSchedule { maker: Ratio::ZERO, taker: Ratio::ZERO, policy: FeePolicy::Received };

    pub const fn rate(&self, is_maker: bool) -> Ratio {
        if is_maker { self.maker } else { self.taker }
    }

    /// What a fill costs as a fraction of its notional: the rate, and under `Bnb` what the discount leaves of it.
    pub fn share(&self, is_maker: bool) -> f64 {
        let rate = self.rate(is_maker).to_f64();
        match self.policy {
            FeePolicy::Received | FeePolicy::Quote => rate,
            FeePolicy::Bnb { discount, .. } => rate * discount.to_f64(),
        }
    }

    pub fn highest_rate(&self) -> Ratio {
        self.maker.max(self.taker)
    }

    /// The same schedule with rates and discount inside 0 to 1, so that no fee exceeds its fill.
    pub fn clamped(self) -> FeeSchedule {
        let clamp = |rate: Ratio| rate.clamp(Ratio::ZERO, Ratio::ONE);
        let policy = match self.policy {
            FeePolicy::Bnb { price, discount } => FeePolicy::Bnb { price, discount: clamp(discount) },
            FeePolicy::Received => FeePolicy::Received,
            FeePolicy::Quote => FeePolicy::Quote,
        };
        FeeSchedule { maker: clamp(self.maker), taker: clamp(self.taker), policy }
    }

    /// What a BUY takes out of the quote asset: the notional, and the fee where it is paid in quote. `None` on overflow.
    pub fn cost(&self, price: Price, quantity: Quantity, rate: Ratio) -> Option<Money> {
        let notional = Money::notional(price, quantity)?;
        notional.checked_add(notional.fraction(self.quote_rate(rate))?)
    }

    /// The largest quantity, not yet cut to a step, whose `cost` at `price` does not exceed `amount`; for `price > 0`.
    ///
    /// With n = floor(p q / S) and floor(n (S + r) / S) <= a: n <= ((a + 1) S - 1) / (S + r), q <= ((n + 1) S - 1) / p.
    pub fn affordable(&self, price: Price, amount: Money, rate: Ratio) -> Quantity {
        if !amount.is_positive() || !price.is_positive() {
            return Quantity::ZERO;
        }
        let scale = i128::from(SCALE);
        let gross = scale + i128::from(self.quote_rate(rate).raw());
        let notional = ((i128::from(amount.raw()) + 1) * scale - 1) / gross;
        let quantity = ((notional + 1) * scale - 1) / i128::from(price.raw());
        Quantity::from_raw(i64::try_from(quantity).unwrap_or(i64::MAX))
    }

    /// The fee in BNB under that policy: notional x rate x discount / price, truncated once. `None` on overflow, for
    /// another policy, and for a price that is not positive.
    pub fn in_bnb(&self, notional: Money, rate: Ratio) -> Option<Money> {
        let FeePolicy::Bnb { price, discount } = self.policy else { return None };
        let product = i128::from(notional.raw()) * i128::from(rate.raw());
        let product = product.checked_mul(i128::from(discount.raw()))?;
        let divisor = i128::from(SCALE) * i128::from(price.raw());
        if divisor <= 0 {
            return None;
        }
        i64::try_from(product / divisor).ok().map(Money::from_raw)
    }

    fn quote_rate(&self, rate: Ratio) -> Ratio {
        match self.policy {
            FeePolicy::Quote => rate,
            FeePolicy::Received | FeePolicy::Bnb { .. } => Ratio::ZERO,
        }
    }
}
