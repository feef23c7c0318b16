//! A PCK certificate that is verified once and kept: real quotes verify with it as without, shorter by
//! the certificate, and with no other.

mod common;

use common::{packaged_dir, packaged_samples, samples, shared_dir};
use secret_ai_attestation::{
    certificate_origin, check_tdx_quote, compact, compact_known, expand, quote_certificate,
    verify_collateral, verify_pck, verify_tdx_quote, verify_tdx_quote_with, Collateral, Error,
    Origin, Pck, PckCaKind, QuoteCertificate, TrustRoot,
};
use sha2::{Digest, Sha256};

fn collateral(sample: &common::Sample) -> Collateral {
    verify_collateral(&sample.raw(), &TrustRoot::INTEL, sample.now()).unwrap()
}

fn certificate(quote: &[u8]) -> Vec<u8> {
    match quote_certificate(quote).unwrap() {
        QuoteCertificate::Der(der) => der,
        QuoteCertificate::Known(hash) => panic!("only a hash: {hash:?}"),
    }
}

#[test]
fn known_certificates_give_the_same_verdict_for_less() {
    for sample in samples() {
        let (quote, now) = (sample.exact(), sample.now());
        let collateral = collateral(&sample);
        let der = certificate(quote);
        let pck = verify_pck(&der, &collateral, now).unwrap();
        assert_eq!(pck.sha256, <[u8; 32]>::from(Sha256::digest(&der)));
        let full = verify_tdx_quote(quote, &collateral, now).unwrap();
        assert_eq!((full.ppid_hash, full.fmspc), (pck.ppid_hash, pck.fmspc));

        let (small, known) = (compact(quote).unwrap(), compact_known(quote).unwrap());
        println!(
            "{}: {}, {}, {} bytes",
            sample.name,
            quote.len(),
            small.len(),
            known.len()
        );
        assert!(known.len() < 1_700);
        assert_eq!(compact_known(&small).unwrap(), known);
        assert_eq!(compact_known(&known).unwrap(), known);
        assert_eq!(compact(&known).unwrap(), known);
        assert_eq!(
            quote_certificate(&known),
            Ok(QuoteCertificate::Known(pck.sha256))
        );
        assert_eq!(certificate(&small), der);
        for form in [quote, &small, &known] {
            let verdict = verify_tdx_quote_with(form, &pck, &collateral, now);
            assert_eq!(verdict, Ok(full.clone()), "{}", sample.name);
        }
        assert_eq!(
            verify_tdx_quote(&known, &collateral, now),
            Err(Error::PckAbsent)
        );
    }
}

#[test]
fn origins_are_read_before_anything_is_verified() {
    for sample in samples() {
        let (collateral, der) = (collateral(&sample), certificate(sample.exact()));
        let origin = certificate_origin(&der).unwrap();
        assert_eq!(origin, collateral.origin(), "{}", sample.name);
        let pck = verify_pck(&der, &collateral, sample.now()).unwrap();
        assert_eq!(pck.origin(), origin);
        // Any PCK certificate of a server platform is from this authority.
        assert_eq!(origin.pck_ca, PckCaKind::Platform);
    }
    let [v4, v5] = &packaged_samples()[..] else {
        panic!("two samples")
    };
    let fmspc = |sample: &common::Sample| certificate_origin(&certificate(sample.exact())).unwrap();
    assert_ne!(fmspc(v4).fmspc, [0; 6]);
    assert_eq!(
        fmspc(v5),
        Origin {
            fmspc: collateral(v5).fmspc,
            pck_ca: PckCaKind::Platform
        }
    );
    let raw = v4.raw();
    let refused = certificate_origin(&raw.pck_crl_issuer_chain[0]).unwrap_err();
    assert_eq!(refused.code(), "profile");
    assert_eq!(certificate_origin(b"short").unwrap_err().code(), "der");
}

#[test]
fn the_stored_form_keeps_everything() {
    let sample = &packaged_samples()[1];
    let der = certificate(sample.exact());
    let pck = verify_pck(&der, &collateral(sample), sample.now()).unwrap();
    let stored = pck.encode();
    println!("{} bytes stored", stored.len());
    assert!(stored.len() < 300);
    assert_eq!(Pck::decode(&stored), Ok(pck));
    for length in 0..stored.len() {
        assert!(Pck::decode(&stored[..length]).is_err(), "cut at {length}");
    }
    let longer = [&stored[..], &[0]].concat();
    assert_eq!(Pck::decode(&longer), Err(Error::Encoding("trailing bytes")));
    for (at, why) in [(0, "unknown format"), (65, "unknown PCK CA")] {
        let mut other = stored.clone();
        other[at] = 9;
        assert_eq!(Pck::decode(&other), Err(Error::Encoding(why)));
    }
}

