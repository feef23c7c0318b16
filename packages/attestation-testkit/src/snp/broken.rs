//! Evidence that is wrong in one way, with the code of the refusal.

use secret_ai_attestation::snp::{
    check_snp_policy, verify_endorsement, verify_snp_collateral, verify_snp_report, Product,
    RawSnpCollateral, Signer, SnpPolicy, SnpRoot, Tcb, VerifiedSnp,
};
use secret_ai_attestation::Error;

use super::keys::Key;
use super::{PssForm, SnpMeasurements, SoftSnp, SIGNATURE};
use crate::der::sequence;

/// A report with its certificate, collateral and policy, one of which is wrong.
#[derive(Clone, Debug)]
pub struct Broken {
    /// What is wrong.
    pub name: &'static str,
    /// Code of the error of [`Broken::verify`].
    pub code: &'static str,
    pub collateral: RawSnpCollateral,
    /// VCEK or VLEK, DER.
    pub certificate: Vec<u8>,
    pub report: Vec<u8>,
    pub policy: SnpPolicy,
    /// Unix seconds at which it is to be verified.
    pub now: u64,
}

impl Broken {
    /// Collateral, certificate, report and policy, one after another.
    ///
    /// # Errors
    /// The first that is refused.
    pub fn verify(&self, root: &SnpRoot<'_>) -> Result<VerifiedSnp, Error> {
        let collateral = verify_snp_collateral(&self.collateral, root, self.now)?;
        let endorsement = verify_endorsement(&self.certificate, &collateral, self.now)?;
        let verified = verify_snp_report(&self.report, &endorsement, &collateral, self.now)?;
        check_snp_policy(&verified, &self.policy)?;
        Ok(verified)
    }
}

/// Every variant for one seed. They are to be verified under the root of `SoftSnp::new(seed, now)`,
/// and carry `report_data`.
pub fn broken(seed: [u8; 32], now: u64, report_data: [u8; 64]) -> Vec<Broken> {
    let kit = Kit {
        platform: SoftSnp::new(seed, now),
        seed,
        now,
        report_data,
    };
    [
        kit.forms(),
        kit.signatures(),
        kit.guests(),
        kit.signers(),
        kit.levels(),
        kit.certificates(),
        kit.algorithms(),
        kit.collaterals(),
        kit.policies(),
    ]
    .concat()
}

struct Kit {
    platform: SoftSnp,
    seed: [u8; 32],
    now: u64,
    report_data: [u8; 64],
}

impl Kit {
    /// Everything of one platform, which its policy accepts.
    fn all_of(&self, name: &'static str, code: &'static str, platform: &SoftSnp) -> Broken {
        Broken {
            name,
            code,
            collateral: platform.collateral(),
            certificate: platform.vcek_der(),
            report: platform.report(self.report_data, &SnpMeasurements::default()),
            policy: platform.policy(),
            now: self.now,
        }
    }

    fn good(&self) -> Broken {
        self.all_of("", "", &self.platform)
    }

    /// Good evidence that was changed after everything was signed.
    fn edited(
        &self,
        name: &'static str,
        code: &'static str,
        change: impl FnOnce(&mut Broken),
    ) -> Broken {
        let mut broken = Broken {
            name,
            code,
            ..self.good()
        };
        change(&mut broken);
        broken
    }

    /// A platform that was changed, with everything signed as it is then.
    fn other(
        &self,
        name: &'static str,
        code: &'static str,
        change: impl FnOnce(&mut SoftSnp),
    ) -> Broken {
        let mut platform = self.platform.clone();
        change(&mut platform);
        Broken {
            policy: self.platform.policy(),
            ..self.all_of(name, code, &platform)
        }
    }

