//! The simulator: Binance's spot venue as a synchronous value, around a market whose price follows a path.
//!
//! The local exchange wraps it with sockets and the backtest calls it directly; both see the same events.
//! Invariant: the same calls give the same events, fills and balances; time comes only as an argument.
//! Absent on purpose: sockets, signatures, rate limits (`exchange`) and any decision about what to trade.

pub mod block_mean;
pub mod book_orders;
pub mod book_venue;
pub mod fees;
pub mod fill_figures;
pub mod fill_survey;
pub mod frictions;
pub mod generator;
pub mod impact;
pub mod latency;
pub mod market_maker;
pub mod markout;
pub mod minute;
#[doc(hidden)]
pub mod naive;
pub mod orders;
pub mod participation;
pub mod path;
pub mod queue;
pub mod recorded_book;
pub mod walk;

mod admission;
mod book;
mod ledger;
mod matching;
mod offers;
mod register;
mod replace;
mod shelf;
mod slippage;

use std::collections::VecDeque;

use crate::domain::rules::SymbolStatus;
use crate::domain::{Balance, Bar, BookTop, Price, Quantity, Ratio, Side, SymbolId, SymbolRules, Time};

use book::Book;
use impact::{Day, TrailingDay};
use ledger::Ledger;
use market_maker::MarketMaker;
use register::Register;

pub use fees::{FeePolicy, FeeSchedule};
pub use frictions::{Assumption, Frictions};
pub use impact::SquareRootImpact;
pub use latency::Latency;
pub use markout::Markout;
pub use minute::{MinuteStep, UnfitBar, minute_steps};
pub use orders::{
    AccountId, ExpiryReason, ListRecord, ListRef, ListStatus, OrderRecord, OrderRef, Placed, PlacedList, Refusal,
    TradeRecord, VenueEvent,
};
pub use participation::{Participation, Rest};
pub use path::{Extreme, PathPoint, PointKind, path};
pub use replace::Replaced;
pub use slippage::Slippage;

/// What trading costs: what the venue charges, and what the market takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    pub fees: FeeSchedule,
    pub frictions: Frictions,
}

/// The venue: markets, accounts, orders. Its owner drains `next_event` after each call that changes something.
#[derive(Debug, Clone)]
pub struct Simulator {
    settings: Settings,
    markets: Vec<Market>,
    register: Register,
    ledger: Ledger,
    events: VecDeque<(AccountId, VenueEvent)>,
    slippage: Slippage,
}

/// Best bid and ask that takers meet; depth behind them is unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    pub bid: Price,
    pub ask: Price,
}

/// The volume of a bar is spread evenly over the points of its path.
const POINTS: f64 = 4.0;

/// One symbol's price and book.
#[derive(Debug, Clone)]
struct Market {
    rules: SymbolRules,
    /// Indices into the ledger's assets.
    base: usize,
    quote: usize,
    price: Option<Price>,
    time: Time,
    /// After a close and before the next open: what takes liquidity waits.
    is_between_bars: bool,
    book: Book,
    maker: MarketMaker,
    last_trade: i64,
    /// Volume of the bar whose path is walked.
    volume: f64,
    /// What takers may still take from the path in this minute; `None` is without bound.
    allowance: Option<Quantity>,
    trailing: TrailingDay,
}

impl Simulator {
    /// A venue with these symbols (`SymbolId` = index) and no account. Fees and frictions are cut to their ranges.
    pub fn new(rules: Vec<SymbolRules>, settings: Settings) -> Simulator {
        let fees = settings.fees.clamped();
        let frictions = settings.frictions.clamped();
        let mut ledger = Ledger::new(&fees);
        let markets = rules.into_iter().map(|rules| Market::new(rules, frictions, &mut ledger)).collect();
        Simulator {
            settings: Settings { fees, frictions },
            markets,
            register: Register::default(),
            ledger,
            events: VecDeque::new(),
            slippage: Slippage::default(),
        }
    }

    /// Keeps this many of the newest terminal orders, done lists and trades of each account, and not 10,000. To be said
    /// before the first order.
    pub fn keep(&mut self, records: usize) {
        self.register.kept = records;
    }

