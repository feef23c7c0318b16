//! `GET /attestation`: what a client needs to verify this worker by itself, without the chain.

use std::sync::Arc;

use axum::extract::State;
use axum::Json;
use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use secret_ai_interface::registry::{DevelopmentRoots, Workload};
use serde::Serialize;
use serde_json::Value;

use crate::agent::Agent;
use crate::evidence::{CpuReport, DeviceEvidence, SecretVmEvidence};

/// Keys and evidence of this boot; bytes in hex, but for evidence and certificates, which are base64.
#[derive(Debug, Serialize)]
pub struct AttestationAnswer {
    chain_id: String,
    registry: String,
    operator: String,
    worker_id: String,
    kid: String,
    receipt_pk: String,
    tls_spki_sha256: String,
    e2ee_pk: String,
    class: u8,
    challenge: String,
    cpu: Cpu,
    /// What the image was told to run, as the registry has it; null if the worker does not say.
    workload: Option<Workload>,
    gpus: Vec<Gpu>,
    /// What the CPU's vendor publishes about the platform, and signs; null if the operator gave none.
    collateral: Option<Value>,
    /// Roots in place of the vendors', of a simulated TEE; null for real ones.
    development_roots: Option<DevelopmentRoots>,
    /// What a SecretVM says about itself, as it says it; null elsewhere. It has no challenge in it.
    secretvm: Option<SecretVmEvidence>,
}

/// Evidence of the CPU.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Cpu {
    Tdx {
        /// As the platform made it.
        quote: String,
    },
    Snp {
        report: String,
        /// VCEK or VLEK, DER.
        certificate: String,
    },
}

/// Evidence of one GPU.
#[derive(Debug, Serialize)]
struct Gpu {
    /// DER, leaf first.
    certificates: Vec<String>,
    /// SPDM request and response; the request's nonce is G of docs/attestation.md.
    evidence: String,
}

/// The newest evidence; public.
pub async fn show(State(agent): State<Arc<Agent>>) -> Json<AttestationAnswer> {
    let attested = agent.attested();
    let identity = &agent.identity;
    Json(AttestationAnswer {
        chain_id: identity.chain_id.clone(),
        registry: identity.registry.clone(),
        operator: identity.operator.clone(),
        worker_id: identity.worker_id.to_string(),
        kid: hex::encode(agent.keys.kid()),
        receipt_pk: hex::encode(agent.keys.receipt_pk()),
        tls_spki_sha256: hex::encode(identity.tls_spki_sha256),
        e2ee_pk: hex::encode(agent.keys.e2ee_pk()),
        class: identity.class,
        challenge: hex::encode(attested.challenge),
        cpu: match attested.cpu {
            CpuReport::Tdx { quote } => Cpu::Tdx {
                quote: STANDARD.encode(quote),
            },
            CpuReport::Snp {
                report,
                certificate,
            } => Cpu::Snp {
                report: STANDARD.encode(report),
                certificate: STANDARD.encode(certificate),
            },
        },
        workload: attested.workload,
        gpus: attested.gpus.iter().map(gpu).collect(),
        collateral: attested.collateral.published,
        development_roots: attested.collateral.development_roots,
        secretvm: Some(attested.collateral.secretvm).filter(|found| !found.is_empty()),
    })
}

fn gpu(device: &DeviceEvidence) -> Gpu {
    Gpu {
        certificates: device
            .certificates
            .iter()
            .map(|der| STANDARD.encode(der))
            .collect(),
        evidence: STANDARD.encode(&device.evidence),
    }
}