    /// A report whose bytes from `at` are others, signed as they are.
    fn signed_with(
        &self,
        name: &'static str,
        code: &'static str,
        at: usize,
        bytes: &[u8],
    ) -> Broken {
        self.edited(name, code, |broken| {
            let measurements = SnpMeasurements::default();
            broken.report = self
                .platform
                .report_with(self.report_data, &measurements, |report| {
                    report[at..][..bytes.len()].copy_from_slice(bytes);
                });
        })
    }

    /// A report of other measurements.
    fn measured(
        &self,
        name: &'static str,
        code: &'static str,
        change: impl FnOnce(&mut SnpMeasurements),
    ) -> Broken {
        let mut measurements = SnpMeasurements::default();
        change(&mut measurements);
        self.edited(name, code, |broken| {
            broken.report = self.platform.report(self.report_data, &measurements);
        })
    }

    /// A report with one byte inverted and nothing signed again.
    fn flipped(&self, name: &'static str, code: &'static str, at: usize) -> Broken {
        self.edited(name, code, |broken| broken.report[at] ^= 0xff)
    }

    fn forms(&self) -> Vec<Broken> {
        let reserved = "snp_reserved";
        vec![
            self.edited("empty report", "snp_length", |it| it.report.clear()),
            self.edited("report cut by one byte", "snp_length", |it| {
                it.report.pop();
            }),
            self.edited("trailing zero byte", "snp_length", |it| it.report.push(0)),
            self.other("version 1", "snp_version", |it| it.version = 1),
            self.other("version 6", "snp_version", |it| it.version = 6),
            self.signed_with(
                "unknown signature algorithm",
                "snp_signature_algorithm",
                0x34,
                &[2],
            ),
            self.signed_with(
                "no signature algorithm",
                "snp_signature_algorithm",
                0x34,
                &[0],
            ),
            self.signed_with("reserved flag", reserved, 0x48, &[0x20]),
            self.signed_with("reserved after the flags", reserved, 0x4c, &[1]),
            self.signed_with("reserved platform info", reserved, 0x41, &[1]),
            self.signed_with("reserved after CPUID", reserved, 0x19f, &[1]),
            self.signed_with("reserved after a version", reserved, 0x1eb, &[1]),
            self.signed_with("mitigations in version 3", reserved, 0x200, &[1]),
            self.signed_with("reserved before the signature", reserved, 0x29f, &[1]),
            self.signed_with("reserved byte of a TCB", reserved, 0x1f2, &[1]),
        ]
    }

    fn signatures(&self) -> Vec<Broken> {
        let (wrong, padding) = ("snp_report_signature", "snp_signature_padding");
        let (r, s) = (SIGNATURE, SIGNATURE + 72);
        let half = |name, at: usize, value: [u8; 48]| {
            self.edited(name, wrong, |it| {
                it.report[at..][..48].copy_from_slice(&value);
            })
        };
        vec![
            self.flipped("report data edited", wrong, 0x50),
            self.flipped("measurement edited", wrong, 0x90),
            self.flipped("host data edited", wrong, 0xc0),
            self.flipped("r edited", wrong, r),
            self.flipped("s edited", wrong, s),
            half("r is zero", r, [0; 48]),
            half("s is zero", s, [0; 48]),
            self.edited("signature is zero", wrong, |it| it.report[r..].fill(0)),
            half("r is the order", r, ORDER_LITTLE_ENDIAN),
            half("s is above the order", s, [0xff; 48]),
            self.flipped("padding of r", padding, r + 48),
            self.flipped("padding of s", padding, s + 71),
            self.flipped("bytes after the signature", padding, s + 72),
            self.flipped("last byte", padding, 0x49f),
            self.edited("report of another key", wrong, |it| {
                let mut other = SoftSnp::new([0xee; 32], self.now);
                other.chip_id = self.platform.chip_id;
                it.report = other.report(self.report_data, &SnpMeasurements::default());
            }),
        ]
    }

