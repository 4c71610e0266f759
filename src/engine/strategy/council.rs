//! `Council`: several strategies of one symbol, weighed by what following each would have earned after its costs.
//!
//! Each expert keeps a shadow account: its exposure times the market's change, less the cost of its changes. Every
//! `ROUND` minutes the accounts become losses, from which AdaHedge with a fixed share learns the weights. The mandate of the
//! regime multiplies them: an expert without a prior may not speak, and keeps learning.
//! Invariant: a loss is learnt when its round is over, never before; flat is always an expert and loses a half.
//! Absent on purpose: the no-trade band, which stands once, after the blend, at the desk.
//! Source: de Rooij et al. 2014 (JMLR 15) for AdaHedge; Herbster and Warmuth 1998 for the share.

use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::member::Member;
use super::{Reason, Strategy};
use crate::domain::{Bar, Digest, Span, StateHash};
use crate::engine::ensemble::{AdaHedge, blend, trading_loss};
use crate::engine::model::{InferOutcome, ModelSlot};
use crate::engine::regime::{EXPERTS, Mandate};
use crate::engine::settings::{Settings, StrategyName};
use crate::market::BarWindow;
use crate::market::regime::measures::RunningMean;

/// Minutes between two lessons.
const ROUND: i64 = 15;
/// Share of all weight that is handed round after each lesson: about two days until a bad expert is heard again.
const SHARE: f64 = 1.0 / 200.0;
/// Minutes over which the size of a round's moves is measured.
const DEVIATION_SPAN: u32 = 2_880;

#[derive(Debug, Clone)]
pub struct Council {
    /// With their places in `StrategyName::EXPERTS`; models that are not asked have no seat.
    experts: Vec<(usize, Strategy)>,
    /// Of the experts that have a seat.
    hedge: AdaHedge,
    mandate: Mandate,
    side_cost: f64,
    /// Exposure that each expert holds in its shadow account.
    held: [f64; EXPERTS],
    /// What each account earned since the round began.
    earned: [f64; EXPERTS],
    /// Bars since the round began; the first round after a start or gap is not learnt from unless it is whole.
    bars: i64,
    variance: RunningMean,
    last: Option<Bar>,
}

/// One expert at one decision.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Vote {
    pub strategy: StrategyName,
    pub target: f64,
    pub reason: Reason,
    /// Learnt, before the mandate.
    pub weight: f64,
    /// What the regime's mandate multiplies it by.
    pub prior: f64,
    /// Its part of the blend: weight times prior, all together 1.
    pub share: f64,
}

impl Council {
    pub fn new(settings: &Settings) -> Council {
        let has_seat = |name: &StrategyName| name.slot().is_none_or(|slot| settings.asks(slot));
        let names = StrategyName::EXPERTS.into_iter().enumerate().filter(|(_, name)| has_seat(name));
        let experts: Vec<_> = names.map(|(place, name)| (place, Strategy::of(name, settings))).collect();
        Council {
            hedge: AdaHedge::new(experts.len(), SHARE),
            experts,
            // Until the regime is known nobody but flat may speak.
            mandate: Mandate::FLAT,
            side_cost: settings.side_cost.to_f64(),
            held: [0.0; EXPERTS],
            earned: [0.0; EXPERTS],
            bars: 0,
            variance: RunningMean::new(DEVIATION_SPAN),
            last: None,
        }
    }

    pub fn update(&mut self, window: &BarWindow) {
        let Some(bar) = window.back(0) else { return };
        if let Some(last) = self.last.replace(*bar) {
            let change = bar.close / last.close - 1.0;
            if bar.open_time.since(last.open_time) <= Span::MINUTE {
                self.variance.update(change * change);
            }
            self.earned.iter_mut().zip(&self.held).for_each(|(earned, held)| *earned += held * change);
        }
        for (_, expert) in &mut self.experts {
            expert.update(window);
        }
        self.follow();
        self.bars += 1;
        let minute = bar.open_time.0 / Span::MINUTE.0 + 1;
        if minute % ROUND == 0 {
            self.learn();
        }
    }

    /// Each shadow account takes the exposure that its expert wants.
    fn follow(&mut self) {
        for (place, expert) in &self.experts {
            // Spot holds nothing below zero, whatever an actor asks for.
            let target = expert.target().max(0.0);
            self.earned[*place] -= (target - self.held[*place]).abs() * self.side_cost;
            self.held[*place] = target;
        }
    }

    /// Takes the answer of a model to what was asked after this bar.
    pub fn hear(&mut self, slot: ModelSlot, outcome: &InferOutcome, bar: &Bar) {
        self.experts.iter_mut().for_each(|(_, expert)| expert.hear(slot, outcome, bar));
        self.follow();
    }

    /// The member that trades by the model in this slot.
    pub fn member(&self, slot: ModelSlot) -> Option<&Member> {
        self.experts.iter().find_map(|(_, expert)| expert.member(slot))
    }

    /// What actors of the same models asked for before stands.
    pub fn inherit(&mut self, before: &Strategy) {
        self.experts.iter_mut().for_each(|(_, expert)| expert.inherit(before));
        self.follow();
    }

    /// The actor that holds what the model in this slot asks for.
    pub fn actor(&self, slot: ModelSlot) -> Option<&Actor> {
        self.experts.iter().find_map(|(_, expert)| expert.actor(slot))
    }

