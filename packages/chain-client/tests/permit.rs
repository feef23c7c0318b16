//! Permits that the client makes are those that contracts accept, and end when they say.

use cosmwasm_std::testing::{mock_dependencies, mock_env};
use cosmwasm_std::Timestamp;
use secret_ai_chain_client::{owner_permit, ChainError, Validity, Wallet};
use secret_ai_contract_kit::permit::validate;
use secret_ai_interface::auth::{Permission, Permit};

/// 2026-01-01T00:00:00Z.
const NOW: u64 = 1_767_225_600;

fn wallet() -> Wallet {
    let words = "grant rice replace explain federal release fix clever romance raise often wild \
                 taxi quarter soccer fiber love must tape steak together observe swap guitar";
    Wallet::from_mnemonic(words).unwrap()
}

fn permit(validity: Validity) -> Result<Permit, ChainError> {
    let env = mock_env();
    let contract = env.contract.address.as_str();
    owner_permit(&wallet(), &env.block.chain_id, contract, "test", validity)
}

#[test]
fn a_permit_of_an_hour_is_good_for_that_hour() {
    let permit = permit(Validity::an_hour(NOW)).unwrap();
    let (created, expires) = (&permit.params.created, &permit.params.expires);
    assert_eq!(created.as_deref(), Some("2025-12-31T23:59:00.000Z"));
    assert_eq!(expires.as_deref(), Some("2026-01-01T01:00:00.000Z"));
    for (time, good) in [
        (NOW - 61, false),
        (NOW - 60, true),
        (NOW, true),
        (NOW + 3_599, true),
        (NOW + 3_600, false),
    ] {
        let (deps, mut env) = (mock_dependencies(), mock_env());
        env.block.time = Timestamp::from_seconds(time);
        let signer = validate(deps.as_ref(), &env, &permit, &[Permission::Owner]);
        assert_eq!(signer.is_ok(), good, "{time}");
        if let Ok(signer) = signer {
            assert_eq!(signer.as_str(), wallet().address());
        }
    }
}

#[test]
fn a_permit_without_dates_is_one_of_snip_24() {
    let permit = permit(Validity::default()).unwrap();
    let text = serde_json::to_string(&permit).unwrap();
    assert!(
        !text.contains("created") && !text.contains("expires"),
        "{text}"
    );
    let (deps, env) = (mock_dependencies(), mock_env());
    assert!(validate(deps.as_ref(), &env, &permit, &[Permission::Owner]).is_ok());
}

#[test]
fn a_node_from_the_far_future_is_refused() {
    let last = 253_402_300_799;
    let until = |expires| Validity {
        expires: Some(expires),
        ..Validity::default()
    };
    assert!(permit(until(last)).is_ok());
    for late in [
        until(last + 1),
        Validity::an_hour(last),
        Validity::an_hour(u64::MAX),
    ] {
        let refused = permit(late).unwrap_err().to_string();
        assert!(refused.contains("after the year 9999"), "{refused}");
    }
}
