//! `Survey`: the first pass over a journal, which finds what was asked for.
//!
//! Invariant: it keeps a few numbers for each symbol and the first orders that match, never a list of all.
//! Absent on purpose: what followed (`course`).

use super::line::{Line, Sent, notice_line};
use super::{Question, Unexplained};
use crate::domain::{ClientOrderId, Span, Symbol, SymbolId, Time};
use crate::engine::{Decision, Effect, Input, Notice, Verdict};
use crate::runtime::retelling::Step;

/// What was found, ready to be followed.
#[derive(Debug, Clone, PartialEq)]
pub enum Chosen {
    /// In the order of their symbols.
    Decisions(Vec<u64>),
    Order(FoundOrder),
    Switches(Vec<Line>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct FoundOrder {
    pub id: ClientOrderId,
    pub sent: Sent,
    /// The decision that it carries out; None where a command or the run's end asked for it before any decision.
    pub decision: Option<u64>,
}

pub struct Survey {
    question: Question,
    /// The only symbol that is asked about.
    only: Option<String>,
    symbols: Vec<Seen>,
    decisions: u64,
    orders: Orders,
    /// Where switches are asked for.
    log: Vec<Line>,
}

/// What is known of a symbol.
struct Seen {
    symbol: Symbol,
    /// Times of its first and its newest decision.
    span: Option<(Time, Time)>,
    newest: Option<u64>,
    /// The newest that changed something.
    acted: Option<u64>,
    /// The newest that changed something or wanted to.
    wanted: Option<u64>,
    /// The one that was asked for.
    chosen: Option<u64>,
}

/// Orders that match, and how many there are.
#[derive(Default)]
struct Orders {
    held: u64,
    first: Option<ClientOrderId>,
    last: Option<ClientOrderId>,
    exact: Option<FoundOrder>,
    /// The first two whose names begin so.
    begun: Vec<FoundOrder>,
    matches: u64,
}

impl Survey {
    pub fn new(question: Question, only: Option<String>) -> Survey {
        Survey { question, only, symbols: Vec::new(), decisions: 0, orders: Orders::default(), log: Vec::new() }
    }

    pub fn see(&mut self, step: &Step<'_>) {
        if let Input::Start(_) = step.input
            && self.symbols.is_empty()
        {
            let seen = |symbol: &Symbol| Seen {
                symbol: symbol.clone(),
                span: None,
                newest: None,
                acted: None,
                wanted: None,
                chosen: None,
            };
            self.symbols = step.engine.rules().map(|rules| seen(&rules.symbol)).collect();
        }
        for effect in step.effects {
            if let Effect::Notice(Notice::Considered { decision }) = effect {
                self.decision(decision);
            }
        }
        match &self.question {
            // After the decision of the same step, which its order carries out.
            Question::Order(asked) => {
                for effect in step.effects {
                    if let Effect::Submit(approved) | Effect::Replace { order: approved, .. } = effect {
                        let sent = Sent::of(approved);
                        let decision = self.symbols.get(sent.symbol.index()).and_then(|seen| seen.acted);
                        self.orders.take(asked, sent, decision);
                    }
                }
            }
            Question::Switches => {
                let switches = step.effects.iter().filter_map(|effect| switch(step.now, effect));
                self.log.extend(switches);
            }
            Question::Decision(_) | Question::At(_) | Question::Last => {}
        }
    }

    fn decision(&mut self, decision: &Decision) {
        self.decisions = decision.number;
        let Some(seen) = self.symbols.get_mut(decision.symbol.index()) else { return };
        let (time, number) = (decision.time, decision.number);
        seen.span = Some((seen.span.map_or(time, |(first, _)| first), time));
        seen.newest = Some(number);
        if decision.verdict.acts() {
            seen.acted = Some(number);
        }
        if decision.verdict.acts() || matches!(decision.verdict, Verdict::Refused { .. }) {
            seen.wanted = Some(number);
        }
        let is_asked = match &self.question {
            Question::Decision(asked) => *asked == number,
            Question::At(asked) => time <= *asked,
            Question::Order(_) | Question::Last | Question::Switches => false,
        };
        if is_asked {
            seen.chosen = Some(number);
        }
    }

    /// What to follow, after the whole journal was seen.
    pub fn choose(self) -> Result<Chosen, Unexplained> {
        let only = self.only.as_ref().map(|asked| self.place(asked)).transpose()?;
        match &self.question {
            Question::Order(asked) => {
                let found = self.orders.one(asked)?;
                self.check_symbol(&format!("order {}", found.id), found.sent.symbol, only)?;
                Ok(Chosen::Order(found))
            }
            Question::Switches => {
                let is_meant = |line: &Line| only.is_none() || line.symbol.is_none() || line.symbol == only;
                Ok(Chosen::Switches(self.log.into_iter().filter(is_meant).collect()))
            }
            Question::Decision(asked) => {
                let place = self.symbols.iter().position(|seen| seen.chosen.is_some());
                let Some(place) = place else {
                    let (asked, last) = (*asked, self.decisions);
                    return Err(if last == 0 {
                        Unexplained::Empty
                    } else {
                        Unexplained::NoSuchDecision { asked, last }
                    });
                };
                self.check_symbol(&format!("decision #{asked}"), SymbolId(place as u16), only)?;
                Ok(Chosen::Decisions(vec![*asked]))
            }
            Question::Last => {
                let meant = || self.meant(only);
                let newest = meant().filter_map(|seen| seen.wanted).max();
                let newest = newest.or_else(|| meant().filter_map(|seen| seen.newest).max());
                newest.map(|number| Chosen::Decisions(vec![number])).ok_or(Unexplained::Empty)
            }
            Question::At(asked) => self.at(*asked, only),
        }
    }

    fn at(&self, asked: Time, only: Option<SymbolId>) -> Result<Chosen, Unexplained> {
        let spans = || self.meant(only).filter_map(|seen| seen.span);
        let first = spans().map(|(first, _)| first).min().ok_or(Unexplained::Empty)?;
        let last = spans().map(|(_, last)| last).max().unwrap_or(first);
        // The minute after the last close would have been decided about at its own.
        if asked < first || asked > last.plus(Span::MINUTE) {
            return Err(Unexplained::Outside { asked, first, last });
        }
        Ok(Chosen::Decisions(self.meant(only).filter_map(|seen| seen.chosen).collect()))
    }

    /// The symbols that are asked about.
    fn meant(&self, only: Option<SymbolId>) -> impl Iterator<Item = &Seen> {
        let places = self.symbols.iter().enumerate();
        places.filter(move |(at, _)| only.is_none_or(|only| only.index() == *at)).map(|(_, seen)| seen)
    }

    fn place(&self, asked: &str) -> Result<SymbolId, Unexplained> {
        let place = self.symbols.iter().position(|seen| seen.symbol.as_str().eq_ignore_ascii_case(asked));
        place.map(|at| SymbolId(at as u16)).ok_or_else(|| Unexplained::NoSuchSymbol {
            asked: asked.to_owned(),
            traded: self.symbols.iter().map(|seen| seen.symbol.clone()).collect(),
        })
    }

    fn check_symbol(&self, what: &str, symbol: SymbolId, only: Option<SymbolId>) -> Result<(), Unexplained> {
        match only.filter(|only| *only != symbol).and_then(|only| self.symbols.get(only.index())) {
            None => Ok(()),
            Some(other) => Err(Unexplained::OtherSymbol {
                what: what.to_owned(),
                symbol: self.symbols[symbol.index()].symbol.clone(),
                asked: other.symbol.to_string(),
            }),
        }
    }
}

impl Orders {
    fn take(&mut self, asked: &str, sent: Sent, decision: Option<u64>) {
        for id in sent.names() {
            self.held += 1;
            self.first.get_or_insert_with(|| id.clone());
            self.last = Some(id.clone());
            let text = id.text();
            if text == asked {
                self.exact = Some(FoundOrder { id: id.clone(), sent: sent.clone(), decision });
            } else if text.starts_with(asked) {
                self.matches += 1;
                if self.begun.len() < 2 {
                    self.begun.push(FoundOrder { id: id.clone(), sent: sent.clone(), decision });
                }
            }
        }
    }

    fn one(&self, asked: &str) -> Result<FoundOrder, Unexplained> {
        match (&self.exact, self.begun.as_slice()) {
            (Some(found), _) | (None, [found]) => Ok(found.clone()),
            (None, [first, second, ..]) => Err(Unexplained::Ambiguous {
                asked: asked.to_owned(),
                matches: self.matches,
                first: first.id.to_string(),
                second: second.id.to_string(),
            }),
            (None, []) => {
                let name = |id: &Option<ClientOrderId>| id.as_ref().map(ClientOrderId::to_string);
                Err(Unexplained::NoSuchOrder {
                    asked: asked.to_owned(),
                    held: self.held,
                    first: name(&self.first),
                    last: name(&self.last),
                })
            }
        }
    }
}

/// What a log of switches holds: evidence, what people asked for, and data that failed and came back.
fn switch(now: Time, effect: &Effect) -> Option<Line> {
    let Effect::Notice(notice) = effect else { return None };
    let is_said = matches!(
        notice,
        Notice::CommandAccepted { .. } | Notice::SettingsChanged | Notice::Stale { .. } | Notice::Fresh { .. }
    );
    if is_said || notice.is_evidence() { notice_line(now, notice) } else { None }
}
