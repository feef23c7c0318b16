//! The run: start everything, measure in rounds, print.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::process::Process;
use crate::report::{tables, write};
use crate::rounds::{measure, scenarios, Results};
use crate::targets::{self, Target};
use crate::verdict::verdicts;
use crate::{crowd, peers, receipts, Failure};

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
    /// Only these of nginx, relay, pass, agent, sglang, portkey, litellm.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Leave out the agents with 1 to 100,000 sessions.
    #[arg(long)]
    few: bool,
    /// A page whose tables are replaced.
    #[arg(long)]
    write: Option<PathBuf>,
}

impl Options {
    fn is_wanted(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }
}

/// Measures and prints.
pub async fn run(options: &Options) -> Result<(), Failure> {
    let dir = fresh(&options.dir)?;
    let (_mock, mock) = Process::role(&["mock"], &dir.join("mock.log"))?;
    let time = Duration::from_millis(options.slice_ms);
    let receipts = receipts::measure(&dir, time).await?;
    let (targets, mut missing) = start(options, mock, &dir);
    let scenarios = scenarios();
    let grid = measure(&targets, &scenarios, options.rounds, time).await;
    for (target, row) in targets.iter().zip(&grid) {
        for (cell, scenario) in row.iter().zip(&scenarios) {
            let (name, kind) = (target.name, scenario.kind.name());
            let error = cell.error.as_ref();
            let problem = error.map(|error| format!("{name}, {kind}: {error}"));
            missing.extend(problem.filter(|problem| !missing.contains(problem)));
        }
    }
    let results = Results {
        targets: targets.iter().map(|target| target.name).collect(),
        scenarios,
        grid,
    };
    drop(targets);
    let crowd = match options.is_wanted("agent") && !options.few {
        true => Some(crowd::run(mock, &dir, options.rounds, time).await?),
        false => None,
    };
    let verdicts = verdicts(&results, crowd.as_ref(), &receipts);
    let tables = tables(&results, crowd.as_ref(), &receipts, &verdicts, &missing);
    print!("{tables}");
    match &options.write {
        Some(page) => write(page, &tables),
        None => Ok(()),
    }
}

/// An empty folder, by its full name.
fn fresh(dir: &Path) -> Result<PathBuf, Failure> {
    if dir.exists() {
        fs::remove_dir_all(dir)?;
    }
    fs::create_dir_all(dir)?;
    Ok(dir.canonicalize()?)
}

/// Starts what is wanted and can be had; the rest is named with its reason.
fn start(options: &Options, mock: SocketAddr, dir: &Path) -> (Vec<Target>, Vec<String>) {
    type Starter<'a> = Box<dyn Fn() -> Result<Target, Failure> + 'a>;
    let peers = &options.peers;
    let agent = || targets::agent("agent", mock, dir, targets::SESSIONS);
    let all: [(&str, Starter); 7] = [
        ("nginx", Box::new(|| targets::nginx(mock, dir))),
        ("relay", Box::new(|| targets::relay(mock, dir))),
        ("pass", Box::new(|| targets::pass(mock, dir))),
        ("agent", Box::new(agent)),
        ("sglang", Box::new(|| peers::sglang(peers, mock, dir))),
        ("portkey", Box::new(|| peers::portkey(peers, mock, dir))),
        ("litellm", Box::new(|| peers::litellm(peers, mock, dir))),
    ];
    let (mut started, mut skipped) = (vec![targets::direct(mock)], Vec::new());
    for (name, starter) in all {
        if !options.is_wanted(name) {
            continue;
        }
        match starter() {
            Ok(target) => started.push(target),
            Err(error) => skipped.push(format!("{name}: {error}")),
        }
    }
    (started, skipped)
}
