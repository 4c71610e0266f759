//! Indicators written naively from their definitions: from all bars up to now, each time from scratch.

use kestrel::domain::Bar;

type Oracle = fn(&[Bar], usize) -> Option<f64>;

/// (name in `instruments`, oracle of its first value).
pub fn pairs() -> Vec<(&'static str, Oracle)> {
    vec![
        ("SMA", |bars, n| window(bars, n).map(mean)),
        ("EMA", |bars, n| exponential(&closes(bars), n).last().copied()),
        ("WMA", weighted),
        ("RSI", |bars, n| swings(bars, n).map(|(rise, fall)| share(rise, rise + fall))),
        ("CMO", |bars, n| swings(bars, n).map(|(rise, fall)| share(rise - fall, rise + fall))),
        ("MOM", |bars, n| Some(back(bars, 0)?.close - back(bars, n)?.close)),
        ("ROC", |bars, n| Some((back(bars, 0)?.close / back(bars, n)?.close - 1.0) * 100.0)),
        ("STDDEV", |bars, n| window(bars, n).map(|values| deviation(&values))),
        ("BBANDS", |bars, n| window(bars, n).map(|values| mean(values.clone()) + 2.0 * deviation(&values))),
        ("MACD", macd),
        ("PPO", |bars, n| {
            let (fast, slow) = (exponential(&closes(bars), n), exponential(&closes(bars), 2 * n));
            slow.last().map(|slow| (fast[fast.len() - 1] - slow) / slow * 100.0)
        }),
        ("DEMA", |bars, n| {
            let first = exponential(&closes(bars), n);
            exponential(&first, n).last().map(|second| 2.0 * first[first.len() - 1] - second)
        }),
        ("CORREL", correlation),
        ("KAMA", kama),
        ("LINEARREG_SLOPE", slope),
        ("MAX", |bars, n| Some(highest(last(bars, n)?))),
        ("MIN", |bars, n| Some(lowest(last(bars, n)?))),
        ("WILLR", |bars, n| {
            let (window, close) = (last(bars, n)?, back(bars, 0)?.close);
            Some(share(close - highest(window), highest(window) - lowest(window)))
        }),
        ("AROON", |bars, n| {
            let window = last(bars, n + 1)?;
            let low = window.iter().rposition(|bar| bar.low == lowest(window))?;
            Some(100.0 * low as f64 / n as f64)
        }),
        ("STOCHF", |bars, n| last(bars, n + 2).map(|_| place(last(bars, n).unwrap_or(bars)))),
        ("ATR", |bars, n| wilder(&ranges(bars), n)),
        ("ADX", adx),
        ("CCI", cci),
        ("MFI", mfi),
        ("ULTOSC", ultimate),
        ("OBV", |bars, _| {
            let sign = |pair: &[Bar]| (pair[1].close - pair[0].close).partial_cmp(&0.0).map_or(0, |order| order as i32);
            let moves = bars.windows(2).map(|pair| f64::from(sign(pair)) * pair[1].volume);
            Some(bars.first()?.volume + moves.sum::<f64>())
        }),
        ("close_to_close", |bars, n| {
            let returns: Vec<f64> = last(bars, n + 1)?.windows(2).map(|p| (p[1].close / p[0].close).ln()).collect();
            let count = returns.len() as f64;
            Some(deviation(&returns) * (count / (count - 1.0)).sqrt())
        }),
        ("rogers_satchell", |bars, n| {
            let term = |bar: &Bar| {
                let from = |x: f64, y: f64| (x / y).ln();
                from(bar.high, bar.close) * from(bar.high, bar.open)
                    + from(bar.low, bar.close) * from(bar.low, bar.open)
            };
            Some(mean(last(bars, n)?.iter().map(term).collect()).max(0.0).sqrt())
        }),
        ("parkinson", |bars, n| {
            let squares = last(bars, n)?.iter().map(|bar| (bar.high / bar.low).ln().powi(2));
            Some((squares.sum::<f64>() / (n as f64 * 4.0 * 2f64.ln())).sqrt())
        }),
    ]
}

fn closes(bars: &[Bar]) -> Vec<f64> {
    bars.iter().map(|bar| bar.close).collect()
}

