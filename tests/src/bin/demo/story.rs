//! The story: attest, pay, chat, settle, claim, withdraw; and what must be refused on the way.

use std::time::Duration;

use cosmwasm_std::Addr;
use secret_ai_chain_client::{owner_permit, ChainError, Validity};
use secret_ai_interface::billing::{AccountAnswer, ClockAnswer, PermitQuery, SessionsAnswer};
use secret_ai_interface::registry::CpuEvidence;
use secret_ai_interface::{billing, registry, rewards, token, Hex};
use secret_ai_receipts::{public_key, SigningKey};
use secret_ai_tests::evidence::{Certificates, Claim, Cpu};
use secret_ai_tests::process::within;
use secret_ai_tests::stage::{reference, step, Failure, Stage, FUNDS, MODEL};
use serde::de::DeserializeOwned;

use crate::observer;

const DEPOSIT: u128 = 1_000_000;
const CAP: u128 = 200_000;

/// Tells all of it.
pub async fn tell() -> Result<(), Failure> {
    title("1. A chain, and the contracts on it");
    let mut stage = Stage::set().await?;

    title("2. Bad evidence is refused on chain");
    refuse_tampered_quote(&stage).await?;

    title("3. A worker attests itself and serves");
    stage.start_agent().await?;
    println!("worker    registered with a fresh quote; its agent answers HTTP");

    title("4. The user pays in, opens a session, chats");
    stage.user_runs(&["workers"])?;
    stage.user_is_refused(&["deposit", "999"])?;
    stage.user_runs(&["deposit", &DEPOSIT.to_string()])?;
    stage.user_is_refused(&["withdraw", &(DEPOSIT + 1).to_string()])?;
    let cap = CAP.to_string();
    stage.user_runs(&["open", "--model", MODEL, "--cap", &cap, "--countersign"])?;
    stage.user_runs(&["chat", "What is a receipt?"])?;
    stage.user_is_refused(&["chat", "--max-charge", "1", "Who pays the worker?"])?;
    stage.user_runs(&["chat", "Who pays the worker?"])?;

    title("5. The worker's machine crashes (kill -9) and boots anew");
    // The client may hold a receipt some milliseconds before it is on the worker's disk.
    tokio::time::sleep(Duration::from_millis(250)).await;
    stage.crash_agent().await?;
    println!(
        "agent     runs again: a new receipt key, attested for the same worker; old receipts are"
    );
    println!("          in its journal, and with the user");
    stage.user_runs(&["chat", "What is a session?"])?;

    title("6. The agent settles; the epoch ends; the contract prices and pays");
    let paid = within(Duration::from_secs(60), || paid_all(&stage)).await?;
    stage.user_runs(&["usage"])?;
    stage.operator_runs(&["earnings"])?;
    stage.operator_runs(&["claim"])?;

    title("7. The user closes the session and takes the rest home");
    stage.user_runs(&["close"])?;
    within(Duration::from_secs(60), || ended(&stage)).await?;
    stage.user_runs(&["reclaim"])?;
    stage.user_runs(&["withdraw"])?;
    stage.user_runs(&["balance"])?;

    title("8. What an outside observer saw");
    if stage.nodes.is_devnet() {
        let seen = observer::watch(&stage).await?;
        observer::print(&stage, &seen);
        println!(
            "No amount, model, price or usage is in the clear: who called which contract, lengths, gas, slots."
        );
    } else {
        println!(
            "only a devnet shows all of that; the chain at {} does not",
            stage.nodes.lcd
        );
    }

    title("9. Where every base unit is");
    table(&stage, paid).await
}

/// A quote with one flipped bit, from an operator who has a valid challenge for it.
async fn refuse_tampered_quote(stage: &Stage) -> Result<(), Failure> {
    let key = SigningKey::from_slice(&[0x42; 32])?;
    let challenge = registry::ExecuteMsg::Challenge {
        receipt_pk: Hex(public_key(&key)),
        tls_spki_sha256: Hex([0; 32]),
        padding: None,
    };
    let outcome = stage
        .call(&stage.anyone, &stage.registry, &challenge)
        .await?;
    step("challenge", &outcome);
    let answer: registry::ChallengeAnswer = serde_json::from_slice(&outcome.data[0])?;
    let mut attestation = stage.world.attest(Claim {
        key: &key,
        chain_id: &stage.nodes.chain_id,
        registry: stage.registry.address.as_str(),
        operator: stage.anyone.address(),
        challenge: &answer.challenge.0,
        cpu: Cpu::Tdx,
        gpus: 1,
        certificates: Certificates::Fresh,
        staged: false,
    });
    if let CpuEvidence::Tdx { quote } = &mut attestation.cpu {
        // One bit of MRTD: the measurement of the image.
        quote.0[48 + 136] ^= 1;
    }
    let models = vec![free_model(&stage.token.address)];
    let listing = registry::Listing {
        url: "http://127.0.0.1:1".into(),
        models,
    };
    let register = registry::ExecuteMsg::Register {
        worker_id: None,
        attestation,
        listing,
        padding: None,
    };
    match stage.call(&stage.anyone, &stage.registry, &register).await {
        Ok(_) => Err("the registry accepted a quote with a flipped bit".into()),
        Err(error) => match error.downcast_ref::<ChainError>() {
            Some(ChainError::Contract { message, .. }) => {
                println!("register with one bit of the quote flipped\n  refused: {message}");
                Ok(())
            }
            _ => Err(error),
        },
    }
}