    fn guests(&self) -> Vec<Broken> {
        let reserved = "snp_guest_policy_reserved";
        vec![
            self.measured("debug guest", "snp_debug", |it| it.policy |= 1 << 19),
            self.measured("guest with a migration agent", "snp_migrate_ma", |it| {
                it.policy |= 1 << 18;
            }),
            self.measured("guest policy without its fixed bit", reserved, |it| {
                it.policy = 1 << 16;
            }),
            self.measured("unknown guest policy", reserved, |it| it.policy |= 1 << 26),
            self.measured("VMPL 4", "snp_vmpl", |it| it.vmpl = 4),
            self.measured("report for the host", "snp_vmpl", |it| it.vmpl = u32::MAX),
        ]
    }

    fn signers(&self) -> Vec<Broken> {
        let vlek = SoftSnp::of(self.seed, self.now, Product::Genoa, Signer::Vlek);
        let mut vlek_as_vcek = vlek.clone();
        vlek_as_vcek.flags = 0;
        let mut other_chip = self.platform.clone();
        other_chip.hwid[0] ^= 1;
        vec![
            self.other("masked chip key", "snp_masked_key", |it| it.flags = 2),
            self.other("no signing key", "snp_signer", |it| it.flags = 7 << 2),
            self.other("reserved signing key", "snp_signer", |it| it.flags = 2 << 2),
            self.other("VCEK's report says VLEK", "snp_signer", |it| {
                it.flags = 1 << 2
            }),
            self.all_of("VLEK's report says VCEK", "snp_signer", &vlek_as_vcek),
            self.other("unknown processor", "snp_product", |it| {
                it.cpuid = [0x17, 0x31, 0]
            }),
            self.other("processor of another product", "snp_product", |it| {
                it.cpuid = [0x19, 0x01, 1];
            }),
            self.other("chip id is zero", "snp_chip_id_zero", |it| {
                it.chip_id = [0; 64]
            }),
            self.other("last byte of the chip id", "snp_hardware_id", |it| {
                it.chip_id[63] ^= 1
            }),
            self.edited("VCEK of another chip", "snp_hardware_id", |it| {
                it.certificate = other_chip.vcek_der();
            }),
            self.edited("VLEK under an ASK", "issuer", |it| {
                it.certificate = vlek.vcek_der()
            }),
            self.edited("VCEK under an ASVK", "issuer", |it| {
                it.collateral = vlek.collateral()
            }),
        ]
    }

    fn levels(&self) -> Vec<Broken> {
        let (mismatch, order) = ("snp_reported_tcb", "snp_tcb_order");
        vec![
            self.other("certificate of an older boot loader", mismatch, |it| {
                it.certificate_tcb.boot_loader -= 1;
            }),
            self.other("certificate of newer microcode", mismatch, |it| {
                it.certificate_tcb.microcode += 1;
            }),
            self.other("certificate of another TEE", mismatch, |it| {
                it.certificate_tcb.tee += 1
            }),
            self.other("certificate of another SNP", mismatch, |it| {
                it.certificate_tcb.snp -= 1
            }),
            self.other("committed above current", order, |it| {
                it.committed_tcb.snp += 1
            }),
            self.other("launch above committed", order, |it| {
                it.launch_tcb.microcode += 1;
                it.current_tcb.microcode += 1;
            }),
            self.other("reported above committed", order, |it| {
                it.reported_tcb.tee += 1;
                it.certificate_tcb.tee += 1;
            }),
        ]
    }

