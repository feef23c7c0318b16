//! Every real TDX quote verifies at its date, is refused outside of it, and says what it should.

mod common;

use common::{packaged_samples, samples};
use secret_ai_attestation::{
    compact, verify_collateral, verify_tdx_quote, without_padding, Collateral, Error, TrustRoot,
    INTEL_FINGERPRINT,
};

#[test]
fn every_real_quote_has_the_known_verdict() {
    for sample in samples() {
        let now = sample.now();
        let verdict = verify_collateral(&sample.raw(), &TrustRoot::INTEL, now)
            .and_then(|collateral| verify_tdx_quote(sample.exact(), &collateral, now));
        let found = verdict.as_ref().map(|v| v.tcb_status).map_err(Error::code);
        assert_eq!(found, sample.expected, "{}: {verdict:?}", sample.name);
    }
}

#[test]
fn collateral_is_refused_outside_its_window_and_says_it_right() {
    for sample in samples() {
        let raw = sample.raw();
        let at = |now| verify_collateral(&raw, &TrustRoot::INTEL, now);
        let (from, until) = sample.window;
        let collateral = at(from).unwrap();
        assert_eq!(
            (collateral.dates.valid_from, collateral.dates.valid_until),
            sample.window
        );
        assert_eq!(at(until).unwrap(), collateral, "{}", sample.name);
        assert_eq!(
            at(from - 1).unwrap_err().code(),
            "not_yet_valid",
            "{}",
            sample.name
        );
        assert_eq!(
            at(until + 1).unwrap_err().code(),
            "expired",
            "{}",
            sample.name
        );

        let quote = |now| verify_tdx_quote(sample.exact(), &collateral, now).map(|_| ());
        assert_eq!(
            quote(from - 1).unwrap_err().code(),
            "not_yet_valid",
            "{}",
            sample.name
        );
        assert_eq!(
            quote(until + 1).unwrap_err().code(),
            "expired",
            "{}",
            sample.name
        );
    }
}

#[test]
fn stored_form_keeps_everything_and_is_small() {
    for sample in samples() {
        let collateral = verify_collateral(&sample.raw(), &TrustRoot::INTEL, sample.now()).unwrap();
        let stored = collateral.encode().unwrap();
        println!("{}: {} bytes stored", sample.name, stored.len());
        assert!(stored.len() < 4_096);
        assert_eq!(Collateral::decode(&stored).unwrap(), collateral);
        for length in 0..stored.len() {
            assert!(
                Collateral::decode(&stored[..length]).is_err(),
                "cut at {length}"
            );
        }
        let longer = [&stored[..], &[0]].concat();
        assert_eq!(
            Collateral::decode(&longer),
            Err(Error::Encoding("trailing bytes"))
        );
    }
}

#[test]
fn compact_quotes_verify_alike_and_are_smaller() {
    for sample in samples() {
        let now = sample.now();
        let collateral = verify_collateral(&sample.raw(), &TrustRoot::INTEL, now).unwrap();
        let small = compact(&sample.quote).unwrap();
        println!(
            "{}: {} bytes, compact {}",
            sample.name,
            sample.exact().len(),
            small.len()
        );
        assert!(small.len() + 2_000 < sample.exact().len());
        assert_eq!(compact(&small).unwrap(), small);
        let full = verify_tdx_quote(sample.exact(), &collateral, now).unwrap();
        assert_eq!(verify_tdx_quote(&small, &collateral, now).unwrap(), full);
    }
}

#[test]
fn padding_is_cut_only_if_it_is_zero_and_never_verified() {
    let sample = &packaged_samples()[0];
    let collateral = verify_collateral(&sample.raw(), &TrustRoot::INTEL, sample.now()).unwrap();
    assert_eq!(sample.quote.len() - sample.exact().len(), 70);
    let padded = verify_tdx_quote(&sample.quote, &collateral, sample.now());
    assert_eq!(padded.unwrap_err().code(), "quote_length");
    let mut other = sample.quote.clone();
    *other.last_mut().unwrap() = 1;
    assert_eq!(without_padding(&other).unwrap_err().code(), "quote_length");
}

#[test]
fn a_set_of_another_week_is_older() {
    let [old, new] = &packaged_samples()[..] else {
        panic!("two samples")
    };
    let old = verify_collateral(&old.raw(), &TrustRoot::INTEL, old.now()).unwrap();
    let new = verify_collateral(&new.raw(), &TrustRoot::INTEL, new.now()).unwrap();
    assert_eq!(new.check_not_older(&old), Ok(()));
    assert_eq!(new.check_not_older(&new), Ok(()));
    assert_eq!(
        old.check_not_older(&new).unwrap_err().code(),
        "stale_collateral"
    );
}

#[test]
fn the_pinned_root_is_the_published_one() {
    assert_eq!(TrustRoot::INTEL.fingerprint(), INTEL_FINGERPRINT);
    assert_eq!(
        TrustRoot::from_der(TrustRoot::INTEL.der()),
        Ok(TrustRoot::INTEL)
    );
}
