//! Rules P1 and P2 on the token's real wasm: within a class of messages neither amounts nor memos nor
//! what went wrong change the gas of a call or of the transaction, or a length that anybody sees.

use std::fmt::Debug;

use cosmwasm_std::{Binary, Uint128, Uint64};
use secret_ai_interface::auth::RevokedInterval;
use secret_ai_interface::token::{ExecuteMsg, InitConfig};
use secret_ai_tests::local::address;
use secret_ai_tests::{artifacts, deploy};
use secret_devnet::{Devnet, Genesis, Msg, Tx, TxResult};
use serde_json::json;

/// Bytes of a padded message, and of one that carries terms of sessions.
const SHORT: usize = 512;
const LONG: usize = SHORT + 2_048;
/// SDK gas limit of every transaction.
const LIMIT: u64 = 1_000_000;
/// What `rich` has, base units.
const RICHES: u128 = u128::MAX / 2;
/// What `poor` has, base units.
const PENNIES: u128 = 10;

struct Scene {
    net: Devnet,
    token: String,
    /// A contract that knows no `receive`.
    other: String,
}

impl Scene {
    fn new() -> Scene {
        let mut net = Devnet::new(Genesis::default()).unwrap();
        let rich = address("rich");
        let code = net
            .store_code(&rich, &artifacts::wasm("dev-token"))
            .unwrap();
        let mut make = |label: &str| {
            let (poor, friend) = (address("poor"), address("friend"));
            let mut msg = deploy::token_msg(&[(&rich, RICHES), (&poor, PENNIES), (&friend, 1)]);
            msg.config = Some(InitConfig {
                enable_mint: Some(true),
                ..InitConfig::default()
            });
            let made = net.instantiate(&rich, code.code_id, label, &msg, &[], None);
            made.unwrap().0
        };
        let (token, other) = (make("token"), make("other"));
        Scene { net, token, other }
    }

    /// Runs a message, without keeping what it changed.
    fn try_out(&self, sender: &str, msg: &str) -> TxResult {
        let msg = Msg::Execute {
            contract: self.token.clone(),
            code_hash: None,
            msg: msg.as_bytes().to_vec(),
            funds: vec![],
        };
        self.net.simulate(Tx::one(address(sender), msg, LIMIT))
    }

    /// What anybody sees of a short message.
    fn seen(&self, sender: &str, msg: &ExecuteMsg) -> Vec<u64> {
        visible(&self.try_out(sender, &padded(msg, SHORT)))
    }

    fn run(&mut self, sender: &str, msg: &ExecuteMsg) {
        let token = self.token.clone();
        self.net
            .execute(&address(sender), &token, msg, &[])
            .unwrap();
    }

    /// All messages, padded to `size` bytes, succeed or fail alike and look the same.
    #[track_caller]
    fn same(&self, class: &str, sender: &str, size: usize, ok: bool, msgs: &[ExecuteMsg]) {
        let seen: Vec<_> = msgs
            .iter()
            .map(|msg| {
                let result = self.try_out(sender, &padded(msg, size));
                assert_eq!(result.is_ok(), ok, "{class}: {msg:?}: {:?}", result.outcome);
                visible(&result)
            })
            .collect();
        all_equal(class, &seen);
    }
}

#[track_caller]
fn all_equal<T: PartialEq + Debug>(class: &str, seen: &[T]) {
    for (index, one) in seen.iter().enumerate() {
        assert_eq!(
            *one, seen[0],
            "{class}: message {index} differs from the first"
        );
    }
}

/// The message as a client pads it.
fn padded(msg: &ExecuteMsg, size: usize) -> String {
    let json = json!(msg).to_string();
    assert!(json.len() <= size, "{} bytes: {json}", json.len());
    format!("{json:<size$}")
}

/// Gas and lengths: of the transaction, then of each call.
fn visible(result: &TxResult) -> Vec<u64> {
    let view = &result.observer;
    let log = view.error.as_ref().map_or(0, |error| error.length);
    let mut seen = vec![view.gas_used, log as u64];
    for call in &view.calls {
        let answer = call.response_length.unwrap_or(0);
        seen.extend([call.gas_used, call.callback_gas]);
        seen.extend([call.message_length as u64, answer as u64]);
    }
    seen
}

/// SDK gas of the first call's computation.
fn compute(result: &TxResult) -> u64 {
    result.observer.calls[0].gas_used
}

const AMOUNTS: [u128; 4] = [0, 1, 1_000_000_000_000_000, RICHES - 1];

/// Nothing, a word, texts that are dear to parse, a long one.
fn memos() -> [Option<String>; 5] {
    let dear = ["\u{1}".repeat(45), "\"".repeat(130)].map(Some);
    let [control, quotes] = dear;
    [
        None,
        Some("July".into()),
        control,
        quotes,
        Some("m".repeat(270)),
    ]
}

