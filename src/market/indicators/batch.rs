//! The commonest indicators over whole columns, for many parameter sets over the same bars.
//!
//! Each fills `out` (as long as its input) and gives back the first index that holds a value; what stands before is NaN.
//! Invariant: bit for bit what `update` gives row by row: the arithmetic is the same, only loops are laid out for speed.
//! Absent on purpose: an allocation; columns that are seldom wanted (feed the streaming value).

use super::averages::Ema;
use super::macd::Macd;
use super::momentum::{Rsi, split, strength};
use super::range::{Atr, true_range};
use super::running::{Moments, checked};
use super::smoothing::{BLOCK, Smoother};
use crate::domain::{Bar, Time};

/// Rows worked on at once where a second pass follows: they stay in the nearest cache.
const STRIP: usize = 256;

/// Simple moving average.
///
/// # Panics
/// When the lengths of `values` and `out` differ (also below).
pub fn sma(length: usize, values: &[f64], out: &mut [f64]) -> usize {
    check(values.len(), &[out.len()]);
    let n = checked(length, 1);
    let first = n - 1;
    if values.len() < n {
        out.fill(f64::NAN);
        return values.len();
    }
    out[..first].fill(f64::NAN);
    // As `running::WindowSum`: within a stretch of `length` rows the sum slides, at its end the fresh one takes over.
    let mut sum: f64 = values[..n].iter().sum();
    out[first] = sum / n as f64;
    for ((old, new), out) in values.chunks(n).zip(values[n..].chunks(n)).zip(out[n..].chunks_mut(n)) {
        let mut fresh = 0.0;
        for ((old, new), out) in old.iter().zip(new).zip(out.iter_mut()) {
            sum += new - old;
            fresh += new;
            *out = sum;
        }
        if let (true, Some(last)) = (new.len() == n, out.last_mut()) {
            sum = fresh;
            *last = fresh;
        }
        out.iter_mut().for_each(|x| *x /= n as f64);
    }
    first
}

/// Exponential moving average.
pub fn ema(length: usize, values: &[f64], out: &mut [f64]) -> usize {
    check(values.len(), &[out.len()]);
    let mut average = Ema::new(length);
    let first = (length - 1).min(values.len());
    let warm = values.len().min(length);
    values[..warm].iter().zip(out.iter_mut()).for_each(|(x, out)| *out = average.update(*x).unwrap_or(f64::NAN));
    if let Some(smoother) = average.0.smoother() {
        smooth(smoother, &values[warm..], &mut out[warm..]);
    }
    first
}

/// Relative strength index.
pub fn rsi(length: usize, values: &[f64], out: &mut [f64]) -> usize {
    check(values.len(), &[out.len()]);
    let mut index = Rsi::new(length);
    let warm = values.len().min(length + 1);
    values[..warm].iter().zip(out.iter_mut()).for_each(|(x, out)| *out = index.update(*x).unwrap_or(f64::NAN));
    let (rises, falls) = (index.0.rises.smoother(), index.0.falls.smoother());
    let (Some(rises), Some(falls)) = (rises, falls) else { return values.len() };
    let mut buffers = [[0.0; STRIP]; 4];
    let [rise, fall, smooth_rise, smooth_fall] = &mut buffers;
    let mut at = warm;
    while at < values.len() {
        let rows = STRIP.min(values.len() - at);
        let (now, before) = (&values[at..at + rows], &values[at - 1..at + rows - 1]);
        for (((now, before), rise), fall) in now.iter().zip(before).zip(rise.iter_mut()).zip(fall.iter_mut()) {
            (*rise, *fall) = split(now - before);
        }
        smooth(rises, &rise[..rows], &mut smooth_rise[..rows]);
        smooth(falls, &fall[..rows], &mut smooth_fall[..rows]);
        let averages = smooth_rise.iter().zip(smooth_fall.iter());
        out[at..at + rows].iter_mut().zip(averages).for_each(|(out, (rise, fall))| *out = strength(*rise, *fall));
        at += rows;
    }
    length
}

/// Average true range.
pub fn atr(length: usize, high: &[f64], low: &[f64], close: &[f64], out: &mut [f64]) -> usize {
    check(close.len(), &[high.len(), low.len(), out.len()]);
    let mut average = Atr::new(length);
    let warm = close.len().min(length + 1);
    for at in 0..warm {
        let (high, low, close) = (high[at], low[at], close[at]);
        let bar = Bar { open_time: Time(0), open: close, high, low, close, volume: 0.0 };
        out[at] = average.update(&bar).unwrap_or(f64::NAN);
    }
    let Some(smoother) = average.average.smoother() else { return close.len() };
    let mut ranges = [0.0; STRIP];
    let mut at = warm;
    while at < close.len() {
        let rows = STRIP.min(close.len() - at);
        let (high, low, before) = (&high[at..at + rows], &low[at..at + rows], &close[at - 1..at + rows - 1]);
        for (((range, high), low), before) in ranges.iter_mut().zip(high).zip(low).zip(before) {
            *range = true_range(*high, *low, *before);
        }
        smooth(smoother, &ranges[..rows], &mut out[at..at + rows]);
        at += rows;
    }
    length
}

