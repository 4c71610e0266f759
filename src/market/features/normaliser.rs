//! `Normaliser`: rows on the scale that a model was trained on, with statistics of the past only.
//!
//! Invariant: a row is normalised with the statistics of the rows before it, then takes part in them; a frozen one never
//! changes. Masks and bounded columns pass as they are; what is absent is 0 and teaches nothing.
//! Absent on purpose: statistics of a whole history applied to the same history, other than where a training asks for it
//! by name (`fitted`); files, which are the doors'.

use serde::{Deserialize, Serialize};

use super::columns::Columns;
use super::feature::Kind;
use super::schema::Schema;
use crate::domain::digest::hex;

/// Variances below this are taken for it: a column that stands still is not blown up to noise.
const LEAST_VARIANCE: f64 = 1e-6;

/// How statistics are kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NormaliserSettings {
    /// Rows after which a row counts half; `None`: all rows count alike.
    pub half_life: Option<f64>,
    /// Rows that a column must have seen before it is stated; 0 stands for it until then.
    pub least_rows: u64,
    /// No normalised value lies beyond.
    pub clip: f32,
}

impl Default for NormaliserSettings {
    /// A week, from 120 rows on, five deviations.
    fn default() -> Self {
        NormaliserSettings { half_life: Some(10_080.0), least_rows: 120, clip: 5.0 }
    }
}

/// Statistics of a schema's columns and what becomes of a row by them.
#[derive(Debug, Clone, PartialEq)]
pub struct Normaliser {
    schema: u64,
    settings: NormaliserSettings,
    is_frozen: bool,
    columns: Vec<Treatment>,
}

/// What is done with a column.
#[derive(Debug, Clone, PartialEq)]
enum Treatment {
    Pass,
    Scale { mask: usize, statistics: Statistics },
}

/// What a normaliser does with one column, for who writes its arithmetic down elsewhere (a model's graph).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scaling {
    /// The value as it is.
    Pass,
    /// 0 whatever the value: too few rows were seen.
    Zero,
    /// (x - mean) / deviation in double precision, rounded to single and clipped; 0 where column `mask` is not 0.
    Scale { mask: usize, mean: f64, deviation: f64 },
}

/// Mean and variance of one column, as they are saved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Statistics {
    column: String,
    rows: u64,
    mean: f64,
    variance: f64,
}

/// A normaliser as a model's files hold it (JSON); `Normaliser::load` makes it one again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedNormaliser {
    /// Sixteen hex digits.
    schema: String,
    frozen: bool,
    settings: NormaliserSettings,
    columns: Vec<Statistics>,
}

/// Why a normaliser cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NormaliserError {
    #[error(
        "the normaliser is of observation schema {found}, but {wanted} is observed: use the model with the version of \
         kestrel that it was trained with, or train it again"
    )]
    OtherSchema { found: String, wanted: String },
    #[error("the saved normaliser is damaged ({what}): install the model again, or train it again")]
    Damaged { what: String },
}

impl Normaliser {
    /// Without statistics: rows are 0 until enough of them were taken.
    pub fn new(schema: &Schema, settings: NormaliserSettings) -> Normaliser {
        let treatment = |column: &super::schema::Column| match (column.kind, column.mask) {
            (Kind::Measure, Some(mask)) => {
                let statistics = Statistics { column: column.name.clone(), rows: 0, mean: 0.0, variance: 0.0 };
                Treatment::Scale { mask, statistics }
            }
            (Kind::Measure | Kind::Bounded | Kind::Mask, _) => Treatment::Pass,
        };
        let columns = schema.columns().iter().map(treatment).collect();
        Normaliser { schema: schema.hash(), settings, is_frozen: false, columns }
    }

    /// Frozen statistics of a stretch of training rows, all counting alike; `settings.half_life` does not take part.
    /// Rows to be judged must come later than these.
    pub fn fitted(
        schema: &Schema,
        rows: &Columns,
        settings: NormaliserSettings,
    ) -> Result<Normaliser, NormaliserError> {
        let mut normaliser = Normaliser::new(schema, NormaliserSettings { half_life: None, ..settings });
        normaliser.check(rows.schema())?;
        (0..rows.rows()).for_each(|at| normaliser.learn(rows.row(at)));
        Ok(normaliser.frozen())
    }

    /// Normalises a row into `out`, then learns from it unless frozen.
    ///
    /// # Panics
    /// When a row is not as wide as the schema (also below).
    pub fn take(&mut self, row: &[f32], out: &mut [f32]) {
        self.apply(row, out);
        if !self.is_frozen {
            self.learn(row);
        }
    }

    /// Normalises a row into `out` and learns nothing.
    pub fn apply(&self, row: &[f32], out: &mut [f32]) {
        assert_eq!(
            (row.len(), out.len()),
            (self.columns.len(), self.columns.len()),
            "a row of another schema is a bug"
        );
        for ((out, treatment), x) in out.iter_mut().zip(&self.columns).zip(row) {
            *out = match treatment {
                Treatment::Pass => *x,
                Treatment::Scale { mask, statistics } if row[*mask] == 0.0 => statistics.scaled(*x, &self.settings),
                Treatment::Scale { .. } => 0.0,
            };
        }
    }

