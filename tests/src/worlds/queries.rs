//! Somebody without the right asks: what the contracts say must not tell what there is.

use secret_ai_chain_client::address::encode;
use secret_ai_interface::{billing, token, Contract, Hex};
use secret_ai_receipts::{kid, public_key, sha256, SigningKey};
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
    /// A permit that was good until yesterday.
    Expired,
    /// A permit that its signer revoked.
    Revoked,
    /// A permit with another one's signature.
    Forged,
}

/// A wallet that signs permits.
struct Signer(SigningKey);

/// Asks billing and rewards, without the right to, for everything that is somebody's own.
pub fn refused(scene: &mut Scene, why: Refusal) {
    let signer = Signer(SigningKey::from_slice(&[0x51; 32]).expect("a key"));
    let (billing, rewards) = (scene.local.billing.clone(), scene.local.rewards.clone());
    for of in [&billing, &rewards] {
        let revoke = json!({ "revoke_permit": { "permit_name": "revoked" } });
        let sender = signer.address();
        let revoked = scene
            .local
            .net
            .execute(&sender, of.address.as_str(), &revoke, &[]);
        assert!(revoked.is_ok(), "revoke_permit: {revoked:?}");
    }
    let asked = [
        (&billing, "account", json!({ "account": {} }), USERS[0]),
        (&billing, "sessions", json!({ "sessions": {} }), USERS[0]),
        (
            &rewards,
            "earnings",
            json!({ "earnings": {} }),
            OPERATORS[0],
        ),
    ];
    for (of, name, query, owner) in asked {
        let chain_id = scene.local.net.chain_id().to_string();
        let with_key = |address: String, key: &str| {
            let mut query = query.clone();
            query[name] = json!({ "address": address, "key": key });
            query
        };
        let with_permit =
            |permit: Value| json!({ "with_permit": { "permit": permit, "query": query } });
        let permit = |name, expires| signer.permit(of, &chain_id, name, expires);

        let right = with_key(address(owner), &format!("{owner}-key"));
        assert!(may(scene, of, &right), "{name}: the right key is refused");
        let good = with_permit(permit("good", None));
        assert!(may(scene, of, &good), "{name}: a good permit is refused");

        let wrong = match why {
            Refusal::WrongKey => with_key(address(owner), "a wrong key"),
            Refusal::NoAccount => with_key(address("nobody"), "a wrong key"),
            Refusal::Expired => {
                let later = with_permit(permit("good", Some("2036-01-01T00:00:00.000Z")));
                assert!(
                    may(scene, of, &later),
                    "{name}: a permit is refused too early"
                );
                with_permit(permit("good", Some("2025-12-31T23:59:59.000Z")))
            }
            Refusal::Revoked => with_permit(permit("revoked", None)),
            Refusal::Forged => {
                let mut forged = permit("good", None);
                forged["signature"] = permit("another", None)["signature"].clone();
                with_permit(forged)
            }
        };
        assert!(!scene.ask(name, of, &wrong), "{name}: {why:?} was answered");
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

fn may(scene: &Scene, of: &Contract, query: &Value) -> bool {
    let query = query.to_string();
    let said = scene
        .local
        .net
        .query(of.address.as_str(), None, query.as_bytes());
    said.is_ok()
}

impl Signer {
    fn address(&self) -> String {
        encode(&kid(&self.0))
    }

    /// An owner's permit for a contract (SNIP-24), with the fields of SNIP-24.1 if it expires.
    fn permit(&self, of: &Contract, chain_id: &str, name: &str, expires: Option<&str>) -> Value {
        let mut content = json!({
            "allowed_tokens": [of.address],
            "permissions": ["owner"],
            "permit_name": name,
        });
        if let Some(expires) = expires {
            content["created"] = "2025-12-31T00:00:00.000Z".into();
            content["expires"] = expires.into();
        }
        // Keys of JSON objects are sorted here, as amino has them.
        let document = json!({
            "account_number": "0",
            "chain_id": chain_id,
            "fee": { "amount": [{ "amount": "0", "denom": "uscrt" }], "gas": "1" },
            "memo": "",
            "msgs": [{ "type": "query_permit", "value": content }],
            "sequence": "0",
        });
        let digest = sha256(document.to_string().as_bytes());
        let (signature, _) = self.0.sign_prehash_recoverable(&digest);
        let signature = signature.normalize_s().to_bytes().to_vec();
        let mut params = content;
        params["chain_id"] = chain_id.into();
        json!({
            "params": params,
            "signature": {
                "pub_key": {
                    "type": "tendermint/PubKeySecp256k1",
                    "value": cosmwasm_std::Binary(public_key(&self.0).to_vec()),
                },
                "signature": cosmwasm_std::Binary(signature),
            },
        })
    }
}
