//! Asks everything that a configuration names, and changes nothing: `check-config --online`.

use std::fmt::Display;

use secret_ai_engine::Engine;

use crate::chain::Chain;
use crate::config::Config;
use crate::connect::{check_contracts, connect};
use crate::engines;
use crate::run::plan;
use crate::run_error::{RunError, SilentSnafu};
use crate::tee_sources::Sources;

/// What was asked and how it answered.
#[derive(Debug, Default)]
pub struct Found {
    /// What is as it should be.
    pub fine: Vec<String>,
    /// What is not, each with the part of the configuration in front.
    pub problems: Vec<String>,
}

/// Asks the chain, the engines and the TEE.
pub async fn check(config: &Config) -> Found {
    let mut found = Found::default();
    found.note("chain", chain(config).await);
    found.note("engines", engines(config).await);
    let tee = config.clone();
    // Evidence is made by files and drivers, which may take their time.
    let evidence = tokio::task::spawn_blocking(move || evidence(&tee)).await;
    match evidence {
        Ok(result) => found.note("tee", result),
        Err(_) => found.problems.push("tee: the check broke off".to_owned()),
    }
    found
}

impl Found {
    fn note(&mut self, part: &str, result: Result<String, impl Display>) {
        match result {
            Ok(fine) => self.fine.push(format!("{part}: {fine}")),
            Err(problem) => self.problems.push(format!("{part}: {problem}")),
        }
    }
}

/// Whether node and contracts answer and fit together; what they are, in a line.
async fn chain(config: &Config) -> Result<String, RunError> {
    let chain = connect(config).await?;
    let billing = chain.billing_config().await?;
    check_contracts(&config.chain, &billing)?;
    plan(config, billing.timing)?;
    let time = chain.block_time().await?;
    let operator = chain.operator();
    Ok(format!(
        "the contracts fit together, block time is {time}, the operator is {operator}"
    ))
}

/// Whether the engines answer and serve what the price list has; what it serves, in a line.
async fn engines(config: &Config) -> Result<String, RunError> {
    let engine = engines::open(config)?;
    engines::check_models(config, engine.as_ref()).await?;
    let served = engine.models().await.unwrap_or_default();
    let down = engine.members().into_iter().filter(|member| !member.up);
    let down: Vec<String> = down.map(|member| member.name).collect();
    snafu::ensure!(
        down.is_empty(),
        SilentSnafu {
            names: down.join(", ")
        }
    );
    let names: Vec<&str> = served.iter().map(|info| info.id.as_str()).collect();
    Ok(format!("serves {}", names.join(", ")))
}

/// Has evidence made for a challenge that nobody gave, and throws it away.
fn evidence(config: &Config) -> Result<String, String> {
    let Sources { cpu, gpus } = config.tee.open().map_err(|e| e.to_string())?;
    cpu.cpu(&[0; 64]).map_err(|e| e.to_string())?;
    let Some(gpus) = gpus else {
        return Ok("the CPU makes evidence".to_owned());
    };
    let made = gpus.gpus([0; 32]).map_err(|e| e.to_string())?.len();
    match made == usize::from(config.tee.gpus()) {
        true => Ok(format!("the CPU and {made} GPUs make evidence")),
        false => Err(format!(
            "gpus: {made} make evidence, {} are configured",
            config.tee.gpus()
        )),
    }
}
