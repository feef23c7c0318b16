//! Every slot of the registry, named once.
//!
//! | slot | key | value | written by |
//! | --- | --- | --- | --- |
//! | `config` | – | [`Config`] | instantiate, policy |
//! | `root` | – | DER of the development root; absent without one | instantiate |
//! | `counters` | – | [`Counters`] | challenge, register |
//! | `challenge` | operator, receipt key | [`Challenge`] | challenge; removed by register and renew |
//! | `kid` | kid | [`Key`]; never removed | register, renew, retire, revoke |
//! | `worker` | worker id | [`Worker`] | register |
//! | `order` | number, from 0 | worker id | register |
//! | `listing` | worker id | JSON of `Listing`, public text | register, update |
//! | `image` | image digest | [`Image`] | images, revoke |
//! | `platform` | platform digest | [`Standing`] | revoke |
//! | `seats` | platform digest | [`Seats`] | register, renew, retire, revoke |
//! | `collateral` | FMSPC, PCK CA | stored form of the attestation package, 2 to 4 kB | collateral |
//! | `collateral_of` | FMSPC | byte of the PCK CA of the set stored last, for queries | collateral |

use cosmwasm_std::{from_slice, to_vec, Addr, StdResult, Storage};
use secret_ai_contract_kit::row::{self, key, Reader, Row, Writer};
use secret_ai_interface::registry::{Listing, Policy};
use secret_ai_interface::{Digest, Hex, Kid, PublicKey, WorkerId, ADDRESS_LENGTH};

use crate::origin::Origin;
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
    const SIZE: usize = ADDRESS_LENGTH + 3 + 4 + 16;

    fn write(&self, out: &mut Writer) {
        out.address(&self.admin);
        out.bool(self.development);
        out.bool(self.policy.allow_sw_hardening_needed);
        out.bool(self.policy.allow_configuration_needed);
        out.u32(self.policy.max_workers_per_platform);
        out.u64(self.challenge_s);
        out.u64(self.lease_s);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        Ok(Config {
            admin: from.address()?,
            development: from.bool()?,
            policy: Policy {
                allow_sw_hardening_needed: from.bool()?,
                allow_configuration_needed: from.bool()?,
                max_workers_per_platform: from.u32()?,
            },
            challenge_s: from.u64()?,
            lease_s: from.u64()?,
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
    pub image: Digest,
    pub platform: Digest,
    /// `TcbStatus` of the attestation package.
    pub tcb_status: u8,
    /// When the evidence was checked, unix seconds of block time.
    pub lease_from: u64,
    /// The last second of the lease.
    pub lease_until: u64,
    /// Of the key itself; see `kids.rs` for what it is worth.
    pub standing: Standing,
}

impl Row for Key {
    const SIZE: usize = 33 + 16 + ADDRESS_LENGTH + 32 + 32 + 1 + 32 + 32 + 1 + 16 + Standing::SIZE;

    fn write(&self, out: &mut Writer) {
        out.hex(&self.receipt_pk);
        out.hex(&self.worker_id);
        out.address(&self.operator);
        out.hex(&self.tls_spki_sha256);
        out.hex(&self.e2ee_pk);
        out.u8(self.class);
        out.hex(&self.image);
        out.hex(&self.platform);
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
            image: from.hex()?,
            platform: from.hex()?,
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

/// A measured image. It may register workers if it is approved and active.
#[derive(Clone, Copy)]
pub struct Image {
    pub standing: Standing,
    /// False for one that was revoked without ever being approved.
    pub approved: bool,
    /// RTMR3 of the only workload that may run in it; `None` allows any.
    pub rtmr3: Option<Hex<48>>,
}

impl Row for Image {
    const SIZE: usize = Standing::SIZE + 2 + 48;

    fn write(&self, out: &mut Writer) {
        self.standing.write(out);
        out.bool(self.approved);
        out.bool(self.rtmr3.is_some());
        out.hex(&self.rtmr3.unwrap_or(Hex([0; 48])));
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        let standing = Standing::read(from)?;
        let approved = from.bool()?;
        let has_rtmr3 = from.bool()?;
        let rtmr3 = from.hex()?;
        Ok(Image {
            standing,
            approved,
            rtmr3: has_rtmr3.then_some(rtmr3),
        })
    }
}

/// Most workers of one platform that any policy can allow: what [`Seats`] has room for.
pub const MAX_SEATS: u32 = 16;

/// One worker on a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    pub kid: Kid,
    pub lease_until: u64,
}

const FREE: Seat = Seat {
    kid: Hex([0; 20]),
    lease_until: 0,
};

/// The workers on one platform, at most [`MAX_SEATS`].
#[derive(Default)]
pub struct Seats(pub Vec<Seat>);

impl Row for Seats {
    const SIZE: usize = MAX_SEATS as usize * 28;

    fn write(&self, out: &mut Writer) {
        let free = std::iter::repeat(&FREE);
        for seat in self.0.iter().chain(free).take(MAX_SEATS as usize) {
            out.hex(&seat.kid);
            out.u64(seat.lease_until);
        }
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        let seats = (0..MAX_SEATS)
            .map(|_| {
                Ok(Seat {
                    kid: from.hex()?,
                    lease_until: from.u64()?,
                })
            })
            .collect::<StdResult<Vec<_>>>()?;
        Ok(Seats(
            seats.into_iter().filter(|seat| *seat != FREE).collect(),
        ))
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

pub const CONFIG: &[u8] = b"config";
pub const ROOT: &[u8] = b"root";
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

pub fn image_slot(image: &Digest) -> Vec<u8> {
    key("image", &[&image.0])
}

pub fn platform_slot(platform: &Digest) -> Vec<u8> {
    key("platform", &[&platform.0])
}

pub fn seats_slot(platform: &Digest) -> Vec<u8> {
    key("seats", &[&platform.0])
}

pub fn collateral_slot(origin: &Origin) -> Vec<u8> {
    key("collateral", &[&origin.fmspc, &[origin.pck_ca as u8]])
}

pub fn collateral_of_slot(fmspc: &[u8; 6]) -> Vec<u8> {
    key("collateral_of", &[fmspc])
}

pub fn config(storage: &dyn Storage) -> StdResult<Config> {
    row::load(storage, CONFIG)
}

pub fn counters(storage: &dyn Storage) -> StdResult<Counters> {
    Ok(row::may_load(storage, COUNTERS)?.unwrap_or_default())
}

pub fn platform_standing(storage: &dyn Storage, platform: &Digest) -> StdResult<Standing> {
    Ok(row::may_load(storage, &platform_slot(platform))?.unwrap_or(Standing::ACTIVE))
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
