//! Reports and certificates of real GPUs, from the shared fixtures where the workspace has them.

use std::path::PathBuf;

use secret_ai_attestation::gpu::{
    check_feature, check_golden, golden_id, issuer_name_sha256, pack, unpack,
    verify_gpu_certificates, verify_gpu_report, verify_nvidia_ca, Arch, Feature, GoldenEntry,
    GoldenSet, GpuError, GpuLeaf, NvidiaCa, NvidiaIssuer, NvidiaRoot, VerifiedGpu,
    NVIDIA_FINGERPRINT,
};
use secret_ai_attestation::{Error, Item};
use sha2::{Digest, Sha256};

/// 2026-06-01T00:00:00Z.
const NOW: u64 = 1_780_272_000;
/// 2020-10-17T00:00:00Z and 2023-06-20T00:00:00Z: where the leaf certificates begin.
const HOPPER_FROM: u64 = 1_602_892_800;
const BLACKWELL_FROM: u64 = 1_687_219_200;
/// 9999-12-31T23:59:59Z.
const END: u64 = 253_402_300_799;

/// Evidence of one GPU as it was published.
struct Real {
    name: String,
    evidence: Vec<u8>,
    /// DER, leaf first, root last.
    chain: Vec<Vec<u8>>,
}

impl Real {
    fn nonce(&self) -> [u8; 32] {
        self.evidence[4..36].try_into().unwrap()
    }

    /// The provisioner, which is what contracts keep.
    fn authority(&self) -> Result<NvidiaCa, Error> {
        let identity = NvidiaIssuer::Root(&NvidiaRoot::PINNED);
        let identity = verify_nvidia_ca(&self.chain[3], identity, NOW)?;
        verify_nvidia_ca(&self.chain[2], NvidiaIssuer::Ca(&identity), NOW)
    }

    fn leaf_at(&self, now: u64) -> Result<GpuLeaf, Error> {
        verify_gpu_certificates(&[&self.chain[0], &self.chain[1]], &self.authority()?, now)
    }

    fn leaf(&self) -> GpuLeaf {
        self.leaf_at(NOW).unwrap()
    }

    fn verify(&self) -> Result<VerifiedGpu, Error> {
        verify_gpu_report(&self.evidence, &self.leaf_at(NOW)?, &self.nonce())
    }
}

fn fixtures() -> Option<PathBuf> {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/attestation");
    let present = path.is_dir();
    if !present {
        println!("skipped: the shared fixtures are absent");
    }
    present.then_some(path)
}

fn read(name: &str) -> Option<String> {
    Some(std::fs::read_to_string(fixtures()?.join(name)).unwrap())
}

/// One JSON file: a list of devices, or an object with such a list.
fn devices(file: &str) -> Vec<Real> {
    let Some(text) = read(file) else {
        return Vec::new();
    };
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let list = json.get("evidence_list").unwrap_or(&json);
    let text = |value: &serde_json::Value| base64(value.as_str().unwrap());
    (0..)
        .zip(list.as_array().unwrap())
        .map(|(number, device): (u32, _)| Real {
            name: format!("{file} {number}"),
            evidence: text(&device["evidence"]),
            chain: pem(&String::from_utf8(text(&device["certificate"])).unwrap()),
        })
        .collect()
}

/// A report in hex and a chain in PEM.
fn pair(report: &str, chain: &str) -> Option<Real> {
    let path = |name: &str| format!("nvidia/attestation-sdk/{name}.txt");
    Some(Real {
        name: report.into(),
        evidence: hex::decode(read(&path(report))?.trim()).unwrap(),
        chain: pem(&read(&path(chain))?),
    })
}

/// The worker of Secret AI.
fn secret_ai() -> Option<Real> {
    devices("secretvm/gpu_attest.txt").pop()
}

