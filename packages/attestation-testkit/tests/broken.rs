//! What the software TEE mints is genuine under its root, and each broken variant fails its check.

use std::collections::BTreeSet;

use p256::ecdsa::Signature;
use secret_ai_attestation::dcap::{encode_qve_collateral, host_verdict, HostVerdict};
use secret_ai_attestation::{
    check_policy, compact, verify_collateral, verify_tdx_quote, Error, TcbStatus, TdxPolicy,
    TrustRoot, VerifiedTdx,
};
use secret_ai_attestation_testkit::{broken, Measurements, QuoteForm, SoftTee};

const SEED: [u8; 32] = [7; 32];
const NOW: u64 = 1_790_000_000;
const REPORT_DATA: [u8; 64] = [0x5a; 64];

fn verify(tee: &SoftTee, quote: &[u8]) -> Result<VerifiedTdx, Error> {
    let root = tee.root_der();
    let collateral = verify_collateral(&tee.collateral(), &TrustRoot::from_der(&root)?, NOW)?;
    verify_tdx_quote(quote, &collateral, NOW)
}

#[test]
fn every_form_is_genuine_and_up_to_date() {
    let tee = SoftTee::new(SEED, NOW);
    let measurements = Measurements::default();
    for form in [
        QuoteForm::default(),
        QuoteForm::v5(2),
        QuoteForm::v5(3),
        QuoteForm::v5(4),
    ] {
        let quote = tee.quote_as(&form, REPORT_DATA, &measurements);
        let verified = verify(&tee, &quote).unwrap();
        assert_eq!(verify(&tee, &compact(&quote).unwrap()).unwrap(), verified);
        assert_eq!(verified.tcb_status, TcbStatus::UpToDate);
        assert_eq!(verified.report_data, REPORT_DATA);
        assert_eq!(
            (verified.mr_td, verified.rtmr),
            (measurements.mr_td, measurements.rtmr)
        );
        assert_eq!(verified.ppid_hash, tee.ppid_hash());
        assert_eq!(verified.superseded_at, None);
        assert_eq!(check_policy(&verified, &TdxPolicy::default(), NOW), Ok(()));
    }
}

#[test]
fn the_same_seed_mints_the_same_bytes_and_another_seed_others() {
    let mint = |seed| {
        let tee = SoftTee::new(seed, NOW);
        (
            tee.root_der(),
            tee.collateral(),
            tee.quote(REPORT_DATA, &Measurements::default()),
        )
    };
    assert_eq!(mint(SEED), mint(SEED));
    assert_ne!(mint(SEED).0, mint([8; 32]).0);
}

