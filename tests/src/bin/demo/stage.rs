//! The stage: devnet, contracts, worker agent and user, with their files in one temporary folder.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use secret_ai_chain_client::{
    ChainClient, ContractRef, ExecuteMsg, InstantiateMsg, TxOutcome, Wallet,
};
use secret_ai_interface::registry::RootKind;
use secret_ai_interface::{billing, registry, Contract, PaddedSize};
use secret_ai_tests::evidence::World;
use secret_ai_tests::process::{program, run, Process};
use secret_ai_tests::{artifacts, deploy, evidence};
use serde::Serialize;
use tempfile::TempDir;

pub type Failure = Box<dyn std::error::Error>;

/// LocalSecret's accounts: public test mnemonics, worth nothing.
const ADMIN: &str = "grant rice replace explain federal release fix clever romance raise often wild taxi quarter soccer fiber love must tape steak together observe swap guitar";
const OPERATOR: &str = "jelly shadow frog dirt dragon use armed praise universe win jungle close inmate rain oil canvas beauty pioneer chef soccer icon dizzy thunder meadow";
const USER: &str = "chair love bleak wonder skirt permit say assist aunt credit roast size obtain minute throw sand usual age smart exact enough room shadow charge";
const ANYONE: &str = "word twist toast cloth movie predict advance crumble escape whale sail such angry muffin balcony keen move employ cook valve hurt glimpse breeze brick";

/// Chain id of the devnet.
pub const CHAIN_ID: &str = "secretdev-1";
/// What the user holds at the start, base units.
pub const FUNDS: u128 = 10_000_000;

/// Everything that runs, and the wallets of who takes part.
pub struct Stage {
    pub folder: TempDir,
    pub lcd: String,
    pub chain: ChainClient,
    pub admin: Wallet,
    pub operator: Wallet,
    pub user: Wallet,
    pub anyone: Wallet,
    pub world: World,
    pub token: Contract,
    pub registry: Contract,
    pub billing: Contract,
    pub rewards: Contract,
    agent: Option<Process>,
    _devnet: Process,
}

impl Stage {
    /// Starts the devnet and deploys all contracts.
    pub async fn set() -> Result<Stage, Failure> {
        let folder = tempfile::tempdir()?;
        let mut devnet = Command::new(program("secret-devnet"));
        devnet.args(["--lcd-port", "0", "--faucet-port", "0"]);
        devnet.args(["--rpc-port", "0", "--grpc-port", "0", "--block-ms", "500"]);
        let log = folder.path().join("devnet.log");
        let (devnet, ready) = Process::start_until(devnet, log, "ready:")?;
        let lcd = ready
            .split_whitespace()
            .skip_while(|word| *word != "lcd")
            .nth(1);
        let lcd = lcd
            .ok_or("devnet: no LCD address in its first line")?
            .to_string();
        println!("devnet    {lcd} (real wasm, real gas, real encryption; no Docker)");

        let chain = ChainClient::new(&lcd, CHAIN_ID)?;
        let [admin, operator, user, anyone] = [ADMIN, OPERATOR, USER, ANYONE]
            .map(|words| Wallet::from_mnemonic(words).expect("public mnemonics"));
        for (name, words) in [("operator", OPERATOR), ("user", USER)] {
            fs::write(folder.path().join(format!("{name}.mnemonic")), words)?;
        }
        let now = chain.latest_block().await?.time;
        let world = World::new(now);
        let seed = format!("{} {now}", hex::encode(evidence::SEED));
        fs::write(folder.path().join("tee.seed"), seed)?;

        let maker = Maker {
            chain: &chain,
            admin: &admin,
        };
        let token = deploy::token_msg(&[(user.address(), FUNDS)]);
        let token = maker.make("dev-token", &token).await?;
        let roots = Some(world.roots());
        let registry = maker
            .make("worker-registry", &deploy::registry_msg(roots))
            .await?;
        let billing = deploy::billing_msg(&registry, &token, deploy::DEMO_TIMING);
        let billing = maker.make("billing", &billing).await?;
        let rewards = maker
            .make("rewards", &deploy::rewards_msg(&billing))
            .await?;
        let stage = Stage {
            folder,
            lcd,
            chain,
            admin,
            operator,
            user,
            anyone,
            world,
            token,
            registry,
            billing,
            rewards,
            agent: None,
            _devnet: devnet,
        };
        stage.wire().await?;
        stage.write_configs()?;
        Ok(stage)
    }

