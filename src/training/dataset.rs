//! `Dataset`: samples to learn from, made of bars that stream past: what was observed, and how the trade then ended.
//!
//! A sample is the close of a bar on a minute that `every_minutes` divides: the rows observed until then, and the trade between
//! barriers that begins at the next bar's open. A trade is good (class 1) when its gross return exceeds what two sides cost.
//! Invariant: what is observed at a sample is known at its close; its outcome is known at `Sample::ends`, never before. A sample
//! never reaches across a gap, neither back nor forward.
//! Absent on purpose: bars, which are not kept; which samples teach and which judge (`splits`).
//! Source: Lopez de Prado, Advances in Financial Machine Learning (2018), sections 3.4 (labels) and 4.4 (uniqueness).

use std::collections::VecDeque;

use super::uniqueness::weigh;
use crate::domain::{Bar, Span, Symbol, Time};
use crate::market::barriers::{BarrierMeter, Barriers, Fence, Touch};
use crate::market::features::{Observer, Schema};

/// A longer stretch without bars ends rows and trades.
pub const LONGEST_GAP: Span = Span(5 * Span::MINUTE.0);

/// How bars become samples.
#[derive(Debug, Clone)]
pub struct DatasetSettings {
    pub schema: Schema,
    pub every_minutes: u16,
    /// Observations in one input; a sample has as many behind it, itself counted.
    pub rows: u16,
    pub barriers: Barriers,
    /// Cost of a side as a fraction.
    pub side_cost: f64,
    /// Stored rows over all symbols; when there are more, the oldest are forgotten.
    pub most_rows: usize,
}

/// One decision and how it ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Place of the symbol.
    pub lane: u16,
    /// Place of its newest row among the lane's.
    row: u32,
    /// When the decision was taken: the end of its bar.
    pub decided: Time,
    /// When its outcome was known: the end of the trade's last bar.
    pub ends: Time,
    /// Open of the bar after.
    pub entry: f64,
    /// Distance of the barriers as a fraction of the entry.
    pub width: f64,
    /// Gross return of the trade as a fraction.
    pub gross: f64,
    /// Gross return at the worst low on the way.
    pub worst: f64,
    pub touch: Touch,
    /// Class 1: `gross` above two sides' cost.
    pub is_good: bool,
    /// Average uniqueness of the trade among overlapping ones of its symbol, in (0, 1].
    pub weight: f32,
}

/// Samples in the order of time (then of symbols).
#[derive(Debug, Clone)]
pub struct Dataset {
    settings: DatasetSettings,
    symbols: Vec<Symbol>,
    /// Stored rows of each symbol, one behind the other.
    lanes: Vec<Vec<f32>>,
    samples: Vec<Sample>,
    extents: Vec<Extent>,
    forgotten: u64,
}

/// What was seen of a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    pub bars: u64,
    /// Open times.
    pub first: Option<Time>,
    pub last: Option<Time>,
    /// Stretches without bars that ended rows and trades.
    pub gaps: u64,
    /// Decisions whose trade was cut by a gap or the end.
    pub cut: u64,
}

/// Some samples of a dataset, in its order: what learners and judges see.
#[derive(Debug, Clone, Copy)]
pub struct Samples<'a> {
    data: &'a Dataset,
    picks: &'a [u32],
}

/// Makes a dataset of bars that are given one by one, the bars of each symbol in the order of time.
pub struct Collector {
    settings: DatasetSettings,
    symbols: Vec<Symbol>,
    lanes: Vec<Lane>,
    stored: usize,
    forgotten: u64,
}

/// What is kept of one symbol.
struct Lane {
    observer: Observer,
    meter: BarrierMeter,
    rows: Vec<f32>,
    /// Stored rows up to the newest that follow each other without a gap.
    unbroken: usize,
    newest_row: Option<Time>,
    /// A decision that waits for the open of the next bar.
    waiting: Option<Waiting>,
    /// Trades that have not ended, oldest first.
    open: VecDeque<Open>,
    done: Vec<Sample>,
    extent: Extent,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    row: u32,
    decided: Time,
    width: f64,
}

struct Open {
    begun: Waiting,
    entry: f64,
    fence: Fence,
    lowest: f64,
}

impl Collector {
    pub fn new(settings: DatasetSettings, symbols: &[Symbol]) -> Collector {
        let lanes = symbols.iter().map(|_| Lane::new(&settings.schema)).collect();
        Collector { settings, symbols: symbols.to_vec(), lanes, stored: 0, forgotten: 0 }
    }