    fn certificates(&self) -> Vec<Broken> {
        let now = self.now;
        let of = |product, signer| SoftSnp::of(self.seed, now, product, signer);
        let (milan, turin) = (
            of(Product::Milan, Signer::Vcek),
            of(Product::Turin, Signer::Vcek),
        );
        let mut turin_id = turin.clone();
        turin_id.hwid = vec![7; 64];
        let mut short_id = self.platform.clone();
        short_id.hwid.truncate(8);
        let mut no_provider = of(Product::Genoa, Signer::Vlek);
        no_provider.csp_id.clear();
        let mut long_provider = of(Product::Genoa, Signer::Vlek);
        long_provider.csp_id = "x".repeat(129);
        vec![
            self.edited("no certificate", "der", |it| it.certificate.clear()),
            self.edited("certificate cut", "der", |it| {
                it.certificate.pop();
            }),
            self.edited("byte after the certificate", "der", |it| {
                it.certificate.push(0)
            }),
            self.edited("oversized certificate", "too_large", |it| {
                it.certificate = vec![0x30; 4_097];
            }),
            self.other("expired VCEK", "expired", |it| {
                it.certificate_validity.1 = now - 1
            }),
            self.other("VCEK of tomorrow", "not_yet_valid", |it| {
                it.certificate_validity.0 = now + 1;
            }),
            self.edited("Milan VCEK under Genoa ASK", "issuer", |it| {
                it.certificate = milan.vcek_der();
            }),
            self.edited("Genoa VCEK under Milan ASK", "issuer", |it| {
                it.collateral = milan.collateral();
            }),
            self.edited("ASK as VCEK", "issuer", |it| {
                it.certificate = it.collateral.ask.clone();
            }),
            self.edited("certificate's signature flipped", "signature", |it| {
                let last = it.certificate.len() - 1;
                it.certificate[last] ^= 1;
            }),
            self.edited("certificate's key flipped", "signature", |it| {
                let point = position(&it.certificate, &[0x03, 0x62, 0x00, 0x04]);
                it.certificate[point + 10] ^= 1;
            }),
            self.all_of("hardware id too short", "profile", &short_id),
            self.all_of("Turin VCEK with a long id", "profile", &turin_id),
            self.all_of("VLEK without a provider", "profile", &no_provider),
            self.all_of("VLEK with a long provider", "profile", &long_provider),
        ]
    }

    fn algorithms(&self) -> Vec<Broken> {
        vec![
            self.other("SHA-256 in the algorithm identifier", "profile", |it| {
                it.certificate_form.declared_hash = 1;
            }),
            self.other("short salt in the algorithm identifier", "profile", |it| {
                it.certificate_form.declared_salt = 32;
                it.certificate_form.salt = 32;
            }),
            self.other("salt shorter than named", "signature", |it| {
                it.certificate_form.salt = 32;
            }),
            self.other("salt longer than named", "signature", |it| {
                it.certificate_form.salt = 64
            }),
            self.edited("two algorithm identifiers", "profile", |it| {
                it.certificate = with_other_identifier(&it.certificate);
            }),
        ]
    }

    fn collaterals(&self) -> Vec<Broken> {
        let now = self.now;
        let foreign = |change: &dyn Fn(&mut SoftSnp)| {
            let mut platform = self.platform.clone();
            platform.root.key = Key::Asvk;
            change(&mut platform);
            platform.collateral()
        };
        let renamed = foreign(&|it| it.root.subject = "Another ARK".into());
        let forged = foreign(&|_| ());
        vec![
            self.other("ASK revoked", "revoked", |it| {
                it.revoked.push(it.ask_serial())
            }),
            self.other("expired ASK", "expired", |it| it.ask_validity.1 = now - 1),
            self.other("ASK of tomorrow", "not_yet_valid", |it| {
                it.ask_validity.0 = now + 1
            }),
            self.other("expired CRL", "expired", |it| it.crl_validity.1 = now - 1),
            self.other("CRL of tomorrow", "not_yet_valid", |it| {
                it.crl_validity.0 = now + 1
            }),
            self.edited("no CRL", "der", |it| it.collateral.crl.clear()),
            self.edited("oversized CRL", "too_large", |it| {
                it.collateral.crl = vec![0x30; 32_769];
            }),
            self.edited("CRL's signature flipped", "signature", |it| {
                let last = it.collateral.crl.len() - 1;
                it.collateral.crl[last] ^= 1;
            }),
            self.edited("CRL of another ARK", "issuer", |it| {
                it.collateral.crl = renamed.crl.clone();
            }),
            self.edited("forged CRL of the ARK", "signature", |it| {
                it.collateral.crl = forged.crl.clone();
            }),
            self.edited("ASK of another ARK", "issuer", |it| {
                it.collateral.ask = renamed.ask.clone();
            }),
            self.edited("ASK of a self-made ARK", "signature", |it| {
                it.collateral.ask = forged.ask.clone();
            }),
            self.edited("ARK as ASK", "profile", |it| {
                it.collateral.ask = self.platform.root_der();
            }),
            self.edited("VCEK as ASK", "profile", |it| {
                it.collateral.ask = it.certificate.clone();
            }),
            self.edited("collateral of another product", "profile", |it| {
                it.collateral.product = Product::Milan;
            }),
            self.edited("collateral a second too old", "expired", |it| {
                it.now = self.platform.crl_validity.1 + 1;
            }),
        ]
    }

