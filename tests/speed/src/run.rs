//! The run: start everything, measure in rounds, print.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::process::Process;
use crate::rounds::{measure, scenarios, Grid};
use crate::targets::{self, Target};
use crate::{peers, Failure};

/// What to measure.
#[derive(Args)]
pub struct Options {
    /// Rounds.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Milliseconds for each target under each load in each round.
    #[arg(long, default_value_t = 500)]
    slice_ms: u64,
    /// Where logs and journals go; a disk like the agent's own, not memory.
    #[arg(long, default_value = "target/speed")]
    dir: PathBuf,
    /// Where scripts/bench-peers.sh has installed the gateways of others.
    #[arg(long, default_value = "target/peers")]
    peers: PathBuf,
    /// Only these targets, by the beginning of their names, and direct.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

/// Measures and prints.
pub async fn run(options: &Options) -> Result<(), Failure> {
    let dir = fresh(&options.dir)?;
    let (_mock, mock) = Process::role(&["mock"], &dir.join("mock.log"))?;
    let targets = start(options, mock, &dir);
    let scenarios = scenarios();
    let time = Duration::from_millis(options.slice_ms);
    let grid = measure(&targets, &scenarios, options.rounds, time).await;
    show(&targets, &grid);
    Ok(())
}

/// An empty folder, by its full name.
fn fresh(dir: &Path) -> Result<PathBuf, Failure> {
    if dir.exists() {
        fs::remove_dir_all(dir)?;
    }
    fs::create_dir_all(dir)?;
    Ok(dir.canonicalize()?)
}

fn start(options: &Options, mock: SocketAddr, dir: &Path) -> Vec<Target> {
    let peers = &options.peers;
    type Starter<'a> = Box<dyn Fn() -> Result<Target, Failure> + 'a>;
    let all: [(&str, Starter); 7] = [
        ("nginx", Box::new(|| targets::nginx(mock, dir))),
        ("relay", Box::new(|| targets::relay(mock, dir))),
        ("pass", Box::new(|| targets::pass(mock, dir))),
        (
            "agent",
            Box::new(|| targets::agent("agent", mock, dir, targets::SESSIONS)),
        ),
        ("sglang", Box::new(|| peers::sglang(peers, mock, dir))),
        ("portkey", Box::new(|| peers::portkey(peers, mock, dir))),
        ("litellm", Box::new(|| peers::litellm(peers, mock, dir))),
    ];
    let mut started = vec![targets::direct(mock)];
    for (name, starter) in all {
        let is_wanted = options.only.is_empty()
            || options
                .only
                .iter()
                .any(|only| name.starts_with(only.as_str()));
        if !is_wanted {
            continue;
        }
        match starter() {
            Ok(target) => started.push(target),
            Err(error) => println!("{name}: skipped: {error}"),
        }
    }
    started
}

fn show(targets: &[Target], grid: &Grid) {
    for (target, row) in targets.iter().zip(grid) {
        for (scenario, cell) in scenarios().iter().zip(row) {
            println!(
                "{:20} {:3} {:13} p50 {:9.0} p99 {:9.0} ttft {:9.0} cpu {:7.0} rate {:7.0} errors {} {}",
                target.name,
                scenario.connections,
                scenario.kind.name(),
                cell.median(|p| p.whole),
                cell.p99(),
                cell.median(|p| p.first),
                cell.median(|p| p.cpu),
                cell.median(|p| p.rate),
                cell.errors,
                cell.error.as_deref().unwrap_or_default(),
            );
        }
    }
}
