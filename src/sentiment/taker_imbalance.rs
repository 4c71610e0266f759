//! `TakerImbalance`: who was in a hurry, from the taker volumes of a kline.
//!
//! Invariant: the imbalance lies in -1..=1; a bar in which nothing was traded has none.
//! Absent on purpose: bars without taker volumes, which have no imbalance rather than a neutral one.
//! Source: Binance klines, field 9 (taker buy base asset volume) of field 5 (volume).

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TakerImbalance {
    /// (bought - sold) / volume, both by takers.
    pub imbalance: f64,
    /// Bought / sold; `None` when no taker sold.
    pub buy_sell_ratio: Option<f64>,
}

impl TakerImbalance {
    /// `None` without volume, or where the parts do not fit the whole.
    pub fn of(taker_buy: f64, volume: f64) -> Option<TakerImbalance> {
        if !(volume > 0.0 && (0.0..=volume).contains(&taker_buy)) {
            return None;
        }
        let sold = volume - taker_buy;
        Some(TakerImbalance {
            imbalance: (2.0 * taker_buy - volume) / volume,
            buy_sell_ratio: (sold > 0.0).then(|| taker_buy / sold),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_and_the_middle_are_exact_and_nonsense_has_no_imbalance() {
        let of =
            |bought, volume| TakerImbalance::of(bought, volume).map(|taker| (taker.imbalance, taker.buy_sell_ratio));
        assert_eq!(of(2.0, 2.0), Some((1.0, None)));
        assert_eq!(of(0.0, 2.0), Some((-1.0, Some(0.0))));
        assert_eq!(of(1.0, 2.0), Some((0.0, Some(1.0))));
        assert_eq!([of(0.0, 0.0), of(3.0, 2.0), of(-1.0, 2.0), of(f64::NAN, 2.0)], [None; 4]);
    }
}