    /// Takes the next bar of the symbol at `place`, with what takers bought where it is known.
    pub fn take(&mut self, place: usize, bar: &Bar, taker_buy: Option<f64>) {
        let stored = self.lanes[place].take(bar, taker_buy, &self.settings);
        self.stored += usize::from(stored);
        if self.stored > self.settings.most_rows {
            self.forget();
        }
    }

    /// The samples; trades that have not ended are dropped.
    pub fn finish(self) -> Dataset {
        let Collector { settings, symbols, lanes, forgotten, .. } = self;
        let (mut rows, mut samples, mut extents) = (Vec::new(), Vec::new(), Vec::new());
        for (place, mut lane) in lanes.into_iter().enumerate() {
            lane.extent.cut += lane.waiting.iter().count() as u64 + lane.open.len() as u64;
            lane.done.sort_by_key(|sample| sample.decided);
            weigh(&mut lane.done);
            samples.extend(lane.done.iter().map(|sample| Sample { lane: place as u16, ..*sample }));
            rows.push(lane.rows);
            extents.push(lane.extent);
        }
        samples.sort_by_key(|sample| (sample.decided, sample.lane));
        Dataset { settings, symbols, lanes: rows, samples, extents, forgotten }
    }

    /// Drops the oldest fifth of each lane's rows and the samples that need them.
    fn forget(&mut self) {
        let width = self.settings.schema.width();
        for lane in &mut self.lanes {
            let dropped = lane.rows.len() / width / 5;
            lane.forget(dropped, width, usize::from(self.settings.rows));
            self.stored -= dropped;
            self.forgotten += dropped as u64;
        }
    }
}

impl Lane {
    fn new(schema: &Schema) -> Lane {
        Lane {
            observer: Observer::new(schema),
            meter: BarrierMeter::new(),
            rows: Vec::new(),
            unbroken: 0,
            newest_row: None,
            waiting: None,
            open: VecDeque::new(),
            done: Vec::new(),
            extent: Extent::default(),
        }
    }

    /// True when a row was stored.
    fn take(&mut self, bar: &Bar, taker_buy: Option<f64>, settings: &DatasetSettings) -> bool {
        if let Some(last) = self.extent.last
            && bar.open_time.since(last) > LONGEST_GAP
        {
            self.cut();
        }
        self.extent.bars += 1;
        self.extent.first.get_or_insert(bar.open_time);
        self.extent.last = Some(bar.open_time);
        self.begin(bar, settings);
        self.follow(bar, settings.side_cost);
        self.meter.take(bar);
        self.observer.take_with(bar, taker_buy);
        self.observe(bar, settings)
    }

    /// Ends what cannot reach across a gap.
    fn cut(&mut self) {
        self.extent.gaps += 1;
        self.extent.cut += self.waiting.take().iter().count() as u64 + self.open.len() as u64;
        self.open.clear();
        self.unbroken = 0;
    }

    /// A decision of the bar before is carried out at this one's open.
    fn begin(&mut self, bar: &Bar, settings: &DatasetSettings) {
        if let Some(begun) = self.waiting.take() {
            let fence = settings.barriers.fence(bar.open, begun.width);
            self.open.push_back(Open { begun, entry: bar.open, fence, lowest: bar.open });
        }
    }

    /// Shows the bar to all open trades and books those that it ends.
    fn follow(&mut self, bar: &Bar, side_cost: f64) {
        let done = &mut self.done;
        self.open.retain_mut(|trade| {
            let Some(touch) = trade.fence.take(bar) else {
                trade.lowest = trade.lowest.min(bar.low);
                return true;
            };
            done.push(trade.ended(touch, bar, side_cost));
            false
        });
    }

    /// Stores the row of a due minute, and lets it wait for its trade where enough rows stand behind it.
    fn observe(&mut self, bar: &Bar, settings: &DatasetSettings) -> bool {
        let decided = bar.open_time.plus(Bar::INTERVAL);
        if !is_due(decided, settings.every_minutes) || !self.observer.is_ready() {
            return false;
        }
        let step = Span(i64::from(settings.every_minutes.max(1)) * Span::MINUTE.0);
        let follows = self.newest_row.is_some_and(|newest| decided.since(newest) == step);
        self.unbroken = if follows { self.unbroken + 1 } else { 1 };
        self.newest_row = Some(decided);
        let row = (self.rows.len() / settings.schema.width()) as u32;
        self.rows.extend_from_slice(self.observer.row());
        if self.unbroken >= usize::from(settings.rows) {
            let width = settings.barriers.width(self.meter.deviation());
            self.waiting = Some(Waiting { row, decided, width });
        }
        true
    }

