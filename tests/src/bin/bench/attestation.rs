//! Gas of every way to attest: technology, number of GPUs, what the registry knows already.

use secret_ai_attestation::{gpu_nonce, heartbeat_digest, Registration};
use secret_ai_interface::billing::Timing;
use secret_ai_interface::registry::{ExecuteMsg, SnpProduct};
use secret_ai_interface::Hex;
use secret_ai_receipts::{kid, public_key, SigningKey};
use secret_ai_tests::evidence::{self, snp_collateral, Certificates, Claim, Cpu};
use secret_ai_tests::local::{address, Local};

/// From an empty registry to renewals.
pub fn everything() -> Local {
    let mut local = Local::new(Timing {
        epoch_s: 600,
        grace_s: 7_200,
        challenge_s: 3_600,
    });
    local.log.clear();
    local.prepare_registry();
    let nvidia = local.world.nvidia_collateral();
    local.submit("NVIDIA", nvidia);
    let snp = snp_collateral(SnpProduct::Genoa, local.world.snp.collateral());
    local.submit("SNP", snp);
    govern(&mut local);

    let fresh = Certificates::Fresh;
    register(&mut local, 1, "TDX, PEM chain", |c| c);
    register(&mut local, 2, "TDX", |c| Claim {
        certificates: fresh,
        ..c
    });
    register(&mut local, 3, "TDX + 1 GPU", |c| Claim {
        certificates: fresh,
        gpus: 1,
        ..c
    });
    register(&mut local, 4, "SNP", |c| Claim {
        cpu: Cpu::Snp,
        certificates: fresh,
        ..c
    });
    local.net.advance(12 * 3_600);
    renew(&mut local, 2, "TDX", |c| c);
    renew(&mut local, 3, "TDX + 1 GPU", |c| Claim { gpus: 1, ..c });
    renew(&mut local, 4, "SNP", |c| Claim { cpu: Cpu::Snp, ..c });
    // The GPU of number 3 is free when its lease is over.
    local.net.advance(25 * 3_600);
    staged(&mut local, 5, 4);
    heartbeat(&mut local, 5);
    local
}

/// Golden measurements, and the image of the SNP platform.
fn govern(local: &mut Local) {
    let golden = ExecuteMsg::ApproveGolden {
        set: local.world.golden(),
        padding: None,
    };
    local
        .registry("admin", "approve_golden", &golden)
        .expect("golden");
    let approve = ExecuteMsg::ApproveImage {
        image: evidence::snp_image(),
        workload: None,
        until: None,
        padding: None,
    };
    local
        .registry("admin", "approve_image", &approve)
        .expect("image");
}

fn signing_key(number: u8) -> SigningKey {
    SigningKey::from_slice(&[number; 32]).expect("a key")
}

fn register(local: &mut Local, number: u8, what: &str, change: impl Fn(Claim) -> Claim) {
    let key = signing_key(number);
    let challenge = local.challenge("operator", &key);
    local.log.pop();
    register_with(local, &key, &challenge, what, change);
}

fn register_with(
    local: &mut Local,
    key: &SigningKey,
    challenge: &[u8; 32],
    what: &str,
    change: impl Fn(Claim) -> Claim,
) {
    let register = ExecuteMsg::Register {
        worker_id: None,
        attestation: local.attest("operator", key, challenge, change),
        listing: local.listing(),
        padding: None,
    };
    local
        .registry("operator", &format!("register, {what}"), &register)
        .expect("register");
}

fn renew(local: &mut Local, number: u8, what: &str, change: impl Fn(Claim) -> Claim) {
    let key = signing_key(number);
    let challenge = local.challenge("operator", &key);
    local.log.pop();
    let renew = ExecuteMsg::Renew {
        attestation: local.attest("operator", &key, &challenge, |c| Claim {
            certificates: Certificates::Known,
            ..change(c)
        }),
        padding: None,
    };
    local
        .registry("operator", &format!("renew, {what}"), &renew)
        .expect("renew");
}

/// A worker with several GPUs, one transaction for each and one for all.
fn staged(local: &mut Local, number: u8, gpus: usize) {
    let key = signing_key(number);
    let challenge = local.challenge("operator", &key);
    local.log.pop();
    let receipt_pk = public_key(&key);
    let nonce = gpu_nonce(&Registration {
        chain_id: local.net.chain_id(),
        registry: local.registry.address.as_str(),
        operator: &address("operator"),
        receipt_pk: &receipt_pk,
        tls_spki_sha256: &[0; 32],
        e2ee_pk: &[0; 32],
        challenge: &challenge,
        class: 0,
    })
    .expect("fixed-length fields");
    for place in 0..gpus {
        let report = local.world.gpu_report(place, nonce, Certificates::Fresh);
        let stage = ExecuteMsg::StageGpu {
            receipt_pk: Hex(receipt_pk),
            tls_spki_sha256: Hex([0; 32]),
            place: place as u8,
            gpu: Box::new(report),
            padding: None,
        };
        local
            .registry("operator", "stage_gpu", &stage)
            .expect("stage");
    }
    let what = format!("TDX + {gpus} staged GPUs");
    register_with(local, &key, &challenge, &what, |c| Claim {
        gpus,
        staged: true,
        certificates: Certificates::Fresh,
        ..c
    });
}

fn heartbeat(local: &mut Local, number: u8) {
    let key = signing_key(number);
    let kid = kid(&key);
    let at = local.net.block_time_s() + 1;
    let registry = local.registry.address.as_str();
    let digest =
        heartbeat_digest(local.net.chain_id(), registry, &kid, at).expect("fixed-length fields");
    let (signature, _) = key.sign_prehash_recoverable(&digest);
    let heartbeat = ExecuteMsg::Heartbeat {
        kid: Hex(kid),
        at,
        signature: signature.normalize_s().to_bytes().to_vec().into(),
        padding: None,
    };
    local
        .registry("anyone", "heartbeat", &heartbeat)
        .expect("heartbeat");
}