fn each(make: impl Fn(Uint128, Option<String>) -> ExecuteMsg) -> Vec<ExecuteMsg> {
    let all = AMOUNTS
        .iter()
        .flat_map(|amount| memos().map(|memo| (*amount, memo)));
    all.map(|(amount, memo)| make(amount.into(), memo))
        .collect()
}

fn transfer(to: &str, amount: u128) -> ExecuteMsg {
    ExecuteMsg::Transfer {
        recipient: address(to),
        amount: amount.into(),
        memo: None,
        padding: None,
    }
}

fn transfer_with(memo_length: usize) -> ExecuteMsg {
    ExecuteMsg::Transfer {
        recipient: address("friend"),
        amount: Uint128::one(),
        memo: Some("m".repeat(memo_length)),
        padding: None,
    }
}

fn send(
    to: &str,
    hash: Option<&str>,
    amount: Uint128,
    memo: Option<String>,
    bytes: usize,
) -> ExecuteMsg {
    ExecuteMsg::Send {
        recipient: to.to_string(),
        recipient_code_hash: hash.map(str::to_string),
        amount,
        msg: Some(Binary(vec![b'x'; bytes])),
        memo,
        padding: None,
    }
}

fn allow(amount: Uint128, expiration: Option<u64>) -> ExecuteMsg {
    ExecuteMsg::IncreaseAllowance {
        spender: address("friend"),
        amount,
        expiration,
        padding: None,
    }
}

fn transfer_from(amount: Uint128, memo: Option<String>) -> ExecuteMsg {
    ExecuteMsg::TransferFrom {
        owner: address("rich"),
        recipient: address("poor"),
        amount,
        memo,
        padding: None,
    }
}

#[test]
fn transfers_cost_the_same_whatever_they_move() {
    let scene = Scene::new();
    let msgs = each(|amount, memo| ExecuteMsg::Transfer {
        recipient: address("friend"),
        amount,
        memo,
        padding: None,
    });
    scene.same("transfer", "rich", SHORT, true, &msgs);
    let msgs = each(|amount, memo| ExecuteMsg::Mint {
        recipient: address("friend"),
        amount,
        memo,
        padding: None,
    });
    let few: Vec<_> = msgs.into_iter().take(15).collect();
    scene.same("mint", "rich", SHORT, true, &few);
}

/// A few instructions more each time: wherever in a unit of gas a call ends, it is levelled exactly.
#[test]
fn every_remainder_is_levelled() {
    let scene = Scene::new();
    let msgs: Vec<_> = (0..250).map(transfer_with).collect();
    scene.same("transfer, memos", "rich", SHORT, true, &msgs);
}

#[test]
fn transfers_that_fail_cost_the_same() {
    let scene = Scene::new();
    let msgs = [11, 10_000_000_000, u128::MAX].map(|amount| transfer("friend", amount));
    scene.same("transfer, too much", "poor", SHORT, false, &msgs);
    // The poor and the rich are refused alike.
    let msg = transfer("friend", u128::MAX);
    let seen = ["rich", "poor"].map(|sender| scene.seen(sender, &msg));
    all_equal("transfer, too much for anyone", &seen);
}

#[test]
fn allowances_cost_the_same() {
    let mut scene = Scene::new();
    let amounts = [0, 1, 1_000_000_000_000_000, u128::MAX];
    let times = [None, Some(1), Some(u64::MAX)];
    let pairs: Vec<_> = amounts
        .iter()
        .flat_map(|a| times.map(|t| (*a, t)))
        .collect();
    let increase: Vec<_> = pairs.iter().map(|(a, t)| allow((*a).into(), *t)).collect();
    scene.same("increase_allowance", "rich", SHORT, true, &increase);
    scene.run("rich", &allow((RICHES - 1).into(), None));
    let decrease: Vec<_> = pairs
        .iter()
        .map(|(amount, expiration)| ExecuteMsg::DecreaseAllowance {
            spender: address("friend"),
            amount: (*amount).into(),
            expiration: *expiration,
            padding: Some("\"".repeat(130)),
        })
        .collect();
    scene.same("decrease_allowance", "rich", SHORT, true, &decrease);
    scene.same("transfer_from", "friend", SHORT, true, &each(transfer_from));
    let msgs = [RICHES, u128::MAX].map(|amount| transfer_from(amount.into(), None));
    scene.same("transfer_from, too much", "friend", SHORT, false, &msgs);
}