/// Everything genuine whose report names its firmware.
fn genuine() -> Vec<Real> {
    let mut all = devices("secretvm/gpu_attest.txt");
    for file in [
        "hopper_evidence",
        "hopper_evidence_cert_hold",
        "top_evidence_hopper_590_12",
        "multi_gpu_hopper",
    ] {
        all.extend(devices(&format!("nvidia/attestation-sdk/{file}.json")));
    }
    all.extend(pair("blackwellAttestationReport", "blackwellCertChain"));
    all.extend(pair(
        "hopperAttestationReportExpired",
        "hopperCertChainExpired",
    ));
    all.extend(pair("top_hopperAttestationReport", "top_hopperCertChain"));
    all
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut count, mut bytes) = (0u32, 0, Vec::new());
    for byte in text.bytes().filter(|byte| !b"=\n\r".contains(byte)) {
        let digit = DIGITS.iter().position(|digit| *digit == byte).unwrap();
        (bits, count) = (bits << 6 | digit as u32, count + 6);
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

fn pem(text: &str) -> Vec<Vec<u8>> {
    text.split("-----BEGIN CERTIFICATE-----")
        .skip(1)
        .map(|part| base64(part.split("-----").next().unwrap()))
        .collect()
}

fn code<T>(verdict: Result<T, Error>) -> &'static str {
    verdict.err().map_or("accepted", |error| error.code())
}

/// A golden set of what a GPU shows.
fn golden(gpu: &VerifiedGpu) -> GoldenSet {
    let entries = (0..).zip(&gpu.measurements);
    GoldenSet {
        arch: gpu.arch,
        driver_version: gpu.driver_version.clone(),
        vbios_version: gpu.vbios_version.clone(),
        project: gpu.project.clone(),
        project_sku: gpu.project_sku.clone(),
        chip_sku: gpu.chip_sku.clone(),
        entries: entries
            .filter_map(|(index, value)| {
                Some(GoldenEntry {
                    index,
                    values: vec![(*value)?],
                })
            })
            .collect(),
    }
}

#[test]
fn the_pinned_root_is_the_published_one() {
    assert_eq!(NvidiaRoot::PINNED.fingerprint(), NVIDIA_FINGERPRINT);
    let der = NvidiaRoot::PINNED.der();
    assert_eq!(NvidiaRoot::from_der(der), Ok(NvidiaRoot::PINNED));
    let mut edited = der.to_vec();
    for at in (0..der.len()).step_by(7) {
        edited[at] ^= 1;
        assert!(NvidiaRoot::from_der(&edited).is_err(), "byte {at}");
        edited[at] ^= 1;
    }
}

#[test]
fn every_real_gpu_is_genuine_from_the_day_of_its_certificate() {
    for real in genuine() {
        let leaf = real.leaf();
        let gpu = real
            .verify()
            .unwrap_or_else(|error| panic!("{}: {error}", real.name));
        println!(
            "{}: {} driver {} VBIOS {} {}_{}_{} {}",
            real.name,
            gpu.arch,
            gpu.driver_version,
            gpu.vbios_version,
            gpu.project,
            gpu.project_sku,
            gpu.chip_sku,
            gpu.feature,
        );
        let digest: [u8; 32] = Sha256::digest(&real.chain[0]).into();
        assert_eq!((gpu.leaf_sha256, leaf.sha256), (digest, digest));
        assert_eq!(leaf.root_sha256, NVIDIA_FINGERPRINT);
        assert_eq!(leaf.ca_sha256, real.authority().unwrap().sha256);
        assert_eq!(gpu.measurements.len(), 64);
        assert!(gpu.measurements.iter().all(Option::is_some));
        let from = match gpu.arch {
            Arch::Hopper => HOPPER_FROM,
            Arch::Blackwell => BLACKWELL_FROM,
        };
        assert_eq!(code(real.leaf_at(from)), "accepted");
        assert_eq!(code(real.leaf_at(from - 1)), "not_yet_valid");
        assert_eq!(code(real.leaf_at(END + 1)), "expired");
        assert_eq!(
            (leaf.not_after, code(leaf.check_current(END))),
            (END, "accepted")
        );
        assert_eq!(code(leaf.check_current(END + 1)), "expired");
        let root = NvidiaIssuer::Root(&NvidiaRoot::PINNED);
        assert_eq!(
            code(verify_nvidia_ca(&real.chain[3], root, HOPPER_FROM)),
            "not_yet_valid"
        );
    }
}

