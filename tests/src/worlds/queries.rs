//! Somebody without the right asks: what the contracts say must not tell what there is.

use secret_ai_chain_client::{owner_permit, Validity, Wallet};
use secret_ai_interface::auth::Permit;
use secret_ai_interface::{billing, token, Contract, Hex};
use serde_json::{json, Value};

use super::scene::{Scene, OPERATORS, USERS};
use crate::local::address;

/// Why an asker has no right to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The account has another viewing key.
    WrongKey,
    /// Nobody ever had this account.
    NoAccount,
    /// A permit that ended a second ago.
    Expired,
    /// A permit that its signer revoked.
    Revoked,
    /// A permit with the signature of another document.
    Forged,
}

/// Asks billing and rewards, without the right to, for everything that is somebody's own.
pub fn refused(scene: &mut Scene, why: Refusal) {
    let wallet = Wallet::from_private_key(&[0x51; 32]).expect("a wallet");
    let (billing, rewards) = (scene.local.billing.clone(), scene.local.rewards.clone());
    for of in [&billing, &rewards] {
        let revoke = json!({ "revoke_permit": { "permit_name": "revoked" } });
        let net = &mut scene.local.net;
        let revoked = net.execute(wallet.address(), of.address.as_str(), &revoke, &[]);
        assert!(revoked.is_ok(), "revoke_permit: {revoked:?}");
    }
    let now = scene.local.net.block_time_s();
    let chain_id = scene.local.net.chain_id().to_string();
    let asked = [
        (&billing, "account", USERS[0]),
        (&billing, "sessions", USERS[0]),
        (&rewards, "earnings", OPERATORS[0]),
    ];
    for (of, query, owner) in asked {
        let with_key =
            |name: &str, key: &str| json!({ query: { "address": address(name), "key": key } });
        let with_permit =
            |permit: Permit| json!({ "with_permit": { "permit": permit, "query": { query: {} } } });
        let permit = |name: &str, expires: Option<u64>| {
            let created = expires.map(|_| now - 60);
            let validity = Validity { created, expires };
            let signed = owner_permit(&wallet, &chain_id, of.address.as_str(), name, validity);
            signed.expect("a permit")
        };
        let rights = [
            with_key(owner, &format!("{owner}-key")),
            with_permit(permit("good", None)),
            with_permit(permit("good", Some(now + 1))),
        ];
        for right in rights {
            assert_eq!(refusal(scene, of, &right), None, "{query} with a right");
        }
        let wrong = match why {
            Refusal::WrongKey => with_key(owner, "a wrong key"),
            Refusal::NoAccount => with_key("nobody", "a wrong key"),
            Refusal::Expired => with_permit(permit("good", Some(now - 1))),
            Refusal::Revoked => with_permit(permit("revoked", None)),
            Refusal::Forged => with_permit(Permit {
                signature: permit("another", None).signature,
                ..permit("good", None)
            }),
        };
        assert!(
            !scene.ask(query, of, &wrong),
            "{query}: {why:?} was answered"
        );
    }
}

/// A balance of the token, asked for with a wrong key: of a holder, or of nobody.
pub fn balance(scene: &mut Scene, of: &str) {
    let token = scene.local.token.clone();
    scene.local.set_viewing_key(USERS[0], &token);
    let query = token::QueryMsg::Balance {
        address: address(of),
        key: "a wrong key".into(),
    };
    // The standard's refusal is an answer.
    scene.ask("balance", &token, &query);
}

/// What a worker asks of a session: the id is right but not the authenticator, or neither is.
pub fn session(scene: &mut Scene, known: bool) {
    let terms = scene.terms(0, 1_000_000);
    scene.deposit(USERS[0], 1_000_000, vec![]);
    let opened = scene.open(USERS[0], vec![terms])[0];
    let query = billing::QueryMsg::Session {
        session_id: match known {
            true => opened,
            false => Hex([0x11; 16]),
        },
        auth: billing::SessionAuth::H(Hex([0xbb; 32])),
    };
    let billing = scene.local.billing.clone();
    assert!(!scene.ask("session", &billing, &query));
}

/// Why a query is refused, if it is.
fn refusal(scene: &Scene, of: &Contract, query: &Value) -> Option<String> {
    let query = query.to_string();
    let net = &scene.local.net;
    let said = net.query(of.address.as_str(), None, query.as_bytes());
    said.err().map(|error| error.to_string())
}
