//! The JSON schemas of all messages, and the sizes to which they are filled, as (file name, text).

#[path = "padded_sizes.rs"]
mod padded_sizes;

use cosmwasm_schema::{generate_api, schema_for};
use secret_ai_interface::{auth, billing, notifications, registry, rewards, token};

/// One API description per contract, and one file per further message or answer.
pub fn generate() -> Vec<(&'static str, String)> {
    vec![
        (
            "worker-registry.json",
            generate_api! {
                name: "worker-registry",
                version: "1",
                instantiate: registry::InstantiateMsg,
                execute: registry::ExecuteMsg,
                query: registry::QueryMsg,
            }
            .render()
            .to_string()
            .unwrap(),
        ),
        (
            "billing.json",
            generate_api! {
                name: "billing",
                version: "1",
                instantiate: billing::InstantiateMsg,
                execute: billing::ExecuteMsg,
                query: billing::QueryMsg,
            }
            .render()
            .to_string()
            .unwrap(),
        ),
        (
            "rewards.json",
            generate_api! {
                name: "rewards",
                version: "1",
                instantiate: rewards::InstantiateMsg,
                execute: rewards::ExecuteMsg,
                query: rewards::QueryMsg,
            }
            .render()
            .to_string()
            .unwrap(),
        ),
        (
            "dev-token.json",
            generate_api! {
                name: "dev-token",
                version: "1",
                instantiate: token::InstantiateMsg,
                execute: token::ExecuteMsg,
                query: token::QueryMsg,
            }
            .render()
            .to_string()
            .unwrap(),
        ),
        (
            "billing-receive-msg.json",
            text(&schema_for!(billing::ReceiveMsg)),
        ),
        (
            "billing-open-answer.json",
            text(&schema_for!(billing::OpenAnswer)),
        ),
        (
            "billing-settle-answer.json",
            text(&schema_for!(billing::SettleAnswer)),
        ),
        (
            "billing-finalize-answer.json",
            text(&schema_for!(billing::FinalizeAnswer)),
        ),
        (
            "billing-reclaim-answer.json",
            text(&schema_for!(billing::ReclaimAnswer)),
        ),
        (
            "billing-withdraw-answer.json",
            text(&schema_for!(billing::WithdrawAnswer)),
        ),
        (
            "rewards-claim-answer.json",
            text(&schema_for!(rewards::ClaimAnswer)),
        ),
        (
            "registry-challenge-answer.json",
            text(&schema_for!(registry::ChallengeAnswer)),
        ),
        (
            "registry-register-answer.json",
            text(&schema_for!(registry::RegisterAnswer)),
        ),
        (
            "registry-collateral-answer.json",
            text(&schema_for!(registry::CollateralAnswer)),
        ),
        (
            "update-seed-answer.json",
            text(&schema_for!(notifications::UpdateSeedAnswer)),
        ),
        (
            "viewing-key-answer.json",
            text(&schema_for!(auth::ViewingKeyAnswer)),
        ),
        (
            "permit-revocation-answer.json",
            text(&schema_for!(auth::RevocationAnswer)),
        ),
        (
            "padded-sizes.json",
            serde_json::to_string_pretty(&padded_sizes::padded_sizes()).unwrap(),
        ),
    ]
}

fn text(schema: &schemars::schema::RootSchema) -> String {
    serde_json::to_string_pretty(schema).unwrap()
}
