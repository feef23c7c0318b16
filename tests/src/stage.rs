//! The stage: a chain, the contracts on it, a worker agent and a user, with their files in one
//! temporary folder. The demo plays on it, and every suite that needs all of them.

mod chain;
mod config;
mod description;
mod tools;

pub use chain::{join_or_start, Nodes};

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use secret_ai_chain_client::{
    ChainClient, ContractRef, ExecuteMsg, InstantiateMsg, TxOutcome, Wallet,
};
use secret_ai_interface::registry::RootKind;
use secret_ai_interface::{billing, registry, Contract, PaddedSize};
use serde::Serialize;
use tempfile::TempDir;

use crate::evidence::{self, World};
use crate::process::{program, Process};
use crate::{artifacts, deploy};

/// Why the stage could not be set.
pub type Failure = Box<dyn std::error::Error>;

/// LocalSecret's accounts: public test mnemonics, worth nothing.
const WORDS: [(&str, &str); 4] = [
    ("admin", "grant rice replace explain federal release fix clever romance raise often wild taxi quarter soccer fiber love must tape steak together observe swap guitar"),
    ("operator", "jelly shadow frog dirt dragon use armed praise universe win jungle close inmate rain oil canvas beauty pioneer chef soccer icon dizzy thunder meadow"),
    ("user", "chair love bleak wonder skirt permit say assist aunt credit roast size obtain minute throw sand usual age smart exact enough room shadow charge"),
    ("anyone", "word twist toast cloth movie predict advance crumble escape whale sail such angry muffin balcony keen move employ cook valve hurt glimpse breeze brick"),
];

/// What the user holds at the start, base units.
pub const FUNDS: u128 = 10_000_000;
/// The model that the agent serves, and its rates in base units per 1,000,000 tokens.
pub const MODEL: &str = "secret-ai-demo";
pub const INPUT_RATE: u64 = 20_000_000;
pub const OUTPUT_RATE: u64 = 80_000_000;

/// Everything that runs, and the wallets of who takes part.
pub struct Stage {
    pub folder: TempDir,
    pub nodes: Nodes,
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
}

impl Stage {
    /// Joins the chain that the environment names, or starts a devnet, and deploys all contracts.
    ///
    /// # Errors
    /// Whatever could not be started or was refused.
    pub async fn set() -> Result<Stage, Failure> {
        let folder = tempfile::tempdir()?;
        let nodes = join_or_start(folder.path())?;
        println!("chain     {} at {}", nodes.chain_id, nodes.lcd);
        let chain = ChainClient::new(&nodes.lcd, &nodes.chain_id)?;
        let [admin, operator, user, anyone] =
            WORDS.map(|(_, words)| Wallet::from_mnemonic(words).expect("public mnemonics"));
        for (name, words) in WORDS {
            fs::write(folder.path().join(format!("{name}.mnemonic")), words)?;
        }
        let newest = chain.latest_block().await?;
        let world = World::new(newest.time);
        let seed = format!("{} {}", hex::encode(evidence::SEED), newest.time);
        fs::write(folder.path().join("tee.seed"), seed)?;

        let maker = Maker {
            chain: &chain,
            admin: &admin,
            height: newest.height,
        };
        let token = deploy::token_msg(&[(user.address(), FUNDS)]);
        let token = maker.make("dev-token", &token).await?;
        let roots = Some(world.roots());
        let registry = deploy::registry_msg(roots);
        let registry = maker.make("worker-registry", &registry).await?;
        let billing = deploy::billing_msg(&registry, &token, deploy::DEMO_TIMING);
        let billing = maker.make("billing", &billing).await?;
        let rewards = deploy::rewards_msg(&billing);
        let rewards = maker.make("rewards", &rewards).await?;
        let stage = Stage {
            folder,
            nodes,
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
    ///
    /// # Errors
    /// The chain's or the contract's.
    pub async fn call(
        &self,
        wallet: &Wallet,
        to: &Contract,
        msg: &(impl Serialize + PaddedSize),
    ) -> Result<TxOutcome, Failure> {
        let call = ExecuteMsg::padded(&reference(to), msg)?;
        Ok(self.chain.execute(wallet, vec![call], 2_000_000).await?)
    }

    /// Starts the worker agent and waits until it serves.
    ///
    /// # Errors
    /// It ends, or does not serve in a minute; its log is in the error.
    pub async fn start_agent(&mut self) -> Result<(), Failure> {
        fs::create_dir_all(self.path("worker"))?;
        let mut command = Command::new(program("secret-ai-worker"));
        command
            .arg("--config")
            .arg(self.path("worker.toml"))
            .arg("run");
        let mut agent = Process::start(command, self.path("worker.log"))?;
        let url = format!("{}/health", self.agent_url()?);
        let http = crate::http::trusting_client()?;
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
    ///
    /// # Errors
    /// As [`Stage::start_agent`].
    pub async fn crash_agent(&mut self) -> Result<(), Failure> {
        self.kill_agent()?;
        self.start_agent().await
    }

    /// Kills the worker agent as a power cut would (SIGKILL).
    ///
    /// # Errors
    /// None runs.
    pub fn kill_agent(&mut self) -> Result<(), Failure> {
        self.agent.take().ok_or("no agent runs")?.kill();
        Ok(())
    }

    /// A file of the stage.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

struct Maker<'a> {
    chain: &'a ChainClient,
    admin: &'a Wallet,
    /// Labels are unique on a chain; on one that runs already this tells ours apart.
    height: u64,
}

impl Maker<'_> {
    async fn make(&self, name: &str, msg: &impl Serialize) -> Result<Contract, Failure> {
        let wasm = artifacts::wasm(name);
        let code_id = self.chain.store_code(self.admin, &wasm, 6_000_000).await?;
        let label = format!("{name} {}", self.height);
        let msg = InstantiateMsg::new(code_id, &label, msg)?;
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