    /// Links rewards, submits collateral, approves the image.
    async fn wire(&self) -> Result<(), Failure> {
        let link = billing::ExecuteMsg::LinkRewards {
            rewards: self.rewards.clone(),
        };
        step(
            "link rewards to billing",
            &self.call(&self.admin, &self.billing, &link).await?,
        );
        let intel = evidence::collateral(self.world.tdx.collateral());
        for (whose, collateral) in [("Intel", intel), ("NVIDIA", self.world.nvidia_collateral())] {
            let submit = registry::ExecuteMsg::SubmitCollateral {
                root: RootKind::Development,
                collateral,
                padding: None,
            };
            let done = self.call(&self.anyone, &self.registry, &submit).await?;
            let what = format!("submit {whose} collateral (anyone may; verified under the root)");
            step(&what, &done);
        }
        let golden = registry::ExecuteMsg::ApproveGolden {
            set: self.world.golden(),
            padding: None,
        };
        step(
            "approve the GPUs' firmware (golden measurements)",
            &self.call(&self.admin, &self.registry, &golden).await?,
        );
        let image = evidence::image();
        let approve = registry::ExecuteMsg::ApproveImage {
            image,
            workload: None,
            until: None,
            padding: None,
        };
        step(
            "approve the worker's image",
            &self.call(&self.admin, &self.registry, &approve).await?,
        );
        Ok(())
    }

    /// Sends one message.
    pub async fn call(
        &self,
        wallet: &Wallet,
        to: &Contract,
        msg: &(impl Serialize + PaddedSize),
    ) -> Result<TxOutcome, Failure> {
        let call = ExecuteMsg::padded(&reference(to), msg)?;
        Ok(self.chain.execute(wallet, vec![call], 2_000_000).await?)
    }

    fn write_configs(&self) -> Result<(), Failure> {
        let folder = self.folder.path().display();
        let (lcd, billing) = (&self.lcd, &self.billing.address);
        let user = format!(
            "lcd_url = \"{lcd}\"\nchain_id = \"{CHAIN_ID}\"\nbilling = \"{billing}\"\n\
             wallet_file = \"{folder}/user.mnemonic\"\ndata_dir = \"{folder}/user\"\n"
        );
        fs::write(self.path("secret-ai.toml"), user)?;
        let port = free_port()?;
        let (registry, rewards) = (&self.registry.address, &self.rewards.address);
        let token = &self.token.address;
        let worker = format!(
            r#"wallet_file = "{folder}/operator.mnemonic"
listen = "127.0.0.1:{port}"
public_url = "http://127.0.0.1:{port}"
data_dir = "{folder}/worker"
settle_interval_s = 4

[chain]
lcd_url = "{lcd}"
chain_id = "{CHAIN_ID}"
registry = {{ address = "{registry}" }}
billing = {{ address = "{billing}" }}
rewards = {{ address = "{rewards}" }}

[tee]
kind = "simulated"
seed_file = "{folder}/tee.seed"
gpus = 1

[engine]
kind = "embedded"

[[prices]]
model = "secret-ai-demo"
token = "{token}"
rates = [
  {{ unit = "input", rate = 20000000 }},
  {{ unit = "output", rate = 80000000 }},
]
"#
        );
        fs::write(self.path("worker.toml"), worker)?;
        Ok(())
    }

