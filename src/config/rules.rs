//! The rules of well-known symbols, for the local exchange and the backtest.
//!
//! Facts as `GET /api/v3/exchangeInfo` states them (developers.binance.com, Filters): tick, step, smallest notional,
//! largest lot. They live in `assets/rules.json` and are embedded.
//! Invariant: every symbol has rules; a symbol nobody described gets `SymbolRules::default_for`.
//! Absent on purpose: the rules of a real account's venue, which are asked of the venue itself.

use serde::Deserialize;

use crate::domain::rules::{LotFilter, NotionalFilter, PriceFilter};
use crate::domain::{Asset, Money, Price, Quantity, Symbol, SymbolRules};

const KNOWN: &str = include_str!("../../assets/rules.json");

/// One line of the file; all numbers are decimal strings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    symbol: Symbol,
    base: Asset,
    quote: Asset,
    tick: Price,
    step: Quantity,
    min_notional: Money,
    max_quantity: Quantity,
}

/// The embedded rules of the symbol, else the documented default.
pub fn rules_for(symbol: &Symbol) -> SymbolRules {
    // The file is part of the program and a test reads it whole, so a fault in it cannot reach a user.
    let known: Vec<Facts> = serde_json::from_str(KNOWN).unwrap_or_default();
    let default = SymbolRules::default_for(symbol);
    match known.into_iter().find(|facts| facts.symbol == *symbol) {
        Some(facts) => facts.over(default),
        None => default,
    }
}

impl Facts {
    fn over(self, default: SymbolRules) -> SymbolRules {
        SymbolRules {
            base: self.base,
            quote: self.quote,
            price: PriceFilter { min: self.tick, max: default.price.max.floor_to_tick(self.tick), tick: self.tick },
            lot: LotFilter { min: self.step, max: self.max_quantity, step: self.step },
            notional: NotionalFilter { min: self.min_notional, ..default.notional },
            ..default
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Facts, KNOWN, rules_for};
    use crate::domain::{Money, Price, Quantity, Symbol, SymbolRules};

    #[test]
    fn the_embedded_file_is_whole_and_names_each_symbol_once() {
        let known: Vec<Facts> = serde_json::from_str(KNOWN).expect("assets/rules.json");
        assert!(known.len() >= 9);
        for (place, facts) in known.iter().enumerate() {
            assert_eq!(format!("{}{}", facts.base, facts.quote), facts.symbol.as_str());
            assert!(facts.tick.is_positive() && facts.step.is_positive() && facts.max_quantity > facts.step);
            assert!(known[..place].iter().all(|other| other.symbol != facts.symbol), "{}", facts.symbol);
        }
    }

    #[test]
    fn known_symbols_have_their_own_rules_and_others_the_default() {
        let rules = rules_for(&Symbol::new("BTCUSDT"));
        assert_eq!(rules.price.tick, "0.01".parse::<Price>().expect("a price"));
        assert_eq!(rules.lot.step, "0.00001".parse::<Quantity>().expect("a quantity"));
        assert_eq!(rules.notional.min, "5".parse::<Money>().expect("an amount"));
        assert!(rules.price.max.is_multiple_of(rules.price.tick));
        let unknown = Symbol::new("KESTRELUSDT");
        assert_eq!(rules_for(&unknown), SymbolRules::default_for(&unknown));
    }
}
