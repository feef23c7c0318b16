//! The outside observer: reads every block from the node and tells what is to be seen there.

use std::collections::BTreeMap;

use secret_ai_tests::stage::{Failure, Stage};
use secret_devnet::TxView;
use serde_json::Value;

/// All transactions of all blocks so far.
pub async fn watch(stage: &Stage) -> Result<Vec<TxView>, Failure> {
    let http = secret_ai_tests::http::client()?;
    let newest = stage.chain.latest_block().await?.height;
    let mut seen = Vec::new();
    for height in 1..=newest {
        let url = format!(
            "{}/cosmos/base/tendermint/v1beta1/blocks/{height}",
            stage.nodes.lcd
        );
        let block: Value = http.get(url).send().await?.json().await?;
        for tx in block["block"]["data"]["txs"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let bytes = cosmwasm_std::Binary::from_base64(tx.as_str().unwrap_or_default())?;
            let hash = hex::encode_upper(secret_ai_receipts::sha256(&bytes));
            let url = format!("{}/devnet/observer/{hash}", stage.nodes.lcd);
            let answer = http.get(url).send().await?;
            if answer.status().is_success() {
                seen.push(answer.json().await?);
            }
        }
    }
    Ok(seen)
}

/// Names of the contracts, for the reader's sake; an observer may know them too.
fn names(stage: &Stage) -> BTreeMap<String, &'static str> {
    [
        (&stage.token, "token"),
        (&stage.registry, "registry"),
        (&stage.billing, "billing"),
        (&stage.rewards, "rewards"),
    ]
    .into_iter()
    .map(|(contract, name)| (contract.address.to_string(), name))
    .collect()
}

/// Prints one line per transaction: who called what, lengths, gas, slots.
pub fn print(stage: &Stage, seen: &[TxView]) {
    let names = names(stage);
    let people = [
        (stage.admin.address(), "admin"),
        (stage.operator.address(), "operator"),
        (stage.user.address(), "user"),
        (stage.anyone.address(), "anyone"),
    ];
    println!(
        "{:<10}{:<36}{:>8}{:>8}{:>7}{:>7}",
        "sender", "contracts called", "bytes", "gas", "reads", "writes"
    );
    for view in seen.iter().filter(|view| !view.calls.is_empty()) {
        let sender = people.iter().find(|(address, _)| *address == view.sender);
        let called: Vec<_> = view
            .calls
            .iter()
            .map(|call| names.get(&call.contract).copied().unwrap_or("?"))
            .collect();
        let bytes: usize = view.messages.iter().map(|m| m.length).sum();
        let (mut reads, mut writes) = (0, 0);
        for op in view.calls.iter().flat_map(|call| &call.storage) {
            match op.kind {
                secret_devnet::observer::OpKind::Read => reads += 1,
                _ => writes += 1,
            }
        }
        let failed = if view.success { "" } else { "  failed" };
        println!(
            "{:<10}{:<36}{bytes:>8}{:>8}{reads:>7}{writes:>7}{failed}",
            sender.map_or("?", |(_, name)| name),
            called.join(" > "),
            view.gas_used,
        );
    }
}
