//! `Venue`: everything the exchange knows, without sockets: simulator, market, books, tape, accounts, limits.
//!
//! Invariant: one task owns it; requests and market steps take turns.
//! Absent on purpose: connections and who is subscribed to what (`core`).

use std::collections::{BTreeMap, VecDeque};

use super::limits::Limits;
use super::market_source::Market;
use crate::domain::{
    Asset, Balance, Bar, ClientOrderId, Money, OrderId, Price, Symbol, SymbolId, SymbolRules, Time, Trade,
};
use crate::protocol::sign::Secret;
use crate::simulator::market_maker::{Depth, MarketMaker, update_at};
use crate::simulator::{AccountId, PathPoint, PointKind, Settings, Simulator};

/// Public trades kept for `trades` and `aggTrades`, per symbol.
const KEPT_TRADES: usize = 1_000;

pub struct Venue {
    pub simulator: Simulator,
    pub rules: Vec<SymbolRules>,
    pub market: Market,
    pub limits: Limits,
    pub accounts: Accounts,
    pub tapes: Vec<Tape>,
    /// Virtual time: when the last step happened.
    pub now: Time,
    /// Ids for orders that clients do not name.
    pub named: u64,
    /// Numbers execution reports (`I`).
    pub executions: i64,
    /// How a client named its cancel of an order, until that is reported (`c` of the report).
    pub cancels: BTreeMap<OrderId, ClientOrderId>,
}

/// API keys and the accounts that they open.
#[derive(Default)]
pub struct Accounts(BTreeMap<String, KeyHolder>);

pub struct KeyHolder {
    pub account: AccountId,
    pub secret: Secret,
}

/// What the public sees of one symbol.
pub struct Tape {
    maker: MarketMaker,
    pub depth: Depth,
    /// `lastUpdateId`, `U`, `u` and bookTicker's `u` come from this counter.
    pub update_id: i64,
    /// Numbered public trades, oldest first.
    pub trades: VecDeque<(i64, Trade)>,
    pub next_trade: i64,
    /// The bar that is being made by the path, for the kline stream.
    pub forming: Option<Bar>,
}

impl Venue {
    pub fn new(rules: Vec<SymbolRules>, market: Market, settings: Settings) -> Venue {
        let mut simulator = Simulator::new(rules.clone(), settings);
        let mut tapes = Vec::with_capacity(rules.len());
        for (at, rules) in rules.iter().enumerate() {
            let symbol = SymbolId(at as u16);
            let maker = MarketMaker::new(rules, settings.frictions.half_spread, MarketMaker::LEVELS);
            let mut tape = Tape {
                maker,
                depth: Depth::default(),
                update_id: 0,
                trades: VecDeque::new(),
                next_trade: 1,
                forming: None,
            };
            if !market.bars(symbol).is_empty() {
                simulator.settle_history(symbol, market.bars(symbol).iter().copied());
                tape.quote(simulator.price(symbol).zip(simulator.time(symbol)));
            }
            tapes.push(tape);
        }
        let now = market.last_close().unwrap_or(Time(0));
        Venue {
            simulator,
            rules,
            market,
            limits: Limits::default(),
            accounts: Accounts::default(),
            tapes,
            now,
            named: 0,
            executions: 0,
            cancels: BTreeMap::new(),
        }
    }

    /// Opens an account with this much quote currency behind a key pair.
    pub fn open_account(&mut self, key: &str, secret: &str, quote: Money) {
        let asset = self.rules.first().map_or_else(|| Asset::new("USDT"), |rules| rules.quote.clone());
        let account = self.simulator.open_account(vec![Balance { asset, free: quote, locked: Money::ZERO }]);
        self.accounts.0.insert(key.to_owned(), KeyHolder { account, secret: Secret::new(secret) });
    }

    pub fn symbol_id(&self, name: &str) -> Option<SymbolId> {
        self.rules.iter().position(|rules| rules.symbol.as_str() == name).map(|at| SymbolId(at as u16))
    }

    pub fn symbol(&self, id: SymbolId) -> &Symbol {
        &self.rules[id.index()].symbol
    }
}

impl Accounts {
    pub fn holder(&self, key: &str) -> Option<&KeyHolder> {
        self.0.get(key)
    }
}

impl Tape {
    /// The book around a new price at its time; returns the levels that changed and the first update id of the change.
    pub fn quote(&mut self, price: Option<(Price, Time)>) -> (i64, Depth) {
        let first = self.update_id + 1;
        self.update_id = first;
        let Some((price, time)) = price else { return (first, Depth::default()) };
        let depth = self.maker.depth(price, update_at(time));
        let changed = crate::simulator::market_maker::diff(&self.depth, &depth);
        self.depth = depth;
        (first, changed)
    }

    /// Takes a point of the path into the bar that is being made.
    pub fn form(&mut self, point: PathPoint, volume: f64) -> Bar {
        let price = point.price.to_f64();
        let fresh =
            Bar { open_time: point.time.minute(), open: price, high: price, low: price, close: price, volume: 0.0 };
        let bar = match (point.kind, self.forming) {
            (PointKind::Inner | PointKind::Close, Some(bar)) => bar,
            (PointKind::Open, _) | (PointKind::Inner | PointKind::Close, None) => fresh,
        };
        let (high, low) = (bar.high.max(price), bar.low.min(price));
        let grown = Bar { high, low, close: price, volume: bar.volume + volume, ..bar }.on_grid();
        self.forming = Some(grown);
        grown
    }

    /// Records a public trade and numbers it.
    pub fn record(&mut self, trade: Trade) -> i64 {
        let id = self.next_trade;
        self.next_trade += 1;
        if self.trades.len() == KEPT_TRADES {
            self.trades.pop_front();
        }
        self.trades.push_back((id, trade));
        id
    }
}