fn free_model(token: &Addr) -> registry::ModelListing {
    let rate = |unit| registry::Rate { unit, rate: 1 };
    registry::ModelListing {
        model: "m".into(),
        token: token.clone(),
        rates: vec![
            rate(secret_ai_interface::Unit::Input),
            rate(secret_ai_interface::Unit::Output),
        ],
    }
}

/// What the newest receipt is worth must have been paid: the client's own files tell it.
async fn paid_all(stage: &Stage) -> Result<u128, Failure> {
    let sessions: SessionsAnswer = ask_billing(
        stage,
        PermitQuery::Sessions {
            start: None,
            limit: None,
        },
    )
    .await?;
    let session = &sessions.sessions.first().ok_or("no session")?.session;
    let mut owed = 0;
    for file in std::fs::read_dir(stage.path("user/receipts"))? {
        let bytes = std::fs::read(file?.path())?;
        let receipt: secret_ai_receipts::Signed<secret_ai_receipts::Receipt> =
            secret_ai_receipts::Signed::decode(&bytes)?;
        let lines = session.lines.iter().zip(&receipt.body.counters);
        let lines = lines.map(|(line, count)| secret_ai_receipts::LineCount {
            count: *count,
            rate: line.rate,
        });
        owed += secret_ai_receipts::amount(lines)?;
    }
    let paid = session.paid.u128();
    if owed > 0 && paid == owed {
        println!("paid      {paid} base units: exactly what the newest receipt counts");
        Ok(paid)
    } else {
        Err(format!("receipts are worth {owed} base units, {paid} were paid").into())
    }
}

async fn ended(stage: &Stage) -> Result<(), Failure> {
    let sessions: SessionsAnswer = ask_billing(
        stage,
        PermitQuery::Sessions {
            start: None,
            limit: None,
        },
    )
    .await?;
    let clock: ClockAnswer = stage
        .chain
        .query(&reference(&stage.billing), &billing::QueryMsg::Clock {})
        .await?;
    match sessions.sessions.first().map(|own| own.session.status) {
        Some(billing::SessionStatus::Ended) => Ok(()),
        other => Err(format!("the session has not ended: {other:?}, {clock:?}").into()),
    }
}

async fn ask_billing<T: DeserializeOwned>(stage: &Stage, query: PermitQuery) -> Result<T, Failure> {
    let permit = owner_permit(
        &stage.user,
        &stage.nodes.chain_id,
        stage.billing.address.as_str(),
        "demo",
        Validity::default(),
    )?;
    let msg = billing::QueryMsg::WithPermit { permit, query };
    Ok(stage.chain.query(&reference(&stage.billing), &msg).await?)
}

/// Balance of a wallet in the token.
async fn balance(stage: &Stage, wallet: &secret_ai_chain_client::Wallet) -> Result<u128, Failure> {
    let token = stage.token.address.as_str();
    let permit = owner_permit(
        wallet,
        &stage.nodes.chain_id,
        token,
        "demo",
        Validity::default(),
    )?;
    let msg = token::QueryMsg::WithPermit {
        permit,
        query: token::QueryWithPermit::Balance {},
    };
    match stage.chain.query(&reference(&stage.token), &msg).await? {
        token::QueryAnswer::Balance { amount } => Ok(amount.u128()),
        other => Err(format!("token: no balance but {other:?}").into()),
    }
}

/// Adds everything up; fails unless it agrees to the base unit.
async fn table(stage: &Stage, paid: u128) -> Result<(), Failure> {
    let user = balance(stage, &stage.user).await?;
    let operator = balance(stage, &stage.operator).await?;
    let account: AccountAnswer = ask_billing(stage, PermitQuery::Account {}).await?;
    let free = account.balances.first().map_or(0, |b| b.free.u128());
    let permit = owner_permit(
        &stage.operator,
        &stage.nodes.chain_id,
        stage.rewards.address.as_str(),
        "demo",
        Validity::default(),
    )?;
    let query = rewards::PermitQuery::Earnings {};
    let msg = rewards::QueryMsg::WithPermit { permit, query };
    let answer: rewards::EarningsAnswer =
        stage.chain.query(&reference(&stage.rewards), &msg).await?;
    let (earned, claimed) = answer
        .earnings
        .first()
        .map_or((0, 0), |e| (e.earned.u128(), e.claimed.u128()));

    println!("{:<46}{:>12}", "minted to the user", FUNDS);
    println!("{:<46}{:>12}", "user's wallet", user);
    println!("{:<46}{:>12}", "user's free balance in billing", free);
    println!("{:<46}{:>12}", "paid for the session (user's view)", paid);
    println!("{:<46}{:>12}", "earned (worker's view)", earned);
    println!("{:<46}{:>12}", "claimed (worker's view)", claimed);
    println!("{:<46}{:>12}", "operator's wallet", operator);
    let rows = [
        (
            "user + operator + free = minted",
            user + operator + free,
            FUNDS,
        ),
        ("paid = earned", paid, earned),
        ("earned = claimed", earned, claimed),
        ("claimed = operator's wallet", claimed, operator),
        ("user lost exactly what was paid", FUNDS - user - free, paid),
    ];
    let mut wrong = 0;
    for (what, left, right) in rows {
        let agrees = left == right;
        wrong += u32::from(!agrees);
        println!(
            "{:<46}{left:>12} {} {right}",
            what,
            if agrees { "=" } else { "≠" }
        );
    }
    if wrong > 0 {
        return Err(format!("{wrong} sums do not agree").into());
    }
    println!("\nAll sums agree to the base unit.");
    Ok(())
}

fn title(text: &str) {
    println!("\n== {text}");
}