    /// Opens an account with these balances. Negative amounts count as zero; a total beyond the range is cut.
    pub fn open_account(&mut self, balances: Vec<Balance>) -> AccountId {
        self.register.open_account();
        self.ledger.open_account(balances)
    }

    /// True when there is something for `next_event` to give.
    #[inline]
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// The next event of the user data streams, in the one total order of all accounts.
    pub fn next_event(&mut self) -> Option<(AccountId, VenueEvent)> {
        self.events.pop_front()
    }

    /// False only if walking the whole path of `bar` (one that passed `Bar::validate`) could not change any order.
    #[inline]
    pub fn reaches(&self, symbol: SymbolId, bar: &Bar) -> bool {
        self.markets.get(symbol.index()).is_some_and(|market| market.book.reaches(bar))
    }

    /// What `move_to` of the four points does when `reaches` is false: only price and time change.
    #[inline]
    pub fn settle_quiet_bar(&mut self, symbol: SymbolId, bar: &Bar) {
        let Some(market) = self.markets.get_mut(symbol.index()) else { return };
        let Some(price) = Price::from_f64(bar.close).filter(|price| price.is_positive()) else { return };
        market.price = Some(price);
        market.time = bar.close_time();
        market.is_between_bars = true;
        let frictions = &self.settings.frictions;
        if frictions.needs_volume() {
            market.open_minute(frictions, bar.volume);
            market.close_minute(frictions, price);
        }
    }

    /// Takes bars that closed before the first one that is walked.
    pub fn settle_history(&mut self, symbol: SymbolId, bars: impl IntoIterator<Item = Bar>) {
        for bar in bars {
            self.settle_quiet_bar(symbol, &bar);
        }
    }

    /// Walks one step of a minute: `move_to` with the volume of `MinuteStep::Move`, by which frictions of size measure.
    pub fn walk_to(&mut self, symbol: SymbolId, point: PathPoint, volume: f64) {
        if point.kind == PointKind::Open {
            self.open_minute(symbol, volume * POINTS);
        }
        self.move_to(symbol, point);
    }

    /// Tells what the bar that opens now will have traded; until the next call that is the minute's volume. A venue that
    /// was never told has no bound for takers and no volume to measure impact by.
    pub fn open_minute(&mut self, symbol: SymbolId, volume: f64) {
        if let Some(market) = self.markets.get_mut(symbol.index())
            && self.settings.frictions.needs_volume()
        {
            market.open_minute(&self.settings.frictions, volume);
        }
    }

    /// Last price of the path; `None` before the first point.
    pub fn price(&self, symbol: SymbolId) -> Option<Price> {
        self.markets.get(symbol.index())?.price
    }

    /// When the last point was.
    pub fn time(&self, symbol: SymbolId) -> Option<Time> {
        let market = self.markets.get(symbol.index())?;
        market.price.map(|_| market.time)
    }

    /// True after a close and before the next open, and before the first point.
    pub fn is_between_bars(&self, symbol: SymbolId) -> bool {
        self.markets.get(symbol.index()).is_none_or(|market| market.is_between_bars)
    }

    /// Best bid and ask from price and half spread on the tick grid, with `bid < ask`.
    pub fn quote(&self, symbol: SymbolId) -> Option<Quote> {
        let market = self.markets.get(symbol.index())?;
        Some(Quote::around(market.price?, self.settings.frictions.half_spread, market.tick()))
    }

    /// The best prices with their quantities, as the market maker's book shows them after the last point.
    pub fn top(&self, symbol: SymbolId) -> Option<BookTop> {
        let market = self.markets.get(symbol.index())?;
        Some(market.maker.top(market.price?, market.time))
    }

