//! `Paced`: a backtest of one symbol that stops at each question to a model until it is answered.
//!
//! Invariant: with the same answers it ends in the same state as a backtest whose model gave them at once.
//! Absent on purpose: a source of bars and who answers; both are the caller's (`training::environment`).

use super::backtest::{Answers, BacktestError, Driver, Kept};
use crate::domain::{Bar, SymbolId};
use crate::engine::model::{InferRequest, Inferred};
use crate::engine::{Engine, Start};
use crate::simulator::Simulator;

pub struct Paced {
    driver: Driver<'static>,
}

impl Paced {
    /// `simulator` has the rules of `start`, which are those of one symbol, and no account yet.
    pub fn begin(simulator: Simulator, start: Start) -> Result<Paced, BacktestError> {
        let mut driver = Driver::begin(simulator, start, None, Kept::Nothing)?;
        driver.skip();
        driver.answers = Answers::Later(None);
        Ok(Paced { driver })
    }

    /// The next closed bar, to be given when no question is open; the question asked after it, if there is one.
    #[inline]
    pub fn minute(&mut self, bar: &Bar) -> Result<Option<InferRequest>, BacktestError> {
        self.driver.minute(&[(SymbolId(0), *bar)])?;
        Ok(self.question())
    }

    /// Answers the question of the last minute, and carries out what is decided by it.
    pub fn answer(&mut self, bar: &Bar, inferred: Inferred) -> Result<(), BacktestError> {
        let now = bar.close_time();
        self.driver.run.step(now, &crate::engine::Input::Inferred(inferred))?;
        self.driver.carry_out(now, now)?;
        self.driver.drain()
    }

    pub fn engine(&self) -> &Engine {
        self.driver.run.engine()
    }

    fn question(&mut self) -> Option<InferRequest> {
        match &mut self.driver.answers {
            Answers::Later(newest) => newest.take(),
            Answers::Never | Answers::Now(_) => None,
        }
    }
}
