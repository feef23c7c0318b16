//! `make speed`: one mock inference server, asked directly, through the agent with everything on, and
//! through other gateways; in turn, in one run, so that a noisy machine is noisy for all of them.
//!
//! The servers are roles of this program too, so that they can be started by hand (docs/speed.md).

mod agent;
mod bearer;
mod chain;
mod crowd;
mod http;
mod load;
mod mock;
mod pass;
mod peers;
mod process;
mod receipts;
mod relay;
mod report;
mod rounds;
mod run;
mod targets;
mod verdict;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// As in the agent's own binary.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Why something could not be measured.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    role: Role,
}

#[derive(Subcommand)]
enum Role {
    /// Measures, and prints tables.
    Run(run::Options),
    /// An inference server that costs nothing.
    Mock {
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
    },
    /// Bytes from one connection to another.
    Relay {
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        #[arg(long)]
        upstream: SocketAddr,
    },
    /// HTTP on both sides, nothing in between.
    Pass {
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        #[arg(long)]
        upstream: SocketAddr,
    },
    /// Asks a target that runs already, and prints what it took.
    Load {
        #[arg(long)]
        to: SocketAddr,
        #[arg(long, value_enum, default_value = "plain")]
        kind: load::Kind,
        #[arg(long, default_value_t = 32)]
        clients: usize,
        #[arg(long, default_value_t = 10)]
        seconds: u64,
    },
    /// The agent.
    Agent {
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        #[arg(long)]
        upstream: SocketAddr,
        /// Sessions that exist.
        #[arg(long, default_value_t = 1_000)]
        sessions: u64,
        /// Where its journal goes.
        #[arg(long)]
        dir: PathBuf,
    },
    /// Prints the bearer key of a session of the agent's.
    Key {
        #[arg(default_value_t = 0)]
        session: u64,
    },
}

fn main() -> ExitCode {
    match play(Cli::parse().role) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn play(role: Role) -> Result<(), Failure> {
    match role {
        Role::Run(options) => one_thread()?.block_on(run::run(&options)),
        Role::Mock { listen } => one_thread()?.block_on(async {
            let listener = listen_at(listen).await?;
            Ok(mock::serve(listener).await?)
        }),
        Role::Relay { listen, upstream } => one_thread()?.block_on(async {
            let listener = listen_at(listen).await?;
            Ok(relay::serve(listener, upstream).await?)
        }),
        Role::Pass { listen, upstream } => one_thread()?.block_on(async {
            let listener = listen_at(listen).await?;
            Ok(pass::serve(listener, upstream).await?)
        }),
        Role::Load {
            to,
            kind,
            clients,
            seconds,
        } => one_thread()?.block_on(async {
            let scenario = load::Scenario {
                kind,
                connections: clients,
            };
            let target = targets::running(to);
            let time = Duration::from_secs(seconds);
            let (slice, point) = rounds::one(&target, scenario, time).await?;
            let point = point.ok_or_else(|| slice.error.unwrap_or("no answer".into()))?;
            println!(
                "p50 {:.0} µs, first byte {:.0} µs, {:.0} a second, {} errors",
                point.whole, point.first, point.rate, slice.errors
            );
            Ok(())
        }),
        Role::Agent {
            listen,
            upstream,
            sessions,
            dir,
        } => {
            let upstream = format!("http://{upstream}/v1");
            // What the binary's own runtime does; requests are served by threads of the server's.
            let runtime = Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(agent::serve(listen, &upstream, sessions, &dir))
        }
        Role::Key { session } => {
            println!("{}", bearer::key(session));
            Ok(())
        }
    }
}

fn one_thread() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Listens, and tells where.
async fn listen_at(address: SocketAddr) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(address).await?;
    println!("{}", listener.local_addr()?);
    Ok(listener)
}
