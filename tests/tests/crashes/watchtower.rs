//! The agent's disk and process are destroyed before it could settle anything: the watchtower does.

use std::fs;
use std::process::Command;
use std::time::Duration;

use secret_ai_tests::process::{program, within, Process};
use secret_ai_tests::stage::{Failure, Stage};

use crate::client::{session, Client};

/// Writes the watchtower's configuration and extends the agent's; returns the watchtower's address.
fn configure(stage: &Stage) -> std::io::Result<String> {
    let folder = stage.folder.path().display();
    let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let worker = fs::read_to_string(stage.path("worker.toml"))?;
    let chain = worker.split("[chain]").nth(1).unwrap_or_default();
    let chain = chain.split("\n\n").next().unwrap_or_default();
    let tower = format!(
        "wallet_file = \"{folder}/anyone.mnemonic\"\nlisten = \"{address}\"\n\
         data_dir = \"{folder}/tower\"\ntoken_file = \"{folder}/tower.token\"\n\
         silent_s = 60\ninterval_s = 4\n\n[chain]{chain}\n"
    );
    fs::write(stage.path("tower.toml"), tower)?;
    fs::write(stage.path("tower.token"), "let-me-in")?;
    // Too little gas to settle: the agent itself brings nothing in.
    let more = format!(
        "\n[watchtower]\nurl = \"http://{address}\"\ntoken_file = \"{folder}/tower.token\"\n\n\
         [chain.gas]\nsettle = 50000\nmost = 50000\n"
    );
    fs::write(stage.path("worker.toml"), worker + &more)?;
    Ok(format!("http://{address}/health"))
}

#[tokio::test]
async fn a_watchtower_settles_for_an_agent_that_is_gone_for_good() {
    let mut stage = Stage::set().await.unwrap();
    let health = configure(&stage).unwrap();
    let mut command = Command::new(program("secret-ai-worker"));
    command.arg("--config").arg(stage.path("tower.toml"));
    command.arg("watchtower");
    let _tower = Process::start(command, stage.path("tower.log")).unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let healthy = || async { http.get(&health).send().await?.error_for_status() };
    within(Duration::from_secs(60), healthy).await.unwrap();

    stage.start_agent().await.unwrap();
    let client = Client::open(&stage).unwrap();
    for _ in 0..3 {
        assert!(client.ask().await);
    }
    // News gather for a fraction of a second.
    tokio::time::sleep(Duration::from_secs(5)).await;
    stage.kill_agent().unwrap();
    fs::remove_dir_all(stage.path("worker")).unwrap();
    assert_eq!(session(&stage).await.unwrap().paid.u128(), 0);

    let (owed, _) = client.worth();
    let paid = || async {
        match session(&stage).await?.paid.u128() {
            paid if paid == owed => Ok::<_, Failure>(()),
            paid => {
                // An agent cranks epochs, too; here nobody else is left.
                crank(&stage).await?;
                let log = fs::read_to_string(stage.path("tower.log"))?;
                Err(format!("{paid} paid, the receipts are worth {owed}:\n{log}").into())
            }
        }
    };
    within(Duration::from_secs(150), paid).await.unwrap();
}

/// Works off all epochs that have ended.
async fn crank(stage: &Stage) -> Result<(), Failure> {
    use secret_ai_interface::billing::{ClockAnswer, ExecuteMsg, QueryMsg};
    let billing = secret_ai_tests::stage::reference(&stage.billing);
    let clock: ClockAnswer = stage.chain.query(&billing, &QueryMsg::Clock {}).await?;
    if clock.pending == 0 || clock.finalized_before >= clock.epoch {
        return Ok(());
    }
    let finalize = ExecuteMsg::Finalize {
        epoch: clock.epoch - 1,
        limit: 8,
        padding: None,
    };
    stage.call(&stage.user, &stage.billing, &finalize).await?;
    Ok(())
}