#[test]
fn sends_cost_the_same_and_call_with_one_length() {
    let scene = Scene::new();
    let friend = address("friend");
    let hash = scene.net.code_hash_of(&scene.other).unwrap();
    for (bytes, size) in [(0, SHORT), (192, SHORT + 256), (1_536, LONG)] {
        let plain = |amount: u128| send(&friend, None, amount.into(), None, bytes);
        let class = format!("send of {bytes} bytes");
        scene.same(&class, "rich", size, true, &AMOUNTS.map(plain));
        let class = format!("send of {bytes} bytes, too much");
        scene.same(&class, "poor", size, false, &[11, u128::MAX].map(plain));
        // The other contract refuses; what it was sent has one length.
        let call = |amount: u128| send(&scene.other, Some(&hash), amount.into(), None, bytes);
        let class = format!("call with {bytes} bytes");
        scene.same(&class, "rich", size, false, &AMOUNTS.map(call));
        // Texts of 260 bytes in JSON, some dear to parse and to write.
        let texts = [
            "m".repeat(260),
            "\"".repeat(130),
            format!("{}mm", "\u{1}".repeat(43)),
        ];
        let call = |text: String| send(&scene.other, Some(&hash), 1u128.into(), Some(text), bytes);
        let class = format!("call with {bytes} bytes and a memo");
        let size = if bytes == 0 { size } else { size + 256 };
        scene.same(&class, "rich", size, false, &texts.map(call));
    }
}

#[test]
fn sends_by_allowance_cost_the_same() {
    let mut scene = Scene::new();
    scene.run("rich", &allow((RICHES - 1).into(), None));
    let hash = scene.net.code_hash_of(&scene.other).unwrap();
    let msgs = AMOUNTS.map(|amount| ExecuteMsg::SendFrom {
        owner: address("rich"),
        recipient: scene.other.clone(),
        recipient_code_hash: Some(hash.clone()),
        amount: amount.into(),
        msg: Some(Binary(vec![b'x'; 1_536])),
        memo: None,
        padding: None,
    });
    scene.same("send_from", "friend", LONG, false, &msgs);
}

#[test]
fn rights_cost_the_same() {
    let scene = Scene::new();
    let keys = ["12345678".to_string(), "k".repeat(128), "\"".repeat(100)];
    let set = keys.map(|key| ExecuteMsg::SetViewingKey { key, padding: None });
    scene.same("set_viewing_key", "rich", SHORT, true, &set);
    let short = [0, 7].map(|length| ExecuteMsg::SetViewingKey {
        key: "k".repeat(length),
        padding: None,
    });
    scene.same("set_viewing_key, too short", "rich", SHORT, false, &short);
    let create = memos().map(|entropy| ExecuteMsg::CreateViewingKey {
        entropy,
        padding: None,
    });
    scene.same("create_viewing_key", "rich", SHORT, true, &create);
    let names = ["J".to_string(), "J".repeat(128), "\u{1}".repeat(60)];
    let revoke = names.map(|permit_name| ExecuteMsg::RevokePermit {
        permit_name,
        padding: None,
    });
    scene.same("revoke_permit", "rich", SHORT, true, &revoke);
    let register = ["0", "f"].map(|digit| ExecuteMsg::RegisterReceive {
        code_hash: digit.repeat(64),
        padding: None,
    });
    scene.same("register_receive", "rich", SHORT, true, &register);
}

/// The first revocation looks like the ninth, and one that fails like any other that does.
#[test]
fn blanket_revocations_cost_the_same() {
    let mut scene = Scene::new();
    let times = [Some(Uint64::one()), Some(Uint64::MAX), None];
    let until = |created_before| ExecuteMsg::RevokeAllPermits {
        interval: RevokedInterval {
            created_before,
            created_after: None,
        },
        padding: None,
    };
    let delete = |id: &str| ExecuteMsg::DeletePermitRevocation {
        revocation_id: id.into(),
        padding: None,
    };
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for more in [1, 8] {
        (0..more).for_each(|_| scene.run("rich", &until(times[1])));
        good.extend(times.map(until).iter().map(|msg| scene.seen("rich", msg)));
        good.push(scene.seen("rich", &delete("0")));
        let unknown = ["10", "nobody's", "REVOKED_ALL"].map(delete);
        bad.extend(unknown.iter().map(|msg| scene.seen("rich", msg)));
    }
    all_equal("revoke_all_permits, delete_permit_revocation", &good);
    scene.run("rich", &until(times[1]));
    bad.extend([times[0], times[1]].map(|time| scene.seen("rich", &until(time))));
    all_equal("revocations that fail", &bad);
}

#[test]
fn what_cannot_be_read_costs_the_same() {
    let scene = Scene::new();
    let unknown = [
        json!({"burn": {}}),
        json!({"transfer": {"amount": "-1"}}),
        json!([1, 2, 3]),
    ];
    let seen = unknown.map(|msg| compute(&scene.try_out("rich", &msg.to_string())));
    all_equal("unknown", &seen);
    // Whatever stops a transfer, the call computes alike.
    let mut stranger = json!(transfer("friend", 1));
    stranger["transfer"]["recipient"] = "secret1nobody".into();
    let refused = [json!(transfer("friend", u128::MAX)), stranger];
    let seen = refused.map(|msg| compute(&scene.try_out("rich", &msg.to_string())));
    all_equal("transfer, refused", &seen);
}
