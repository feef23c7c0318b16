//! Certificates: firmware digests, chains, profiles, dates.

use secret_ai_attestation::gpu::Arch;

use super::{Broken, Kit};
use crate::der::{self, bits, sequence, tlv};
use crate::gpu::{pki, SoftGpu};

impl Kit {
    pub(super) fn firmware(&self) -> Vec<Broken> {
        vec![
            self.reported("another FWID in the report", "gpu_fwid", |report| {
                report.field(20)[0] ^= 1;
            }),
            self.reported("FWID of zeros", "gpu_fwid", |report| {
                report.field(20).fill(0)
            }),
            self.reported("no FWID in the report", "gpu_fwid_absent", |report| {
                report.drop_field(20);
            }),
            self.reported("FWID of 47 bytes", "gpu_opaque_field", |report| {
                report.field(20).pop();
            }),
            self.edited("certificate of other firmware", "gpu_fwid", |broken| {
                let mut gpu = self.gpu();
                gpu.fwid[47] ^= 1;
                broken.certificates = gpu.certificates();
            }),
            self.other("leaf without DICE extension", "profile", |gpu| {
                gpu.dice = None
            }),
            self.other("Hopper with Blackwell's DICE extension", "profile", |gpu| {
                gpu.dice = Some(Arch::Blackwell);
            }),
            self.blackwell("Blackwell with Hopper's DICE extension", "profile", |gpu| {
                gpu.dice = Some(Arch::Hopper);
            }),
            self.other("FWID by SHA-256", "profile", |gpu| {
                const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
                gpu.dice = None;
                let dice = pki::dice_identity(&gpu.boot.key, SHA256, &gpu.fwid[..32]);
                gpu.leaf.extensions.push(dice);
            }),
            self.other("DICE extension naming another boot ROM", "profile", |gpu| {
                gpu.dice = None;
                let dice = pki::dice_identity(&gpu.leaf.key, pki::SHA384, &gpu.fwid);
                gpu.leaf.extensions.push(dice);
            }),
            self.other("two DICE extensions", "profile", |gpu| {
                let dice = pki::dice_tcb_info(pki::SHA384, &gpu.fwid, 0x80);
                gpu.leaf.extensions.push(dice);
            }),
            self.blackwell("debug flag", "gpu_debug", |gpu| gpu.dice_flags |= 0x10),
            self.blackwell("recovery flag", "gpu_debug", |gpu| gpu.dice_flags |= 0x20),
            self.blackwell("not secure flag", "gpu_debug", |gpu| gpu.dice_flags |= 0x40),
        ]
    }

    pub(super) fn chains(&self) -> Vec<Broken> {
        let chain = |name, code, change: fn(&mut Broken)| self.edited(name, code, change);
        let mut seed = self.seed;
        seed[0] ^= 1;
        let foreign = SoftGpu::new(seed, 0);
        let other = SoftGpu::new(self.seed, 1);
        let blackwell = SoftGpu::blackwell(self.seed, 0);
        vec![
            chain("chain shuffled", "profile", |broken| {
                broken.certificates.reverse()
            }),
            chain("leaf alone", "gpu_chain_length", |broken| {
                broken.certificates.truncate(1)
            }),
            chain("no certificates", "gpu_chain_length", |broken| {
                broken.certificates.clear()
            }),
            chain("chain with the provisioner", "gpu_chain_length", |broken| {
                broken.certificates.push(broken.ca_chain[1].clone());
            }),
            chain("leaf as its own authority", "profile", |broken| {
                broken.certificates[1] = broken.certificates[0].clone();
            }),
            chain("boot ROM as leaf", "profile", |broken| {
                broken.certificates[0] = broken.certificates[1].clone();
            }),
            chain("provisioner as boot ROM", "profile", |broken| {
                broken.certificates[1] = broken.ca_chain[1].clone();
            }),
            chain("boot ROM as provisioner", "profile", |broken| {
                broken.ca_chain[1] = broken.certificates[1].clone();
            }),
            chain("leaf as identity authority", "profile", |broken| {
                broken.ca_chain[0] = broken.certificates[0].clone();
            }),
            chain("provisioner as identity authority", "profile", |broken| {
                broken.ca_chain[0] = broken.ca_chain[1].clone();
            }),
            chain("identity authority twice", "profile", |broken| {
                broken.ca_chain[1] = broken.ca_chain[0].clone();
            }),
            chain("root as identity authority", "profile", |broken| {
                broken.ca_chain[0] = broken.root.clone();
            }),
            chain("identity authority as root", "issuer", |broken| {
                broken.root = broken.ca_chain[0].clone();
            }),
            chain("leaf as root", "profile", |broken| {
                broken.root = broken.certificates[0].clone();
            }),
            chain("leaf with a trailing byte", "der", |broken| {
                broken.certificates[0].push(0)
            }),
            chain("leaf cut", "der", |broken| {
                broken.certificates[0].pop();
            }),
            chain("leaf above the limit", "too_large", |broken| {
                broken.certificates[0].resize(2_049, 0);
            }),
            chain("leaf with a flipped bit", "signature", |broken| {
                *broken.certificates[0].last_mut().expect("not empty") ^= 1;
            }),
            self.edited("everything under another root", "signature", |broken| {
                broken.root = foreign.root_der();
            }),
            self.edited("foreign provisioner", "signature", |broken| {
                broken.ca_chain[1] = foreign.ca_chain()[1].clone();
            }),
            self.edited("device of a foreign provisioner", "signature", |broken| {
                broken.certificates = foreign.certificates();
            }),
            self.edited("boot ROM of another device", "profile", |broken| {
                broken.certificates[1] = other.certificates()[1].clone();
            }),
            self.other_of(
                "boot ROM of another Blackwell",
                "issuer",
                blackwell.clone(),
                |_| {},
            )
            .with(|broken| {
                let other = SoftGpu::blackwell(self.seed, 1);
                broken.certificates[1] = other.certificates()[1].clone();
            }),
            self.edited("authorities under a renamed root", "issuer", |broken| {
                let mut gpu = self.gpu();
                gpu.root.common_name = "Another Device Identity CA".into();
                broken.root = gpu.root_der();
            }),
            self.edited("Blackwell under a Hopper authority", "gpu_chip", |broken| {
                broken.certificates = blackwell.certificates();
            }),
            self.edited(
                "Blackwell's provisioner under Hopper's identity",
                "gpu_chip",
                |broken| {
                    broken.ca_chain[1] = blackwell.ca_chain()[1].clone();
                },
            ),
        ]
    }

