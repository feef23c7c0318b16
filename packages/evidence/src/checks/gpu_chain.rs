//! Chains of NVIDIA's device certificates: put in order, and verified.
//!
//! Names alone do not tell which certificate is a leaf's issuer: every GPU has a boot certificate of its
//! own under one and the same name. So there may be several candidates, and the signatures decide.

use std::cmp::Reverse;

use secret_ai_attestation::gpu::{
    verify_gpu_certificates, verify_nvidia_ca, GpuLeaf, NvidiaIssuer, NvidiaRoot,
};
use secret_ai_attestation::{Error, Item};

use crate::read::{labelled, Labelled};

/// Certificates in DER, leaf first.
pub(super) type Chain = Vec<Vec<u8>>;

/// Most certificates of a chain; NVIDIA's have five.
const LENGTH_LIMIT: usize = 8;
/// Most candidates for one leaf; a machine has at most eight GPUs.
const PER_LEAF_LIMIT: usize = 8;
/// Most candidates altogether.
const LIMIT: usize = 64;
/// Most certificates that are ordered; eight GPUs have forty.
const CERTIFICATES_LIMIT: usize = 64;

/// Every chain that the names allow, the longest first, and else in the order of the files.
pub(super) fn candidates(ders: &[Vec<u8>]) -> Vec<Chain> {
    let mut all: Vec<Labelled> = Vec::new();
    for one in ders.iter().take(CERTIFICATES_LIMIT) {
        match labelled(one) {
            Some(one) if all.iter().all(|known| known.der != one.der) => all.push(one),
            _ => {}
        }
    }
    let mut chains = Vec::new();
    for (place, leaf) in all.iter().enumerate() {
        let others = all.iter().filter(|other| other.der != leaf.der);
        if !others.into_iter().any(|other| other.issuer == leaf.subject) {
            let mut of_leaf = Vec::new();
            extend(&all, vec![place], &mut of_leaf);
            chains.extend(of_leaf);
        }
    }
    if chains.is_empty() && !ders.is_empty() {
        return vec![ders.to_vec()];
    }
    chains.sort_by_key(|chain: &Chain| Reverse(chain.len()));
    chains.truncate(LIMIT);
    chains
}

/// Goes on to every certificate that may be the last one's issuer, the next in the files first.
fn extend(all: &[Labelled], path: Vec<usize>, found: &mut Vec<Chain>) {
    let Some((place, last)) = path
        .last()
        .and_then(|place| Some((*place, all.get(*place)?)))
    else {
        return;
    };
    let is_issuer = |next: &usize| {
        !path.contains(next) && all.get(*next).is_some_and(|n| n.subject == last.issuer)
    };
    let after = place.saturating_add(1)..all.len();
    let issuers: Vec<usize> = match last.subject == last.issuer || path.len() >= LENGTH_LIMIT {
        true => Vec::new(),
        false => after.chain(0..place).filter(is_issuer).collect(),
    };
    if issuers.is_empty() && found.len() < PER_LEAF_LIMIT {
        let ders = path.iter().filter_map(|place| all.get(*place));
        found.push(ders.map(|one| one.der.clone()).collect());
    }
    for next in issuers {
        if found.len() < PER_LEAF_LIMIT {
            let mut longer = path.clone();
            longer.push(next);
            extend(all, longer, found);
        }
    }
}

/// Verifies a chain, leaf first, from the root downwards; the root itself may be left out.
pub(super) fn verify(
    certificates: &[Vec<u8>],
    root: &NvidiaRoot<'_>,
    now: u64,
) -> Result<GpuLeaf, Error> {
    let mut ders: Vec<&[u8]> = certificates.iter().map(Vec::as_slice).collect();
    if ders.last() == Some(&root.der()) {
        ders.pop();
    } else if certificates.last().is_some_and(|last| is_self_issued(last)) {
        return Err(Error::ForeignRoot(Item::NvidiaRoot));
    }
    let split = ders.len().min(2);
    let (device, authorities) = ders.split_at(split);
    let mut issuer = None;
    for der in authorities.iter().rev() {
        let above = match &issuer {
            None => NvidiaIssuer::Root(root),
            Some(ca) => NvidiaIssuer::Ca(ca),
        };
        issuer = Some(verify_nvidia_ca(der, above, now)?);
    }
    match issuer {
        Some(ca) => verify_gpu_certificates(device, &ca, now),
        None => Err(Error::ChainLength(Item::DeviceLeaf, certificates.len())),
    }
}

fn is_self_issued(der: &[u8]) -> bool {
    labelled(der).is_some_and(|one| one.subject == one.issuer)
}
