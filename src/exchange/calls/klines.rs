//! Klines: the closed minute bars, and longer ones made of them.
//!
//! Invariant: a row holds the bars whose minutes lie in its interval; intervals are aligned to the day of the asked zone.
//! Absent on purpose: the forming minute, and intervals that are no part of a day (3d, 1w, 1M) or of a minute (1s).
//! Source: rest-api.md, "Kline/Candlestick data".

use super::paging::{self, Window};
use super::{Ask, json};
use crate::domain::{Bar, Span, SymbolId, Time};
use crate::exchange::venue::Venue;
use crate::protocol::VenueError;
use crate::protocol::convert::{BarTotals, row_of_bar};
use crate::protocol::messages::rest::KlineRow;
use crate::protocol::messages::{Amount, TimeUnit};
use crate::protocol::requests::Form;

/// Points of the path of a minute, each of which is one public trade.
const TRADES_A_BAR: u64 = 4;

/// The intervals we serve and their minutes.
const INTERVALS: [(&str, i64); 12] = [
    ("1m", 1),
    ("3m", 3),
    ("5m", 5),
    ("15m", 15),
    ("30m", 30),
    ("1h", 60),
    ("2h", 120),
    ("4h", 240),
    ("6h", 360),
    ("8h", 480),
    ("12h", 720),
    ("1d", 1_440),
];

/// What a bar does not record, from its path: the volume at the mean of the four prices, four trades, no taker volumes.
pub fn totals(bar: &Bar) -> BarTotals {
    let mean = (bar.open + bar.high + bar.low + bar.close) / 4.0;
    let quote_volume = Bar { volume: bar.volume * mean, ..*bar }.on_grid().volume;
    BarTotals { quote_volume, trades: TRADES_A_BAR, ..BarTotals::default() }
}

pub(super) fn klines(venue: &Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    let mut form = Form::of(ask.params);
    let symbol = form.symbol(&|name| venue.symbol_id(name))?;
    let interval = interval(form.required("interval")?)?;
    let window = Window::read(&mut form)?;
    let zone = form.optional("timeZone")?.map_or(Ok(Span::ZERO), zone)?;
    let limit = paging::limit(&mut form, 500, 1_000)?;
    form.finish()?;
    let bars = venue.market.bars(symbol);
    let opens = |bar: &Bar| {
        let local = bar.open_time.plus(zone);
        Time(bar.open_time.0 - local.0.rem_euclid(interval.0))
    };
    let begin = window.start.map_or(0, |start| bars.partition_point(|bar| opens(bar) < start));
    let end = window.end.map_or(bars.len(), |end| bars.partition_point(|bar| opens(bar) <= end));
    let meant = if begin < end { begin..end } else { 0..0 };
    let rows = match window.start {
        Some(_) => group(bars.range(meant), opens, limit),
        None => {
            // Only as many bars as the newest rows can need, cut where a row begins.
            let most = limit * (interval.0 / Span::MINUTE.0) as usize;
            let begin = meant.end.saturating_sub(most).max(meant.start);
            let first = bars.get(begin).map(opens);
            let begin = first.map_or(begin, |first| bars.partition_point(|bar| opens(bar) < first));
            group(bars.range(begin..meant.end), opens, usize::MAX)
        }
    };
    let rows = rows.into_iter().map(|row| row.print(interval, ask.unit));
    Ok(json(&paging::page(rows, limit, window.start.is_some())))
}

/// Bars that make one row.
struct Row {
    bar: Bar,
    totals: BarTotals,
}

fn group<'a>(bars: impl Iterator<Item = &'a Bar>, opens: impl Fn(&Bar) -> Time, limit: usize) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for bar in bars {
        let open_time = opens(bar);
        let is_full = rows.len() == limit;
        match rows.last_mut() {
            Some(row) if row.bar.open_time == open_time => row.add(bar),
            Some(_) | None if is_full => break,
            Some(_) | None => rows.push(Row { bar: Bar { open_time, ..*bar }, totals: totals(bar) }),
        }
    }
    rows
}

impl Row {
    fn add(&mut self, bar: &Bar) {
        let more = totals(bar);
        self.bar.high = self.bar.high.max(bar.high);
        self.bar.low = self.bar.low.min(bar.low);
        self.bar.close = bar.close;
        self.bar.volume += bar.volume;
        self.totals.quote_volume += more.quote_volume;
        self.totals.trades += more.trades;
    }

    fn print(self, interval: Span, unit: TimeUnit) -> KlineRow {
        let quote_volume = on_grid(self.totals.quote_volume);
        let row = row_of_bar(&self.bar.on_grid(), self.totals, unit);
        let close_time = unit.write(self.bar.open_time.plus(interval).minus(Span(1)));
        KlineRow { close_time, quote_volume: Amount(quote_volume), ..row }
    }
}

fn interval(name: &str) -> Result<Span, VenueError> {
    Interval::parse(name).map(Interval::span).ok_or_else(VenueError::bad_interval)
}

/// An interval that we serve, by its place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval(usize);

impl Interval {
    pub fn parse(name: &str) -> Option<Interval> {
        INTERVALS.iter().position(|(known, _)| *known == name).map(Interval)
    }

    pub fn name(self) -> &'static str {
        INTERVALS[self.0].0
    }

    pub fn span(self) -> Span {
        Span(INTERVALS[self.0].1 * Span::MINUTE.0)
    }

    /// The bar of this length that holds `newest`, a minute that may still be forming, with what it does not record.
    pub fn bar_with(self, venue: &Venue, symbol: SymbolId, newest: &Bar) -> (Bar, BarTotals) {
        let open_time = Time(newest.open_time.0 - newest.open_time.0.rem_euclid(self.span().0));
        let bars = venue.market.bars(symbol);
        let [from, to] = [open_time, newest.open_time].map(|time| bars.partition_point(|bar| bar.open_time < time));
        let minutes = bars.range(from..to).chain([newest]);
        match group(minutes, |_| open_time, 1).pop() {
            Some(row) => {
                (row.bar.on_grid(), BarTotals { quote_volume: on_grid(row.totals.quote_volume), ..row.totals })
            }
            None => (*newest, totals(newest)),
        }
    }
}

/// Sums of eight-place decimals are printed as such.
pub(super) fn on_grid(number: f64) -> f64 {
    (number * 1e8).round() / 1e8
}

/// `timeZone`: hours and minutes from -12:00 to +14:00, such as `0`, `8`, `-1:00`, `05:45`; -1130 for other text.
fn zone(text: &str) -> Result<Span, VenueError> {
    let refusal = || VenueError::invalid_parameter("timeZone");
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, minutes) = digits.split_once(':').unwrap_or((digits, "0"));
    let number = |part: &str| -> Option<i64> {
        let is_number = (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { part.parse().ok() } else { None }
    };
    let (hours, minutes) =
        number(hours).zip(number(minutes)).filter(|(_, minutes)| *minutes < 60).ok_or_else(refusal)?;
    let offset = sign * (hours * 60 + minutes);
    if (-12 * 60..=14 * 60).contains(&offset) { Ok(Span(offset * Span::MINUTE.0)) } else { Err(refusal()) }
}