fn back(bars: &[Bar], age: usize) -> Option<&Bar> {
    bars.get(bars.len().checked_sub(age + 1)?)
}

fn last(bars: &[Bar], n: usize) -> Option<&[Bar]> {
    bars.get(bars.len().checked_sub(n)?..)
}

fn window(bars: &[Bar], n: usize) -> Option<Vec<f64>> {
    last(bars, n).map(closes)
}

fn mean(values: Vec<f64>) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Of the population; zero when all are equal, which a rounded mean would hide.
fn deviation(values: &[f64]) -> f64 {
    if values.iter().all(|x| *x == values[0]) {
        return 0.0;
    }
    let middle = mean(values.to_vec());
    mean(values.iter().map(|x| (x - middle).powi(2)).collect()).sqrt()
}

fn share(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { 100.0 * part / whole }
}

fn highest(bars: &[Bar]) -> f64 {
    bars.iter().map(|bar| bar.high).fold(f64::MIN, f64::max)
}

fn lowest(bars: &[Bar]) -> f64 {
    bars.iter().map(|bar| bar.low).fold(f64::MAX, f64::min)
}

fn place(bars: &[Bar]) -> f64 {
    let (low, high) = (lowest(bars), highest(bars));
    bars.last().map_or(0.0, |bar| share(bar.close - low, high - low))
}

/// From the first that is known on.
fn exponential(values: &[f64], n: usize) -> Vec<f64> {
    let Some(head) = values.get(..n) else { return Vec::new() };
    let mut average = mean(head.to_vec());
    let mut averages = vec![average];
    for x in &values[n..] {
        average += (x - average) * 2.0 / (n as f64 + 1.0);
        averages.push(average);
    }
    averages
}

fn wilder(values: &[f64], n: usize) -> Option<f64> {
    let mut average = mean(values.get(..n)?.to_vec());
    for x in &values[n..] {
        average = (average * (n as f64 - 1.0) + x) / n as f64;
    }
    Some(average)
}

fn weighted(bars: &[Bar], n: usize) -> Option<f64> {
    let values = window(bars, n)?;
    let sum: f64 = values.iter().enumerate().map(|(at, x)| (at as f64 + 1.0) * x).sum();
    Some(sum / (1..=n).sum::<usize>() as f64)
}

fn swings(bars: &[Bar], n: usize) -> Option<(f64, f64)> {
    let moves: Vec<f64> = bars.windows(2).map(|pair| pair[1].close - pair[0].close).collect();
    let side = |sign: f64| moves.iter().map(|x| (sign * x).max(0.0)).collect::<Vec<_>>();
    Some((wilder(&side(1.0), n)?, wilder(&side(-1.0), n)?))
}

/// With the lengths that `instruments` takes: n, n + 9, 5.
fn macd(bars: &[Bar], n: usize) -> Option<f64> {
    let (slow, values) = (n + 9, closes(bars));
    // The fast average begins so late that its seed ends where the slow one's does.
    let fast = exponential(values.get(slow - n..)?, n);
    let slow = exponential(&values, slow);
    (slow.len() >= 5).then(|| fast[fast.len() - 1] - slow[slow.len() - 1])
}

fn kama(bars: &[Bar], n: usize) -> Option<f64> {
    let values = closes(bars);
    let mut average = *values.get(n - 1)?;
    for at in n..values.len() {
        let path: f64 = (at - n..at).map(|from| (values[from + 1] - values[from]).abs()).sum();
        let way = (values[at] - values[at - n]).abs();
        let efficiency = if way >= path { 1.0 } else { way / path };
        let share = (efficiency * (2.0 / 3.0 - 2.0 / 31.0) + 2.0 / 31.0).powi(2);
        average += share * (values[at] - average);
    }
    (values.len() > n).then_some(average)
}

fn slope(bars: &[Bar], n: usize) -> Option<f64> {
    let values = window(bars, n)?;
    let (x_mean, y_mean) = ((n as f64 - 1.0) / 2.0, mean(values.clone()));
    let pairs = values.iter().enumerate().map(|(x, y)| (x as f64 - x_mean, y - y_mean));
    let (xy, xx) = pairs.fold((0.0, 0.0), |(xy, xx), (x, y)| (xy + x * y, xx + x * x));
    Some(xy / xx)
}

