//! `make bench`: sizes of the artifacts, and the gas of every message on the real wasm.

use secret_ai_interface::billing::{ExecuteMsg, OpenAnswer, ReceiveMsg, SettleEntry, Timing};
use secret_ai_interface::rewards;
use secret_ai_receipts::SigningKey;
use secret_ai_tests::artifacts::{root, CONTRACTS};
use secret_ai_tests::local::{answer, Local};

fn main() {
    println!("| artifact | wasm, bytes | gzip, bytes |\n| --- | ---: | ---: |");
    for contract in CONTRACTS {
        let size = |end: &str| {
            let path = root().join("artifacts").join(format!("{contract}.{end}"));
            std::fs::metadata(path).map_or(0, |file| file.len())
        };
        println!("| {contract} | {} | {} |", size("wasm"), size("wasm.gz"));
    }
    let local = everything();
    println!("\n| message | gas | of it compute | storage | instances |\n| --- | ---: | ---: | ---: | ---: |");
    for (what, result) in &local.log {
        let sum = |part: fn(&secret_devnet::CallGas) -> u64| -> u64 {
            result.calls.iter().map(part).sum()
        };
        println!(
            "| {what} | {} | {} | {} | {} |",
            result.gas_used,
            sum(|c| c.compute),
            sum(|c| c.storage),
            sum(|c| c.instance),
        );
    }
}

/// Every message once, in the order of a session's life.
fn everything() -> Local {
    let mut local = Local::new(Timing {
        epoch_s: 600,
        grace_s: 7_200,
        challenge_s: 3_600,
    });
    local.prepare_registry();
    let key = SigningKey::from_slice(&[9; 32]).expect("a key");
    let worker = local.register("operator", &key);
    let listing = local.listing();
    let update = secret_ai_interface::registry::ExecuteMsg::Update {
        worker_id: worker,
        listing,
        padding: None,
    };
    local
        .registry("operator", "update", &update)
        .expect("update");
    let deposit = ReceiveMsg::Deposit {
        beneficiary: None,
        padding: None,
    };
    local.deposit("user", 1_000_000, &deposit).expect("deposit");
    let mut ids = Vec::new();
    for sessions in [1, 8] {
        let open = ExecuteMsg::OpenSessions {
            token: local.token.address.clone(),
            sessions: vec![local.terms(worker, 50_000); sessions],
            padding: None,
        };
        let result = local.billing("user", &format!("open_sessions, {sessions}"), &open);
        ids.extend(answer::<OpenAnswer>(&result.expect("open")).session_ids);
    }
    for count in [1usize, 8] {
        let entries = ids.iter().take(count);
        let entries = entries
            .map(|id| SettleEntry {
                receipt: local.receipt(&key, id, count as u64, [1_000, 500 * count as u64]),
                ack: None,
            })
            .collect();
        let settle = ExecuteMsg::Settle {
            entries,
            padding: None,
        };
        local
            .billing("operator", &format!("settle, {count}"), &settle)
            .expect("settle");
        local.net.advance(601);
        let epoch = local.net.block_time_s() / 600 - 1;
        let finalize = ExecuteMsg::Finalize {
            epoch,
            limit: count as u32,
            padding: None,
        };
        local
            .billing("anyone", &format!("finalize, {count}"), &finalize)
            .expect("finalize");
    }
    let close = ExecuteMsg::CloseSession {
        session_id: ids[0],
        padding: None,
    };
    local
        .billing("user", "close_session", &close)
        .expect("close");
    local.net.advance(3_600 + 1_201);
    let reclaim = ExecuteMsg::Reclaim {
        session_ids: vec![ids[0]],
        padding: None,
    };
    local
        .billing("user", "reclaim, 1", &reclaim)
        .expect("reclaim");
    let token = local.token.address.clone();
    let claim = rewards::ExecuteMsg::Claim {
        token: token.clone(),
        amount: None,
        padding: None,
    };
    let to = local.rewards.clone();
    local
        .send("operator", "rewards: claim", &to, &claim)
        .expect("claim");
    let withdraw = ExecuteMsg::Withdraw {
        token,
        amount: None,
        padding: None,
    };
    local
        .billing("user", "withdraw", &withdraw)
        .expect("withdraw");
    let retire = secret_ai_interface::registry::ExecuteMsg::Retire {
        worker_id: worker,
        padding: None,
    };
    local
        .registry("operator", "retire", &retire)
        .expect("retire");
    local
}