#[test]
fn the_fields_are_read_as_published() {
    let Some(real) = secret_ai() else { return };
    let gpu = real.verify().unwrap();
    assert_eq!(
        [
            &gpu.driver_version,
            &gpu.vbios_version,
            &gpu.project,
            &gpu.project_sku,
            &gpu.chip_sku
        ],
        ["550.144.03", "96.00.9F.00.02", "1010", "0210", "886"]
    );
    assert_eq!(
        (gpu.feature, gpu.nvdec0_enabled),
        (Feature::Undeclared, false)
    );
    assert_eq!(
        code(check_feature(&gpu, &[Feature::Undeclared, Feature::Spt])),
        "accepted"
    );
    assert_eq!(code(check_feature(&gpu, &[Feature::Ppcie])), "gpu_feature");
    let zeros = gpu
        .measurements
        .iter()
        .filter(|value| **value == Some([0; 48]))
        .count();
    assert_eq!(zeros, 38);

    let blackwell = pair("blackwellAttestationReport", "blackwellCertChain").unwrap();
    let gpu = blackwell.verify().unwrap();
    assert_eq!(gpu.arch, Arch::Blackwell);
    assert_eq!(gpu.driver_version, "575.32");
    assert_eq!(gpu.vbios_version, "97.00.88.00.0F");
    let feature = |real: Real| real.verify().unwrap().feature;
    let new = pair("top_hopperAttestationReport", "top_hopperCertChain").unwrap();
    assert_eq!(feature(new), Feature::Spt);
    for real in devices("nvidia/attestation-sdk/multi_gpu_hopper.json") {
        assert_eq!(feature(real), Feature::Ppcie);
    }
}

#[test]
fn the_worker_of_secret_ai_binds_its_gpu_to_its_cpu_quote() {
    let (Some(real), Some(quote)) = (secret_ai(), read("secretvm/cpu_quote.txt")) else {
        return;
    };
    let quote = hex::decode(quote.trim()).unwrap();
    // Upper half of the report data of a TDX quote of version 4.
    assert_eq!(real.nonce(), quote[600..632]);
    let mut other = real.nonce();
    other[31] ^= 1;
    assert_eq!(
        verify_gpu_report(&real.evidence, &real.leaf(), &other),
        Err(Error::Gpu(GpuError::Nonce))
    );
}

#[test]
fn a_report_with_a_wrong_signature_is_refused() {
    let name = "hopperAttestationReportInvalidSignature";
    let Some(real) = pair(name, "hopperCertChain") else {
        return;
    };
    // Its own certificate was not published: with another one the firmware differs first.
    assert_eq!(code(real.verify()), "gpu_fwid");
    let fwid = hex::decode(
        "87a829120716b55bd5f9a3a66736085fddd881051904c20b80087362f564bb8ad4c0803a51390063fddd1e724ef0868e",
    )
    .unwrap();
    let leaf = GpuLeaf {
        fwid: fwid.try_into().unwrap(),
        ..real.leaf()
    };
    let verdict = verify_gpu_report(&real.evidence, &leaf, &real.nonce());
    assert_eq!(verdict, Err(Error::Gpu(GpuError::Signature)));
}

#[test]
fn a_report_of_a_driver_that_names_no_firmware_is_refused() {
    let Some(real) = pair("hopperAttestationReport", "hopperCertChain") else {
        return;
    };
    assert_eq!(code(real.verify()), "gpu_fwid_absent");
}

#[test]
fn no_byte_of_evidence_can_change() {
    let Some(real) = secret_ai() else { return };
    let (leaf, nonce) = (real.leaf(), real.nonce());
    let mut evidence = real.evidence.clone();
    let mut refusals = std::collections::BTreeMap::<_, u32>::new();
    for at in 0..evidence.len() {
        evidence[at] ^= 0xff;
        let verdict = code(verify_gpu_report(&evidence, &leaf, &nonce));
        assert_ne!(verdict, "accepted", "byte {at}");
        *refusals.entry(verdict).or_default() += 1;
        evidence[at] ^= 0xff;
    }
    println!("{refusals:?}");
    assert_eq!(refusals["gpu_nonce"], 32);
    assert_eq!(refusals["gpu_fwid"], 48);
    for length in 0..evidence.len() {
        let verdict = code(verify_gpu_report(&evidence[..length], &leaf, &nonce));
        assert_eq!(verdict, "gpu_cut", "{length} bytes");
    }
    evidence.push(0);
    assert_eq!(
        code(verify_gpu_report(&evidence, &leaf, &nonce)),
        "gpu_trailing"
    );
}

