//! Development roots: of each kind, given at instantiation or never.

mod common;

use common::{development_roots, instantiate_msg, policy, refused, Gpu, Snp, Suite, Tee, START};
use cosmwasm_std::Binary;
use secret_ai_interface::registry::*;

/// Collateral of every kind, under the development roots.
fn collaterals() -> [Collateral; 3] {
    [
        Collateral::Tdx(Box::new(Tee::new().collateral(START))),
        Snp::collateral(),
        Gpu::authorities(),
    ]
}

/// Only one of the three.
fn only(kind: usize) -> DevelopmentRoots {
    let all = development_roots();
    DevelopmentRoots {
        tdx: all.tdx.filter(|_| kind == 0),
        snp: all.snp.filter(|_| kind == 1),
        nvidia: all.nvidia.filter(|_| kind == 2),
    }
}

/// This certificate in place of one of the three.
fn with(kind: usize, root: Binary) -> DevelopmentRoots {
    let mut roots = DevelopmentRoots::default();
    let slots = [&mut roots.tdx, &mut roots.snp, &mut roots.nvidia];
    *slots.into_iter().nth(kind).unwrap() = Some(root);
    roots
}

fn try_instantiate(roots: DevelopmentRoots) -> Result<(), String> {
    Suite::try_instantiated(instantiate_msg(Some(roots))).map(|_| ())
}

fn is_development(suite: &Suite) -> bool {
    let config: ConfigAnswer = suite.ask(QueryMsg::Config {}).unwrap();
    config.development
}

#[test]
fn each_vouches_for_its_own_kind_alone() {
    for kind in 0..3 {
        let mut suite = Suite::instantiated(instantiate_msg(Some(only(kind))));
        assert!(is_development(&suite));
        for (number, collateral) in collaterals().into_iter().enumerate() {
            let answer = suite.submit_any(RootKind::Development, collateral);
            match number == kind {
                true => assert!(answer.unwrap().stored),
                false => refused(answer, "root"),
            }
        }
    }
}

#[test]
fn without_any_a_registry_takes_nothing_under_them() {
    for roots in [None, Some(DevelopmentRoots::default())] {
        let mut suite = Suite::instantiated(instantiate_msg(roots));
        assert!(!is_development(&suite));
        let before = suite.state();
        for collateral in collaterals() {
            refused(suite.submit_any(RootKind::Development, collateral), "root");
        }
        assert_eq!(suite.state(), before);
    }
}

#[test]
fn never_pass_as_the_vendors() {
    let mut suite = Suite::empty(true);
    let before = suite.state();
    for (collateral, codes) in collaterals().into_iter().zip([
        ["foreign_root", "issuer"],
        ["issuer", "signature"],
        ["issuer", "signature"],
    ]) {
        let error = suite
            .submit_any(RootKind::Vendor, collateral)
            .expect_err("under the vendor's root");
        let has = |code: &&str| error.contains(&format!("[{code}]"));
        assert!(codes.iter().any(has), "{error}");
    }
    assert_eq!(suite.state(), before);
}

#[test]
fn what_they_issued_is_not_continued_under_the_vendors() {
    let mut suite = Suite::empty(true);
    let Collateral::Nvidia { certificates, .. } = Gpu::authorities() else {
        panic!("authorities of NVIDIA's kind");
    };
    let (first, rest) = certificates.split_first().unwrap();
    let submit = |root, issuer, certificates: &[Binary]| {
        let certificates = certificates.to_vec();
        (
            root,
            Collateral::Nvidia {
                issuer,
                certificates,
            },
        )
    };
    let (root, identity) = submit(RootKind::Development, None, std::slice::from_ref(first));
    let above = suite.submit_any(root, identity).unwrap().subject;
    let above = Some(above.parse().unwrap());
    let (root, provisioner) = submit(RootKind::Vendor, above, rest);
    refused(suite.submit_any(root, provisioner), "root");
    let (root, provisioner) = submit(RootKind::Development, above, rest);
    assert!(suite.submit_any(root, provisioner).unwrap().stored);
    assert!(suite.knows(Gpu::authority()));
}

#[test]
fn nobody_adds_one_later() {
    // There is no message for it; a new policy does not touch what is there.
    let mut suite = Suite::empty(false);
    suite.set_policy(policy()).unwrap();
    assert!(!is_development(&suite));
    let mut suite = Suite::empty(true);
    suite.set_policy(policy()).unwrap();
    assert!(is_development(&suite));
}

#[test]
fn are_certificates_of_their_own_kind() {
    let all = development_roots();
    let ders = [all.tdx, all.snp, all.nvidia].map(Option::unwrap);
    for (kind, right) in ders.iter().enumerate() {
        try_instantiate(with(kind, right.clone())).unwrap();
        for (number, der) in ders
            .iter()
            .enumerate()
            .filter(|(number, _)| *number != kind)
        {
            let error = try_instantiate(with(kind, der.clone()))
                .expect_err(&format!("root {number} as root {kind}"));
            assert!(error.starts_with('['), "{error}");
        }
        let mut flipped = right.clone();
        let last = flipped.0.len() - 1;
        flipped.0[last] ^= 1;
        refused(try_instantiate(with(kind, flipped)), "signature");
        let cut = Binary(right[..right.len() - 1].to_vec());
        refused(try_instantiate(with(kind, cut)), "der");
        for size in [0, 4_097] {
            refused(
                try_instantiate(with(kind, Binary(vec![0x30; size]))),
                "length",
            );
        }
    }
}
