//! The software TEE passes the reference verifier, too, and the two disagree about broken variants
//! only where this project is stricter on purpose.

use dcap_qvl::verify::QuoteVerifier;
use dcap_qvl::QuoteCollateralV3;
use secret_ai_attestation::RawCollateral;
use secret_ai_attestation_testkit::{broken, Measurements, QuoteForm, SoftTee};

const SEED: [u8; 32] = [7; 32];
const NOW: u64 = 1_790_000_000;

/// What dcap-qvl accepts and we refuse: bytes after the quote, attributes that it does not judge,
/// PCE-ID, and the issuer chain of the PCK CRL, which it takes from the quote instead.
const STRICTER: [&str; 8] = [
    "trailing zero byte",
    "16 trailing zero bytes",
    "provisioning agent TD",
    "other PCE",
    "no PCK CA",
    "TCB signer as PCK CA",
    "chain of a foreign root",
    "foreign PCK CA",
];

fn reference(raw: &RawCollateral) -> QuoteCollateralV3 {
    let chain = |chain: &[Vec<u8>]| chain.iter().map(|der| pem(der)).collect::<String>();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    QuoteCollateralV3 {
        pck_crl_issuer_chain: chain(&raw.pck_crl_issuer_chain),
        root_ca_crl: raw.root_ca_crl.clone(),
        pck_crl: raw.pck_crl.clone(),
        tcb_info_issuer_chain: chain(&raw.tcb_info_issuer_chain),
        tcb_info: text(&raw.tcb_info),
        tcb_info_signature: raw.tcb_info_signature.to_vec(),
        qe_identity_issuer_chain: chain(&raw.qe_identity_issuer_chain),
        qe_identity: text(&raw.qe_identity),
        qe_identity_signature: raw.qe_identity_signature.to_vec(),
        pck_certificate_chain: None,
    }
}

fn pem(der: &[u8]) -> String {
    use base64::Engine;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
}

#[test]
fn the_reference_believes_every_form() {
    let tee = SoftTee::new(SEED, NOW);
    let verifier = QuoteVerifier::new(tee.root_der());
    let collateral = reference(&tee.collateral());
    for form in [
        QuoteForm::default(),
        QuoteForm::v5(2),
        QuoteForm::v5(3),
        QuoteForm::v5(4),
    ] {
        let quote = tee.quote_as(&form, [0x5a; 64], &Measurements::default());
        let report = verifier.verify(&quote, &collateral, NOW);
        let report = report.unwrap_or_else(|error| panic!("{form:?}: {error:#}"));
        assert_eq!(report.status, "UpToDate");
        assert_eq!(report.ppid, tee.platform.ppid);
    }
}

#[test]
fn the_reference_refuses_what_is_broken_unless_it_is_laxer() {
    let verifier = QuoteVerifier::new(SoftTee::new(SEED, NOW).root_der());
    let accepted: Vec<&str> = broken(SEED, NOW, [0x5a; 64])
        .iter()
        .filter(|variant| variant.is_evidence_alone())
        .filter(|variant| {
            let collateral = reference(&variant.collateral);
            verifier
                .verify(&variant.quote, &collateral, variant.now)
                .is_ok()
        })
        .map(|variant| variant.name)
        .collect();
    println!("accepted by dcap-qvl alone: {accepted:?}");
    assert_eq!(accepted, STRICTER);
}