#[test]
fn no_byte_of_the_certificates_can_change() {
    for real in secret_ai()
        .into_iter()
        .chain(pair("blackwellAttestationReport", "blackwellCertChain"))
    {
        let ca = real.authority().unwrap();
        let mut chain = [real.chain[0].clone(), real.chain[1].clone()];
        for which in 0..2 {
            for at in 0..chain[which].len() {
                chain[which][at] ^= 1;
                let verdict = verify_gpu_certificates(&[&chain[0], &chain[1]], &ca, NOW);
                assert!(verdict.is_err(), "certificate {which}, byte {at}");
                chain[which][at] ^= 1;
            }
        }
    }
}

#[test]
fn no_certificate_serves_in_the_place_of_another() {
    let Some(real) = secret_ai() else { return };
    let [leaf, boot, provisioner, identity, root] = &real.chain[..] else {
        panic!()
    };
    let (leaf, boot, provisioner) = (&leaf[..], &boot[..], &provisioner[..]);
    let ca = real.authority().unwrap();
    let below_root = |der| verify_nvidia_ca(der, NvidiaIssuer::Root(&NvidiaRoot::PINNED), NOW);
    let identity_ca = below_root(identity).unwrap();
    let below = |certificates: &[&[u8]]| code(verify_gpu_certificates(certificates, &ca, NOW));

    assert_eq!(below(&[boot, leaf]), "profile");
    assert_eq!(below(&[leaf, leaf]), "profile");
    assert_eq!(below(&[boot, boot]), "profile");
    assert_eq!(below(&[leaf, provisioner]), "profile");
    for cut in [
        &[leaf][..],
        &[],
        &[leaf, boot, provisioner],
        &[leaf, boot, provisioner, identity],
    ] {
        assert_eq!(below(cut), "gpu_chain_length");
    }
    for der in [root, provisioner, boot, leaf] {
        assert_eq!(code(below_root(der)), "profile");
    }
    for der in [root, identity, boot, leaf] {
        let verdict = verify_nvidia_ca(der, NvidiaIssuer::Ca(&identity_ca), NOW);
        assert_eq!(code(verdict), "profile");
    }
    assert_eq!(
        code(verify_nvidia_ca(provisioner, NvidiaIssuer::Ca(&ca), NOW)),
        "profile"
    );
    for der in [boot, leaf] {
        assert_eq!(code(NvidiaRoot::from_der(der)), "profile");
    }
    assert_eq!(code(NvidiaRoot::from_der(identity)), "issuer");

    let whole = verify_gpu_certificates(&[leaf, boot, provisioner], &identity_ca, NOW).unwrap();
    assert_eq!(
        GpuLeaf {
            ca_sha256: ca.sha256,
            ..whole
        },
        real.leaf()
    );
    assert_eq!(issuer_name_sha256(boot), Ok(ca.name_sha256));
    assert_eq!(issuer_name_sha256(provisioner), Ok(identity_ca.name_sha256));
    assert_eq!(code(issuer_name_sha256(&[0x30; 40])), "der");
    assert_eq!(code(issuer_name_sha256(&[0x30; 2_049])), "too_large");
}

