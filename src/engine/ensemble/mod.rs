//! The ensemble: how much each expert counts, learnt from what following it would have cost.
//!
//! Invariant: weights are not negative and sum to 1; a loss is known only when its horizon is over, and then counts once.
//! Absent on purpose: the experts, and their positions; flat is one of them.

pub mod adahedge;
pub mod blend;
pub mod gradient;
pub mod hedge;
pub mod losses;
pub mod model_averaging;
mod weights;

pub use adahedge::AdaHedge;
pub use blend::{Band, blend};
pub use gradient::ExponentiatedGradient;
pub use hedge::{Hedge, Share};
pub use losses::trading_loss;
pub use model_averaging::ModelAveraging;
