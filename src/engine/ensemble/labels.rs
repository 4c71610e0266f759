//! `LabelQueue`: decisions whose outcome is not known yet.
//!
//! Invariant: a loss comes out once, no earlier than its horizon after the decision, and in the order of decisions; at most
//! as many wait as the queue was made for.
//! Absent on purpose: what is done with losses (`hedge`, `adahedge`); waiting alone lets regret grow by the root of the horizon.

use std::collections::VecDeque;

use super::losses::trading_loss;
use crate::domain::{Digest, Span, StateHash, Time};

/// What every expert wanted at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Ballot {
    pub time: Time,
    pub price: f64,
    /// Standard deviation of returns over the horizon.
    pub sigma: f64,
    /// Target exposure of each expert, -1 to 1.
    pub targets: Vec<f64>,
    /// What following each would have cost at this decision, as a fraction of full size.
    pub costs: Vec<f64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct LabelQueue {
    horizon: Span,
    most: usize,
    waiting: VecDeque<Ballot>,
}

impl Ballot {
    /// Losses at this price, one for each expert.
    pub fn losses(&self, price: f64) -> Vec<f64> {
        let change = price / self.price - 1.0;
        let cost = |at: usize| self.costs.get(at).copied().unwrap_or(0.0);
        let net = |(at, target): (usize, &f64)| target * change - cost(at);
        self.targets.iter().enumerate().map(|expert| trading_loss(net(expert), self.sigma)).collect()
    }
}

impl LabelQueue {
    /// `most` is how many ballots may wait: the horizon over the time between two decisions, and some more.
    pub fn new(horizon: Span, most: usize) -> LabelQueue {
        LabelQueue { horizon, most: most.max(1), waiting: VecDeque::new() }
    }

    /// Takes a ballot, in time order. The oldest falls out without a label where too many wait; it is given back then.
    pub fn push(&mut self, ballot: Ballot) -> Option<Ballot> {
        let dropped = if self.waiting.len() == self.most { self.waiting.pop_front() } else { None };
        self.waiting.push_back(ballot);
        dropped
    }

    /// The oldest ballot whose horizon is over, with its losses at this price. Ask until there is none.
    pub fn due(&mut self, now: Time, price: f64) -> Option<(Ballot, Vec<f64>)> {
        self.waiting.front().filter(|ballot| now.since(ballot.time) >= self.horizon)?;
        let ballot = self.waiting.pop_front()?;
        let losses = ballot.losses(price);
        Some((ballot, losses))
    }

    /// Forgets what waits: after a gap in the data the price is not the one that was asked for.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }

    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

impl StateHash for LabelQueue {
    fn state_hash(&self, digest: &mut Digest) {
        digest.i64(self.horizon.0);
        digest.u64(self.waiting.len() as u64);
        for ballot in &self.waiting {
            digest.add(&ballot.time);
            digest.f64(ballot.price);
            digest.f64(ballot.sigma);
            for list in [&ballot.targets, &ballot.costs] {
                digest.u64(list.len() as u64);
                list.iter().for_each(|value| digest.f64(*value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ballot(minute: i64) -> Ballot {
        let time = Time(minute * Span::MINUTE.0);
        Ballot {
            time,
            price: 100.0,
            sigma: 0.01,
            targets: vec![1.0, 0.0, -1.0, 1.0],
            costs: vec![0.0, 0.0, 0.0, 0.003],
        }
    }

    #[test]
    fn losses_come_out_when_the_horizon_is_over_in_order_and_once() {
        let mut queue = LabelQueue::new(Span(15 * Span::MINUTE.0), 20);
        (0..3).for_each(|minute| assert_eq!(queue.push(ballot(minute)), None));
        let at = |minute: i64| Time(minute * Span::MINUTE.0);
        assert_eq!(queue.due(at(14), 101.0), None);
        let (first, losses) = queue.due(at(16), 101.0).expect("due");
        assert_eq!(first.time, at(0));
        let wanted = [0.5 - 0.5 / 3.0, 0.5, 0.5 + 0.5 / 3.0, 0.5 - 0.5 * 0.7 / 3.0];
        assert!(losses.iter().zip(wanted).all(|(loss, wanted)| (loss - wanted).abs() < 1e-9), "{losses:?}");
        assert_eq!(queue.due(at(16), 101.0).map(|(ballot, _)| ballot.time), Some(at(1)));
        assert_eq!((queue.due(at(16), 101.0), queue.waiting()), (None, 1));
        queue.clear();
        assert_eq!(queue.due(at(99), 101.0), None);
    }

    #[test]
    fn the_queue_is_bounded_and_says_what_it_dropped() {
        let mut queue = LabelQueue::new(Span::DAY, 2);
        assert_eq!(
            [0, 1, 2].map(|minute| queue.push(ballot(minute)).map(|ballot| ballot.time)),
            [None, None, Some(Time(0))]
        );
        assert_eq!(queue.waiting(), 2);
    }
}
