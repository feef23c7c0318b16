//! What survives crashes, full disks, jumping clocks and unreliable nodes (docs/durability.md).

mod clock_jumps;
#[path = "../common/mod.rs"]
mod common;
mod confirm;
mod disk;
mod disk_trouble;
mod journal;
mod kill_writes;
mod rate;
mod sigkill;
mod watchtower;
