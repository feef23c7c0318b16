//! What the software AMD platform mints is genuine under its root, and each broken variant fails its
//! check.

use std::collections::BTreeSet;

use secret_ai_attestation::snp::{
    check_snp_policy, snp_image_id, verify_ask, verify_endorsement, verify_snp_collateral,
    verify_snp_report, Endorsement, Product, Signer, SnpCollateral, SnpRoot, VerifiedSnp,
};
use secret_ai_attestation::{Error, Item};
use secret_ai_attestation_testkit::snp::{broken, SnpMeasurements, SoftSnp};

const SEED: [u8; 32] = [7; 32];
const NOW: u64 = 1_790_000_000;
const DAY: u64 = 86_400;
const REPORT_DATA: [u8; 64] = [0x5a; 64];

fn collateral(platform: &SoftSnp, now: u64) -> Result<SnpCollateral, Error> {
    let root = platform.root_der();
    verify_snp_collateral(&platform.collateral(), &SnpRoot::from_der(&root)?, now)
}

fn endorsement(platform: &SoftSnp) -> Result<Endorsement, Error> {
    verify_endorsement(&platform.vcek_der(), &collateral(platform, NOW)?, NOW)
}

fn verify(platform: &SoftSnp, measurements: &SnpMeasurements) -> Result<VerifiedSnp, Error> {
    let report = platform.report(REPORT_DATA, measurements);
    let collateral = collateral(platform, NOW)?;
    verify_snp_report(&report, &endorsement(platform)?, &collateral, NOW)
}

fn code<T>(verdict: Result<T, Error>) -> &'static str {
    verdict.err().map_or("accepted", |error| error.code())
}

#[test]
fn every_product_signer_and_version_is_genuine() {
    let measurements = SnpMeasurements::default();
    for product in Product::ALL {
        for signer in [Signer::Vcek, Signer::Vlek] {
            for version in 2..=5 {
                let mut platform = SoftSnp::of(SEED, NOW, product, signer);
                platform.version = version;
                let verified = verify(&platform, &measurements).unwrap();
                assert_eq!((verified.product, verified.signer), (product, signer));
                assert_eq!(verified.version, version);
                assert_eq!(verified.report_data, REPORT_DATA);
                assert_eq!(verified.measurement, measurements.measurement);
                assert_eq!(verified.host_data, measurements.host_data);
                assert_eq!(verified.vmpl, measurements.vmpl);
                assert_eq!(verified.reported_tcb, platform.reported_tcb);
                let mitigations = (verified.launch_mitigations, verified.current_mitigations);
                assert_eq!(mitigations, if version == 5 { (3, 7) } else { (0, 0) });
                assert_eq!(verified.valid_until, platform.crl_validity.1);
                let policy = platform.policy();
                assert_eq!(check_snp_policy(&verified, &policy), Ok(()));
            }
        }
    }
}

#[test]
fn the_levels_of_turin_have_their_own_order() {
    let mut platform = SoftSnp::of(SEED, NOW, Product::Turin, Signer::Vcek);
    platform.certificate_tcb.fmc = 2;
    platform.reported_tcb.fmc = 2;
    platform.current_tcb.fmc = 3;
    platform.committed_tcb.fmc = 2;
    let verified = verify(&platform, &SnpMeasurements::default()).unwrap();
    assert_eq!(verified.reported_tcb.fmc, 2);
    platform.committed_tcb.fmc = 1;
    let refused = verify(&platform, &SnpMeasurements::default());
    assert_eq!(code(refused), "snp_tcb_order");
}

#[test]
fn the_same_seed_mints_the_same_bytes_and_another_seed_others() {
    let mint = |seed| {
        let platform = SoftSnp::new(seed, NOW);
        let report = platform.report(REPORT_DATA, &SnpMeasurements::default());
        (platform.collateral(), platform.vcek_der(), report)
    };
    assert_eq!(mint(SEED), mint(SEED));
    assert_ne!(mint(SEED).1, mint([8; 32]).1);
    assert_ne!(mint(SEED).2, mint([8; 32]).2);
    let root = |seed, now| SoftSnp::new(seed, now).root_der();
    assert_eq!(root(SEED, NOW), root([8; 32], NOW + DAY));
}

