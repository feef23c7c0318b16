//! Asks everything that a configuration names, and changes nothing: `check-config --online`.

use std::fmt::Display;

use crate::config::Config;
use crate::run;
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
    found.note("chain", run::check_chain(config).await);
    found.note("engines", run::check_engines(config).await);
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
