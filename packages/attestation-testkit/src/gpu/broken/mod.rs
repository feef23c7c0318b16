//! GPU evidence that is wrong in one way, with the code of the refusal.

mod certificates;
mod golden;
mod reports;

use secret_ai_attestation::gpu::{
    check_feature, check_golden, verify_gpu_certificates, verify_gpu_report, verify_nvidia_ca,
    Feature, GoldenSet, NvidiaIssuer, NvidiaRoot, VerifiedGpu,
};
use secret_ai_attestation::Error;

use super::pki::Certificate;
use super::report::Report;
use super::SoftGpu;

/// Everything that one GPU brings, one part of which is wrong.
#[derive(Clone, Debug)]
pub struct Broken {
    /// What is wrong.
    pub name: &'static str,
    /// Code of the error of [`Broken::verify`].
    pub code: &'static str,
    pub root: Vec<u8>,
    /// Identity, provisioner.
    pub ca_chain: Vec<Vec<u8>>,
    /// Leaf, boot ROM.
    pub certificates: Vec<Vec<u8>>,
    pub evidence: Vec<u8>,
    /// The nonce that was asked.
    pub nonce: [u8; 32],
    pub golden: GoldenSet,
    /// The modes that are accepted.
    pub features: Vec<Feature>,
    /// Unix seconds at which it is to be verified.
    pub now: u64,
}

impl Broken {
    /// The whole verification, from the root to the golden set.
    ///
    /// # Errors
    /// The one whose code is [`Broken::code`].
    pub fn verify(&self) -> Result<VerifiedGpu, Error> {
        let root = NvidiaRoot::from_der(&self.root)?;
        let identity = verify_nvidia_ca(&self.ca_chain[0], NvidiaIssuer::Root(&root), self.now)?;
        let issuer = NvidiaIssuer::Ca(&identity);
        let provisioner = verify_nvidia_ca(&self.ca_chain[1], issuer, self.now)?;
        let certificates: Vec<&[u8]> = self.certificates.iter().map(Vec::as_slice).collect();
        let leaf = verify_gpu_certificates(&certificates, &provisioner, self.now)?;
        let gpu = verify_gpu_report(&self.evidence, &leaf, &self.nonce)?;
        check_feature(&gpu, &self.features)?;
        let golden = GoldenSet::decode(&self.golden.encode()?)?;
        check_golden(&gpu, &golden)?;
        Ok(gpu)
    }

    fn with(mut self, change: impl Fn(&mut Broken)) -> Self {
        change(&mut self);
        self
    }
}

/// Every variant for one seed, to be verified at `now` (Unix seconds, from 2023 on) for `nonce`.
pub fn broken(seed: [u8; 32], now: u64, nonce: [u8; 32]) -> Vec<Broken> {
    let kit = Kit { seed, now, nonce };
    let mut all = kit.signatures();
    all.extend(kit.outer_forms());
    all.extend(kit.blocks());
    all.extend(kit.opaque_data());
    all.extend(kit.firmware());
    all.extend(kit.chains());
    all.extend(kit.profiles());
    all.extend(kit.dates());
    all.extend(kit.measurements());
    all.extend(kit.golden_sets());
    all
}

struct Kit {
    seed: [u8; 32],
    now: u64,
    nonce: [u8; 32],
}

type Name = &'static str;

impl Kit {
    fn gpu(&self) -> SoftGpu {
        SoftGpu::new(self.seed, 0)
    }

    /// What this GPU brings, though nothing is wrong with it.
    fn from(&self, name: Name, code: Name, gpu: &SoftGpu) -> Broken {
        Broken {
            name,
            code,
            root: gpu.root_der(),
            ca_chain: gpu.ca_chain(),
            certificates: gpu.certificates(),
            evidence: gpu.evidence(self.nonce),
            nonce: self.nonce,
            golden: gpu.golden(),
            features: vec![Feature::Undeclared, Feature::Spt],
            now: self.now,
        }
    }

    /// Something changed after everything was made.
    fn edited(&self, name: Name, code: Name, change: impl Fn(&mut Broken)) -> Broken {
        let mut broken = self.from(name, code, &self.gpu());
        change(&mut broken);
        broken
    }

    /// A report changed and then signed.
    fn reported(&self, name: Name, code: Name, change: impl Fn(&mut Report)) -> Broken {
        let gpu = self.gpu();
        let mut report = gpu.report(self.nonce);
        change(&mut report);
        let mut broken = self.from(name, code, &gpu);
        broken.evidence = report.sign(gpu.key());
        broken
    }

    /// Another GPU, compared with the golden set of the right one.
    fn other(&self, name: Name, code: Name, change: impl Fn(&mut SoftGpu)) -> Broken {
        self.other_of(name, code, self.gpu(), change)
    }

    /// Another Blackwell, compared with the golden set of the right one.
    fn blackwell(&self, name: Name, code: Name, change: impl Fn(&mut SoftGpu)) -> Broken {
        self.other_of(name, code, SoftGpu::blackwell(self.seed, 0), change)
    }

    fn other_of(
        &self,
        name: Name,
        code: Name,
        right: SoftGpu,
        change: impl Fn(&mut SoftGpu),
    ) -> Broken {
        let mut gpu = right.clone();
        change(&mut gpu);
        let mut broken = self.from(name, code, &gpu);
        broken.golden = right.golden();
        broken
    }

    /// A certificate of the device changed and then issued.
    fn leaf(&self, name: Name, change: impl Fn(&mut Certificate)) -> Broken {
        self.other(name, "profile", |gpu| change(&mut gpu.leaf))
    }

    fn boot(&self, name: Name, change: impl Fn(&mut Certificate)) -> Broken {
        self.other(name, "profile", |gpu| change(&mut gpu.boot))
    }

    /// The right GPU with a changed golden set.
    fn golden(&self, name: Name, code: Name, change: impl Fn(&mut GoldenSet)) -> Broken {
        self.edited(name, code, |broken| change(&mut broken.golden))
    }
}