    fn learn(&mut self) {
        let sigma = (self.variance.value() * ROUND as f64).sqrt();
        if self.bars >= ROUND {
            let losses = self.experts.iter().map(|(place, _)| trading_loss(self.earned[*place], sigma));
            self.hedge.update(&losses.collect::<Vec<_>>());
        }
        self.earned = [0.0; EXPERTS];
        self.bars = 0;
    }

    /// Who may speak from now on.
    pub fn commission(&mut self, mandate: Mandate) {
        self.mandate = mandate;
    }

    pub fn mandate(&self) -> &Mandate {
        &self.mandate
    }

    /// What was learnt, in the order of `StrategyName::EXPERTS`; 0 without a seat.
    fn weights(&self) -> [f64; EXPERTS] {
        let mut weights = [0.0; EXPERTS];
        self.experts.iter().zip(self.hedge.weights()).for_each(|((place, _), weight)| weights[*place] = *weight);
        weights
    }

    /// Parts of the blend, all together 1.
    pub fn shares(&self) -> [f64; EXPERTS] {
        let weights = self.weights();
        let mut shares = self.mandate.priors();
        shares.iter_mut().zip(weights).for_each(|(share, weight)| *share *= weight);
        let sum: f64 = shares.iter().sum();
        // Where nobody who may speak has any weight, nothing is held.
        shares.map(|share| if sum > 0.0 { share / sum } else { 0.0 })
    }

    /// The blended exposure, 0 to 1 on spot.
    pub fn target(&self) -> f64 {
        blend(&self.shares(), &self.held).max(0.0)
    }

    /// The expert with the largest part in the blend.
    pub fn leader(&self) -> StrategyName {
        let shares = self.shares();
        let most = (0..EXPERTS).max_by(|a, b| shares[*a].total_cmp(&shares[*b]).then(b.cmp(a)));
        most.map_or(StrategyName::Flat, |at| StrategyName::EXPERTS[at])
    }

    pub fn reason(&self) -> Reason {
        let shares = self.shares();
        let for_long = shares.iter().zip(&self.held).filter(|(share, held)| **share > 0.0 && **held > 0.0).count();
        let may = shares.iter().filter(|share| **share > 0.0).count();
        Reason::Blend { leader: self.leader(), long: for_long as u8, of: may as u8 }
    }

    /// All experts that have a seat, in the order of `StrategyName::EXPERTS`.
    pub fn votes(&self) -> Vec<Vote> {
        let (shares, priors, weights) = (self.shares(), self.mandate.priors(), self.weights());
        let vote = |(place, expert): &(usize, Strategy)| Vote {
            strategy: expert.name(),
            target: self.held[*place],
            reason: expert.signal().reason,
            weight: weights[*place],
            prior: priors[*place],
            share: shares[*place],
        };
        self.experts.iter().map(vote).collect()
    }
}

impl StateHash for Council {
    fn state_hash(&self, digest: &mut Digest) {
        digest.all(self.experts.iter().map(|(_, expert)| expert));
        digest.add(&self.hedge);
        self.mandate.0.iter().for_each(|prior| digest.add(prior));
        self.held.iter().chain(&self.earned).for_each(|x| digest.f64(*x));
        digest.i64(self.bars);
        digest.add(&self.variance);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Price, Ratio, Time};
    use crate::engine::settings::tests::settings;
    use proptest::prelude::*;

    fn council() -> Council {
        Council::new(&settings())
    }

    fn run(council: &mut Council, closes: impl Iterator<Item = f64>) {
        let mut window = BarWindow::default();
        for (minute, close) in (0..).zip(closes) {
            let bar = Bar {
                open_time: Time(minute * Span::MINUTE.0),
                open: close,
                high: close,
                low: close,
                close,
                volume: 1.0,
            };
            window.push(bar, Price::from_f64(close).expect("a price"));
            council.update(&window);
        }
    }

    fn everybody() -> Mandate {
        Mandate([Ratio::ONE; EXPERTS])
    }

    #[test]
    fn before_a_mandate_nothing_is_wanted_and_a_rise_teaches_that_trend_pays() {
        let mut council = council();
        run(
            &mut council,
            (0..1_500).map(|at| 100.0 * (1.0 + 0.000_4_f64).powi(if at > 300 { at - 300 } else { at % 2 })),
        );
        assert_eq!((council.target(), council.leader()), (0.0, StrategyName::Flat));
        council.commission(everybody());
        let votes = council.votes();
        let weight = |name| votes.iter().find(|vote| vote.strategy == name).expect("an expert").weight;
        assert!(weight(StrategyName::Trend) > weight(StrategyName::Flat), "{votes:?}");
        assert!(council.target() > 0.5, "{votes:?}");
        // Who may not speak has no part, however well it did.
        council.commission(Mandate::FLAT.with(StrategyName::Reversal, Ratio::ONE));
        assert_eq!(council.target(), 0.0);
    }

    proptest! {
        #[test]
        fn parts_sum_to_one_and_the_blend_stays_within_its_experts(
            steps in prop::collection::vec(-0.01f64..0.01, 300..600), priors in prop::array::uniform7(0i64..=100_000_000),
        ) {
            let mut council = council();
            let mut price = 100.0;
            let closes = steps.into_iter().map(|step| { price *= 1.0 + step; price });
            run(&mut council, closes);
            let mandate = Mandate(priors.map(Ratio::from_raw)).with(StrategyName::Flat, Ratio::ONE);
            council.commission(mandate);
            let shares = council.shares();
            prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            prop_assert!(shares.iter().zip(mandate.0).all(|(share, prior)| prior.is_positive() || *share == 0.0));
            prop_assert!((0.0..=1.0).contains(&council.target()));
        }
    }
}
