//! The checks, by technology, over everything that the files contain.

mod cpu;
mod gpu;
mod gpu_chain;
mod snp;
mod tdx;

use secret_ai_attestation::gpu::GoldenSet;
use secret_ai_attestation::{without_padding, Device, RawCollateral};

use crate::claims::gpu_nonce_of;
use crate::policy::Policy;
use crate::read::{CertificateKind, GpuPiece, ImageRow, Labelled, Piece};
use crate::report::Log;
use crate::rim::{verify_rim, Rim};
use crate::time::format_time;
use crate::verify::Options;

/// What the files contain, sorted, and how to judge it.
pub(crate) struct Context<'a> {
    options: &'a Options<'a>,
    policy: &'a Policy,
    tdx: Vec<&'a [u8]>,
    sgx: usize,
    intel: Vec<&'a RawCollateral>,
    snp: Vec<&'a [u8]>,
    certificates: Vec<&'a Labelled>,
    crls: Vec<(&'a [u8], &'a str)>,
    gpus: Vec<&'a GpuPiece>,
    manifests: Vec<&'a str>,
    golden: Vec<&'a GoldenSet>,
    images: Vec<&'a ImageRow>,
    composes: Vec<&'a [u8]>,
    damaged: Vec<&'a str>,
}

impl<'a> Context<'a> {
    pub fn new(pieces: &'a [Piece], options: &'a Options<'a>, policy: &'a Policy) -> Self {
        let mut all = Context {
            options,
            policy,
            tdx: Vec::new(),
            sgx: 0,
            intel: Vec::new(),
            snp: Vec::new(),
            certificates: Vec::new(),
            crls: Vec::new(),
            gpus: Vec::new(),
            manifests: Vec::new(),
            golden: Vec::new(),
            images: Vec::new(),
            composes: Vec::new(),
            damaged: Vec::new(),
        };
        for piece in pieces {
            match piece {
                // The zeros that fill up the TDX module's buffer are no part of the quote.
                Piece::TdxQuote(quote) => all.tdx.push(without_padding(quote).unwrap_or(quote)),
                Piece::SgxQuote(_) => all.sgx += 1,
                Piece::IntelCollateral(raw) => all.intel.push(raw),
                Piece::SnpReport(report) => all.snp.push(report),
                Piece::Certificate(one) => all.certificates.push(one),
                Piece::Crl { der, issuer } => all.crls.push((der, issuer)),
                Piece::Gpu(gpu) => all.gpus.push(gpu),
                Piece::Rim(text) => all.manifests.push(text),
                Piece::Golden(set) => all.golden.push(set),
                Piece::ImageList(rows) => all.images.extend(rows),
                Piece::Compose(text) => all.composes.push(text),
                Piece::Damaged(what) => all.damaged.push(what),
                Piece::Unused(_) => {}
            }
        }
        all
    }

    /// Whether there is nothing that proves anything.
    pub fn is_empty(&self) -> bool {
        self.tdx.is_empty() && self.snp.is_empty() && self.gpus.is_empty() && self.sgx == 0
    }

    fn of_kind(&self, kind: CertificateKind) -> Vec<&'a Labelled> {
        self.certificates
            .iter()
            .copied()
            .filter(|one| one.kind == kind)
            .collect()
    }

    /// Certificates that may be a server's: of no vendor, and issuer of nothing else that is here.
    fn servers(&self) -> Vec<&'a Labelled> {
        let mut found = self.of_kind(CertificateKind::Other);
        found.retain(|one| {
            let others = self
                .certificates
                .iter()
                .filter(|other| other.der != one.der);
            let issuers = others.map(|other| other.issuer.as_str());
            let mut issuers = issuers.chain(self.crls.iter().map(|(_, issuer)| *issuer));
            !issuers.any(|issuer| issuer == one.subject)
        });
        found
    }

    /// Nonces that the GPUs answered, as their reports say.
    fn gpu_nonces(&self) -> Vec<[u8; 32]> {
        self.gpus
            .iter()
            .filter_map(|gpu| gpu_nonce_of(&gpu.evidence))
            .collect()
    }
}

/// Makes all checks that can be made.
pub(crate) fn run(context: &Context<'_>, log: &mut Log) {
    for what in &context.damaged {
        log.subject("files").fail("readable", "damaged", *what);
    }
    let rims = manifests(context, log);
    let mut devices: Vec<Device> = Vec::new();
    for (number, gpu) in context.gpus.iter().enumerate() {
        let subject = format!("gpu {number}");
        devices.extend(gpu::check(context, gpu, &rims, &mut log.subject(subject)));
    }
    tdx::check_all(context, &devices, log);
    for (number, report) in context.snp.iter().enumerate() {
        let mut subject = log.subject(numbered("snp", number, context.snp.len()));
        snp::check(context, report, &devices, &mut subject);
    }
    for number in 0..context.sgx {
        let mut subject = log.subject(numbered("sgx", number, context.sgx));
        subject.missing(
            "quote",
            "an SGX quote: a worker cannot run in an enclave, not verified",
        );
    }
    cpu::check_presence(context, log);
}

fn numbered(name: &str, number: usize, count: usize) -> String {
    if count == 1 {
        name.to_string()
    } else {
        format!("{name} {number}")
    }
}

/// NVIDIA's manifests that verify.
fn manifests(context: &Context<'_>, log: &mut Log) -> Vec<Rim> {
    let mut rims = Vec::new();
    for (number, text) in context.manifests.iter().enumerate() {
        let mut subject = log.subject(numbered("rim", number, context.manifests.len()));
        match verify_rim(text, &context.options.roots.rim, context.options.now) {
            Ok(rim) => {
                let until = format_time(rim.valid.1);
                let (product, kind, version) = (&rim.product, rim.kind.name(), &rim.version);
                let active = rim.active.len();
                subject.pass(
                    "manifest",
                    format!("{product} {kind} {version}, {active} measurements, until {until}"),
                );
                rims.push(rim);
            }
            Err(error) => subject.fail("manifest", error.code(), error.to_string()),
        }
    }
    rims
}
