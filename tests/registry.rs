//! Models on disk: graphs written and refused, installs that a power cut cannot tear, the `models` verb.

#[path = "registry/fixture.rs"]
mod fixture;
#[path = "registry/graphs.rs"]
mod graphs;
#[path = "registry/installs.rs"]
mod installs;
#[path = "registry/interpreter.rs"]
mod interpreter;
#[path = "registry/refusals.rs"]
mod refusals;
#[path = "registry/shipped.rs"]
mod shipped;
#[path = "registry/verbs.rs"]
mod verbs;
