//! The report: one run as one page that needs nothing but itself.
//!
//! Invariant: the same values give the same bytes; every text from outside is escaped; the page holds no script and asks
//! nothing of any network. What is not known stands there with its reason.
//! Absent on purpose: files (`app`), and every computation of a figure (`performance`).

mod chart;
mod costs_paid;
mod curves;
mod days;
mod figures;
mod months;
mod page;
mod standing;
mod trade_list;
mod words;

use crate::domain::{Span, Time};
use crate::engine::TradeRecord;
use crate::performance::Summary;

pub use page::html;

/// What a report is made of. Money is in `quote`.
#[derive(Debug, Clone)]
pub struct Report<'a> {
    /// Name of the strategy.
    pub strategy: &'a str,
    /// By symbol id.
    pub symbols: Vec<String>,
    pub quote: &'a str,
    /// What made the run: `backtest`, or `replay` for a journal.
    pub mode: &'a str,
    /// Open times of the first and the last bar.
    pub span: Option<(Time, Time)>,
    pub bars: u64,
    pub orders: u64,
    pub fills: u64,
    pub summary: &'a Summary,
    pub trades: Vec<TradeLine<'a>>,
    /// Settings and cost models: name, value.
    pub assumptions: Vec<(String, String)>,
    /// What explains the result, a sentence each; beneath it.
    pub remarks: Vec<String>,
    /// What is not as good as one might think, a sentence each.
    pub caveats: Vec<String>,
    /// Makes the report again.
    pub command: String,
    /// Sixteen hex digits.
    pub state_hash: String,
}

/// A closed trade with its reasons.
#[derive(Debug, Clone)]
pub struct TradeLine<'a> {
    pub trade: &'a TradeRecord,
    /// Why it was opened; `None` where no decision is on record.
    pub entered_because: Option<String>,
    pub left_because: String,
}

impl TradeLine<'_> {
    fn held(&self) -> Span {
        self.trade.closed.since(self.trade.opened)
    }
}
