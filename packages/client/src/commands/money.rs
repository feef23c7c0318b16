//! `balance`, `deposit`, `reclaim`, `withdraw`.

use cosmwasm_std::Uint128;
use secret_ai_interface::billing::{
    ExecuteMsg, ReceiveMsg, ReclaimAnswer, SessionStatus, WithdrawAnswer, MAX_SESSIONS_PER_MESSAGE,
};

use crate::account::{answer, token_address, Account};
use crate::error::{ClientError, Result};

/// Shows the wallet, the free balance and what sessions hold.
pub async fn balance(account: &Account) -> Result<()> {
    let (balances, sessions) = (account.balances().await?, account.sessions().await?);
    println!("account   {}", account.wallet.address());
    for balance in balances.balances {
        let token = account.token(Some(balance.token.as_str()))?;
        let in_wallet = match account.wallet_balance(token).await {
            Ok(amount) => amount.to_string(),
            Err(_) => "unknown (the token refuses permits)".to_string(),
        };
        let held = sessions.iter().filter(|own| {
            own.session.token == balance.token && own.session.status != SessionStatus::Reclaimed
        });
        let held: Uint128 = held.map(|own| own.session.cap - own.session.paid).sum();
        println!("token     {}", balance.token);
        println!("wallet    {in_wallet}");
        println!("free      {}", balance.free);
        println!("sessions  {held}");
    }
    Ok(())
}

/// Moves tokens from the wallet to the free balance.
pub async fn deposit(account: &Account, amount: u128, token: Option<&str>) -> Result<()> {
    let token = account.token(token)?;
    let least = token.min_deposit.u128();
    if amount < least.max(1) {
        let problem = format!("{amount} base units, must be at least {}", least.max(1));
        return Err(ClientError::input("amount", problem));
    }
    let msg = ReceiveMsg::Deposit {
        beneficiary: None,
        padding: None,
    };
    let outcome = account.send_tokens(token, amount.into(), &msg).await?;
    println!(
        "deposited {amount} base units, tx {} ({} gas)",
        outcome.hash, outcome.gas_used
    );
    Ok(())
}

/// Moves what ended sessions left to the free balance.
pub async fn reclaim(account: &Account) -> Result<()> {
    let sessions = account.sessions().await?;
    let unfinished = sessions
        .iter()
        .filter(|own| own.session.status != SessionStatus::Reclaimed)
        .count();
    let ended = sessions
        .iter()
        .filter(|own| own.session.status == SessionStatus::Ended);
    let ids: Vec<_> = ended.map(|own| own.session.session_id).collect();
    if ids.is_empty() {
        println!("nothing to reclaim: {unfinished} sessions have not ended yet");
    }
    for session_ids in ids.chunks(MAX_SESSIONS_PER_MESSAGE) {
        let session_ids = session_ids.to_vec();
        let outcome = account
            .call(&ExecuteMsg::Reclaim {
                session_ids,
                padding: None,
            })
            .await?;
        let ReclaimAnswer { reclaimed } = answer(&outcome)?;
        let sum: Uint128 = reclaimed.into_iter().flatten().sum();
        println!(
            "reclaimed {}, tx {} ({} gas)",
            amount_text(sum),
            outcome.hash,
            outcome.gas_used
        );
    }
    Ok(())
}

/// Moves free balance back to the wallet.
pub async fn withdraw(account: &Account, amount: Option<u128>, token: Option<&str>) -> Result<()> {
    let token = token_address(account.token(token)?);
    let amount = amount.map(Uint128::new);
    let outcome = account
        .call(&ExecuteMsg::Withdraw {
            token,
            amount,
            padding: None,
        })
        .await?;
    let WithdrawAnswer { amount } = answer(&outcome)?;
    println!(
        "withdrew {}, tx {} ({} gas)",
        amount_text(amount),
        outcome.hash,
        outcome.gas_used
    );
    Ok(())
}

/// An amount in words.
fn amount_text(amount: Uint128) -> String {
    match amount.u128() {
        0 => "nothing".to_string(),
        amount => format!("{amount} base units"),
    }
}