/// MACD into `macd`, `signal` and `histogram`.
pub fn macd(lengths: (usize, usize, usize), values: &[f64], out: [&mut [f64]; 3]) -> usize {
    let [macd, signal, histogram] = out;
    check(values.len(), &[macd.len(), signal.len(), histogram.len()]);
    let (fast, slow, smoothing) = lengths;
    let mut indicator = Macd::new(fast, slow, smoothing);
    let first = fast.max(slow) + smoothing - 2;
    let warm = values.len().min(first + 1);
    for at in 0..warm {
        let value = indicator.update(values[at]).map(|value| (value.macd, value.signal, value.histogram));
        (macd[at], signal[at], histogram[at]) = value.unwrap_or((f64::NAN, f64::NAN, f64::NAN));
    }
    let averages = (&mut indicator.pair.smoothers, indicator.signal.0.smoother());
    let (Some([fast, slow]), Some(average)) = averages else { return values.len() };
    let mut at = warm;
    while at < values.len() {
        let rows = at..(at + STRIP).min(values.len());
        at = rows.end;
        smooth(fast, &values[rows.clone()], &mut macd[rows.clone()]);
        smooth(slow, &values[rows.clone()], &mut histogram[rows.clone()]);
        let slow = &histogram[rows.clone()];
        macd[rows.clone()].iter_mut().zip(slow).for_each(|(macd, slow)| *macd -= slow);
        smooth(average, &macd[rows.clone()], &mut signal[rows.clone()]);
        let both = macd[rows.clone()].iter().zip(&signal[rows.clone()]);
        histogram[rows].iter_mut().zip(both).for_each(|(out, (macd, signal))| *out = macd - signal);
    }
    first
}

/// Bollinger bands into `upper`, `middle` and `lower`.
pub fn bbands(length: usize, times: f64, values: &[f64], out: [&mut [f64]; 3]) -> usize {
    let [upper, middle, lower] = out;
    check(values.len(), &[upper.len(), middle.len(), lower.len()]);
    let mut moments = Moments::new(checked(length, 2));
    let n = length as f64;
    let mut squares = [0.0; STRIP];
    let mut at = 0;
    while at < values.len() {
        let rows = at..(at + STRIP).min(values.len());
        at = rows.end;
        let (upper, middle, lower) = (&mut upper[rows.clone()], &mut middle[rows.clone()], &mut lower[rows.clone()]);
        for ((x, middle), squares) in values[rows].iter().zip(middle.iter_mut()).zip(squares.iter_mut()) {
            (*middle, *squares) = moments.update(*x).unwrap_or((f64::NAN, f64::NAN));
        }
        for (((upper, lower), middle), squares) in upper.iter_mut().zip(lower).zip(middle.iter()).zip(&squares) {
            let width = (squares / n).sqrt() * times;
            (*upper, *lower) = (middle + width, middle - width);
        }
    }
    (length - 1).min(values.len())
}

/// `Smoother::update` over a column, a block at a time.
fn smooth(smoother: &mut Smoother, values: &[f64], out: &mut [f64]) {
    let until_block = (BLOCK - smoother.step) % BLOCK;
    let (head, values) = values.split_at(until_block.min(values.len()));
    let (head_out, out) = out.split_at_mut(head.len());
    head.iter().zip(head_out).for_each(|(x, out)| *out = smoother.update(*x));
    let ([_, a1, a2, a3, a4], k) = (smoother.powers, smoother.gain);
    let (blocks, tail) = values.as_chunks::<BLOCK>();
    let (out_blocks, out_tail) = out.as_chunks_mut::<BLOCK>();
    let mut base = smoother.base;
    for (x, out) in blocks.iter().zip(out_blocks) {
        let u1 = k * x[0];
        let u2 = a1 * u1 + k * x[1];
        let u3 = a1 * u2 + k * x[2];
        let u4 = a1 * u3 + k * x[3];
        *out = [a1 * base + u1, a2 * base + u2, a3 * base + u3, a4 * base + u4];
        base = out[3];
    }
    smoother.base = base;
    tail.iter().zip(out_tail).for_each(|(x, out)| *out = smoother.update(*x));
}

fn check(rows: usize, others: &[usize]) {
    assert!(others.iter().all(|other| *other == rows), "columns of {rows} and {others:?} rows");
}
