//! What evidence must show, in the order in which it is checked: what costs little comes first.
//!
//! 1. class and sizes;
//! 2. an open challenge of this operator and key, given for this TLS key;
//! 3. the receipt key's signature over challenge and operator;
//! 4. the CPU's evidence is genuine under the collateral that is stored for its platform, and policy
//!    accepts its patch level (`tdx.rs`, `snp.rs`);
//! 5. image and workload are approved (`workload.rs`), its platform is not revoked, and known if class
//!    or policy say so;
//! 6. the GPUs' evidence is genuine, fresh and as the golden set says, and there are as many as the
//!    class says (`gpus.rs`);
//! 7. the CPU's report data binds operator, keys, challenge, registry, chain and these very GPUs.
//!
//! What depends on other workers (key used before, seats on the platform, GPUs that serve another
//! key, what a renewal must not change) is checked by the messages.

mod gpus;
mod snp;
mod tdx;
mod workload;

use cosmwasm_std::{Addr, Deps, Env};
use secret_ai_attestation::{check_report_data, registration_digest, Registration};
use secret_ai_interface::registry::{Attestation, CpuEvidence};
use secret_ai_interface::Digest;

use crate::certificates::Fresh;
use crate::error::ContractError;
use crate::state::{Config, Tee, NO_GOLDEN};
use crate::{challenge, images, platforms, signature};

pub use gpus::{gpu_nonce_of, verify_report, Gpu};

/// Bit 1 of a class: the platform is known.
const CLASS_KNOWN: u8 = 0b10;
/// Bits 4 to 7 of a class: number of GPUs.
const CLASS_GPUS: u8 = 0xf0;

/// What evidence showed.
pub struct Shown {
    pub tee: Tee,
    pub image: Digest,
    pub workload: Digest,
    pub platform: Digest,
    /// False for a chip that hides its id behind its provider's key: it cannot be told from others.
    pub platform_is_one: bool,
    pub tcb_status: u8,
    /// What all GPUs showed.
    pub golden: Digest,
    /// The GPUs, by the public keys of their boot ROMs.
    pub devices: Vec<Digest>,
    /// End of the lease: the policy's length, cut by collateral, certificates and image.
    pub lease_until: u64,
    /// To be kept.
    pub fresh: Vec<Fresh>,
}

/// What the CPU's evidence showed.
struct Cpu {
    tee: Tee,
    image: Digest,
    platform: Digest,
    platform_is_one: bool,
    tcb_status: u8,
    report_data: [u8; 64],
    measured: workload::Measured,
    valid_until: u64,
    fresh: Option<Fresh>,
}

/// Checks all of the above for evidence that `operator` sent.
pub fn check(
    deps: Deps,
    env: &Env,
    config: &Config,
    operator: &Addr,
    attestation: &Attestation,
) -> Result<Shown, ContractError> {
    let now = env.block.time.seconds();
    check_class(attestation)?;
    let challenge = challenge::open(
        deps.storage,
        now,
        operator,
        &attestation.receipt_pk,
        &attestation.tls_spki_sha256,
    )?
    .value;
    let registration = Registration {
        chain_id: &env.block.chain_id,
        registry: env.contract.address.as_str(),
        operator: operator.as_str(),
        receipt_pk: &attestation.receipt_pk.0,
        tls_spki_sha256: &attestation.tls_spki_sha256.0,
        e2ee_pk: &attestation.e2ee_pk.0,
        challenge: &challenge.0,
        class: attestation.class,
    };
    check_receipt_key(deps, &registration, &attestation.signature)?;

    let cpu = match &attestation.cpu {
        CpuEvidence::Tdx { quote } => tdx::verify(deps.storage, &config.policy.tdx, quote, now)?,
        CpuEvidence::Snp {
            product,
            report,
            certificate,
        } => {
            let policy = &config.policy.snp;
            snp::verify(deps.storage, policy, *product, report, certificate, now)?
        }
    };
    let workload = workload::digest(attestation.workload.as_ref(), &cpu.measured)?;
    let image_until = images::check_usable(deps.storage, &cpu.image, &workload, now)?;
    platforms::standing(deps.storage, &cpu.platform)?.check_active("platform")?;
    let must_be_known = attestation.class & CLASS_KNOWN != 0 || config.policy.known_platforms_only;
    if must_be_known && !platforms::is_known(deps.storage, &cpu.platform) {
        return Err(ContractError::PlatformUnknown(cpu.platform));
    }

    let gpus = gpus::verify(deps.storage, &registration, &attestation.gpus, now)?;
    let bound: Vec<_> = gpus.all.iter().map(|gpu| gpu.bound).collect();
    check_report_data(&cpu.report_data, &registration, &bound)?;

    let ends = [cpu.valid_until, image_until];
    let ends = ends
        .into_iter()
        .chain(gpus.all.iter().map(|gpu| gpu.valid_until));
    Ok(Shown {
        tee: cpu.tee,
        image: cpu.image,
        workload,
        platform: cpu.platform,
        platform_is_one: cpu.platform_is_one,
        tcb_status: cpu.tcb_status,
        golden: gpus.golden.unwrap_or(NO_GOLDEN),
        devices: gpus.all.iter().map(|gpu| gpu.device).collect(),
        lease_until: ends.fold(now.saturating_add(config.lease_s), u64::min),
        fresh: cpu.fresh.into_iter().chain(gpus.fresh).collect(),
    })
}

/// Known bits only, and as many GPUs as it says.
fn check_class(attestation: &Attestation) -> Result<(), ContractError> {
    let class = attestation.class;
    if class & !(CLASS_KNOWN | CLASS_GPUS) != 0 {
        return Err(ContractError::Class(class));
    }
    let (have, need) = (attestation.gpus.len(), usize::from(class >> 4));
    if have == need {
        Ok(())
    } else {
        Err(ContractError::GpuCount { have, need })
    }
}

/// The receipt key wants this registration, too: nobody registers the key of another.
fn check_receipt_key(
    deps: Deps,
    registration: &Registration,
    signature: &[u8],
) -> Result<(), ContractError> {
    let digest = registration_digest(registration.challenge, registration.operator)?;
    match signature::verifies(deps, registration.receipt_pk, &digest, signature) {
        true => Ok(()),
        false => Err(ContractError::ReceiptSignature),
    }
}
