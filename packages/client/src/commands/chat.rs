//! `chat`.

use std::io::stdout;

use secret_ai_interface::Unit;

use super::sessions::find;
use crate::account::Account;
use crate::chat::Question;
use crate::cli::Command;
use crate::error::{ClientError, Result};
use crate::offers::{unit_name, worker};
use crate::receipts::Receipts;
use crate::transport::Policy;
use crate::verify::Verified;

/// Asks a question and shows the verified receipt.
pub async fn chat(
    account: &Account,
    receipts: &Receipts,
    allow_http: bool,
    command: Command,
) -> Result<()> {
    let Command::Chat {
        prompt,
        session,
        model,
        max_tokens,
        max_charge,
        no_e2ee,
    } = command
    else {
        return Err(ClientError::input("command", "not chat"));
    };
    let own = find(account, session.as_deref(), model.as_deref()).await?;
    let worker = worker(account, own.session.worker_id).await?;
    let model = match model {
        Some(model) => model,
        None => own
            .session
            .lines
            .first()
            .map(|line| line.model.clone())
            .unwrap_or_default(),
    };
    let question = Question {
        account,
        own: &own,
        worker: &worker,
        receipts,
        model: &model,
        prompt: &prompt,
        max_tokens,
        max_charge,
        policy: Policy {
            e2ee: !no_e2ee,
            allow_http,
        },
    };
    let asked = question.ask(&mut stdout()).await;
    println!();
    show(&asked?, &own.session.lines);
    Ok(())
}

fn show(verified: &Verified, lines: &[secret_ai_interface::billing::Line]) {
    let Verified {
        receipt,
        evidence,
        cost,
        total,
    } = verified;
    let used = lines
        .iter()
        .zip(&evidence.units)
        .filter(|(line, _)| line.unit != Unit::Request);
    let used: Vec<_> = used
        .map(|(line, n)| format!("{n} {}", unit_name(line.unit)))
        .collect();
    let end = if receipt.body.aborted {
        ", cut off"
    } else {
        ""
    };
    println!(
        "receipt   #{} verified: signature, question, answer, units{end}",
        receipt.body.seq
    );
    println!("used      {}", used.join(", "));
    println!("cost      {cost} base units; {total} in this session since the worker's last start");
}
