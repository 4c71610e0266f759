//! `data fetch`: what the catalogue lacks, from a venue's REST address or from the public archive.
//!
//! Invariant: a month is written when all its pages have come; what the venue has no bars for is marked, never filled.
//! Absent on purpose: order entry and keys.

use clap::Args;
use serde::Serialize;

use super::from_archive::{FromArchive, Incoming};
use super::{json, parse_market, parse_symbol, parse_time, utc};
use crate::app;
use crate::binance::archive::Archive;
use crate::binance::history::OpenError;
use crate::binance::{Error, History};
use crate::cli::Output;
use crate::cli::failure::Failure;
use crate::cli::globals::Globals;
use crate::cli::progress::ProgressLine;
use crate::domain::{Bar, Span, Symbol, Time};
use crate::protocol::messages::rest::KlineRow;
use crate::store::month::{Month, MonthFile, Origin};
use crate::store::{Catalog, Interval, Kline, Market, Partition, Row, Staging};

/// Most rows of one answer.
const PAGE: usize = 1_000;
/// What is younger may only be late, so it is not marked as missing.
const SETTLED: Span = Span::from_seconds(3_600);

#[derive(Debug, Clone, Args)]
pub struct FetchArgs {
    /// The pair
    #[arg(value_name = "SYMBOL", value_parser = parse_symbol)]
    pub symbol: Symbol,
    /// From this UTC time on, such as 2024-01-31 or 2024-01-31T12:00
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub from: Time,
    /// Up to this UTC time, which is not included
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub to: Time,
    /// Where to ask: http://HOST:PORT of a running `kestrel exchange --speed N`, or of another venue with its protocol
    #[arg(long, value_name = "URL", required_unless_present = "archive_url", conflicts_with = "archive_url")]
    pub rest_url: Option<String>,
    /// Instead: http://HOST:PORT of a mirror of the public archive (monthly and daily zip files with their .CHECKSUM)
    #[arg(long, value_name = "URL")]
    pub archive_url: Option<String>,
    /// The market under which the bars are kept
    #[arg(long, value_name = "NAME", default_value = "spot", value_parser = parse_market)]
    pub market: Market,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    symbol: String,
    market: String,
    from: i64,
    to: i64,
    /// Months that were written, and those that lacked nothing.
    pub(super) months: u64,
    pub(super) complete: u64,
    /// Bars that were added.
    pub(super) added: u64,
    /// Bars of this stretch that the catalogue still lacks.
    pub(super) missing: i64,
}

pub fn execute(args: &FetchArgs, globals: &Globals) -> Result<Output, Failure> {
    if args.from >= args.to {
        let (from, to) = (utc(args.from), utc(args.to));
        return Err(Failure::Usage(format!("--from {from} is not before --to {to}; give the earlier time first")));
    }
    globals.start_log(true)?;
    let (home, market) = (globals.home()?, args.market.clone());
    let catalog = Catalog::of_home(&home);
    let partition = Partition { market, symbol: args.symbol.clone(), interval: Interval::MINUTE };
    let report = match (&args.archive_url, &args.rest_url) {
        (Some(url), _) => {
            let archive = Archive::open(url).map_err(unopened)?;
            let (from, to) = (args.from.minute(), args.to.minute());
            let (incoming, report) = (Incoming::below(&home)?, Report::of(&partition, from, to));
            let mut fetch = FromArchive { catalog, partition, archive, incoming, report };
            finish(fetch.all(from, to))?;
            fetch.report
        }
        (None, url) => {
            let history = History::open(url.as_deref().unwrap_or_default()).map_err(unopened)?;
            let mut fetch = Fetch { catalog, partition, history, report: Report::default() };
            finish(fetch.all(args))?;
            fetch.report
        }
    };
    let text = format!(
        "{} {} from {} to {} UTC: {} bars added in {} months, {} months were complete, {} bars missing",
        report.market,
        report.symbol,
        utc(Time::from_millis(report.from)),
        utc(Time::from_millis(report.to)),
        report.added,
        report.months,
        report.complete,
        report.missing
    );
    Ok(Output::Report { text, json: json(&report)? })
}

impl Report {
    fn of(partition: &Partition, from: Time, to: Time) -> Report {
        let (symbol, market) = (partition.symbol.to_string(), partition.market.to_string());
        Report { symbol, market, from: from.millis(), to: to.millis(), ..Report::default() }
    }
}

/// Runs it to its end, or until a person interrupts.
fn finish(fetching: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::Network(format!("no runtime can be started ({error})"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        let interrupted = app::interrupt().map_err(failed)?;
        tokio::select! {
            biased;
            () = interrupted => Err(Failure::Interrupted(
                "interrupted; the months that were complete are kept, the same command goes on from there".into(),
            )),
            done = fetching => done,
        }
    })
}

struct Fetch {
    catalog: Catalog,
    partition: Partition,
    history: History,
    report: Report,
}