#[test]
fn every_broken_variant_fails_its_own_check() {
    let root = SoftTee::new(SEED, NOW).root_der();
    let root = TrustRoot::from_der(&root).unwrap();
    let variants = broken(SEED, NOW, REPORT_DATA);
    let names: BTreeSet<&str> = variants.iter().map(|variant| variant.name).collect();
    assert_eq!(names.len(), variants.len(), "a name occurs twice");
    println!("{} variants", variants.len());
    let wrong: Vec<String> = variants
        .iter()
        .filter_map(|variant| {
            let verdict = variant.verdict(&root);
            let code = verdict
                .as_ref()
                .map(|_| "accepted")
                .unwrap_or_else(Error::code);
            let line = format!("{}: {code}, expected {}", variant.name, variant.code);
            (code != variant.code).then_some(line)
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The variants that are wrong only beside something else are right by themselves.
#[test]
fn what_is_wrong_beside_something_known_is_genuine_alone() {
    let root = SoftTee::new(SEED, NOW).root_der();
    let root = TrustRoot::from_der(&root).unwrap();
    let mut alone = 0;
    for variant in broken(SEED, NOW, REPORT_DATA) {
        let stale = variant.known_collateral.is_some() || variant.max_collateral_age.is_some();
        if stale || variant.code.starts_with("policy_") {
            let collateral = verify_collateral(&variant.collateral, &root, NOW).unwrap();
            let verdict = verify_tdx_quote(&variant.quote, &collateral, NOW);
            assert!(verdict.is_ok(), "{}: {verdict:?}", variant.name);
            alone += 1;
        }
    }
    assert!(alone >= 15, "{alone}");
}

/// The chain's host call, as networks without TEEs replace it, accepts no variant that is wrong by
/// itself, zeros after the quote apart.
#[test]
fn the_host_call_agrees_about_every_variant() {
    let root = SoftTee::new(SEED, NOW).root_der();
    let root = [TrustRoot::from_der(&root).unwrap()];
    let mut laxer = Vec::new();
    for variant in broken(SEED, NOW, REPORT_DATA) {
        let packed = encode_qve_collateral(&variant.collateral);
        let verdict = host_verdict(&variant.quote, &packed, &root, variant.now);
        if !matches!(verdict, HostVerdict::Refused(_)) {
            let padded = variant.name.contains("trailing zero");
            assert!(padded || !variant.is_evidence_alone(), "{}", variant.name);
            laxer.push(variant.name);
        }
    }
    // What the caller must see to: policy, age, and that nothing older comes back.
    println!("accepted by the host call: {laxer:?}");
    assert!(laxer.contains(&"TCB info older than the stored"));
    assert!(laxer.contains(&"software hardening needed"));
    assert!(!laxer.contains(&"out-of-date platform"));
    let tee = SoftTee::new(SEED, NOW);
    let good = tee.quote(REPORT_DATA, &Measurements::default());
    let packed = encode_qve_collateral(&tee.collateral());
    let verdict = |roots: &[TrustRoot<'_>]| host_verdict(&good, &packed, roots, NOW);
    assert_eq!(verdict(&root), HostVerdict::UpToDate);
    assert_eq!(verdict(&[TrustRoot::INTEL, root[0]]), HostVerdict::UpToDate);
    assert_eq!(verdict(&[TrustRoot::INTEL]), HostVerdict::REFUSED);
}

/// Anybody can turn a quote into another that is as genuine: its hash identifies nothing.
#[test]
fn the_mirrored_signature_is_accepted_and_changes_no_statement() {
    let tee = SoftTee::new(SEED, NOW);
    let quote = tee.quote(REPORT_DATA, &Measurements::default());
    let signature = Signature::from_slice(&quote[636..700]).unwrap();
    let mirrored = Signature::from_scalars(signature.r(), -*signature.s()).unwrap();
    let mut other = quote.clone();
    other[636..700].copy_from_slice(&mirrored.to_bytes());
    assert_ne!(other, quote);
    assert_eq!(verify(&tee, &other).unwrap(), verify(&tee, &quote).unwrap());
}

#[test]
fn out_of_date_parts_make_the_quote_out_of_date_and_policy_judges_it() {
    let old_platform = |tee: &mut SoftTee| tee.platform.components[0] -= 1;
    let old_qe = |tee: &mut SoftTee| tee.qe_report.isv_svn = 3;
    for change in [&old_platform as &dyn Fn(&mut SoftTee), &old_qe] {
        let mut tee = SoftTee::new(SEED, NOW);
        change(&mut tee);
        let verified = verify(&tee, &tee.quote(REPORT_DATA, &Measurements::default())).unwrap();
        check_outdated(&tee, &verified);
    }
    let tee = SoftTee::new(SEED, NOW);
    let mut measurements = Measurements::default();
    measurements.tee_tcb_svn[0] = 4;
    let verified = verify(&tee, &tee.quote(REPORT_DATA, &measurements)).unwrap();
    check_outdated(&tee, &verified);

    let form = QuoteForm::v5(3);
    let relaunch = verify(&tee, &tee.quote_as(&form, REPORT_DATA, &measurements)).unwrap();
    assert_eq!(relaunch.tcb_status, TcbStatus::TdRelaunchAdvised);
    let refusal = check_policy(&relaunch, &TdxPolicy::default(), NOW).unwrap_err();
    assert_eq!(refusal.code(), "policy_tcb_status");
}

fn check_outdated(tee: &SoftTee, verified: &VerifiedTdx) {
    assert_eq!(verified.tcb_status, TcbStatus::OutOfDate);
    assert_eq!(verified.advisories.len(), 1);
    let since = tee.tcb_info.issued;
    assert_eq!(verified.superseded_at, Some(since));
    let code = |policy: &TdxPolicy, now| check_policy(verified, policy, now).map_err(|e| e.code());
    let refuse = TdxPolicy::default();
    assert_eq!(code(&refuse, NOW), Err("policy_grace"));
    let grace = TdxPolicy {
        out_of_date_grace: 100,
        ..TdxPolicy::default()
    };
    assert_eq!(code(&grace, since + 100), Ok(()));
    assert_eq!(code(&grace, since + 101), Err("policy_grace"));
    let allowed = TdxPolicy {
        allowed: vec![TcbStatus::OutOfDate],
        ..TdxPolicy::default()
    };
    assert_eq!(code(&allowed, NOW), Ok(()));
    let denied = TdxPolicy {
        denied_advisories: verified.advisories.clone(),
        ..allowed
    };
    assert_eq!(code(&denied, NOW), Err("policy_advisory"));
    let newer = TdxPolicy {
        min_tcb_evaluation_number: 21,
        ..grace
    };
    assert_eq!(code(&newer, since), Err("policy_evaluation_number"));
}