    fn policies(&self) -> Vec<Broken> {
        let vlek = SoftSnp::of(self.seed, self.now, Product::Genoa, Signer::Vlek);
        let above = |change: &dyn Fn(&mut Tcb)| {
            let mut least = self.platform.reported_tcb;
            change(&mut least);
            self.edited("", "policy_snp_min_tcb", |it| {
                it.policy.min_tcb = vec![(Product::Genoa, least)];
            })
        };
        vec![
            self.edited("SMT against the policy", "policy_snp_smt", |it| {
                it.policy.allow_smt = false;
            }),
            Broken {
                policy: self.platform.policy(),
                ..self.all_of("VLEK against the policy", "policy_snp_vlek", &vlek)
            },
            self.other("version 2 against the policy", "policy_snp_version", |it| {
                it.version = 2;
            }),
            self.edited("no policy at all", "policy_snp_smt", |it| {
                it.policy = SnpPolicy::default();
            }),
            self.edited("product without a minimum", "policy_snp_no_minimum", |it| {
                it.policy.min_tcb = vec![(Product::Milan, Tcb::default())];
            }),
            Broken {
                name: "microcode below the minimum",
                ..above(&|least| least.microcode += 1)
            },
            Broken {
                name: "boot loader below the minimum",
                ..above(&|least| least.boot_loader += 1)
            },
            self.edited("second minimum not met", "policy_snp_min_tcb", |it| {
                let least = Tcb {
                    snp: 24,
                    ..Tcb::default()
                };
                it.policy.min_tcb.push((Product::Genoa, least));
            }),
        ]
    }
}

/// The certificate with the other form of the algorithm identifier around what is signed.
fn with_other_identifier(certificate: &[u8]) -> Vec<u8> {
    let identifier = PssForm::default().algorithm();
    let length = usize::from(u16::from_be_bytes([certificate[6], certificate[7]]));
    let (tbs, rest) = certificate[4..].split_at(4 + length);
    let signature = rest
        .strip_prefix(&identifier[..])
        .expect("minted certificates have this form");
    let other = PssForm {
        trailer: false,
        ..PssForm::default()
    };
    sequence(&[tbs, &other.algorithm(), signature])
}

fn position(bytes: &[u8], pattern: &[u8]) -> usize {
    bytes
        .windows(pattern.len())
        .position(|window| window == pattern)
        .expect("minted bytes have the pattern")
}

/// The order of P-384's group.
const ORDER_LITTLE_ENDIAN: [u8; 48] = [
    0x73, 0x29, 0xc5, 0xcc, 0x6a, 0x19, 0xec, 0xec, 0x7a, 0xa7, 0xb0, 0x48, 0xb2, 0x0d, 0x1a, 0x58,
    0xdf, 0x2d, 0x37, 0xf4, 0x81, 0x4d, 0x63, 0xc7, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
];