impl Fetch {
    async fn all(&mut self, args: &FetchArgs) -> Result<(), Failure> {
        let now = self.history.time().await.map_err(unreached)?;
        let (from, to) = (args.from.minute(), args.to.min(now.minute()));
        if from >= to {
            let (from, now) = (utc(from), utc(now));
            return Err(Failure::Usage(format!("--from {from} has not passed yet: at the venue it is {now} UTC")));
        }
        self.report = Report::of(&self.partition, from, to);
        let minutes = |time: Time| (time.since(from).0 / Span::MINUTE.0) as u64;
        let progress = ProgressLine::new(args.symbol.as_str(), Some(minutes(to)));
        let mut month = Month::of(from);
        while month.start() < to {
            progress.say(&format!("{} {month}", args.symbol));
            let (start, stop) = (from.max(month.start()), to.min(month.next().start()));
            self.month(month, (start, stop), now, &mut |at| progress.to(minutes(at))).await?;
            month = month.next();
        }
        Ok(())
    }

    /// What a month lacks between two times.
    async fn month(
        &mut self,
        month: Month,
        (start, stop): (Time, Time),
        now: Time,
        progress: &mut dyn FnMut(Time),
    ) -> Result<(), Failure> {
        let mut staging = Staging::new(self.catalog.clone());
        let mut content = staging.load(&self.partition, month)?;
        let interval = self.partition.interval;
        let origin = Origin::Rest { url: self.history.url().to_owned() };
        let missing = content.missing(start, stop, interval, Some(&origin));
        if missing.is_empty() {
            self.report.complete += 1;
            self.report.missing += lacking(&content, start, stop, interval);
            return Ok(());
        }
        let mut rows: Vec<Row> = Vec::new();
        let mut asked = start;
        for (from, to) in &missing {
            // A page reaches beyond the stretch that it was asked for, often over the next ones.
            let mut at = asked.max(*from);
            while at < *to {
                let page = self.history.page(&self.partition.symbol, at, stop).await.map_err(unreached)?;
                let last = page.last().map(|row| Time::from_millis(row.open_time));
                at = last.filter(|_| page.len() == PAGE).map_or(stop, |last| last.minute().plus(Span::MINUTE).max(at));
                self.keep(&page, &missing, now, &mut rows)?;
                progress(at);
            }
            asked = asked.max(at);
        }
        let merged = content.merge(&rows, &origin, false).map_err(|found| {
            Failure::Bug(format!("a bar at {} was known but counted as missing", utc(found.new.kline.bar.open_time)))
        })?;
        content.trim_marks(interval);
        content.mark(&lacked(&content, (start, stop.min(now.minus(SETTLED))), interval), &origin);
        self.report.added += merged.added;
        self.report.months += 1;
        self.report.missing += lacking(&content, start, stop, interval);
        if content.rows().len() > 0 {
            staging.put(&self.partition, month, &content)?;
            staging.commit()?;
        }
        Ok(())
    }

    /// The closed bars of a page that are wanted.
    fn keep(&self, page: &[KlineRow], missing: &[(Time, Time)], now: Time, rows: &mut Vec<Row>) -> Result<(), Failure> {
        for row in page {
            let kline = kline(row);
            let time = kline.bar.open_time;
            let is_wanted = missing.iter().any(|(from, to)| (*from..*to).contains(&time.minute()));
            if !is_wanted || time.plus(Bar::INTERVAL) > now {
                continue;
            }
            let symbol = &self.partition.symbol;
            let refused = |what: &str| Failure::Data(format!("the venue's bar of {symbol} at {} {what}", utc(time)));
            kline.bar.validate().map_err(|why| refused(&format!("is unusable: {why}")))?;
            if rows.last().is_some_and(|last| last.kline.bar.open_time >= time) {
                return Err(refused("does not come after the one before"));
            }
            rows.push(Row { number: rows.len() as u64 + 1, kline });
        }
        Ok(())
    }
}

/// What the venue has no bars for: the stretches between bars. Before the first and after the last, the venue may only not
/// have recorded yet or no longer, so it is asked again.
pub(super) fn lacked(content: &MonthFile, (start, stop): (Time, Time), interval: Interval) -> Vec<(Time, Time)> {
    let mut times = content.rows().map(|kline| kline.bar.open_time);
    let Some(first) = times.next() else { return Vec::new() };
    let last = times.next_back().unwrap_or(first);
    let stretches = content.missing(start, stop.minute().max(start), interval, None);
    stretches.into_iter().filter(|(from, to)| *from > first && *to <= last).collect()
}

/// Bars that a month lacks, marked ones included.
pub(super) fn lacking(content: &MonthFile, start: Time, stop: Time, interval: Interval) -> i64 {
    let stretches = content.missing(start, stop, interval, None);
    stretches.iter().map(|(from, to)| to.since(*from).0 / interval.span().0).sum()
}

fn kline(row: &KlineRow) -> Kline {
    let bar = Bar {
        open_time: Time::from_millis(row.open_time),
        open: row.open.0,
        high: row.high.0,
        low: row.low.0,
        close: row.close.0,
        volume: row.volume.0,
    };
    Kline {
        bar,
        close_time: Some(Time::from_millis(row.close_time)),
        quote_volume: Some(row.quote_volume.0),
        trades: i64::try_from(row.trades).ok(),
        taker_buy_base: Some(row.taker_buy_base.0),
        taker_buy_quote: Some(row.taker_buy_quote.0),
    }
}

fn unreached(error: Error) -> Failure {
    Failure::Network(error.to_string())
}

fn unopened(error: OpenError) -> Failure {
    match error {
        OpenError::Address(error) => Failure::Usage(error.to_string()),
        OpenError::Client(error) => Failure::Network(error.to_string()),
    }
}
