//! The same verdict as dcap-qvl on real evidence, and a refusal for every changed byte.

mod common;

use std::collections::BTreeMap;

use common::{packaged_samples, samples, Sample};
use dcap_qvl::QuoteCollateralV3;
use secret_ai_attestation::{
    compact, verify_collateral, verify_tdx_quote, Collateral, Error, RawCollateral, TrustRoot,
};

/// Status and sorted advisories, as text.
type Verdict = Option<(String, Vec<String>)>;

fn ours(quote: &[u8], raw: &RawCollateral, now: u64) -> Verdict {
    let verified = verify_collateral(raw, &TrustRoot::INTEL, now)
        .and_then(|collateral| verify_tdx_quote(quote, &collateral, now))
        .ok()?;
    let advisories = verified
        .advisories
        .iter()
        .map(ToString::to_string)
        .collect();
    Some((verified.tcb_status.to_string(), advisories))
}

fn theirs(quote: &[u8], collateral: &QuoteCollateralV3, now: u64) -> Verdict {
    let report = dcap_qvl::verify::verify(quote, collateral, now).ok()?;
    let mut advisories = report.advisory_ids;
    advisories.sort();
    Some((report.status, advisories))
}

/// Without the PCK chain that some services add, which dcap-qvl prefers to the quote's own.
fn reference_collateral(sample: &Sample) -> QuoteCollateralV3 {
    let collateral = serde_json::from_str(&sample.collateral_json).unwrap();
    QuoteCollateralV3 {
        pck_certificate_chain: None,
        ..collateral
    }
}

#[test]
fn verdicts_agree_on_every_quote_with_every_collateral() {
    let samples = samples();
    let mut accepted = 0;
    for quote in &samples {
        for collateral in &samples {
            let reference = reference_collateral(collateral);
            let raw = collateral.raw();
            let (from, until) = collateral.window;
            for now in [from, collateral.now(), until - 1, until + 1] {
                let ours = ours(quote.exact(), &raw, now);
                let theirs = theirs(quote.exact(), &reference, now);
                accepted += usize::from(ours.is_some());
                let names = (quote.name, collateral.name);
                // Not at `from - 1`, where dcap-qvl accepts a CRL of the future, and not at `until`,
                // when a CRL has ended for it.
                assert_eq!(ours, theirs, "{names:?} at {now}");
            }
        }
    }
    println!("{accepted} combinations accepted by both");
    assert!(accepted >= 6);
}

/// dcap-qvl does not look at the root in the quote's chain, this verifier wants the pinned one.
#[test]
fn verdicts_agree_on_edited_quotes() {
    let sample = &packaged_samples()[0];
    let (raw, reference, now) = (sample.raw(), reference_collateral(sample), sample.now());
    let begin = b"-----BEGIN";
    let root = sample
        .exact()
        .windows(begin.len())
        .rposition(|bytes| bytes == begin)
        .unwrap();
    for at in (0..sample.exact().len()).step_by(97) {
        let mut quote = sample.exact().to_vec();
        quote[at] ^= 0x10;
        assert_eq!(ours(&quote, &raw, now), None, "byte {at}");
        if at < root {
            assert_eq!(theirs(&quote, &reference, now), None, "byte {at}");
        }
    }
}

/// Changes every byte of `bytes` in turn and counts the codes of the refusals.
fn refusals(
    bytes: &[u8],
    step: usize,
    flip: u8,
    verify: impl Fn(&[u8]) -> Result<(), Error>,
) -> BTreeMap<&'static str, usize> {
    let mut codes = BTreeMap::new();
    for at in (0..bytes.len()).step_by(step) {
        let mut edited = bytes.to_vec();
        edited[at] ^= flip;
        match verify(&edited) {
            Ok(()) => panic!("byte {at} of {} may be changed", bytes.len()),
            Err(error) => *codes.entry(error.code()).or_insert(0) += 1,
        }
    }
    codes
}

fn verified(sample: &Sample) -> Collateral {
    verify_collateral(&sample.raw(), &TrustRoot::INTEL, sample.now()).unwrap()
}

#[test]
fn no_byte_of_a_quote_may_change() {
    for (sample, flip) in packaged_samples().iter().zip([0x01, 0x80]) {
        let (collateral, now) = (verified(sample), sample.now());
        let verify = |quote: &[u8]| verify_tdx_quote(quote, &collateral, now).map(|_| ());
        let full = refusals(sample.exact(), 1, flip, verify);
        println!("{}, {} bytes: {full:?}", sample.name, sample.exact().len());
        let small = compact(&sample.quote).unwrap();
        println!(
            "{}, compact: {:?}",
            sample.name,
            refusals(&small, 1, flip ^ 0x81, verify)
        );
    }
}

#[test]
fn no_byte_of_the_collateral_may_change() {
    let sample = &packaged_samples()[1];
    let (raw, now) = (sample.raw(), sample.now());
    let check = |name: &str, bytes: &[u8], step, set: fn(&mut RawCollateral, Vec<u8>)| {
        let verify = |edited: &[u8]| {
            let mut raw = raw.clone();
            set(&mut raw, edited.to_vec());
            verify_collateral(&raw, &TrustRoot::INTEL, now).map(|_| ())
        };
        println!("{name}: {:?}", refusals(bytes, step, 0x01, verify));
    };
    check("root CRL", &raw.root_ca_crl, 1, |raw, bytes| {
        raw.root_ca_crl = bytes
    });
    check("PCK CRL", &raw.pck_crl, 7, |raw, bytes| raw.pck_crl = bytes);
    check("TCB info", &raw.tcb_info, 11, |raw, bytes| {
        raw.tcb_info = bytes
    });
    check("QE identity", &raw.qe_identity, 1, |raw, bytes| {
        raw.qe_identity = bytes
    });
    check(
        "TCB info signature",
        &raw.tcb_info_signature,
        1,
        |raw, bytes| {
            raw.tcb_info_signature = bytes.try_into().unwrap();
        },
    );
    check("PCK CA", &raw.pck_crl_issuer_chain[0], 1, |raw, bytes| {
        raw.pck_crl_issuer_chain[0] = bytes;
    });
    check("root", &raw.pck_crl_issuer_chain[1], 1, |raw, bytes| {
        raw.pck_crl_issuer_chain[1] = bytes;
    });
    check(
        "TCB signer",
        &raw.tcb_info_issuer_chain[0],
        1,
        |raw, bytes| {
            raw.tcb_info_issuer_chain[0] = bytes;
        },
    );
}

/// What dcap-qvl accepts and this verifier does not, on purpose.
#[test]
fn trailing_bytes_are_refused_here_only() {
    let sample = &packaged_samples()[0];
    let (raw, now) = (sample.raw(), sample.now());
    let longer = [sample.exact(), &[0; 16]].concat();
    assert!(theirs(&longer, &reference_collateral(sample), now).is_some());
    assert_eq!(ours(&longer, &raw, now), None);
}
