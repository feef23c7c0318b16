//! NVIDIA GPUs.

use secret_ai_attestation::gpu::{
    check_feature, check_golden, golden_id, verify_gpu_report, Feature, GoldenSet, GpuLeaf,
    VerifiedGpu,
};
use secret_ai_attestation::{gpu_nonce, Device, DeviceKind, Error};
use serde_json::json;

use super::{gpu_chain, Context};
use crate::claims::gpu_nonce_of;
use crate::digest::sha256;
use crate::read::{CertificateKind, GpuPiece};
use crate::report::Subject;
use crate::rim::{golden, Board, Rim, RimKind};

/// Modes whose evidence is complete with the GPUs' reports. PPCIE needs the switches' as well.
const MODES: [Feature; 3] = [Feature::Undeclared, Feature::Spt, Feature::Mpt];

/// Checks one GPU; gives the device if it is genuine.
pub(super) fn check(
    context: &Context<'_>,
    gpu: &GpuPiece,
    rims: &[Rim],
    subject: &mut Subject<'_>,
) -> Option<Device> {
    let leaf = certificates(context, gpu, subject);
    let own = gpu_nonce_of(&gpu.evidence);
    nonce(context, gpu, own, subject);
    let leaf = leaf?;
    let result = verify_gpu_report(&gpu.evidence, &leaf, &own.unwrap_or_default());
    let verified = subject.result("report", result, |_| {
        "form, firmware is the certificate's (FWID), signature".to_string()
    })?;
    mode(&verified, subject);
    measurements(context, &verified, rims, subject);
    let id = golden_id(&verified);
    subject.facts(vec![
        ("device", json!(hex::encode(leaf.device_sha256))),
        ("leaf", json!(hex::encode(verified.leaf_sha256))),
        ("arch", json!(verified.arch.name())),
        ("driver_version", json!(verified.driver_version)),
        ("vbios_version", json!(verified.vbios_version)),
        ("project", json!(verified.project)),
        ("project_sku", json!(verified.project_sku)),
        ("chip_sku", json!(verified.chip_sku)),
        ("mode", json!(verified.feature.to_string())),
        ("nvdec0_enabled", json!(verified.nvdec0_enabled)),
        ("golden_id", json!(hex::encode(id))),
        ("nonce", json!(hex::encode(own.unwrap_or_default()))),
    ]);
    Some(Device {
        kind: DeviceKind::Gpu,
        leaf_sha256: verified.leaf_sha256,
        evidence_sha256: sha256(&gpu.evidence),
    })
}

/// Verifies the chain beside the report, or whichever loose one the report fits.
fn certificates(
    context: &Context<'_>,
    gpu: &GpuPiece,
    subject: &mut Subject<'_>,
) -> Option<GpuLeaf> {
    let given = match gpu.certificates.is_empty() {
        true => {
            let loose = context.of_kind(CertificateKind::Nvidia).into_iter();
            loose.map(|one| one.der.clone()).collect()
        }
        false => gpu.certificates.clone(),
    };
    let Some(result) = fitting(context, gpu, &given) else {
        subject.missing("certificates", "no chain of device certificates");
        return None;
    };
    subject.result("certificates", result, |leaf| {
        format!(
            "{} under NVIDIA's root; online revocation was not asked",
            leaf.arch().name()
        )
    })
}

/// The chain with which the report verifies, or else the first that verifies, or else the first.
fn fitting(
    context: &Context<'_>,
    gpu: &GpuPiece,
    given: &[Vec<u8>],
) -> Option<Result<GpuLeaf, Error>> {
    let (root, now) = (&context.options.roots.nvidia, context.options.now);
    let nonce = gpu_nonce_of(&gpu.evidence).unwrap_or_default();
    let mut best: Option<Result<GpuLeaf, Error>> = None;
    for chain in gpu_chain::candidates(given) {
        let result = gpu_chain::verify(&chain, root, now);
        let fits = |leaf: &GpuLeaf| verify_gpu_report(&gpu.evidence, leaf, &nonce).is_ok();
        if result.as_ref().is_ok_and(fits) {
            return Some(result);
        }
        let better = best
            .as_ref()
            .is_none_or(|known| known.is_err() && result.is_ok());
        if better {
            best = Some(result);
        }
    }
    best
}

