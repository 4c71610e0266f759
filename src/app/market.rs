//! The market of a demo, a backtest or an exchange: recorded or generated, cut to a number of bars.
//!
//! Invariant: the same settings, seed and files give the same bars to every verb.
//! Absent on purpose: live markets.

use crate::domain::{Bar, Seed, Span, Symbol, SymbolId, SymbolRules, Time};
use crate::engine::ports::{BarSource, SourceError};
use crate::exchange::market_source::GeneratedSource;
use crate::simulator::generator::Generator;
use crate::store::ParquetBars;

/// Where a generated market without an anchor begins, warm-up included: 2024-01-01 00:00 UTC.
const GENERATED_START: Time = Time(1_704_067_200_000_000);

/// What to open.
pub struct MarketPlan {
    /// `None`: generated from the seed.
    pub data: Option<ParquetBars>,
    pub seed: Seed,
    /// History of a generated market; a recording has none.
    pub warmup_bars: u32,
    /// When the history of a generated market ends; `None` begins it at a fixed date, the same for demo and backtest.
    pub anchor: Option<Time>,
    /// Stop after this many bars, all symbols together.
    pub bars: Option<u64>,
}

/// Opens the market for these symbols.
pub fn open(plan: MarketPlan, rules: &[SymbolRules]) -> Box<dyn BarSource + Send> {
    let source: Box<dyn BarSource + Send> = match plan.data {
        Some(data) => Box::new(data),
        None => {
            let history = Span(i64::from(plan.warmup_bars) * Span::MINUTE.0);
            let start = plan.anchor.map_or(GENERATED_START, |anchor| anchor.minute().minus(history));
            let generators = rules.iter().map(|rules| {
                let price = start_price(&rules.symbol);
                Generator::new(plan.seed, &rules.symbol, rules, start, price)
            });
            Box::new(GeneratedSource::new(generators.collect(), plan.warmup_bars as usize))
        }
    };
    match plan.bars {
        Some(left) => Box::new(Cut { source, left }),
        None => source,
    }
}

/// A plausible price for a generated market.
fn start_price(symbol: &Symbol) -> f64 {
    const KNOWN: [(&str, f64); 6] =
        [("BTC", 60_000.0), ("ETH", 3_000.0), ("BNB", 600.0), ("SOL", 150.0), ("XRP", 0.6), ("DOGE", 0.12)];
    let known = KNOWN.iter().find(|(base, _)| symbol.as_str().starts_with(base));
    known.map_or(100.0, |(_, price)| *price)
}

/// The first bars of a source.
struct Cut {
    source: Box<dyn BarSource + Send>,
    left: u64,
}

impl BarSource for Cut {
    fn history(&mut self, symbol: SymbolId) -> Result<Vec<Bar>, SourceError> {
        self.source.history(symbol)
    }

    fn next_bar(&mut self) -> Result<Option<(SymbolId, Bar)>, SourceError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        self.source.next_bar()
    }
}
