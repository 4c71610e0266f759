//! Indicators over closed bars: one small value each, fed bar by bar.
//!
//! Each has `new(parameters)` and `update(newest) -> Option<value>`; `None` until the first bar on which TA-Lib states a
//! value too. First bars, seeds and conventions are those of TA-Lib 0.8 (<https://ta-lib.org/functions/>); where TA-Lib
//! calls everything below 1e-14 zero, these ask for zero itself or for a share of the price (`running::ROUNDING`), so that
//! coins priced at 1e-8 are measured as others are.
//! Invariant: the value at bar t depends on bars up to t only, costs O(1) (amortised; CCI alone walks its window) and is
//! finite for valid bars; errors of rounding do not grow with the number of bars.
//! Absent on purpose: parameters from outside (`config` checks them); a length below the stated least is a bug and panics.

pub mod averages;
pub mod bands;
pub mod batch;
pub mod channel;
pub mod closes;
pub mod directional;
pub mod macd;
pub mod momentum;
pub mod oscillators;
pub mod range;
pub mod regression;
pub mod running;
pub mod sar;
pub mod smoothing;
pub mod stochastic;
pub mod volume;

pub use averages::{Dema, Ema, Kama, Sma, Tema, Trix, Wma};
pub use bands::{Band, Bbands, StdDev};
pub use channel::{Aroon, AroonValue, Max, Min, WillR};
pub use closes::RollingSum;
pub use directional::{Adx, Adxr, Directional, DirectionalValue, Dx, MinusDi, PlusDi};
pub use macd::{Macd, MacdValue, Ppo};
pub use momentum::{Cmo, Mom, Roc, Rsi};
pub use oscillators::{Bop, Cci, UltOsc};
pub use range::{Atr, Natr, TrueRange};
pub use regression::{Correl, LinearRegSlope};
pub use sar::Sar;
pub use stochastic::{Stoch, StochF, StochRsi, StochValue};
pub use volume::{Ad, AdOsc, Mfi, Obv, Vwap};
