//! Evidence of a simulated TEE, made as the agent makes it.

use cosmwasm_std::Binary;
use secret_ai_attestation::{
    image_id_of, registration_digest, report_data, RawCollateral, Registration,
};
use secret_ai_attestation_testkit::{Measurements, SoftTee};
use secret_ai_interface::registry::{Attestation, Collateral, CpuEvidence, TdxCollateral};
use secret_ai_interface::Hex;
use secret_ai_receipts::{public_key, SigningKey};

/// Seed of the development TEE of demo and tests; public, worth nothing.
pub const SEED: [u8; 32] = [0x5a; 32];

/// Collateral in the form that the registry takes.
pub fn collateral(raw: RawCollateral) -> Collateral {
    let chain = |chain: Vec<Vec<u8>>| chain.into_iter().map(Binary).collect();
    Collateral::Tdx(Box::new(TdxCollateral {
        root_ca_crl: Binary(raw.root_ca_crl),
        pck_crl: Binary(raw.pck_crl),
        pck_crl_issuer_chain: chain(raw.pck_crl_issuer_chain),
        tcb_info: Binary(raw.tcb_info),
        tcb_info_signature: Binary(raw.tcb_info_signature.to_vec()),
        tcb_signing_chain: chain(raw.tcb_info_issuer_chain),
        qe_identity: Binary(raw.qe_identity),
        qe_identity_signature: Binary(raw.qe_identity_signature.to_vec()),
    }))
}

/// Image id of what the simulated TEE measures.
pub fn image() -> Hex<32> {
    let m = Measurements::default();
    let [rtmr0, rtmr1, rtmr2, _] = &m.rtmr;
    Hex(image_id_of(
        &m.mr_td,
        [rtmr0, rtmr1, rtmr2],
        &m.xfam,
        &m.td_attributes,
    ))
}

/// An operator's claim for a challenge, with a fresh quote.
pub fn attest(
    tee: &SoftTee,
    key: &SigningKey,
    (chain_id, registry, operator): (&str, &str, &str),
    challenge: &[u8; 32],
) -> Attestation {
    let registration = Registration {
        chain_id,
        registry,
        operator,
        receipt_pk: &public_key(key),
        tls_spki_sha256: &[0; 32],
        e2ee_pk: &[0xe2; 32],
        challenge,
        class: 0,
    };
    let data = report_data(&registration, &[]).expect("fixed-length fields");
    let digest = registration_digest(challenge, operator).expect("an operator");
    let (signature, _) = key.sign_prehash_recoverable(&digest);
    Attestation {
        receipt_pk: Hex(public_key(key)),
        tls_spki_sha256: Hex([0; 32]),
        e2ee_pk: Hex([0xe2; 32]),
        class: 0,
        cpu: CpuEvidence::Tdx {
            quote: Binary(tee.quote(data, &Measurements::default())),
        },
        workload: None,
        gpus: vec![],
        signature: Binary(signature.normalize_s().to_bytes().to_vec()),
    }
}