#[test]
fn chips_and_foreign_authorities_do_not_mix() {
    let Some(real) = secret_ai() else { return };
    let blackwell = pair("blackwellAttestationReport", "blackwellCertChain").unwrap();
    let below = |ca: &Real, leaf: &Real, boot: &Real| {
        let chain: [&[u8]; 2] = [&leaf.chain[0], &boot.chain[1]];
        code(verify_gpu_certificates(
            &chain,
            &ca.authority().unwrap(),
            NOW,
        ))
    };
    assert_eq!(below(&blackwell, &real, &real), "gpu_chip");
    assert_eq!(below(&real, &blackwell, &real), "gpu_chip");
    let other = devices("nvidia/attestation-sdk/hopper_evidence.json").remove(0);
    // Hopper's certificate names the key of the boot ROM that issued it.
    assert_eq!(below(&real, &real, &other), "profile");
    let identity = NvidiaIssuer::Root(&NvidiaRoot::PINNED);
    let identity = verify_nvidia_ca(&real.chain[3], identity, NOW).unwrap();
    let verdict = verify_nvidia_ca(&blackwell.chain[2], NvidiaIssuer::Ca(&identity), NOW);
    assert_eq!(code(verdict), "gpu_chip");

    // NVIDIA's root of reference manifests is a fine root, but not of devices.
    let rim = pem(&read("nvidia/attestation-sdk/top_rim_root.crt").unwrap()).remove(0);
    let rim = NvidiaRoot::from_der(&rim).unwrap();
    let verdict = verify_nvidia_ca(&real.chain[3], NvidiaIssuer::Root(&rim), NOW);
    assert_eq!(verdict, Err(Error::Issuer(Item::NvidiaCa)));
}

#[test]
fn stored_forms_keep_everything_and_are_not_mixed_up() {
    let Some(real) = secret_ai() else { return };
    let (ca, leaf) = (real.authority().unwrap(), real.leaf());
    assert_eq!((ca.encode().len(), leaf.encode().len()), (207, 286));
    assert_eq!(NvidiaCa::decode(&ca.encode()), Ok(ca.clone()));
    assert_eq!(GpuLeaf::decode(&leaf.encode()), Ok(leaf.clone()));
    assert_eq!(code(NvidiaCa::decode(&leaf.encode())), "encoding");
    assert_eq!(code(GpuLeaf::decode(&ca.encode())), "encoding");
    for (bytes, cut) in [(ca.encode(), 206), (ca.encode(), 0)] {
        assert_eq!(code(NvidiaCa::decode(&bytes[..cut])), "encoding");
    }
    let trailing = [leaf.encode(), vec![0]].concat();
    assert_eq!(code(GpuLeaf::decode(&trailing)), "encoding");
}

#[test]
fn golden_sets_of_real_reports_hold_for_them_alone() {
    let all = genuine();
    for real in &all {
        let gpu = real.verify().unwrap();
        let set = golden(&gpu);
        assert_eq!(GoldenSet::decode(&set.encode().unwrap()), Ok(set.clone()));
        assert_eq!(set.id(), golden_id(&gpu));
        assert_eq!(check_golden(&gpu, &set), Ok(()));
        for other in &all {
            let other = other.verify().unwrap();
            let same = golden_id(&other) == set.id();
            let verdict = code(check_golden(&other, &set));
            assert_eq!(verdict != "golden_identity", same);
        }
    }
}

#[test]
fn measurement_35_counts_only_with_nvdec0() {
    let Some(real) = secret_ai() else { return };
    let mut gpu = real.verify().unwrap();
    let mut set = golden(&gpu);
    set.entries[35].values[0][0] ^= 1;
    assert_eq!(check_golden(&gpu, &set), Ok(()));
    gpu.nvdec0_enabled = true;
    assert_eq!(
        check_golden(&gpu, &set),
        Err(Error::Gpu(GpuError::Measurement(35)))
    );
    gpu.measurements[35] = None;
    assert_eq!(
        check_golden(&gpu, &set),
        Err(Error::Gpu(GpuError::MeasurementAbsent(35)))
    );
}

#[test]
fn real_evidence_packs_small_and_unpacks_to_itself() {
    for real in genuine() {
        let set = golden(&real.verify().unwrap());
        let packed = pack(&real.evidence, &set).unwrap();
        let mut few = set.clone();
        few.entries.truncate(1);
        let unhelped = pack(&real.evidence, &few).unwrap();
        println!(
            "{}: {} bytes, packed {}, against one entry {}",
            real.name,
            real.evidence.len(),
            packed.len(),
            unhelped.len(),
        );
        assert!(packed.len() < 800);
        assert_eq!(unpack(&packed, &set).as_deref(), Ok(&real.evidence[..]));
        assert_eq!(unpack(&unhelped, &few).as_deref(), Ok(&real.evidence[..]));
        assert_eq!(code(unpack(&packed, &few)), "gpu_packed");
    }
}
