//! `make bench`: sizes of the artifacts, and the gas of every message on the real wasm.
//!
//! Arguments `contract=artifact` replace what is deployed, for figures of builds without a defence:
//! `bench billing=billing-leak-p2`.

mod attestation;

use secret_ai_interface::auth::RevokedInterval;
use secret_ai_interface::billing::{
    ExecuteMsg, FinalizeAnswer, OpenAnswer, ReceiveMsg, SettleEntry, Timing,
};
use secret_ai_interface::{registry, rewards, token, Hex, SessionId};
use secret_ai_receipts::{kid, SigningKey};
use secret_ai_tests::artifacts::{root, CONTRACTS};
use secret_ai_tests::deploy;
use secret_ai_tests::local::{address, answer, Local, FUNDS};

fn main() {
    println!("| artifact | wasm, bytes | gzip, bytes |\n| --- | ---: | ---: |");
    for contract in CONTRACTS {
        let size = |end: &str| {
            let path = root().join("artifacts").join(format!("{contract}.{end}"));
            std::fs::metadata(path).map_or(0, |file| file.len())
        };
        println!("| {contract} | {} | {} |", size("wasm"), size("wasm.gz"));
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let replaced = arguments.iter().map(|argument| {
        let named = argument.split_once('=');
        named.unwrap_or_else(|| panic!("{argument}: not contract=artifact"))
    });
    print(&everything(&replaced.collect::<Vec<_>>()));
    print(&attestation::everything());
}

/// One line for each transaction that is not like an earlier one.
fn print(local: &Local) {
    let mut printed = std::collections::BTreeSet::new();
    println!("\n| message | gas | of it compute | storage | instances |\n| --- | ---: | ---: | ---: | ---: |");
    for (what, result) in &local.log {
        let sum = |part: fn(&secret_devnet::CallGas) -> u64| -> u64 {
            result.calls.iter().map(part).sum()
        };
        let line = format!(
            "| {what} | {} | {} | {} | {} |",
            result.gas_used,
            sum(|c| c.compute),
            sum(|c| c.storage),
            sum(|c| c.instance),
        );
        if printed.insert(line.clone()) {
            println!("{line}");
        }
    }
}

/// Every message once, in the order of a session's life.
fn everything(replaced: &[(&str, &str)]) -> Local {
    let timing = Timing {
        epoch_s: 600,
        grace_s: 7_200,
        challenge_s: 3_600,
    };
    let mut local = Local::with_artifacts(timing, &[("user", FUNDS)], replaced);
    local.prepare_registry();
    let key = SigningKey::from_slice(&[9; 32]).expect("a key");
    let worker = local.register("operator", &key);
    let listing = local.listing();
    let update = registry::ExecuteMsg::Update {
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
    settle_and_finalize(&mut local, &key, &ids);
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
    for id in &ids[1..] {
        let close = ExecuteMsg::CloseSession {
            session_id: *id,
            padding: None,
        };
        local
            .billing("user", "close_session", &close)
            .expect("close");
        local.log.pop();
    }
    local.net.advance(3_600 + 1_201);
    let reclaim = ExecuteMsg::Reclaim {
        session_ids: ids[1..].to_vec(),
        padding: None,
    };
    local
        .billing("user", "reclaim, 8", &reclaim)
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
    keys_and_pause(&mut local);
    wallet(&mut local);
    governance(&mut local, &key);
    let retire = registry::ExecuteMsg::Retire {
        worker_id: worker,
        padding: None,
    };
    local
        .registry("operator", "retire", &retire)
        .expect("retire");
    local
}

/// Pages with nothing, one and four receipts in them; batches of every size.
fn settle_and_finalize(local: &mut Local, key: &SigningKey, ids: &[SessionId]) {
    // Each round is an epoch with so many pages of so many receipts, finalized by this limit.
    // The first one warms up and is not shown: the first page of all finds no queue.
    let rounds = [
        (1, 0, 1),
        (1, 0, 1),
        (1, 1, 4),
        (2, 4, 8),
        (4, 4, 16),
        (32, 4, 16),
    ];
    let shown = local.log.len();
    for (seq, (pages, receipts, limit)) in (0..).zip(rounds) {
        for _ in 0..pages {
            let entries = ids.iter().take(receipts);
            let entries = entries
                .map(|id| SettleEntry {
                    receipt: local.receipt(key, id, seq, [1_000, 500 * seq]),
                    ack: None,
                })
                .collect();
            let settle = ExecuteMsg::Settle {
                kid: Hex(kid(key)),
                entries,
                padding: None,
            };
            local
                .billing("operator", &format!("settle, {receipts}"), &settle)
                .expect("settle");
        }
        local.net.advance(601);
        let finalize = ExecuteMsg::Finalize {
            epoch: local.net.block_time_s() / 600 - 1,
            limit,
            padding: None,
        };
        let what = format!("finalize, {limit} of {pages} pages");
        let mut remaining = u64::MAX;
        while remaining > 0 {
            let result = local.billing("anyone", &what, &finalize).expect("finalize");
            remaining = answer::<FinalizeAnswer>(&result).remaining;
        }
        if seq == 0 {
            local.log.truncate(shown);
        }
    }
}

/// Viewing keys, permits and the pause.
fn keys_and_pause(local: &mut Local) {
    let messages = [
        (
            "user",
            "create_viewing_key",
            ExecuteMsg::CreateViewingKey {
                entropy: "dice".into(),
                padding: None,
            },
        ),
        (
            "user",
            "set_viewing_key",
            ExecuteMsg::SetViewingKey {
                key: "user-key".into(),
                padding: None,
            },
        ),
        (
            "user",
            "revoke_permit",
            ExecuteMsg::RevokePermit {
                permit_name: "p".into(),
                padding: None,
            },
        ),
        (
            "user",
            "revoke_all_permits",
            ExecuteMsg::RevokeAllPermits {
                interval: RevokedInterval::default(),
                padding: None,
            },
        ),
        ("admin", "pause", ExecuteMsg::Pause {}),
        ("admin", "unpause", ExecuteMsg::Unpause {}),
    ];
    for (sender, what, message) in messages {
        local.billing(sender, what, &message).expect(what);
    }
}

/// What a token does besides deposits.
fn wallet(local: &mut Local) {
    let to = local.token.clone();
    let amount = cosmwasm_std::Uint128::new(1_000);
    let messages = [
        (
            "user",
            "transfer",
            token::ExecuteMsg::Transfer {
                recipient: address("friend"),
                amount,
                memo: None,
                padding: None,
            },
        ),
        (
            "user",
            "increase_allowance",
            token::ExecuteMsg::IncreaseAllowance {
                spender: address("friend"),
                amount,
                expiration: None,
                padding: None,
            },
        ),
        (
            "friend",
            "transfer_from",
            token::ExecuteMsg::TransferFrom {
                owner: address("user"),
                recipient: address("friend"),
                amount,
                memo: None,
                padding: None,
            },
        ),
    ];
    for (sender, what, message) in messages {
        local
            .send(sender, &format!("dev-token: {what}"), &to, &message)
            .expect(what);
    }
}

/// Renewal at half of the lease, and the registry's admin.
fn governance(local: &mut Local, key: &SigningKey) {
    local.net.advance(12 * 3_600);
    let renew = registry::ExecuteMsg::Renew {
        attestation: local.attestation("operator", key),
        padding: None,
    };
    local.registry("operator", "renew", &renew).expect("renew");
    let policy = deploy::registry_msg(None).policy;
    let set_policy = registry::ExecuteMsg::SetPolicy {
        policy,
        padding: None,
    };
    local
        .registry("admin", "set_policy", &set_policy)
        .expect("set_policy");
    let revoke = registry::ExecuteMsg::Revoke {
        target: registry::RevocationTarget::Platform(Hex([7; 32])),
        speed: registry::RevocationSpeed::Compromised,
        padding: None,
    };
    local.registry("admin", "revoke", &revoke).expect("revoke");
    let set_admin = registry::ExecuteMsg::SetAdmin {
        admin: address("admin"),
        padding: None,
    };
    local
        .registry("admin", "set_admin", &set_admin)
        .expect("set_admin");
}
