//! Area `candle`: all bars with a signal, and how many there are.

use kestrel::market::candles::{Candles, Pattern};
use serde_json::{Value, json};

use super::{Case, Method};

const fn method(name: &'static str) -> Method {
    Method { area: "candle", name, answer }
}

pub const METHODS: &[Method] = &[
    method("CDL3BLACKCROWS"),
    method("CDL3INSIDE"),
    method("CDL3OUTSIDE"),
    method("CDL3WHITESOLDIERS"),
    method("CDLADVANCEBLOCK"),
    method("CDLBELTHOLD"),
    method("CDLCLOSINGMARUBOZU"),
    method("CDLDARKCLOUDCOVER"),
    method("CDLDOJI"),
    method("CDLDRAGONFLYDOJI"),
    method("CDLENGULFING"),
    method("CDLEVENINGSTAR"),
    method("CDLGRAVESTONEDOJI"),
    method("CDLHAMMER"),
    method("CDLHANGINGMAN"),
    method("CDLHARAMI"),
    method("CDLHARAMICROSS"),
    method("CDLHIKKAKE"),
    method("CDLINVERTEDHAMMER"),
    method("CDLLONGLEGGEDDOJI"),
    method("CDLMARUBOZU"),
    method("CDLMATCHINGLOW"),
    method("CDLMORNINGSTAR"),
    method("CDLPIERCING"),
    method("CDLRISEFALL3METHODS"),
    method("CDLSEPARATINGLINES"),
    method("CDLSHOOTINGSTAR"),
    method("CDLSPINNINGTOP"),
    method("CDLTHRUSTING"),
    method("CDLTRISTAR"),
];

fn answer(case: &Case) -> Value {
    // The table is in the order of `Pattern::ALL`.
    let place = METHODS.iter().position(|method| method.name == case.method).expect("a method of this area");
    let mut candles = Candles::new();
    let mut signals = Vec::new();
    for (at, bar) in case.bars().iter().enumerate() {
        candles.update(bar);
        let signal = candles.signal(Pattern::ALL[place]).unwrap_or(0);
        if signal != 0 {
            signals.push((at, signal));
        }
    }
    json!({ "nonzero": signals, "count": signals.len() })
}