    /// Takes all rows, oldest first, and puts the normalised ones in their place.
    pub fn take_all(&mut self, rows: &mut Columns) -> Result<(), NormaliserError> {
        self.check(rows.schema())?;
        let mut taken = vec![0.0; self.columns.len()];
        for row in rows.rows_mut() {
            taken.copy_from_slice(row);
            self.take(&taken, row);
        }
        Ok(())
    }

    /// A copy that learns no more: what a model is trained, saved and traded with.
    pub fn frozen(&self) -> Normaliser {
        Normaliser { is_frozen: true, ..self.clone() }
    }

    pub fn is_frozen(&self) -> bool {
        self.is_frozen
    }

    /// Hash of the schema that it is of.
    pub fn schema(&self) -> u64 {
        self.schema
    }

    /// What it does with each column, in the order of a row.
    pub fn scalings(&self) -> impl Iterator<Item = Scaling> + '_ {
        self.columns.iter().map(|treatment| match treatment {
            Treatment::Pass => Scaling::Pass,
            Treatment::Scale { statistics, .. } if statistics.rows < self.settings.least_rows => Scaling::Zero,
            Treatment::Scale { mask, statistics } => {
                Scaling::Scale { mask: *mask, mean: statistics.mean, deviation: statistics.deviation() }
            }
        })
    }

    /// No normalised value lies beyond.
    pub fn clip(&self) -> f32 {
        self.settings.clip
    }

    pub fn save(&self) -> SavedNormaliser {
        let scaled = |treatment: &Treatment| match treatment {
            Treatment::Pass => None,
            Treatment::Scale { statistics, .. } => Some(statistics.clone()),
        };
        SavedNormaliser {
            schema: hex(self.schema),
            frozen: self.is_frozen,
            settings: self.settings,
            columns: self.columns.iter().filter_map(scaled).collect(),
        }
    }

    /// The saved one, if it is of this schema and sound.
    pub fn load(saved: SavedNormaliser, schema: &Schema) -> Result<Normaliser, NormaliserError> {
        let SavedNormaliser { schema: found, frozen, settings, columns } = saved;
        if found != schema.id() {
            return Err(NormaliserError::OtherSchema { found, wanted: schema.id() });
        }
        settings.check()?;
        let mut normaliser = Normaliser { is_frozen: frozen, ..Normaliser::new(schema, settings) };
        let mut columns = columns.into_iter();
        for treatment in &mut normaliser.columns {
            let Treatment::Scale { statistics, .. } = treatment else { continue };
            let wanted = &statistics.column;
            let found = columns.next().ok_or_else(|| damaged(format!("no statistics of {wanted}")))?;
            found.check(wanted)?;
            *statistics = found;
        }
        match columns.next() {
            Some(more) => Err(damaged(format!("statistics of {:?}, which is no column to normalise", more.column))),
            None => Ok(normaliser),
        }
    }

    fn learn(&mut self, row: &[f32]) {
        let least = self.settings.half_life.map_or(0.0, |rows| 1.0 - (-1.0 / rows).exp2());
        for (treatment, x) in self.columns.iter_mut().zip(row) {
            if let Treatment::Scale { mask, statistics } = treatment
                && row[*mask] == 0.0
            {
                statistics.learn(f64::from(*x), least);
            }
        }
    }

    fn check(&self, found: u64) -> Result<(), NormaliserError> {
        if found == self.schema {
            return Ok(());
        }
        Err(NormaliserError::OtherSchema { found: hex(self.schema), wanted: hex(found) })
    }
}

impl Statistics {
    /// Takes a value with a gain of at least `least`: at first all values count alike, later the newest more.
    fn learn(&mut self, x: f64, least: f64) {
        self.rows = self.rows.saturating_add(1);
        let gain = (1.0 / self.rows as f64).max(least);
        let distance = x - self.mean;
        self.mean += gain * distance;
        // Of the mean and variance weighed with the same gains (West 1979).
        self.variance = (1.0 - gain) * (self.variance + gain * distance * distance);
    }

    fn scaled(&self, x: f32, settings: &NormaliserSettings) -> f32 {
        if self.rows < settings.least_rows {
            return 0.0;
        }
        (((f64::from(x) - self.mean) / self.deviation()) as f32).clamp(-settings.clip, settings.clip)
    }

    fn deviation(&self) -> f64 {
        self.variance.max(LEAST_VARIANCE).sqrt()
    }

    fn check(&self, wanted: &str) -> Result<(), NormaliserError> {
        if self.column != wanted {
            return Err(damaged(format!("{:?} stands where {wanted:?} belongs", self.column)));
        }
        if !self.mean.is_finite() || !(0.0..f64::INFINITY).contains(&self.variance) {
            return Err(damaged(format!("mean {} and variance {} of {wanted}", self.mean, self.variance)));
        }
        Ok(())
    }
}

impl NormaliserSettings {
    fn check(&self) -> Result<(), NormaliserError> {
        let NormaliserSettings { half_life, clip, .. } = self;
        if half_life.is_some_and(|rows| !(rows > 0.0 && rows.is_finite())) || !(*clip > 0.0 && clip.is_finite()) {
            return Err(damaged(format!("a half-life of {half_life:?} rows and a clip at {clip}")));
        }
        Ok(())
    }
}

fn damaged(what: String) -> NormaliserError {
    NormaliserError::Damaged { what }
}