    pub(super) fn profiles(&self) -> Vec<Broken> {
        const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
        const UNKNOWN: &[u8] = &[0x2a, 0x03, 0x04];
        vec![
            self.leaf("leaf that is a CA", |leaf| leaf.is_ca = true),
            self.leaf("leaf that signs certificates", |leaf| {
                leaf.usage = pki::SIGNS_CERTIFICATES;
            }),
            self.leaf("leaf that also agrees on keys", |leaf| {
                leaf.usage[3] |= 0x08
            }),
            self.leaf("leaf with another name", |leaf| {
                leaf.common_name = "GH100 A01 GSP FMC XX".into();
            }),
            self.leaf("leaf of an unknown chip", |leaf| {
                leaf.common_name = "GX100 A01 GSP FMC LF".into();
            }),
            self.leaf("leaf signed with SHA-256", |leaf| {
                leaf.algorithm = ECDSA_WITH_SHA256
            }),
            self.leaf("leaf with a P-256 key", |leaf| {
                leaf.spki = Some(p256_spki());
            }),
            self.leaf("leaf with an unknown critical extension", |leaf| {
                leaf.extensions.push(pki::extension(UNKNOWN, true, &[5, 0]));
            }),
            self.leaf("leaf with two key usages", |leaf| {
                let usage = pki::extension(pki::KEY_USAGE, true, &pki::SIGNS_REPORTS);
                leaf.extensions.push(usage);
            }),
            self.boot("boot ROM that is no CA", |boot| boot.is_ca = false),
            self.boot("boot ROM that signs reports", |boot| {
                boot.usage = pki::SIGNS_REPORTS
            }),
            self.boot("boot ROM that signs lists", |boot| {
                boot.usage = pki::SIGNS_CERTIFICATES_AND_LISTS;
            }),
            self.boot("boot ROM named as a provisioner", |boot| {
                boot.common_name = "NVIDIA GH100 Provisioner ICA 2".into();
            }),
            self.other("boot ROM with a DICE extension", "profile", |gpu| {
                let dice = pki::dice_identity(&gpu.provisioner.key, pki::SHA384, &gpu.fwid);
                gpu.boot.extensions.push(dice);
            }),
            self.other("provisioner without number", "profile", |gpu| {
                gpu.provisioner.common_name = "NVIDIA GH100 Provisioner ICA ".into();
            }),
            self.other("identity authority that signs no lists", "profile", |gpu| {
                gpu.identity.usage = pki::SIGNS_CERTIFICATES;
            }),
        ]
    }

    pub(super) fn dates(&self) -> Vec<Broken> {
        let (past, future) = (self.now - 1, self.now + 1);
        vec![
            self.other("expired leaf", "expired", |gpu| gpu.leaf.validity.1 = past),
            self.other("leaf of tomorrow", "not_yet_valid", |gpu| {
                gpu.leaf.validity.0 = future
            }),
            self.other("expired boot ROM", "expired", |gpu| {
                gpu.boot.validity.1 = past
            }),
            self.other("expired provisioner", "expired", |gpu| {
                gpu.provisioner.validity.1 = past
            }),
            self.other("expired identity authority", "expired", |gpu| {
                gpu.identity.validity.1 = past;
            }),
            self.other("expired root", "expired", |gpu| gpu.root.validity.1 = past),
            self.edited("verified in 2010", "not_yet_valid", |broken| {
                broken.now = 1_262_304_000;
            }),
        ]
    }
}

/// SubjectPublicKeyInfo of P-256 with a point of fours.
fn p256_spki() -> Vec<u8> {
    const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    const PRIME256V1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    let algorithm = sequence(&[&tlv(der::OID, EC_PUBLIC_KEY), &tlv(der::OID, PRIME256V1)]);
    sequence(&[&algorithm, &bits(&[4; 65])])
}
