//! What the end-to-end tests, the demo and the benchmarks share: finding the artifacts, deploying
//! the contracts, evidence under a development root, the stage with chain, worker and user, scenarios whose secrets must not show, and
//! processes that end with their owner.

pub mod artifacts;
pub mod deploy;
pub mod evidence;
pub mod http;
pub mod linkage;
pub mod local;
pub mod process;
pub mod stage;
pub mod worlds;