#[test]
fn a_kept_certificate_is_held_against_the_world_again() {
    let sample = &packaged_samples()[1];
    let now = sample.now();
    let good = collateral(sample);
    let known = compact_known(sample.exact()).unwrap();
    let pck = verify_pck(&certificate(sample.exact()), &good, now).unwrap();
    let code = |pck: &Pck, collateral: &Collateral, now| {
        verify_tdx_quote_with(&known, pck, collateral, now).map_err(|error| error.code())
    };
    assert!(code(&pck, &good, now).is_ok());
    let with = |change: fn(&mut Collateral, &Pck)| {
        let mut changed = good.clone();
        change(&mut changed, &pck);
        code(&pck, &changed, now).map(|_| ())
    };
    let revoke = |collateral: &mut Collateral, pck: &Pck| {
        collateral.revoked_pck.push(pck.serial);
        collateral.revoked_pck.sort_unstable();
    };
    assert_eq!(with(revoke), Err("revoked"));
    assert_eq!(with(|c, _| c.fmspc[0] ^= 1), Err("fmspc"));
    assert_eq!(with(|c, _| c.pce_id[0] ^= 1), Err("pce_id"));
    assert_eq!(
        with(|c, _| c.pck_ca.certificate_sha256[0] ^= 1),
        Err("pck_chain")
    );

    let ends = |before, after| Pck {
        not_before: before,
        not_after: after,
        ..pck.clone()
    };
    assert!(code(&ends(now, now), &good, now).is_ok());
    assert_eq!(code(&ends(now, now), &good, now).unwrap().valid_until, now);
    assert_eq!(
        code(&ends(now + 1, now + 2), &good, now),
        Err("not_yet_valid")
    );
    assert_eq!(code(&ends(now - 2, now - 1), &good, now), Err("expired"));
    let last = good.dates.valid_until;
    assert_eq!(code(&pck, &good, last + 1), Err("expired"));
    let verify = |now| verify_pck(&certificate(sample.exact()), &good, now).map(|_| ());
    assert_eq!(verify(last + 1).unwrap_err().code(), "expired");
}

#[test]
fn no_byte_of_a_certificate_may_change() {
    let sample = &packaged_samples()[0];
    let (collateral, der) = (collateral(sample), certificate(sample.exact()));
    for at in (0..der.len()).step_by(3) {
        let mut edited = der.clone();
        edited[at] ^= 1;
        assert!(
            verify_pck(&edited, &collateral, sample.now()).is_err(),
            "byte {at}"
        );
    }
}

#[test]
fn no_byte_of_a_quote_with_a_known_certificate_may_change() {
    let sample = &packaged_samples()[1];
    let collateral = collateral(sample);
    let known = compact_known(sample.exact()).unwrap();
    let pck = verify_pck(&certificate(sample.exact()), &collateral, sample.now()).unwrap();
    for at in 0..known.len() {
        let mut edited = known.clone();
        edited[at] ^= 0x40;
        let verdict = verify_tdx_quote_with(&edited, &pck, &collateral, sample.now());
        assert!(verdict.is_err(), "byte {at}");
    }
}

/// The check without signatures says the same of a genuine quote, and does not notice false ones.
#[test]
fn the_check_without_signatures_is_only_that() {
    for sample in packaged_samples() {
        let (quote, collateral, now) = (sample.exact(), collateral(&sample), sample.now());
        let full = verify_tdx_quote(quote, &collateral, now).unwrap();
        assert_eq!(check_tdx_quote(quote, &collateral, now), Ok(full));
        // The last byte of RTMR3 (its offset is the same before the report data).
        let body = if quote[0] == 4 { 48 } else { 54 };
        let mut forged = quote.to_vec();
        forged[body + 519] ^= 1;
        assert!(check_tdx_quote(&forged, &collateral, now).is_ok());
        let refused = verify_tdx_quote(&forged, &collateral, now).unwrap_err();
        assert_eq!(refused, Error::QuoteSignature);
        forged[body + 120] |= 1;
        let refused = check_tdx_quote(&forged, &collateral, now).unwrap_err();
        assert_eq!(refused.code(), "td_debug");
    }
}

#[test]
fn compact_quotes_expand_to_what_they_were() {
    for sample in samples() {
        let raw = sample.raw();
        let [ca, root] = &raw.pck_crl_issuer_chain[..] else {
            panic!("two certificates")
        };
        let quote = sample.exact();
        let small = compact(quote).unwrap();
        assert_eq!(expand(&small, ca, root).unwrap(), quote, "{}", sample.name);
        assert_eq!(expand(quote, ca, root).unwrap(), quote);
        let known = compact_known(quote).unwrap();
        assert_eq!(expand(&known, ca, root), Err(Error::PckAbsent));
    }
}

#[test]
fn quotes_of_sgx_enclaves_are_called_what_they_are() {
    let quote = std::fs::read(packaged_dir().join("sgx_quote")).unwrap();
    assert_eq!(quote_certificate(&quote), Err(Error::SgxQuote));
    assert_eq!(compact(&quote), Err(Error::SgxQuote));
}

/// A real TD in debug mode, for which no collateral was published: refused before any is needed.
#[test]
fn a_real_debug_td_is_refused() {
    let Some(shared) = shared_dir() else {
        println!("skipped: the shared fixtures are absent");
        return;
    };
    let quote = std::fs::read(shared.join("tdx/trustee/tdx_quote_4.dat")).unwrap();
    let sample = &packaged_samples()[0];
    let exact = secret_ai_attestation::without_padding(&quote).unwrap();
    let refused = verify_tdx_quote(exact, &collateral(sample), sample.now()).unwrap_err();
    assert_eq!(refused.code(), "td_debug");
}
