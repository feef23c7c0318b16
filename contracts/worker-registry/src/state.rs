//! Every slot of the registry, named once.
//!
//! | slot | key | value | written by |
//! | --- | --- | --- | --- |
//! | `config` | – | [`Config`] | instantiate, policy |
//! | `root` | technology | DER of a development root; absent without one | instantiate |
//! | `counters` | – | [`Counters`] | challenge, register |
//! | `challenge` | operator, receipt key | [`Challenge`] | challenge; removed by register and renew |
//! | `staged` | operator, receipt key, place | `StagedGpu` of `stage.rs` | stage |
//! | `kid` | kid | [`Key`]; never removed | register, renew, retire, revoke |
//! | `seen` | kid | time of the last heartbeat | heartbeat |
//! | `worker` | worker id | [`Worker`] | register |
//! | `order` | number, from 0 | worker id | register |
//! | `listing` | worker id | JSON of `Listing`, public text | register, update |
//! | `image` | image digest | `Image` of `images.rs` | images, revoke |
//! | `workload` | image digest, workload digest | [`Standing`] | images, revoke |
//! | `platform` | platform digest | [`Standing`] | revoke |
//! | `known` | platform digest | one byte; absent for platforms that are not known | platforms |
//! | `seats` | platform digest | seats of `platforms.rs`, 28 bytes each | register, renew, retire, revoke |
//! | `device` | digest of the boot ROM's key | `Device` of `devices.rs` | register, revoke |
//! | `golden` | golden id | stored form of the attestation package, about 3 kB | goldens |
//! | `golden_approval` | golden id | `Approval` of `goldens.rs` | goldens, revoke |
//! | `certificate` | its SHA-256 | kind, stored form of the attestation package | register, renew, stage, collateral |
//! | `tdx` | FMSPC, PCK CA | stored form of the attestation package, 2 to 4 kB | collateral |
//! | `tdx_of` | FMSPC | byte of the PCK CA of the set stored last, for queries | collateral |
//! | `snp_revoked` | root, serial number of the authority | one byte; never removed | collateral |
//! | `snp` | product, VCEK or VLEK | stored form of the attestation package | collateral |

use cosmwasm_std::{from_slice, to_vec, Addr, StdError, StdResult, Storage};
use secret_ai_contract_kit::row::{self, key, Reader, Row, Writer};
use secret_ai_interface::registry::{Listing, Policy};
use secret_ai_interface::{Digest, Hex, Kid, PublicKey, WorkerId, ADDRESS_LENGTH};

use crate::policy_row::{read_policy, write_policy, POLICY_SIZE};
use crate::standing::Standing;

/// What the admin decides, and what was decided at instantiation.
#[derive(Clone)]
pub struct Config {
    pub admin: Addr,
    pub development: bool,
    pub policy: Policy,
    pub challenge_s: u64,
    pub lease_s: u64,
}

impl Row for Config {
    const SIZE: usize = ADDRESS_LENGTH + 1 + 16 + POLICY_SIZE;

    fn write(&self, out: &mut Writer) {
        out.address(&self.admin);
        out.bool(self.development);
        out.u64(self.challenge_s);
        out.u64(self.lease_s);
        write_policy(&self.policy, out);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        Ok(Config {
            admin: from.address()?,
            development: from.bool()?,
            challenge_s: from.u64()?,
            lease_s: from.u64()?,
            policy: read_policy(from)?,
        })
    }
}

/// How many there ever were.
#[derive(Clone, Copy, Default)]
pub struct Counters {
    pub workers: u32,
    pub challenges: u64,
}

impl Row for Counters {
    const SIZE: usize = 12;

    fn write(&self, out: &mut Writer) {
        out.u32(self.workers);
        out.u64(self.challenges);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        Ok(Counters {
            workers: from.u32()?,
            challenges: from.u64()?,
        })
    }
}

/// An open challenge.
pub struct Challenge {
    pub value: Digest,
    pub tls_spki_sha256: Digest,
    /// The last second at which it can be used.
    pub expires_at: u64,
}

impl Row for Challenge {
    const SIZE: usize = 32 + 32 + 8;

    fn write(&self, out: &mut Writer) {
        out.hex(&self.value);
        out.hex(&self.tls_spki_sha256);
        out.u64(self.expires_at);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        Ok(Challenge {
            value: from.hex()?,
            tls_spki_sha256: from.hex()?,
            expires_at: from.u64()?,
        })
    }
}

