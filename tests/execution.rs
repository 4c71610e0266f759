//! Parent orders: what they send, what they never send, and how they end.

#[path = "execution/parents.rs"]
mod parents;