#[test]
fn every_broken_variant_fails_its_own_check() {
    let root = SoftSnp::new(SEED, NOW).root_der();
    let root = SnpRoot::from_der(&root).unwrap();
    let variants = broken(SEED, NOW, REPORT_DATA);
    let names: BTreeSet<&str> = variants.iter().map(|variant| variant.name).collect();
    assert_eq!(names.len(), variants.len(), "a name occurs twice");
    println!("{} variants", variants.len());
    let wrong: Vec<String> = variants
        .iter()
        .filter_map(|variant| {
            let code = code(variant.verify(&root));
            let line = format!("{}: {code}, expected {}", variant.name, variant.code);
            (code != variant.code).then_some(line)
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_platform_is_known_by_its_chip_or_else_by_its_provider() {
    let vcek = SoftSnp::new(SEED, NOW);
    let hash = |platform: &SoftSnp| {
        let verified = verify(platform, &SnpMeasurements::default()).unwrap();
        verified.platform_hash
    };
    assert_eq!(hash(&vcek), vcek.chip_hash());

    let mut vlek = SoftSnp::of(SEED, NOW, Product::Genoa, Signer::Vlek);
    let hidden = hash(&vlek);
    assert_eq!(
        hidden,
        hash(&SoftSnp::of([8; 32], NOW, Product::Genoa, Signer::Vlek))
    );
    vlek.csp_id = "CN=another.example".into();
    assert_ne!(hash(&vlek), hidden);
    vlek.show_chip_id();
    assert_eq!(hash(&vlek), vcek.chip_hash());
}

#[test]
fn an_image_is_everything_that_was_launched_but_the_workload() {
    let platform = SoftSnp::new(SEED, NOW);
    let id = |change: &dyn Fn(&mut SnpMeasurements)| {
        let mut measurements = SnpMeasurements::default();
        change(&mut measurements);
        snp_image_id(&verify(&platform, &measurements).unwrap())
    };
    let image = id(&|_| ());
    assert_eq!(image, id(&|it| it.host_data[0] ^= 1));
    assert_eq!(image, id(&|it| it.guest_svn += 1));
    let changes: [&dyn Fn(&mut SnpMeasurements); 7] = [
        &|it| it.measurement[47] ^= 1,
        &|it| it.vmpl = 0,
        &|it| it.policy |= 1 << 20,
        &|it| it.family_id[0] ^= 1,
        &|it| it.image_id[15] ^= 1,
        &|it| it.id_key_digest[0] ^= 1,
        &|it| it.author_key_digest[0] ^= 1,
    ];
    let others: BTreeSet<[u8; 32]> = changes.iter().map(|change| id(change)).collect();
    assert_eq!(others.len(), changes.len());
    assert!(!others.contains(&image));
}

#[test]
fn stored_forms_decode_to_what_was_encoded_and_no_other_length_does() {
    for signer in [Signer::Vcek, Signer::Vlek] {
        let platform = SoftSnp::of(SEED, NOW, Product::Turin, signer);
        let collateral = collateral(&platform, NOW).unwrap();
        let stored = collateral.encode().unwrap();
        println!("collateral {} bytes", stored.len());
        assert_eq!(SnpCollateral::decode(&stored), Ok(collateral));
        assert_lengths(&stored, |bytes| SnpCollateral::decode(bytes).map(|_| ()));

        let endorsement = endorsement(&platform).unwrap();
        let stored = endorsement.encode().unwrap();
        println!("endorsement {} bytes", stored.len());
        assert_eq!(Endorsement::decode(&stored), Ok(endorsement.clone()));
        assert_lengths(&stored, |bytes| Endorsement::decode(bytes).map(|_| ()));

        let neither = Endorsement {
            hwid: None,
            csp_id: None,
            ..endorsement
        };
        assert_eq!(code(neither.encode()), "encoding");
    }
}

fn assert_lengths(stored: &[u8], decode: impl Fn(&[u8]) -> Result<(), Error>) {
    for length in 0..stored.len() {
        assert_eq!(code(decode(&stored[..length])), "encoding", "{length}");
    }
    assert_eq!(code(decode(&[stored, &[0]].concat())), "encoding");
    for at in 0..3 {
        let mut other = stored.to_vec();
        other[at] = 9;
        assert_eq!(code(decode(&other)), "encoding");
    }
}

#[test]
fn collateral_without_a_list_is_marked_and_cannot_be_stored() {
    let platform = SoftSnp::new(SEED, NOW);
    let root = platform.root_der();
    let root = SnpRoot::from_der(&root).unwrap();
    let ask = platform.collateral().ask;
    let unlisted = verify_ask(platform.product, &ask, &root, NOW).unwrap();
    assert_eq!(unlisted.crl, None);
    let refusal = "snp_no_revocation_list";
    assert_eq!(code(unlisted.encode()), refusal);
    assert_eq!(code(unlisted.check_age(NOW, u64::MAX)), refusal);
    let listed = collateral(&platform, NOW).unwrap();
    assert_eq!(code(unlisted.check_not_older(&listed)), refusal);
    assert_eq!(code(listed.check_not_older(&unlisted)), refusal);
    // It serves tools as long as the certificates hold.
    let later = NOW + 400 * DAY;
    let endorsement = verify_endorsement(&platform.vcek_der(), &unlisted, later).unwrap();
    let report = platform.report(REPORT_DATA, &SnpMeasurements::default());
    let verified = verify_snp_report(&report, &endorsement, &unlisted, later).unwrap();
    assert_eq!(verified.valid_until, platform.certificate_validity.1);
}

#[test]
fn lists_never_go_back_and_grow_old() {
    let mut platform = SoftSnp::new(SEED, NOW);
    platform.crl_number = 5;
    let known = collateral(&platform, NOW).unwrap();
    let issued = platform.crl_validity.0;
    assert_eq!(known.check_not_older(&known), Ok(()));
    assert_eq!(known.check_age(issued + 10, 10), Ok(()));
    assert_eq!(code(known.check_age(issued + 11, 10)), "collateral_age");

    platform.crl_number = 4;
    let lower = collateral(&platform, NOW).unwrap();
    assert_eq!(
        lower.check_not_older(&known),
        Err(Error::Stale("AMD CRL number"))
    );
    platform.crl_number = 6;
    platform.crl_validity.0 -= 1;
    let earlier = collateral(&platform, NOW).unwrap();
    assert_eq!(
        earlier.check_not_older(&known),
        Err(Error::Stale("AMD CRL"))
    );
    platform.crl_validity.0 += 2;
    assert_eq!(
        collateral(&platform, NOW).unwrap().check_not_older(&known),
        Ok(())
    );
}

#[test]
fn a_list_that_revokes_stored_collateral_is_recognised() {
    let mut platform = SoftSnp::new(SEED, NOW);
    let root_der = platform.root_der();
    let root = SnpRoot::from_der(&root_der).unwrap();
    let stored = collateral(&platform, NOW).unwrap();
    let harmless = platform.collateral().crl;
    assert_eq!(stored.is_revoked_by(&harmless, &root, NOW), Ok(false));
    platform.revoked.push(platform.ask_serial());
    let revoking = platform.collateral().crl;
    assert_eq!(collateral(&platform, NOW), Err(Error::Revoked(Item::Ask)));
    assert_eq!(stored.is_revoked_by(&revoking, &root, NOW), Ok(true));
    // A revocation does not end with its list, but does not begin before it.
    assert_eq!(
        stored.is_revoked_by(&revoking, &root, NOW + 900 * DAY),
        Ok(true)
    );
    let early = stored.is_revoked_by(&revoking, &root, platform.crl_validity.0 - 1);
    assert_eq!(code(early), "not_yet_valid");
    let mut forged = revoking;
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(code(stored.is_revoked_by(&forged, &root, NOW)), "signature");
    let amd = SnpRoot::pinned(Product::Genoa);
    assert_eq!(
        code(stored.is_revoked_by(&harmless, &amd, NOW)),
        "foreign_root"
    );
}

#[test]
fn an_endorsement_serves_only_under_its_own_authority() {
    let milan = SoftSnp::of(SEED, NOW, Product::Milan, Signer::Vcek);
    let vlek = SoftSnp::of(SEED, NOW, Product::Genoa, Signer::Vlek);
    let genoa = SoftSnp::new(SEED, NOW);
    let report = genoa.report(REPORT_DATA, &SnpMeasurements::default());
    let own = endorsement(&genoa).unwrap();
    for other in [&milan, &vlek] {
        let other = collateral(other, NOW).unwrap();
        let refused = verify_snp_report(&report, &own, &other, NOW);
        assert_eq!(code(refused), "snp_endorsement");
    }
    let genoa = collateral(&genoa, NOW).unwrap();
    let mut other_root = genoa.clone();
    other_root.root_sha256[0] ^= 1;
    let mut other_key = genoa.clone();
    other_key.ask_key[511] ^= 2;
    for other in [other_root, other_key] {
        let refused = verify_snp_report(&report, &own, &other, NOW);
        assert_eq!(code(refused), "snp_endorsement");
    }
    // Later than the list, and later than the certificate.
    let late = genoa.valid_until + 1;
    assert_eq!(
        code(verify_snp_report(&report, &own, &genoa, late)),
        "expired"
    );
    let expired = Endorsement {
        not_after: NOW - 1,
        ..own
    };
    assert_eq!(
        code(verify_snp_report(&report, &expired, &genoa, NOW)),
        "expired"
    );
}

#[test]
fn roots_must_sign_themselves() {
    let platform = SoftSnp::new(SEED, NOW);
    let der = platform.root_der();
    let root = SnpRoot::from_der(&der).unwrap();
    assert_eq!(root.der(), der);
    for at in [der.len() - 1, der.len() / 2] {
        let mut forged = der.clone();
        forged[at] ^= 1;
        assert!(SnpRoot::from_der(&forged).is_err());
    }
    let ask = platform.collateral().ask;
    assert_eq!(code(SnpRoot::from_der(&ask)), "profile");
    assert_eq!(code(SnpRoot::from_der(&[])), "der");
    assert_eq!(code(SnpRoot::from_der(&platform.vcek_der())), "profile");
}

#[test]
fn cut_and_flipped_certificates_and_lists_are_refused_without_panic() {
    let platform = SoftSnp::new(SEED, NOW);
    let root = platform.root_der();
    let root = SnpRoot::from_der(&root).unwrap();
    let good = platform.collateral();
    let known = collateral(&platform, NOW).unwrap();
    let certificate = platform.vcek_der();
    // Cheap forms of damage everywhere, damage that costs a verification at some places.
    for length in 0..certificate.len() {
        assert!(verify_endorsement(&certificate[..length], &known, NOW).is_err());
    }
    for (which, length) in [
        (0, good.ask.len()),
        (1, good.crl.len()),
        (2, certificate.len()),
    ] {
        for at in (0..length).step_by(41) {
            let (mut raw, mut leaf) = (good.clone(), certificate.clone());
            let bytes = [&mut raw.ask, &mut raw.crl, &mut leaf]
                .into_iter()
                .nth(which);
            bytes.unwrap()[at] ^= 0x11;
            let verdict = verify_snp_collateral(&raw, &root, NOW)
                .and_then(|collateral| verify_endorsement(&leaf, &collateral, NOW));
            assert!(verdict.is_err(), "part {which} byte {at}");
        }
    }
}
