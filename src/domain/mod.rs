//! The ground: the words every other room speaks.
//!
//! Invariant: nothing here knows a venue's wire format, a strategy or a clock.
//! Absent on purpose: any import from another room.

pub mod account;
pub mod command;
pub mod digest;
pub mod fixed;
pub mod ids;
pub mod market_event;
pub mod money;
pub mod order;
pub mod price;
pub mod quantity;
pub mod ratio;
pub mod report;
pub mod rules;
pub mod seed;
pub mod side;
pub mod symbol;
pub mod time;

pub use account::{Balance, BalanceUpdate};
pub use command::Command;
pub use digest::{Digest, StateHash};
pub use fixed::{Fixed, FixedError};
pub use ids::{ClientOrderId, OrderId, OrderListId, Session, TradeId};
pub use market_event::{Bar, BookTop, MarketEvent, Trade};
pub use money::{Money, Value};
pub use order::{NewOco, NewOrder, OcoLeg, OrderKind, OrderStatus, OrderType, TimeInForce};
pub use price::Price;
pub use quantity::Quantity;
pub use ratio::Ratio;
pub use report::{Commission, ExecutionReport, ExecutionType};
pub use rules::{FilterFailure, SymbolRules};
pub use seed::Seed;
pub use side::Side;
pub use symbol::{Asset, Symbol, SymbolId};
pub use time::{Span, Time};
