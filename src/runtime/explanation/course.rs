//! `Course`: the second pass over a journal: what was chosen, with its grounds, and what followed of it.
//!
//! A decision is followed to the end of its trade or to the next decision that changes something, whichever comes first.
//! Invariant: at most `MOST_LINES` are kept of each course; those beyond are counted.
//! Absent on purpose: judging whether it was a good decision.

use std::ops::ControlFlow;

use super::line::{Book, Line, What};
use super::survey::FoundOrder;
use super::{Chosen, Explanation};
use crate::domain::{Asset, ClientOrderId, Money, Quantity, Ratio, Symbol, SymbolId, SymbolRules, Time, Value};
use crate::engine::risk::Refused;
use crate::engine::settings::{Settings, StrategyName};
use crate::engine::{Decision, Effect, Engine, Notice, TradeRecord, Verdict};
use crate::market::regime::{Regime, RegimeSwitch};
use crate::runtime::retelling::Step;

/// Lines kept of one course.
pub const MOST_LINES: usize = 200;

/// A decision, the grounds it stood on and what followed.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    pub decision: Decision,
    pub symbol: Symbol,
    pub base: Asset,
    pub quote: Asset,
    pub grounds: Grounds,
    pub checks: Checks,
    pub lines: Vec<Line>,
    /// Lines that were too many.
    pub omitted: u64,
    pub ending: Ending,
}

/// What the decision was made under.
#[derive(Debug, Clone, PartialEq)]
pub struct Grounds {
    pub strategy: StrategyName,
    pub band: Ratio,
    /// A taker's fee and half the spread, as a fraction.
    pub side_cost: Ratio,
    pub equity: Value,
    /// When the strategies of the regime in force took over; `None` where they did before the first bar.
    pub regime_since: Option<Time>,
    /// The last change of the market's regime, with its evidence.
    pub market: Option<RegimeSwitch>,
}

/// What risk said of the entry that was wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum Checks {
    /// No entry was asked for.
    NotAsked,
    Passed {
        worth: Option<Money>,
        minimum: Money,
    },
    Failed {
        reason: Refused,
        nearest: Option<Nearest>,
    },
}

/// The order nearest to the one that was refused which would have been legal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nearest {
    pub quantity: Quantity,
    pub worth: Option<Money>,
}

/// Where the course ends.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// The journal ends before it.
    JournalEnds,
    TradeClosed {
        trade: TradeRecord,
    },
    NextDecision {
        number: u64,
        time: Time,
        verdict: Verdict,
    },
}

/// An order, what became of it, and the decision it carries out.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderAccount {
    pub order: FoundOrder,
    pub symbol: Symbol,
    pub quote: Asset,
    pub lines: Vec<Line>,
    pub omitted: u64,
    pub decision: Option<Account>,
}

pub struct Course {
    targets: Vec<Target>,
    order: Option<OrderAccount>,
    switches: Option<Vec<Line>>,
    /// The regimes of each symbol.
    regimes: Vec<Regimes>,
    book: Book,
}

#[derive(Clone, Default)]
struct Regimes {
    took_over: Option<(Time, Regime)>,
    market: Option<RegimeSwitch>,
}

struct Target {
    number: u64,
    account: Option<Account>,
    is_done: bool,
}

impl Course {
    pub fn new(chosen: Chosen) -> Course {
        let (numbers, order, switches) = match chosen {
            Chosen::Decisions(numbers) => (numbers, None, None),
            Chosen::Order(found) => (found.decision.into_iter().collect(), Some(found), None),
            Chosen::Switches(lines) => (Vec::new(), None, Some(lines)),
        };
        let nameless = |order| OrderAccount {
            order,
            symbol: Symbol::new(""),
            quote: Asset::new(""),
            lines: Vec::new(),
            omitted: 0,
            decision: None,
        };
        let target = |number| Target { number, account: None, is_done: false };
        Course {
            targets: numbers.into_iter().map(target).collect(),
            order: order.map(nameless),
            switches,
            regimes: Vec::new(),
            book: Book::default(),
        }
    }

