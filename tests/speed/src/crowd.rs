//! Many sessions: what one that rests takes of memory, and whether the others are slower for it.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::agent::ASKED;
use crate::load::{self, Connection, Kind, Requests, Scenario};
use crate::rounds::{measure, Cell};
use crate::targets::{self, Target};
use crate::{bearer, Failure};

/// Sessions of the agents that are compared.
pub const CROWDS: [u64; 3] = [1, 1_000, 100_000];
/// Connections that load sessions.
const LOADERS: u64 = 16;
/// What is measured with few and many sessions.
const LOAD: Scenario = Scenario {
    kind: Kind::Plain,
    connections: 32,
};

/// Memory of an agent with so many sessions, all idle.
pub struct Memory {
    pub sessions: u64,
    /// Resident, bytes.
    pub bytes: u64,
}

/// What many sessions cost.
pub struct Crowd {
    /// From none to most.
    pub memory: Vec<Memory>,
    /// Plain answers at 32 clients, for each of [`CROWDS`].
    pub cells: Vec<Cell>,
}

/// Loads the sessions, then measures the agents in turn.
pub async fn run(
    mock: SocketAddr,
    dir: &Path,
    rounds: usize,
    time: Duration,
) -> Result<Crowd, Failure> {
    let names = ["agent-1", "agent-1000", "agent-100000"];
    let mut agents = Vec::new();
    for (name, sessions) in names.into_iter().zip(CROWDS) {
        agents.push(targets::agent(name, mock, dir, sessions)?);
    }
    let mut memory = Vec::new();
    for agent in &agents {
        let (few, many) = (1, agent.requests.sessions);
        // Buffers and caches have their size before anything is compared.
        let warm = Requests::new(agent.requests.address, "", few);
        load::slice(&warm, LOAD, time, || ()).await?;
        let (tenth, is_largest) = (many / 10, many == CROWDS[2]);
        for (from, to) in [(0, few), (few, tenth), (few.max(tenth), many)] {
            look_up(agent, from, to).await?;
            if is_largest {
                memory.push(weigh(agent, to));
            }
        }
    }
    let grid = measure(&agents, &[LOAD], rounds, time).await;
    let cells = grid.into_iter().flatten().collect();
    Ok(Crowd { memory, cells })
}

fn weigh(agent: &Target, sessions: u64) -> Memory {
    let bytes = agent.process.as_ref().map_or(0, |process| process.memory());
    Memory { sessions, bytes }
}

/// Has an agent load sessions `from` to `to`: by requests that say nothing, and are refused after the
/// session is looked up.
async fn look_up(agent: &Target, from: u64, to: u64) -> Result<(), Failure> {
    let address = agent.requests.address;
    let mut loaders = JoinSet::new();
    for first in from..to.min(from + LOADERS) {
        loaders.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut session = first;
            while session < to {
                let request = empty_request(address, session);
                let (status, _) = connection.exchange(request.as_bytes()).await?;
                if status != "400" {
                    let text = format!("status {status} for an empty request");
                    return Err(std::io::Error::other(text));
                }
                session += LOADERS;
            }
            Ok(())
        });
    }
    while let Some(loaded) = loaders.join_next().await {
        loaded??;
    }
    let asked = asked(address).await?;
    if asked < to {
        return Err(format!("{asked} sessions were looked up, expected {to}").into());
    }
    Ok(())
}

fn empty_request(address: SocketAddr, session: u64) -> String {
    let key = bearer::key(session);
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
    )
}

/// Sessions that an agent has asked the chain for.
async fn asked(address: SocketAddr) -> Result<u64, Failure> {
    let mut connection = Connection::open(address).await?;
    let request = format!("GET {ASKED} HTTP/1.1\r\nhost: {address}\r\n\r\n");
    connection.exchange(request.as_bytes()).await?;
    Ok(connection.text().trim().parse()?)
}
