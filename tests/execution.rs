//! Parent orders: what they send, what they never send, and how they end; and the race that judges them, in small.

#[path = "../benches/execution/contest.rs"]
#[allow(dead_code)]
mod contest;
#[path = "../benches/execution/generated.rs"]
#[allow(dead_code)]
mod generated;
#[path = "../benches/execution/heats.rs"]
#[allow(dead_code)]
mod heats;
#[path = "execution/parents.rs"]
mod parents;
#[path = "execution/small_race.rs"]
mod small_race;
#[path = "../benches/execution/tape.rs"]
#[allow(dead_code)]
mod tape;
#[path = "../benches/execution/verdict.rs"]
#[allow(dead_code)]
mod verdict;
