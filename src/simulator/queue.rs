//! `QueuePosition`: how much stands before a resting order, told by trades and by the changing depth of its level.
//!
//! Invariant: a pure value; what stands before the order never exceeds its level's quantity once the level was told.
//! Absent on purpose: books made of bars, which show no queue; use with recorded depth and trades only (`book_orders`).
//! Source: hftbacktest, `RiskAdverseQueueModel` and `ProbQueueModel` with `PowerProbQueueFunc` and `LogProbQueueFunc2`.

/// Where the quantity that leaves a level without a trade stood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum QueueModel {
    /// Always behind: only trades advance the order.
    RiskAverse,
    /// Behind with the probability back^n / (back^n + front^n).
    Power { exponent: f64 },
    /// Behind with the probability ln(1 + back) / (ln(1 + back) + ln(1 + front)).
    Logarithmic,
}

/// The place of one resting order. Quantities are in the base asset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QueuePosition {
    /// Below zero: trades went beyond the order.
    front: f64,
    /// Traded at the level since its depth was last told.
    traded: f64,
}

impl QueueModel {
    /// The probability that what left stood behind the order.
    pub fn probability_behind(self, front: f64, back: f64) -> f64 {
        let (front, back) = (front.max(0.0), back.max(0.0));
        let (front, back) = match self {
            QueueModel::RiskAverse => return 1.0,
            QueueModel::Power { exponent } => (front.powf(exponent), back.powf(exponent)),
            QueueModel::Logarithmic => (front.ln_1p(), back.ln_1p()),
        };
        // Nothing on either side: nothing can leave before the order.
        if front + back > 0.0 { back / (back + front) } else { 1.0 }
    }
}

impl QueuePosition {
    /// Behind everything that stands at the level.
    pub fn joined(level: f64) -> QueuePosition {
        QueuePosition { front: level, traded: 0.0 }
    }

    /// What stands before the order.
    pub fn front(&self) -> f64 {
        self.front
    }

    /// What traded at the level after all that stood before the order was gone.
    pub fn beyond(&self) -> f64 {
        (-self.front).max(0.0)
    }

    /// A trade at the order's price.
    pub fn trade(&mut self, quantity: f64) {
        self.front -= quantity;
        self.traded += quantity;
    }

    /// The level's quantity changed. What trades explain is not counted twice.
    pub fn depth(&mut self, model: QueueModel, before: f64, after: f64) {
        let left = before - after - std::mem::take(&mut self.traded);
        if left > 0.0 {
            let back = before - self.front;
            let behind = model.probability_behind(self.front, back);
            // More cannot leave from behind than stands there.
            self.front += (back - behind * left).min(0.0) - (1.0 - behind) * left;
        }
        self.front = self.front.min(after);
    }

    /// True once trades went beyond the order by more than half a lot.
    pub fn is_filled(&self, lot: f64) -> bool {
        (self.front / lot).round() < 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUBE: QueueModel = QueueModel::Power { exponent: 3.0 };

    #[test]
    fn only_trades_advance_the_risk_averse_order_until_the_level_shrinks_below_its_front() {
        let mut place = QueuePosition::joined(50.0);
        place.depth(QueueModel::RiskAverse, 80.0, 60.0);
        assert_eq!(place.front(), 50.0);
        place.trade(10.0);
        assert_eq!(place.front(), 40.0);
        place.depth(QueueModel::RiskAverse, 60.0, 50.0);
        assert_eq!(place.front(), 40.0, "the trade explains the change");
        place.depth(QueueModel::RiskAverse, 50.0, 15.0);
        assert_eq!(place.front(), 15.0);
        place.trade(15.0);
        assert!(!place.is_filled(1.0), "what stood before is gone, the order is next");
        place.trade(1.0);
        assert!(place.is_filled(1.0));
    }

    #[test]
    fn a_growing_level_joins_behind() {
        for model in [QueueModel::RiskAverse, CUBE, QueueModel::Logarithmic] {
            let mut place = QueuePosition::joined(30.0);
            place.depth(model, 30.0, 300.0);
            assert_eq!(place.front(), 30.0, "{model:?}");
        }
    }

    #[test]
    fn the_more_stands_behind_the_less_leaves_from_the_front() {
        for model in [CUBE, QueueModel::Logarithmic] {
            let front = |front: f64| {
                let mut place = QueuePosition::joined(front);
                place.depth(model, 100.0, 90.0);
                front - place.front()
            };
            assert!(front(80.0) > front(50.0) && front(50.0) > front(20.0) && front(20.0) >= 0.0, "{model:?}");
            assert_eq!(front(100.0), 10.0, "{model:?}: nothing stands behind");
        }
    }

    #[test]
    fn an_order_alone_at_its_level_has_probabilities_too() {
        for model in [QueueModel::RiskAverse, CUBE, QueueModel::Logarithmic] {
            assert_eq!(model.probability_behind(0.0, 0.0), 1.0);
            assert_eq!(model.probability_behind(-3.0, 5.0), 1.0);
        }
    }
}