/// A receipt key: one boot of one worker, with what its evidence showed.
#[derive(Clone)]
pub struct Key {
    pub receipt_pk: PublicKey,
    pub worker_id: WorkerId,
    pub operator: Addr,
    pub tls_spki_sha256: Digest,
    pub e2ee_pk: Hex<32>,
    pub class: u8,
    pub tee: Tee,
    pub image: Digest,
    pub workload: Digest,
    pub platform: Digest,
    /// What all its GPUs showed; zeros without GPUs.
    pub golden: Digest,
    /// `TcbStatus` of the attestation package; `UpToDate` for SNP, whose levels policy names.
    pub tcb_status: u8,
    /// When the evidence was checked, unix seconds of block time.
    pub lease_from: u64,
    /// The last second of the lease.
    pub lease_until: u64,
    /// Of the key itself; see `kids.rs` for what it is worth.
    pub standing: Standing,
}

impl Row for Key {
    const SIZE: usize =
        33 + 16 + ADDRESS_LENGTH + 32 + 32 + 1 + 1 + 4 * 32 + 1 + 16 + Standing::SIZE;

    fn write(&self, out: &mut Writer) {
        out.hex(&self.receipt_pk);
        out.hex(&self.worker_id);
        out.address(&self.operator);
        out.hex(&self.tls_spki_sha256);
        out.hex(&self.e2ee_pk);
        out.u8(self.class);
        out.u8(self.tee as u8);
        out.hex(&self.image);
        out.hex(&self.workload);
        out.hex(&self.platform);
        out.hex(&self.golden);
        out.u8(self.tcb_status);
        out.u64(self.lease_from);
        out.u64(self.lease_until);
        self.standing.write(out);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        Ok(Key {
            receipt_pk: from.hex()?,
            worker_id: from.hex()?,
            operator: from.address()?,
            tls_spki_sha256: from.hex()?,
            e2ee_pk: from.hex()?,
            class: from.u8()?,
            tee: Tee::from_byte(from.u8()?)?,
            image: from.hex()?,
            workload: from.hex()?,
            platform: from.hex()?,
            golden: from.hex()?,
            tcb_status: from.u8()?,
            lease_from: from.u64()?,
            lease_until: from.u64()?,
            standing: Standing::read(from)?,
        })
    }
}

/// A worker over all its boots.
#[derive(Clone)]
pub struct Worker {
    pub operator: Addr,
    /// Of the newest boot.
    pub kid: Kid,
}

impl Row for Worker {
    const SIZE: usize = ADDRESS_LENGTH + 20;

    fn write(&self, out: &mut Writer) {
        out.address(&self.operator);
        out.hex(&self.kid);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        Ok(Worker {
            operator: from.address()?,
            kid: from.hex()?,
        })
    }
}

/// Technology of a CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Tee {
    Tdx = 1,
    Snp = 2,
}

impl Tee {
    pub fn name(self) -> &'static str {
        match self {
            Tee::Tdx => "tdx",
            Tee::Snp => "snp",
        }
    }

    fn from_byte(byte: u8) -> StdResult<Self> {
        match byte {
            1 => Ok(Tee::Tdx),
            2 => Ok(Tee::Snp),
            _ => Err(StdError::generic_err("stored technology: corrupt")),
        }
    }
}

impl Row for WorkerIdRow {
    const SIZE: usize = 16;

    fn write(&self, out: &mut Writer) {
        out.hex(&self.0);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        from.hex().map(WorkerIdRow)
    }
}

/// An entry of the order of registration.
pub struct WorkerIdRow(pub WorkerId);

/// Golden set of a key without GPUs.
pub const NO_GOLDEN: Digest = Hex([0; 32]);

pub const CONFIG: &[u8] = b"config";
pub const COUNTERS: &[u8] = b"counters";

pub fn challenge_slot(operator: &Addr, receipt_pk: &PublicKey) -> Vec<u8> {
    key("challenge", &[operator.as_bytes(), &receipt_pk.0])
}

pub fn kid_slot(kid: &Kid) -> Vec<u8> {
    key("kid", &[&kid.0])
}

pub fn worker_slot(worker_id: &WorkerId) -> Vec<u8> {
    key("worker", &[&worker_id.0])
}

pub fn order_slot(number: u32) -> Vec<u8> {
    key("order", &[&number.to_be_bytes()])
}

pub fn config(storage: &dyn Storage) -> StdResult<Config> {
    row::load(storage, CONFIG)
}

pub fn counters(storage: &dyn Storage) -> StdResult<Counters> {
    Ok(row::may_load(storage, COUNTERS)?.unwrap_or_default())
}

pub fn save_listing(
    storage: &mut dyn Storage,
    worker_id: &WorkerId,
    listing: &Listing,
) -> StdResult<()> {
    storage.set(&key("listing", &[&worker_id.0]), &to_vec(listing)?);
    Ok(())
}

pub fn load_listing(storage: &dyn Storage, worker_id: &WorkerId) -> StdResult<Listing> {
    from_slice(
        &storage
            .get(&key("listing", &[&worker_id.0]))
            .unwrap_or_default(),
    )
}