fn correlation(bars: &[Bar], n: usize) -> Option<f64> {
    let bars = last(bars, n)?;
    let column = |pick: fn(&Bar) -> f64| bars.iter().map(pick).collect::<Vec<_>>();
    let (high, low) = (column(|bar| bar.high), column(|bar| bar.low));
    let (high_mean, low_mean) = (mean(high.clone()), mean(low.clone()));
    let both = high.iter().zip(&low).map(|(x, y)| (x - high_mean) * (y - low_mean));
    let spread = deviation(&high) * deviation(&low);
    Some(if spread == 0.0 { 0.0 } else { mean(both.collect()) / spread })
}

fn ranges(bars: &[Bar]) -> Vec<f64> {
    let range = |pair: &[Bar]| {
        let (before, bar) = (pair[0].close, pair[1]);
        (bar.high - bar.low).max((bar.high - before).abs()).max((bar.low - before).abs())
    };
    bars.windows(2).map(range).collect()
}

fn adx(bars: &[Bar], n: usize) -> Option<f64> {
    let moves = |pair: &[Bar]| {
        let (up, down) = (pair[1].high - pair[0].high, pair[0].low - pair[1].low);
        (if up > down && up > 0.0 { up } else { 0.0 }, if down > up && down > 0.0 { down } else { 0.0 })
    };
    let moves: Vec<(f64, f64)> = bars.windows(2).map(moves).collect();
    let ranges = ranges(bars);
    let (mut plus, mut minus, mut range) = (0.0, 0.0, 0.0);
    let mut contrasts: Vec<Option<f64>> = Vec::new();
    for (at, (up, down)) in moves.into_iter().enumerate() {
        let keep = if at + 1 < n { 1.0 } else { 1.0 - 1.0 / n as f64 };
        (plus, minus, range) = (plus * keep + up, minus * keep + down, range * keep + ranges[at]);
        if at + 1 >= n {
            let (plus, minus) = (share(plus, range), share(minus, range));
            contrasts.push((plus + minus != 0.0).then(|| share((plus - minus).abs(), plus + minus)));
        }
    }
    let seed = contrasts.get(..n)?.iter().map(|x| x.unwrap_or(0.0)).sum::<f64>() / n as f64;
    let later = contrasts[n..].iter().flatten();
    Some(later.fold(seed, |average, x| (average * (n as f64 - 1.0) + x) / n as f64))
}

fn typical(bar: &Bar) -> f64 {
    (bar.high + bar.low + bar.close) / 3.0
}

/// Equal but for rounding.
fn is_same(a: f64, b: f64) -> bool {
    (a - b).abs() <= a * 1e-12
}

fn cci(bars: &[Bar], n: usize) -> Option<f64> {
    let values: Vec<f64> = last(bars, n)?.iter().map(typical).collect();
    if values.iter().all(|x| is_same(*x, values[0])) {
        return Some(0.0);
    }
    let middle = mean(values.clone());
    let deviation = mean(values.iter().map(|x| (x - middle).abs()).collect());
    Some((values[n - 1] - middle) / (0.015 * deviation))
}

fn mfi(bars: &[Bar], n: usize) -> Option<f64> {
    let (mut rises, mut falls) = (0.0, 0.0);
    for pair in last(bars, n + 1)?.windows(2) {
        let (before, now) = (typical(&pair[0]), typical(&pair[1]));
        let moved = !is_same(now, before);
        rises += if moved && now > before { now * pair[1].volume } else { 0.0 };
        falls += if moved && now < before { now * pair[1].volume } else { 0.0 };
    }
    Some(if rises + falls < 1.0 { 0.0 } else { share(rises, rises + falls) })
}

/// With the lengths that `instruments` takes: n, 2 n, 3 n.
fn ultimate(bars: &[Bar], n: usize) -> Option<f64> {
    last(bars, 3 * n + 1)?;
    let part = |length: usize| {
        let bars = last(bars, length + 1).unwrap_or(bars);
        let pressure: f64 = bars.windows(2).map(|pair| pair[1].close - pair[1].low.min(pair[0].close)).sum();
        share(pressure, ranges(bars).iter().sum())
    };
    Some((4.0 * part(n) + 2.0 * part(2 * n) + part(3 * n)) / 7.0)
}