/// What the report answers must be what was asked: by the document that it is in, by the CPU's evidence,
/// by the registration.
fn nonce(context: &Context<'_>, gpu: &GpuPiece, own: Option<[u8; 32]>, subject: &mut Subject<'_>) {
    const CODE: &str = "gpu_nonce";
    let Some(own) = own else {
        return subject.fail("nonce", CODE, "report is cut");
    };
    if gpu.nonce.is_some_and(|asked| asked != own) {
        return subject.fail(
            "nonce",
            CODE,
            "report answers another nonce than its document says",
        );
    }
    if let Some(binding) = &context.policy.binding {
        return match gpu_nonce(&binding.registration()) {
            Ok(g) if g == own => subject.pass("nonce", "is the registration's (G)"),
            Ok(_) => subject.fail("nonce", CODE, "is not the registration's (G)"),
            Err(error) => subject.fail("nonce", error.code(), error.to_string()),
        };
    }
    let halves: Vec<[u8; 64]> = context.report_data();
    if halves.is_empty() {
        return subject.not_checked("nonce", "no CPU evidence that could name it, no binding");
    }
    if halves.iter().any(|data| data.ends_with(&own)) {
        subject.pass("nonce", "is the second half of the CPU's report data");
    } else {
        subject.fail(
            "nonce",
            CODE,
            "is not the second half of the CPU's report data",
        );
    }
}

fn mode(gpu: &VerifiedGpu, subject: &mut Subject<'_>) {
    match check_feature(gpu, &MODES) {
        Ok(()) => subject.pass("mode", gpu.feature.to_string()),
        Err(_) => subject.missing(
            "mode",
            format!(
                "{}: needs evidence of the NVLink switches, not verified here",
                gpu.feature
            ),
        ),
    }
}

/// Compares with the golden sets of the policy; without any, with those and the manifests among the
/// files.
fn measurements(context: &Context<'_>, gpu: &VerifiedGpu, rims: &[Rim], subject: &mut Subject<'_>) {
    let id = golden_id(gpu);
    let from_policy = &context.policy.golden;
    let found = match from_policy.is_empty() {
        true => context.golden.iter().copied().find(|set| set.id() == id),
        false => from_policy.iter().find(|set| set.id() == id),
    };
    if let Some(set) = found {
        return compare("measurements", gpu, set, subject);
    }
    let (driver, vbios) = (&gpu.driver_version, &gpu.vbios_version);
    if !from_policy.is_empty() {
        let detail = format!("policy has no golden set for driver {driver}, VBIOS {vbios}");
        return subject.fail("measurements", "golden_unknown", detail);
    }
    let of_version = |kind, version: &str| {
        rims.iter()
            .find(|rim| rim.kind == kind && rim.version.eq_ignore_ascii_case(version))
    };
    let board = Board {
        project: gpu.project.clone(),
        project_sku: gpu.project_sku.clone(),
        chip_sku: gpu.chip_sku.clone(),
    };
    let Some(driver_rim) = of_version(RimKind::Driver, driver) else {
        let detail = format!("no golden set or manifest for driver {driver}, VBIOS {vbios}");
        return subject.missing("measurements", detail);
    };
    let vbios_rim = of_version(RimKind::Vbios, vbios);
    let made = match vbios_rim {
        Some(rim) => golden(&[driver_rim.clone(), rim.clone()], None, &board),
        None => golden(
            std::slice::from_ref(driver_rim),
            Some(vbios.as_str()),
            &board,
        ),
    };
    match made {
        Ok(set) if vbios_rim.is_some() => compare("measurements", gpu, &set, subject),
        Ok(set) => {
            compare("driver_measurements", gpu, &set, subject);
            subject.missing(
                "vbios_measurements",
                format!("no manifest for VBIOS {vbios}"),
            );
        }
        Err(error) => subject.fail("measurements", "golden_manifests", error.to_string()),
    }
}

fn compare(name: &'static str, gpu: &VerifiedGpu, set: &GoldenSet, subject: &mut Subject<'_>) {
    let count = set.entries.len();
    let unjudged = unjudged(gpu, set);
    subject.result(name, check_golden(gpu, set), |()| {
        format!(
            "{count} of {count} are golden (driver {}); {unjudged} other non-zero measurements of the \
             report were not judged",
            set.driver_version
        )
    });
}

/// How many measurements are shown that the set does not speak of.
fn unjudged(gpu: &VerifiedGpu, set: &GoldenSet) -> usize {
    let judged = |index: usize| {
        set.entries
            .iter()
            .any(|one| usize::from(one.index) == index)
    };
    let shown = gpu.measurements.iter().enumerate();
    shown
        .filter(|(index, value)| value.is_some_and(|value| value != [0; 48]) && !judged(*index))
        .count()
}