    /// The rules of a symbol.
    pub fn rules(&self, symbol: SymbolId) -> Option<&SymbolRules> {
        self.markets.get(symbol.index()).map(|market| &market.rules)
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// All balances of the account, zero ones too, in the order in which the venue met the assets.
    pub fn balances(&self, account: AccountId) -> &[Balance] {
        self.ledger.balances(account)
    }

    /// An order of the account, open or among its newest 10,000 terminal ones.
    pub fn order(&self, account: AccountId, symbol: SymbolId, which: &OrderRef) -> Option<&OrderRecord> {
        let order = self.register.order(self.register.find(account, which)?);
        (order.record.symbol == symbol).then_some(&order.record)
    }

    /// Open orders of the account in order of acceptance, of one symbol or of all.
    pub fn open_orders(
        &self,
        account: AccountId,
        symbol: Option<SymbolId>,
    ) -> impl Iterator<Item = &OrderRecord> + use<'_> {
        self.register
            .open(account)
            .map(|order| &order.record)
            .filter(move |record| symbol.is_none_or(|symbol| record.symbol == symbol))
    }

    /// An OCO list of the account, open or among its newest 10,000 done ones.
    pub fn list(&self, account: AccountId, symbol: SymbolId, which: &ListRef) -> Option<&ListRecord> {
        let list = self.register.list(self.register.find_list(account, which)?)?;
        (list.symbol == symbol).then_some(list)
    }

    /// Open OCO lists of the account in order of acceptance.
    pub fn open_lists(&self, account: AccountId) -> impl Iterator<Item = &ListRecord> + use<'_> {
        self.register.open_lists(account)
    }

    /// Terminal and open orders of the symbol, oldest first: at most the newest 10,000 terminal ones of the account.
    pub fn all_orders(&self, account: AccountId, symbol: SymbolId) -> impl Iterator<Item = &OrderRecord> + use<'_> {
        self.register.all(account).map(|order| &order.record).filter(move |record| record.symbol == symbol)
    }

    /// Fills of the account on the symbol, oldest first: among the newest 10,000 of the account.
    pub fn trades(&self, account: AccountId, symbol: SymbolId) -> impl Iterator<Item = &TradeRecord> + use<'_> {
        self.register.trades(account).filter(move |trade| trade.symbol == symbol)
    }
}

impl Quote {
    /// Best bid and ask around a price. Where the half spread is too small to part them, the bid is a tick below.
    pub fn around(price: Price, half_spread: Ratio, tick: Price) -> Quote {
        let ask = book::taker_price(Side::Buy, price, half_spread, tick);
        let bid = book::taker_price(Side::Sell, price, half_spread, tick);
        if bid < ask {
            return Quote { bid, ask };
        }
        let below = ask.saturating_sub(tick);
        if below >= tick { Quote { bid: below, ask } } else { Quote { bid: ask, ask: ask.saturating_add(tick) } }
    }
}

impl Market {
    fn new(rules: SymbolRules, frictions: Frictions, ledger: &mut Ledger) -> Market {
        let tick = book::tick_of(&rules);
        Market {
            base: ledger.index(&rules.base),
            quote: ledger.index(&rules.quote),
            price: None,
            time: Time(0),
            is_between_bars: true,
            book: Book::new(tick, frictions.markout),
            maker: MarketMaker::new(&rules, frictions.half_spread, MarketMaker::LEVELS),
            last_trade: 0,
            volume: 0.0,
            allowance: None,
            trailing: TrailingDay::default(),
            rules,
        }
    }

    fn open_minute(&mut self, frictions: &Frictions, volume: f64) {
        self.volume = volume;
        self.allowance = frictions.participation.map(|participation| participation.allowance(volume));
    }

    fn close_minute(&mut self, frictions: &Frictions, close: Price) {
        let Some(SquareRootImpact { day: Day::Trailing { minutes }, .. }) = frictions.impact else { return };
        self.trailing.take(minutes, self.time, close.to_f64(), self.volume);
    }

    fn tick(&self) -> Price {
        self.book.tick
    }

    fn is_trading(&self) -> bool {
        self.rules.status == SymbolStatus::Trading
    }

    /// The asset that an order of this side locks.
    fn locked_asset(&self, side: Side) -> usize {
        match side {
            Side::Buy => self.quote,
            Side::Sell => self.base,
        }
    }
}
