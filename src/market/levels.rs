//! Support and resistance: pivots that lie close together, with how often, how lately and with how much volume.
//!
//! Invariant: a level changes only when a pivot is confirmed; at most `most` levels are kept, the weakest goes first.
//! Absent on purpose: a prediction that a level holds.

use super::indicators::Atr;
use super::indicators::running::checked;
use super::pivots::{Pivot, Pivots};
use crate::domain::{Bar, Time};

/// A price at which the market turned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Mean price of its pivots.
    pub price: f64,
    /// Pivots in it.
    pub touches: u32,
    /// Volume of the pivots' bars.
    pub volume: f64,
    /// When its newest pivot was confirmed.
    pub confirmed: Time,
    /// Bar, counted from the start, that confirmed it.
    newest: u64,
}

/// What levels are made with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelSettings {
    /// Bars on each side of a pivot; usual are 3 to 5.
    pub side: usize,
    /// Length of the average true range.
    pub atr: usize,
    /// A pivot joins the nearest level within this many average true ranges.
    pub reach: f64,
    /// Bars after which a touch counts half.
    pub half_life: f64,
    /// Levels kept.
    pub most: usize,
}

impl Default for LevelSettings {
    fn default() -> Self {
        LevelSettings { side: 4, atr: 14, reach: 0.5, half_life: 1440.0, most: 32 }
    }
}

/// The levels of one symbol.
#[derive(Debug, Clone, PartialEq)]
pub struct Levels {
    settings: LevelSettings,
    pivots: Pivots,
    atr: Atr,
    bars: u64,
    levels: Vec<Level>,
}

impl Levels {
    /// All lengths of `settings` from 1.
    pub fn new(settings: LevelSettings) -> Self {
        let LevelSettings { side, atr, most, .. } = settings;
        let levels = Vec::with_capacity(checked(most, 1) + 1);
        Levels { settings, pivots: Pivots::new(side), atr: Atr::new(atr), bars: 0, levels }
    }

    /// Takes a bar. Pivots before the first average true range are passed over: nothing says yet what "close" is.
    pub fn update(&mut self, bar: &Bar) {
        self.bars += 1;
        let atr = self.atr.update(bar);
        let confirmed = self.pivots.update(bar);
        let Some(atr) = atr else { return };
        for pivot in confirmed.iter() {
            self.touch(&pivot, atr * self.settings.reach);
        }
    }

    /// By price, lowest first.
    pub fn all(&self) -> &[Level] {
        &self.levels
    }

    /// The nearest level at or below a price.
    pub fn support(&self, price: f64) -> Option<&Level> {
        self.levels.iter().rev().find(|level| level.price <= price)
    }

    /// The nearest level above a price.
    pub fn resistance(&self, price: f64) -> Option<&Level> {
        self.levels.iter().find(|level| level.price > price)
    }

    /// Touches times recency (1 fresh, 1/2 after a half-life) times volume.
    pub fn score(&self, level: &Level) -> f64 {
        let age = (self.bars - level.newest) as f64;
        f64::from(level.touches) * (-age / self.settings.half_life).exp2() * level.volume
    }

    fn touch(&mut self, pivot: &Pivot, reach: f64) {
        let distance = |level: &Level| (level.price - pivot.price).abs();
        let nearest = (0..self.levels.len()).min_by(|a, b| {
            let (a, b) = (distance(&self.levels[*a]), distance(&self.levels[*b]));
            a.total_cmp(&b)
        });
        match nearest.filter(|at| distance(&self.levels[*at]) <= reach) {
            Some(at) => {
                let level = &mut self.levels[at];
                level.touches += 1;
                level.price += (pivot.price - level.price) / f64::from(level.touches);
                level.volume += pivot.volume;
                (level.confirmed, level.newest) = (pivot.confirmed, self.bars);
            }
            None => {
                let (price, volume, confirmed) = (pivot.price, pivot.volume, pivot.confirmed);
                self.levels.push(Level { price, touches: 1, volume, confirmed, newest: self.bars });
            }
        }
        self.levels.sort_by(|a, b| a.price.total_cmp(&b.price));
        if self.levels.len() > self.settings.most {
            // A level of this bar goes last: a new one has had no chance to be touched again.
            let rank = |at: &usize| (self.levels[*at].newest == self.bars, self.score(&self.levels[*at]));
            let weakest = (0..self.levels.len()).min_by(|a, b| {
                let (a, b) = (rank(a), rank(b));
                a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
            });
            weakest.map(|at| self.levels.remove(at));
        }
    }
}
