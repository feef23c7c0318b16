//! What the software GPU mints is genuine under its root, and each broken variant fails its check.

use std::collections::BTreeSet;

use secret_ai_attestation::gpu::{
    check_golden, golden_id, pack, unpack, verify_gpu_certificates, verify_gpu_report,
    verify_nvidia_ca, Arch, Feature, GoldenSet, GpuLeaf, NvidiaCa, NvidiaIssuer, NvidiaRoot,
    VerifiedGpu,
};
use secret_ai_attestation::Error;
use secret_ai_attestation_testkit::gpu::{broken, SoftGpu};

const SEED: [u8; 32] = [7; 32];
const NOW: u64 = 1_790_000_000;
const NONCE: [u8; 32] = [0x5a; 32];

fn authority(gpu: &SoftGpu) -> Result<NvidiaCa, Error> {
    let root = gpu.root_der();
    let [identity, provisioner] = gpu.ca_chain().try_into().unwrap();
    let root = NvidiaRoot::from_der(&root)?;
    let identity = verify_nvidia_ca(&identity, NvidiaIssuer::Root(&root), NOW)?;
    verify_nvidia_ca(&provisioner, NvidiaIssuer::Ca(&identity), NOW)
}

fn leaf(gpu: &SoftGpu) -> Result<GpuLeaf, Error> {
    let certificates = gpu.certificates();
    let certificates: Vec<&[u8]> = certificates.iter().map(Vec::as_slice).collect();
    verify_gpu_certificates(&certificates, &authority(gpu)?, NOW)
}

fn verify(gpu: &SoftGpu) -> Result<VerifiedGpu, Error> {
    verify_gpu_report(&gpu.evidence(NONCE), &leaf(gpu)?, &NONCE)
}

fn code<T>(verdict: Result<T, Error>) -> &'static str {
    verdict.err().map_or("accepted", |error| error.code())
}

#[test]
fn every_gpu_is_genuine_and_golden() {
    for number in 0..3 {
        for gpu in [SoftGpu::new(SEED, number), SoftGpu::blackwell(SEED, number)] {
            let verified = verify(&gpu).unwrap();
            assert_eq!(verified.leaf_sha256, gpu.leaf_sha256());
            assert_eq!(verified.arch, gpu.arch);
            assert_eq!(verified.driver_version, gpu.driver_version);
            assert_eq!(verified.feature, Feature::Spt);
            assert_eq!(gpu.golden().id(), golden_id(&verified));
            assert_eq!(check_golden(&verified, &gpu.golden()), Ok(()));
            // Firmware and authorities are those of the first; the device is not.
            let first = match gpu.arch {
                Arch::Hopper => SoftGpu::new(SEED, 0),
                Arch::Blackwell => SoftGpu::blackwell(SEED, 0),
            };
            assert_eq!(gpu.golden(), first.golden());
            assert_eq!(gpu.ca_chain(), first.ca_chain());
            assert_eq!(gpu.root_der(), SoftGpu::new(SEED, 0).root_der());
            assert_eq!(gpu.leaf_sha256() == first.leaf_sha256(), number == 0);
        }
    }
}

#[test]
fn the_same_seed_mints_the_same_bytes_and_another_seed_others() {
    let mint = |seed| {
        let gpu = SoftGpu::new(seed, 1);
        (gpu.root_der(), gpu.certificates(), gpu.evidence(NONCE))
    };
    assert_eq!(mint(SEED), mint(SEED));
    let (here, there) = (mint(SEED), mint([8; 32]));
    assert!(here.0 != there.0 && here.1 != there.1 && here.2 != there.2);
}

#[test]
fn every_mode_is_read() {
    for (flag, feature) in [(0, Feature::Spt), (1, Feature::Mpt), (2, Feature::Ppcie)] {
        let mut gpu = SoftGpu::blackwell(SEED, 0);
        gpu.feature = flag;
        assert_eq!(verify(&gpu).unwrap().feature, feature);
    }
    let gpu = SoftGpu::new(SEED, 0);
    for (status, feature) in [(0x55, Feature::Undeclared), (0xaa, Feature::Ppcie)] {
        let mut report = gpu.report(NONCE);
        report.drop_field(34);
        report.drop_field(36);
        *report.field(21) = vec![status];
        let evidence = report.sign(gpu.key());
        let verified = verify_gpu_report(&evidence, &leaf(&gpu).unwrap(), &NONCE).unwrap();
        assert_eq!(verified.feature, feature);
    }
}

