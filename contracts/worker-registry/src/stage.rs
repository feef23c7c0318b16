//! `stage_gpu`: one GPU at a time, for workers whose GPUs' evidence would not fit into one
//! transaction.
//!
//! What a GPU showed is kept under operator, receipt key and place, with the challenge that it
//! answered. It counts only while that very challenge is open, so it serves one registration of one
//! worker and ends with it. The registration's report data must still bind this evidence.

use cosmwasm_std::{Addr, DepsMut, Env, MessageInfo, Response, StdResult, Storage};
use secret_ai_attestation::{Device, DeviceKind, Registration};
use secret_ai_contract_kit::padding;
use secret_ai_contract_kit::row::{self, key, Reader, Row, Writer};
use secret_ai_interface::registry::{Attestation, GpuEvidence, GpuReport, StageAnswer};
use secret_ai_interface::{Digest, Hex, PublicKey};

use crate::error::ContractError;
use crate::evidence::{gpu_nonce_of, verify_report, Gpu};
use crate::{challenge, goldens};

/// Most staged GPUs of one registration.
const PLACES: u8 = 16;

/// What one GPU showed for one challenge.
struct StagedGpu {
    challenge: Digest,
    device: Digest,
    leaf_sha256: Digest,
    evidence_sha256: Digest,
    golden: Digest,
    valid_until: u64,
    /// When it was verified, Unix seconds.
    at: u64,
}

impl Row for StagedGpu {
    const SIZE: usize = 5 * 32 + 16;

    fn write(&self, out: &mut Writer) {
        out.hex(&self.challenge);
        out.hex(&self.device);
        out.hex(&self.leaf_sha256);
        out.hex(&self.evidence_sha256);
        out.hex(&self.golden);
        out.u64(self.valid_until);
        out.u64(self.at);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        Ok(StagedGpu {
            challenge: from.hex()?,
            device: from.hex()?,
            leaf_sha256: from.hex()?,
            evidence_sha256: from.hex()?,
            golden: from.hex()?,
            valid_until: from.u64()?,
            at: from.u64()?,
        })
    }
}

fn slot(operator: &str, receipt_pk: &[u8; 33], place: u8) -> Vec<u8> {
    key("staged", &[operator.as_bytes(), receipt_pk, &[place]])
}

pub fn stage(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    receipt_pk: PublicKey,
    tls_spki_sha256: Digest,
    place: u8,
    report: GpuReport,
) -> Result<Response, ContractError> {
    let now = env.block.time.seconds();
    if place >= PLACES {
        return Err(ContractError::Range {
            field: "place",
            have: place.into(),
            min: 0,
            max: u64::from(PLACES).saturating_sub(1),
        });
    }
    let operator = info.sender;
    let open = challenge::open(deps.storage, now, &operator, &receipt_pk, &tls_spki_sha256)?;
    let nonce = gpu_nonce_of(&Registration {
        chain_id: &env.block.chain_id,
        registry: env.contract.address.as_str(),
        operator: operator.as_str(),
        receipt_pk: &receipt_pk.0,
        tls_spki_sha256: &tls_spki_sha256.0,
        e2ee_pk: &[0; 32],
        challenge: &open.value.0,
        class: 0,
    })?;
    let set = goldens::usable(deps.storage, &report.golden)?;
    let (gpu, fresh) = verify_report(deps.storage, &report, &set, &nonce, now)?;

    if let Some(fresh) = fresh {
        fresh.save(deps.storage);
    }
    let staged = StagedGpu {
        challenge: open.value,
        device: gpu.device,
        leaf_sha256: Hex(gpu.bound.leaf_sha256),
        evidence_sha256: Hex(gpu.bound.evidence_sha256),
        golden: gpu.golden,
        valid_until: gpu.valid_until,
        at: now,
    };
    let slot = slot(operator.as_str(), &receipt_pk.0, place);
    row::save(deps.storage, &slot, &staged);
    Ok(padding::respond(&StageAnswer {
        device: gpu.device,
        expires_at: open.expires_at,
    })?)
}

/// Forgets the GPUs that this evidence refers to: they were used.
pub fn clear(storage: &mut dyn Storage, operator: &Addr, attestation: &Attestation) {
    for gpu in &attestation.gpus {
        if let GpuEvidence::Staged(place) = gpu {
            storage.remove(&slot(operator.as_str(), &attestation.receipt_pk.0, *place));
        }
    }
}

/// The GPU that was staged at this place for this registration's challenge.
pub fn find(
    storage: &dyn Storage,
    registration: &Registration,
    place: u8,
) -> Result<Gpu, ContractError> {
    let receipt_pk = registration.receipt_pk;
    let slot = slot(registration.operator, receipt_pk, place);
    let staged: StagedGpu = row::may_load(storage, &slot)?
        .filter(|staged: &StagedGpu| staged.challenge.0 == *registration.challenge)
        .ok_or(ContractError::NotStaged(place))?;
    goldens::standing(storage, &staged.golden, staged.at)?.check_active("golden")?;
    Ok(Gpu {
        device: staged.device,
        bound: Device {
            kind: DeviceKind::Gpu,
            leaf_sha256: staged.leaf_sha256.0,
            evidence_sha256: staged.evidence_sha256.0,
        },
        golden: staged.golden,
        valid_until: staged.valid_until,
    })
}