    /// Breaks when nothing that comes later belongs to it.
    pub fn see(&mut self, step: &Step<'_>) -> ControlFlow<()> {
        self.regimes.resize(step.engine.rules().count(), Regimes::default());
        let mut decision = None;
        for effect in step.effects {
            if let Effect::Notice(notice) = effect {
                self.note_regime(step.now, notice);
                if let Notice::Considered { decision: told } = notice {
                    decision = Some(told.as_ref());
                }
            }
        }
        let lines = self.book.lines(step);
        if let Some(account) = &mut self.order {
            account.see(&lines, step.engine);
        }
        for target in self.targets.iter_mut().filter(|target| !target.is_done) {
            let is_its = decision.is_some_and(|decision| decision.number == target.number);
            match (&mut target.account, decision) {
                (empty @ None, Some(decision)) if is_its => {
                    let regimes = &self.regimes[decision.symbol.index()];
                    let account = empty.insert(Account::of(decision.clone(), regimes, step.engine));
                    let told_already = account.refusal();
                    let is_new = |line: &&Line| told_already.as_ref() != Some(&line.text);
                    target.is_done = account.add(lines.iter().filter(is_new));
                }
                (None, _) => {}
                (Some(account), Some(next)) if next.symbol == account.decision.symbol && next.verdict.acts() => {
                    let (number, time, verdict) = (next.number, next.time, next.verdict);
                    account.ending = Ending::NextDecision { number, time, verdict };
                    target.is_done = true;
                }
                (Some(account), _) => target.is_done = account.add(lines.iter()),
            }
        }
        let is_over = self.order.is_none() && self.targets.iter().all(|target| target.is_done);
        if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Whether there is nothing to follow.
    pub fn is_complete(&self) -> bool {
        self.switches.is_some()
    }

    pub fn finish(self) -> Explanation {
        let mut accounts: Vec<Account> = self.targets.into_iter().filter_map(|target| target.account).collect();
        match (self.switches, self.order) {
            (Some(lines), _) => Explanation::Switches(lines),
            (None, Some(order)) => {
                let decision = accounts.pop();
                Explanation::Order(Box::new(OrderAccount { decision, ..order }))
            }
            (None, None) => Explanation::Decisions(accounts),
        }
    }

    fn note_regime(&mut self, now: Time, notice: &Notice) {
        let of = |symbol: &SymbolId| symbol.index();
        if let Notice::TookOver { symbol, regime, .. } = notice {
            self.regimes[of(symbol)].took_over = Some((now, *regime));
        } else if let Notice::Regime { symbol, switch } = notice {
            self.regimes[of(symbol)].market = Some(*switch);
        }
    }
}

impl Account {
    fn of(decision: Decision, regimes: &Regimes, engine: &Engine) -> Account {
        let settings = engine.settings();
        let rules = rules_of(engine, decision.symbol);
        let in_force = regimes.took_over.filter(|(_, regime)| decision.regime == Some(*regime));
        let grounds = Grounds {
            strategy: settings.strategy,
            band: settings.no_trade_band,
            side_cost: settings.side_cost,
            equity: engine.equity(),
            regime_since: in_force.map(|(since, _)| since),
            market: regimes.market,
        };
        Account {
            symbol: rules.map_or_else(|| Symbol::new(""), |rules| rules.symbol.clone()),
            base: rules.map_or_else(|| Asset::new(""), |rules| rules.base.clone()),
            quote: rules.map_or_else(|| Asset::new(""), |rules| rules.quote.clone()),
            checks: Checks::of(&decision, settings),
            grounds,
            decision,
            lines: Vec::new(),
            omitted: 0,
            ending: Ending::JournalEnds,
        }
    }

    /// What one change costs that this decision began, in quote currency; `None` where it began none.
    pub fn cost(&self) -> Option<Money> {
        let quantity = match self.decision.verdict {
            Verdict::Enter { quantity } | Verdict::Add { quantity } | Verdict::Reduce { quantity } => quantity,
            Verdict::Leave { .. } => self.decision.quantity_held,
            Verdict::Refused { .. } | Verdict::Nothing { .. } => return None,
        };
        Money::notional(self.decision.price?, quantity)?.fraction(self.grounds.side_cost)
    }

    /// The sentence that repeats the verdict.
    fn refusal(&self) -> Option<String> {
        match &self.checks {
            Checks::Failed { reason, .. } => {
                Some(Notice::Refused { symbol: self.decision.symbol, reason: *reason }.to_string())
            }
            Checks::NotAsked | Checks::Passed { .. } => None,
        }
    }

    /// True when the trade is over.
    fn add<'a>(&mut self, lines: impl Iterator<Item = &'a Line>) -> bool {
        let mut is_over = false;
        for line in lines.filter(|line| line.symbol.is_none_or(|of| of == self.decision.symbol)) {
            keep(&mut self.lines, &mut self.omitted, line);
            if let What::Trade(trade) = &line.what {
                self.ending = Ending::TradeClosed { trade: trade.clone() };
                is_over = true;
            }
        }
        is_over
    }
}

impl OrderAccount {
    fn see(&mut self, lines: &[Line], engine: &Engine) {
        if lines.is_empty() {
            return;
        }
        if let Some(rules) = rules_of(engine, self.order.sent.symbol) {
            (self.symbol, self.quote) = (rules.symbol.clone(), rules.quote.clone());
        }
        let FoundOrder { id, sent, .. } = &self.order;
        // A leg of a list is also what is said of the list; a list is also what is said of its legs.
        let is_its =
            |named: &ClientOrderId| named == id || *named == sent.id || (*id == sent.id && sent.legs.contains(named));
        for line in lines.iter().filter(|line| line.orders.iter().any(is_its)) {
            keep(&mut self.lines, &mut self.omitted, line);
        }
    }
}

fn keep(lines: &mut Vec<Line>, omitted: &mut u64, line: &Line) {
    if lines.len() < MOST_LINES {
        lines.push(line.clone());
    } else {
        *omitted += 1;
    }
}

fn rules_of(engine: &Engine, symbol: SymbolId) -> Option<&SymbolRules> {
    engine.rules().nth(symbol.index())
}

impl Checks {
    fn of(decision: &Decision, settings: &Settings) -> Checks {
        if let Verdict::Refused { reason } = decision.verdict {
            let worth = |quantity| decision.price.and_then(|price| Money::notional(price, quantity));
            let nearest = reason.nearest().map(|quantity| Nearest { quantity, worth: worth(quantity) });
            return Checks::Failed { reason, nearest };
        }
        match decision.verdict.bought() {
            Some(quantity) => {
                let worth = decision.price.and_then(|price| Money::notional(price, quantity));
                Checks::Passed { worth, minimum: settings.min_trade_size }
            }
            None => Checks::NotAsked,
        }
    }
}