    /// Starts the worker agent and waits until it serves.
    pub async fn start_agent(&mut self) -> Result<(), Failure> {
        fs::create_dir_all(self.path("worker"))?;
        let mut command = Command::new(program("secret-ai-worker"));
        command
            .arg("--config")
            .arg(self.path("worker.toml"))
            .arg("run");
        let mut agent = Process::start(command, self.path("worker.log"))?;
        let config = fs::read_to_string(self.path("worker.toml"))?;
        let url = config.lines().find_map(|l| l.strip_prefix("public_url = "));
        let url = format!("{}/health", url.unwrap_or_default().trim_matches('"'));
        let http = reqwest::Client::builder().no_proxy().build()?;
        let healthy = |answer: reqwest::Response| answer.status().is_success();
        for _ in 0..300 {
            if http.get(&url).send().await.is_ok_and(healthy) {
                self.agent = Some(agent);
                return Ok(());
            }
            if agent.has_ended() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let log = fs::read_to_string(self.path("worker.log")).unwrap_or_default();
        Err(format!("the worker agent does not serve:\n{log}").into())
    }

    /// Kills the worker agent as a power cut would (SIGKILL), and starts it anew.
    pub async fn crash_agent(&mut self) -> Result<(), Failure> {
        self.agent.take().ok_or("no agent runs")?.kill();
        self.start_agent().await
    }

    /// A file of the stage.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the user's tool; prints what it prints; fails if it fails.
    pub fn user_runs(&self, arguments: &[&str]) -> Result<String, Failure> {
        self.tool("secret-ai", "secret-ai.toml", arguments)
    }

    /// Runs the operator's tool likewise.
    pub fn operator_runs(&self, arguments: &[&str]) -> Result<String, Failure> {
        self.tool("secret-ai-worker", "worker.toml", arguments)
    }

    /// Runs the user's tool, which must refuse; prints and returns why.
    pub fn user_is_refused(&self, arguments: &[&str]) -> Result<String, Failure> {
        let output = self.output("secret-ai", "secret-ai.toml", arguments)?;
        let why = String::from_utf8_lossy(&output.stderr).trim().to_string();
        if output.status.success() || why.is_empty() {
            return Err(format!("secret-ai {arguments:?} was not refused").into());
        }
        println!("  refused: {why}");
        Ok(why)
    }

    fn tool(&self, name: &str, config: &str, arguments: &[&str]) -> Result<String, Failure> {
        let output = self.output(name, config, arguments)?;
        let text = String::from_utf8_lossy(&output.stdout).to_string();
        for line in text.lines() {
            println!("  {line}");
        }
        if output.status.success() {
            return Ok(text);
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        Err(format!("{name} {}: {}", arguments.join(" "), errors.trim()).into())
    }

    fn output(
        &self,
        name: &str,
        config: &str,
        arguments: &[&str],
    ) -> Result<std::process::Output, Failure> {
        let shown: Vec<_> = arguments.iter().map(|a| shell_word(a)).collect();
        println!("$ {name} {}", shown.join(" "));
        let mut command = Command::new(program(name));
        command
            .arg("--config")
            .arg(self.path(config))
            .args(arguments);
        command.env("RUST_LOG", "warn");
        Ok(run(command)?)
    }
}

struct Maker<'a> {
    chain: &'a ChainClient,
    admin: &'a Wallet,
}

impl Maker<'_> {
    async fn make(&self, name: &str, msg: &impl Serialize) -> Result<Contract, Failure> {
        let wasm = artifacts::wasm(name);
        let code_id = self.chain.store_code(self.admin, &wasm, 6_000_000).await?;
        let msg = InstantiateMsg::new(code_id, name, msg)?;
        let made = self.chain.instantiate(self.admin, msg, 3_000_000).await?;
        println!(
            "deployed  {name:<16}{}  ({} bytes of wasm)",
            made.address,
            wasm.len()
        );
        Ok(deploy::contract(&made.address, &made.code_hash))
    }
}

/// A contract in the form that the chain client takes.
pub fn reference(contract: &Contract) -> ContractRef {
    ContractRef {
        address: contract.address.to_string(),
        code_hash: contract.code_hash.clone(),
    }
}

/// Prints a step with its gas.
pub fn step(what: &str, outcome: &TxOutcome) {
    println!("{what:<58}{:>9} gas", outcome.gas_used);
}

fn shell_word(word: &str) -> String {
    if word.contains(char::is_whitespace) {
        format!("\"{word}\"")
    } else {
        word.to_string()
    }
}

/// A port that nobody listens on.
fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port())
}
