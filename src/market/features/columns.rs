//! `Columns`: the observations of a whole history in one buffer.
//!
//! Invariant: row t is, bit for bit, what an `Observer` gives at bar t: it is made by one.
//! Absent on purpose: a second way to compute; reading bars from files.

use super::observer::Observer;
use super::schema::Schema;
use crate::domain::Bar;

/// Rows of a schema, row after row in one buffer: training draws whole rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Columns {
    schema: u64,
    width: usize,
    warm_up: usize,
    values: Vec<f32>,
}

/// Observes all bars of one symbol, oldest first.
pub fn columns(schema: &Schema, bars: &[Bar]) -> Columns {
    observed(schema, bars.iter().map(|bar| (bar, None)))
}

/// As `columns`, with the volume that takers bought in each bar, where it is known.
///
/// # Panics
/// When the lengths differ.
pub fn full_columns(schema: &Schema, bars: &[Bar], taker_buy: &[Option<f64>]) -> Columns {
    assert_eq!(bars.len(), taker_buy.len(), "a taker volume, known or not, belongs to each bar");
    observed(schema, bars.iter().zip(taker_buy.iter().copied()))
}

fn observed<'a>(schema: &Schema, bars: impl ExactSizeIterator<Item = (&'a Bar, Option<f64>)>) -> Columns {
    let mut observer = Observer::new(schema);
    let mut values = Vec::with_capacity(bars.len() * schema.width());
    bars.for_each(|(bar, taker_buy)| values.extend_from_slice(observer.take_with(bar, taker_buy)));
    Columns { schema: schema.hash(), width: schema.width(), warm_up: schema.warm_up(), values }
}

impl Columns {
    /// Hash of the schema that the rows are of.
    pub fn schema(&self) -> u64 {
        self.schema
    }

    pub fn width(&self) -> usize {
        self.width
    }

    pub fn rows(&self) -> usize {
        self.values.len() / self.width
    }

    /// # Panics
    /// When there is no such row.
    pub fn row(&self, at: usize) -> &[f32] {
        &self.values[at * self.width..][..self.width]
    }

    /// The first complete row; all after it are complete too. As many as there are rows when none is.
    pub fn first_ready(&self) -> usize {
        (self.warm_up - 1).min(self.rows())
    }

    /// All rows, one after another.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    pub(super) fn rows_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        self.values.chunks_exact_mut(self.width)
    }

    /// One column from the oldest row on; none where a row ends before it.
    pub fn column(&self, at: usize) -> impl Iterator<Item = f32> + '_ {
        self.values.chunks_exact(self.width).filter_map(move |row| row.get(at).copied())
    }
}