#[test]
fn any_golden_value_of_an_entry_will_do() {
    let mut gpu = SoftGpu::new(SEED, 0);
    let set = gpu.golden();
    assert_eq!(set.entries[15].values.len(), 3);
    for value in &set.entries[15].values {
        gpu.measurements[15] = *value;
        assert_eq!(check_golden(&verify(&gpu).unwrap(), &set), Ok(()));
    }
    gpu.measurements[15] = [1; 48];
    assert_eq!(
        code(check_golden(&verify(&gpu).unwrap(), &set)),
        "gpu_measurement"
    );
    // Measurements without an entry are not compared.
    let mut gpu = SoftGpu::new(SEED, 0);
    gpu.measurements[63] = [1; 48];
    assert_eq!(check_golden(&verify(&gpu).unwrap(), &set), Ok(()));
}

#[test]
fn every_broken_variant_fails_its_own_check() {
    let variants = broken(SEED, NOW, NONCE);
    let names: BTreeSet<&str> = variants.iter().map(|variant| variant.name).collect();
    assert_eq!(names.len(), variants.len(), "a name occurs twice");
    let codes: BTreeSet<&str> = variants.iter().map(|variant| variant.code).collect();
    println!("{} variants, {} codes", variants.len(), codes.len());
    assert!(variants.len() >= 100);
    let wrong: Vec<String> = variants
        .iter()
        .filter_map(|variant| {
            let code = code(variant.verify());
            let line = format!("{}: {code}, expected {}", variant.name, variant.code);
            (code != variant.code).then_some(line)
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn golden_sets_have_one_stored_form() {
    let set = SoftGpu::new(SEED, 0).golden();
    let bytes = set.encode().unwrap();
    println!("golden set: {} bytes", bytes.len());
    assert_eq!(GoldenSet::decode(&bytes), Ok(set.clone()));
    for length in 0..bytes.len() {
        assert_eq!(
            code(GoldenSet::decode(&bytes[..length])),
            "encoding",
            "{length} bytes"
        );
    }
    let trailing = [bytes.clone(), vec![0]].concat();
    assert_eq!(code(GoldenSet::decode(&trailing)), "encoding");
    assert_eq!(code(GoldenSet::decode(&[0x31; 32_769])), "field_length");
    for (at, byte) in [(0, 0x32), (1, 0), (1, 3)] {
        let mut edited = bytes.clone();
        edited[at] = byte;
        assert_eq!(code(GoldenSet::decode(&edited)), "encoding");
    }
    // Whatever decodes at all, decodes to something that encodes to the same bytes.
    let mut edited = bytes.clone();
    for at in 0..bytes.len() {
        edited[at] ^= 0x01;
        if let Ok(other) = GoldenSet::decode(&edited) {
            assert_eq!(other.encode().as_deref(), Ok(&edited[..]));
            assert_ne!(other, set);
        }
        edited[at] ^= 0x01;
    }
}

#[test]
fn the_id_names_firmware_and_board_but_no_values() {
    let set = SoftGpu::new(SEED, 0).golden();
    let changes: [fn(&mut GoldenSet); 6] = [
        |set| set.arch = Arch::Blackwell,
        |set| set.driver_version.push('1'),
        |set| set.vbios_version.push('1'),
        |set| set.project.push('1'),
        |set| set.project_sku.insert(0, '1'),
        |set| set.chip_sku.push('1'),
    ];
    let mut ids = BTreeSet::from([set.id()]);
    for change in changes {
        let mut other = set.clone();
        change(&mut other);
        assert!(ids.insert(other.id()));
    }
    let mut same = set.clone();
    same.entries.truncate(3);
    assert_eq!(same.id(), set.id());
}

#[test]
fn evidence_unpacks_to_what_was_packed() {
    for gpu in [SoftGpu::new(SEED, 0), SoftGpu::blackwell(SEED, 0)] {
        let (set, evidence) = (gpu.golden(), gpu.evidence(NONCE));
        let packed = pack(&evidence, &set).unwrap();
        println!(
            "{}: {} bytes, packed {}",
            gpu.arch,
            evidence.len(),
            packed.len()
        );
        assert!(packed.len() < 700);
        assert_eq!(unpack(&packed, &set), Ok(evidence));
    }
    let gpu = SoftGpu::new(SEED, 0);
    let mut report = gpu.report(NONCE);
    for place in [0, 5, 20, 60] {
        report.drop_block(place);
    }
    report.opaque.push((23, vec![0; 1_000]));
    report.opaque.push((25, vec![]));
    let evidence = report.sign(gpu.key());
    let packed = pack(&evidence, &gpu.golden()).unwrap();
    assert_eq!(unpack(&packed, &gpu.golden()), Ok(evidence));
}

#[test]
fn what_cannot_be_packed_or_unpacked_is_refused() {
    let gpu = SoftGpu::new(SEED, 0);
    let (set, evidence) = (gpu.golden(), gpu.evidence(NONCE));
    assert_eq!(code(pack(&evidence[1..], &set)), "gpu_request");
    assert_eq!(code(pack(&evidence[..4_000], &set)), "gpu_cut");
    let packed = pack(&evidence, &set).unwrap();
    // A header, 64 bytes, and the one value that is not golden: number 35.
    for length in 0..33 + 64 + 48 {
        assert_eq!(
            code(unpack(&packed[..length], &set)),
            "gpu_packed",
            "{length} bytes"
        );
    }
    let edited = |at: usize, byte: u8| {
        let mut edited = packed.clone();
        edited[at] = byte;
        code(unpack(&edited, &set))
    };
    assert_eq!(edited(0, 2), "gpu_packed");
    assert_eq!(edited(33 + 1, 2), "gpu_packed");
    assert_eq!(edited(33 + 63 + 48, 1), "gpu_packed");
    let with = |tail: &[u8]| code(unpack(&[&packed, tail].concat(), &set));
    assert_eq!(with(&[0]), "gpu_packed");
    assert_eq!(with(&[0, 0]), "gpu_packed");
    assert_eq!(with(&[0, 255].repeat(40)), "gpu_length");
    assert_eq!(code(unpack(&[1; 8_193], &set)), "gpu_length");
    // Another set gives other evidence or none, never the signed one.
    let mut other = set.clone();
    other.entries[3].values[0][0] ^= 1;
    let unpacked = unpack(&packed, &other).unwrap();
    let verdict = verify_gpu_report(&unpacked, &leaf(&gpu).unwrap(), &NONCE);
    assert_eq!(code(verdict), "gpu_signature");
}

/// A small generator of numbers (xorshift64), for inputs that nobody thought of.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    /// The bytes with up to eight of them changed, cut out or repeated.
    fn mutate(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(8) {
            let at = self.below(bytes.len());
            match self.below(4) {
                0 => bytes[at] = self.below(256) as u8,
                1 => bytes[at] ^= 1 << self.below(8),
                2 => bytes.insert(at, self.below(256) as u8),
                _ if bytes.len() > 1 => drop(bytes.remove(at)),
                _ => {}
            }
        }
        bytes
    }
}

#[test]
fn mutated_inputs_are_refused_and_never_panic() {
    let gpu = SoftGpu::new(SEED, 0);
    let (ca, leaf, set) = (authority(&gpu).unwrap(), leaf(&gpu).unwrap(), gpu.golden());
    let certificates = gpu.certificates();
    let stored = set.encode().unwrap();
    let evidence = gpu.evidence(NONCE);
    let packed = pack(&evidence, &set).unwrap();
    let mut numbers = Numbers(0x5eed);
    for _ in 0..400 {
        let mutated = numbers.mutate(&certificates[0]);
        if mutated != certificates[0] {
            let chain: [&[u8]; 2] = [&mutated, &certificates[1]];
            assert!(verify_gpu_certificates(&chain, &ca, NOW).is_err());
        }
        let mutated = numbers.mutate(&evidence);
        if mutated != evidence {
            assert!(verify_gpu_report(&mutated, &leaf, &NONCE).is_err());
        }
        match unpack(&numbers.mutate(&packed), &set) {
            Ok(other) if other != evidence => {
                assert!(verify_gpu_report(&other, &leaf, &NONCE).is_err());
            }
            _ => {}
        }
        let mutated = numbers.mutate(&stored);
        if let Ok(other) = GoldenSet::decode(&mutated) {
            assert_eq!(other.encode(), Ok(mutated));
        }
    }
}
