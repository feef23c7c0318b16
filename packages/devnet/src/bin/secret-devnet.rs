//! `secret-devnet`: LocalSecret without Docker.

use clap::Parser;
use secret_ai_chain_client::Wallet;
use secret_devnet::server::{Server, ServerConfig, TEST_ACCOUNTS};
use std::{
    io::{self, Write},
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, SystemTime},
};
use tokio::{
    signal::unix::{signal, Signal, SignalKind},
    sync::oneshot,
};

/// Last second of the year 9999, beyond which RFC 3339 has no times.
const LAST_TIME: u64 = 253_402_300_799;

/// A Secret Network of one process, for tests: LCD, RPC, gRPC and faucet, real wasm, real gas, real message
/// encryption. Chain secretdev-1; accounts a, b, c and d have LocalSecret's mnemonics.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Address to listen at.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// Port of the LCD (REST); 0 takes a free one.
    #[arg(long, default_value_t = 1317)]
    lcd_port: u16,
    /// Port of the faucet; 0 takes a free one.
    #[arg(long, default_value_t = 5000)]
    faucet_port: u16,
    /// Port of CometBFT's RPC; 0 takes a free one.
    #[arg(long, default_value_t = 26657)]
    rpc_port: u16,
    /// Port of gRPC; 0 takes a free one.
    #[arg(long, default_value_t = 9090)]
    grpc_port: u16,
    /// Chain id that transactions must be signed for.
    #[arg(long, default_value = "secretdev-1", value_parser = chain_id)]
    chain_id: String,
    /// Make a block every so many milliseconds, by the wall clock. Without it each transaction makes
    /// its own block and chain time moves 6 s per block.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    block_ms: Option<u64>,
    /// Time of the first block in seconds since 1970; now if not given. A state file keeps its own.
    #[arg(long, value_parser = genesis_time)]
    genesis_time: Option<u64>,
    /// File with the root certificate (DER) of a software TEE, whose quotes `dcap_quote_verify` shall
    /// believe besides Intel's.
    #[arg(long, value_name = "FILE")]
    dcap_development_root: Option<PathBuf>,
    /// Keep the chain in this file, which is made if it is missing. Without it the chain ends with the
    /// process.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// End when standard input does, as it does when whoever holds its other end has died.
    #[arg(long)]
    until_stdin_closes: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Who closed stderr wants no message.
            let _ = writeln!(io::stderr(), "secret-devnet: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let genesis_time = match arguments.genesis_time {
        Some(time) => time,
        None => SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)?
            .as_secs(),
    };
    let root = arguments.dcap_development_root.as_deref();
    let dcap_development_root = root.map(read).transpose()?;
    let signals = Signals::catch()?;
    let server = Server::start(ServerConfig {
        host: arguments.host,
        lcd_port: arguments.lcd_port,
        faucet_port: arguments.faucet_port,
        rpc_port: arguments.rpc_port,
        grpc_port: arguments.grpc_port,
        chain_id: arguments.chain_id.clone(),
        genesis_time,
        block_time: arguments.block_ms.map(Duration::from_millis),
        dcap_development_root,
        state: arguments.state,
    })
    .await?;
    let ready = format!(
        "{}ready: chain {} lcd {} faucet {} rpc {} grpc {}",
        accounts()?,
        arguments.chain_id,
        server.lcd_url(),
        server.faucet_url(),
        server.rpc_url(),
        server.grpc_url(),
    );
    match writeln!(io::stdout(), "{ready}") {
        // It serves all the same if nobody waits for these lines.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => written.map_err(|error| format!("standard output: {error}"))?,
    }
    signals.end(arguments.until_stdin_closes).await;
    Ok(())
}

/// The accounts that have coins from the start, one a line.
fn accounts() -> Result<String, Box<dyn std::error::Error>> {
    let mut lines = String::new();
    for (name, words) in TEST_ACCOUNTS {
        let wallet = Wallet::from_mnemonic(words)?;
        lines.push_str(&format!("account {name} {}\n", wallet.address()));
    }
    Ok(lines)
}

/// The signals that end this process.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Takes them over from the system, which would end the process at once.
    fn catch() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for one of them, or for the end of standard input. Every answer given is in the state
    /// file by then.
    async fn end(mut self, until_stdin_closes: bool) {
        tokio::select! {
            _ = self.interrupt.recv() => (),
            _ = self.terminate.recv() => (),
            () = stdin_closed(), if until_stdin_closes => (),
        }
    }
}

async fn stdin_closed() {
    let (closing, closed) = oneshot::channel();
    // A thread of its own: the runtime would wait for one of its threads to come back.
    std::thread::spawn(move || {
        let end = io::copy(&mut io::stdin(), &mut io::sink());
        let _ = closing.send(end);
    });
    let _ = closed.await;
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn chain_id(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("the chain id is empty".into()),
        id => Ok(id.into()),
    }
}

fn genesis_time(text: &str) -> Result<u64, String> {
    let time: u64 = text
        .parse()
        .map_err(|_| "must be a whole number of seconds since 1970")?;
    if time > LAST_TIME {
        return Err(format!(
            "is after the year 9999, must be at most {LAST_TIME}"
        ));
    }
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: [&str; 2]) -> Result<Arguments, String> {
        Arguments::try_parse_from(["secret-devnet"].into_iter().chain(arguments))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_chain_needs_a_name_and_a_time_of_four_digits_of_years() {
        for empty in ["", "  "] {
            let error = parsed(["--chain-id", empty]).err().unwrap();
            assert!(error.contains("the chain id is empty"), "{error}");
        }
        let last = parsed(["--genesis-time", "253402300799"]).unwrap();
        assert_eq!(last.genesis_time, Some(LAST_TIME));
        let error = parsed(["--genesis-time", "253402300800"]).err().unwrap();
        assert!(error.contains("after the year 9999"), "{error}");
        let error = parsed(["--genesis-time", "soon"]).err().unwrap();
        assert!(error.contains("whole number of seconds"), "{error}");
    }
}