    fn forget(&mut self, dropped: usize, width: usize, rows: usize) {
        self.rows.drain(..dropped * width);
        self.unbroken = self.unbroken.min(self.rows.len() / width);
        let least = dropped + rows - 1;
        self.done.retain(|sample| sample.row as usize >= least);
        self.done.iter_mut().for_each(|sample| sample.row -= dropped as u32);
        self.open.retain(|trade| trade.begun.row as usize >= least);
        self.open.iter_mut().for_each(|trade| trade.begun.row -= dropped as u32);
        self.waiting = self.waiting.filter(|waiting| waiting.row as usize >= least);
        self.waiting.iter_mut().for_each(|waiting| waiting.row -= dropped as u32);
    }
}

impl Open {
    fn ended(&self, touch: Touch, bar: &Bar, side_cost: f64) -> Sample {
        let Open { begun: Waiting { row, decided, width }, entry, fence, lowest } = self;
        let exit = match touch {
            Touch::Upper => fence.upper,
            Touch::Lower => fence.lower,
            Touch::Horizon => bar.close,
        };
        let lowest = lowest.min(if touch == Touch::Lower { fence.lower } else { bar.low });
        let gross = exit / entry - 1.0;
        Sample {
            lane: 0,
            row: *row,
            decided: *decided,
            ends: bar.open_time.plus(Bar::INTERVAL),
            entry: *entry,
            width: *width,
            gross,
            worst: lowest / entry - 1.0,
            touch,
            is_good: gross > 2.0 * side_cost,
            weight: 1.0,
        }
    }
}

/// As `ModelSpec::is_due`, of the end of a bar.
fn is_due(decided: Time, every_minutes: u16) -> bool {
    decided.0.div_euclid(Span::MINUTE.0).rem_euclid(i64::from(every_minutes.max(1))) == 0
}

impl Dataset {
    pub fn settings(&self) -> &DatasetSettings {
        &self.settings
    }

    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// What was seen of each symbol, in their order.
    pub fn extents(&self) -> &[Extent] {
        &self.extents
    }

    /// Rows that were forgotten because there were more than `most_rows`.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Stored rows of all symbols, also those that are no sample.
    pub fn rows(&self) -> usize {
        self.lanes.iter().map(Vec::len).sum::<usize>() / self.settings.schema.width()
    }

    /// Values of one input: `rows` observations of the schema's width.
    pub fn input_len(&self) -> usize {
        usize::from(self.settings.rows) * self.settings.schema.width()
    }

    /// The input of a sample: its rows, oldest first.
    pub fn window(&self, sample: &Sample) -> &[f32] {
        let end = (sample.row as usize + 1) * self.settings.schema.width();
        &self.lanes[usize::from(sample.lane)][end - self.input_len()..end]
    }

    /// The samples at these places, which rise.
    pub fn pick<'a>(&'a self, picks: &'a [u32]) -> Samples<'a> {
        Samples { data: self, picks }
    }
}

impl<'a> Samples<'a> {
    pub fn len(&self) -> usize {
        self.picks.len()
    }

    pub fn is_empty(&self) -> bool {
        self.picks.is_empty()
    }

    pub fn dataset(&self) -> &'a Dataset {
        self.data
    }

    /// Places in the dataset.
    pub fn picks(&self) -> &'a [u32] {
        self.picks
    }

    /// The first few of them, in their order.
    pub fn first(&self, count: usize) -> Samples<'a> {
        Samples { data: self.data, picks: &self.picks[..count.min(self.picks.len())] }
    }

    pub fn at(&self, place: usize) -> &'a Sample {
        &self.data.samples[self.picks[place] as usize]
    }

    /// `rows * columns` values, oldest row first.
    pub fn input(&self, place: usize) -> &'a [f32] {
        self.data.window(self.at(place))
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a Sample> + use<'a> {
        let data = self.data;
        self.picks.iter().map(move |pick| &data.samples[*pick as usize])
    }
}
