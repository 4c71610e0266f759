//! `Buckets`: the bars of a scan joined into longer ones, in one pass.
//!
//! Invariant: a bucket holds the bars that open inside it and says how many; nothing is filled in.
//! Absent on purpose: intervals by calendar; a bucket's length is fixed and starts count from 1970 UTC.

use super::columns::Column;
use super::error::StoreError;
use super::scan::Scan;
use crate::domain::{Bar, Span, Time};

/// Some bars as one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Its `open_time` is the bucket's start.
    pub bar: Bar,
    pub bars: u64,
}

/// What a scan must read for `Buckets`.
pub const COLUMNS: [Column; 6] =
    [Column::OpenTime, Column::Open, Column::High, Column::Low, Column::Close, Column::Volume];

/// Reads a scan of `COLUMNS` to its end. Rows without a number in one of them are left out; a row after a later one is an
/// error.
pub fn buckets(scan: &mut Scan, length: Span) -> Result<Vec<Bucket>, StoreError> {
    let mut buckets: Vec<Bucket> = Vec::new();
    let step = length.millis().max(1);
    let mut last = i64::MIN;
    while let Some(batch) = scan.next_batch()? {
        let times = batch.times();
        let (open, high, low) = (batch.dense(Column::Open), batch.dense(Column::High), batch.dense(Column::Low));
        let (close, volume) = (batch.dense(Column::Close), batch.dense(Column::Volume));
        let prices = open.iter().zip(&*high).zip(&*low).zip(&*close).zip(&*volume);
        for (time, ((((open, high), low), close), volume)) in times.iter().zip(prices) {
            if *time < last {
                return Err(StoreError::Unsorted { file: scan.file().to_path_buf(), time: *time });
            }
            last = *time;
            if ![open, high, low, close, volume].into_iter().all(|number| number.is_finite()) {
                continue;
            }
            let start = Time::from_millis(time - time.rem_euclid(step));
            match buckets.last_mut() {
                Some(bucket) if bucket.bar.open_time == start => {
                    bucket.bar.high = bucket.bar.high.max(*high);
                    bucket.bar.low = bucket.bar.low.min(*low);
                    bucket.bar.close = *close;
                    bucket.bar.volume += volume;
                    bucket.bars += 1;
                }
                Some(_) | None => {
                    let (open, high, low, close, volume) = (*open, *high, *low, *close, *volume);
                    buckets.push(Bucket { bar: Bar { open_time: start, open, high, low, close, volume }, bars: 1 });
                }
            }
        }
    }
    Ok(buckets)
}
