//! Worker registry: challenge, registration under attestation, leases, listings, revocation.

use cosmwasm_schema::{cw_serde, QueryResponses};
use cosmwasm_std::{Addr, Binary};

use crate::{Digest, Hex, Kid, PublicKey, Unit, WorkerId};

/// Creates a registry.
#[cw_serde]
pub struct InstantiateMsg {
    /// Governs policy and revocation; the sender if absent.
    pub admin: Option<String>,
    /// DER certificate of a root that stands in for Intel's. A registry that has one says
    /// `development: true` for ever, and no message adds one later.
    pub development_root: Option<Binary>,
    /// What evidence must show.
    pub policy: Policy,
    /// Life of a challenge in seconds, 60 to 3,600.
    pub challenge_s: u64,
    /// Longest life of a lease in seconds, 60 to 604,800.
    pub lease_s: u64,
}

/// What genuine evidence must show besides being genuine. Never accepted, whatever the policy:
/// debug, migratable or profiled TDs, revoked platforms.
#[cw_serde]
pub struct Policy {
    /// Accept TCB status `SWHardeningNeeded`.
    pub allow_sw_hardening_needed: bool,
    /// Accept TCB status `ConfigurationNeeded`.
    pub allow_configuration_needed: bool,
    /// Most workers that may be active on one platform.
    pub max_workers_per_platform: u32,
}

/// State-changing messages.
#[cw_serde]
pub enum ExecuteMsg {
    /// Asks for the 32 random bytes that the next evidence of this operator and key must contain.
    /// One is open per operator and key; a new one replaces it. Answer: [`ChallengeAnswer`].
    Challenge {
        receipt_pk: PublicKey,
        tls_spki_sha256: Digest,
        padding: Option<String>,
    },
    /// Registers a receipt key with fresh evidence. Answer: [`RegisterAnswer`].
    Register {
        /// An own worker that has booted anew; absent for a new worker.
        worker_id: Option<WorkerId>,
        attestation: Attestation,
        listing: Listing,
        padding: Option<String>,
    },
    /// Extends the lease of an active key with evidence for a new challenge; possible from half
    /// of the lease. Answer: [`RegisterAnswer`].
    Renew {
        attestation: Attestation,
        padding: Option<String>,
    },
    /// Replaces the address, models and prices of an own worker.
    Update {
        worker_id: WorkerId,
        listing: Listing,
        padding: Option<String>,
    },
    /// Takes an own worker out of service: no new sessions, receipts settle through the grace.
    Retire {
        worker_id: WorkerId,
        padding: Option<String>,
    },
    /// Admin: marks a key, image or platform. `compromised` cannot be undone.
    Revoke {
        target: RevocationTarget,
        speed: RevocationSpeed,
        padding: Option<String>,
    },
    /// Anyone: collateral for one kind of platform, verified under the pinned roots and kept
    /// unless what is stored is newer. Answer: [`CollateralAnswer`].
    SubmitCollateral {
        root: RootKind,
        collateral: Box<TdxCollateral>,
        padding: Option<String>,
    },
    /// Admin: approves a TDX image (and the workload measured into RTMR3) for registration.
    ApproveImage {
        image: Digest,
        /// Value of RTMR3 that this workload must have; absent accepts any.
        rtmr3: Option<Hex<48>>,
        padding: Option<String>,
    },
    /// Admin: replaces the policy. It holds for evidence from now on.
    SetPolicy {
        policy: Policy,
        padding: Option<String>,
    },
    /// Admin: names another admin.
    SetAdmin {
        admin: String,
        padding: Option<String>,
    },
}

/// The operator's claim and its proof. Sent by the operator; bound as docs/attestation.md says.
#[cw_serde]
pub struct Attestation {
    /// Compressed secp256k1 key that signs receipts; made in the TEE at boot.
    pub receipt_pk: PublicKey,
    /// SHA-256 of the SubjectPublicKeyInfo of the key that ends TLS in the TEE.
    pub tls_spki_sha256: Digest,
    /// X25519 key for end-to-end encryption of prompts.
    pub e2ee_pk: Hex<32>,
    /// Class of the worker: bit 0 says that it has confidential GPUs.
    pub class: u8,
    /// Intel TDX quote, version 4 or 5, at most 16,384 bytes.
    pub tdx_quote: Binary,
    /// Signature by the receipt key over the registration digest (challenge, operator), 64 bytes.
    pub signature: Binary,
}

/// What a worker offers; public.
#[cw_serde]
#[derive(Eq)]
pub struct Listing {
    /// Base URL of the worker's API, `https://…` or, for development, `http://…`; at most 128 bytes.
    pub url: String,
    /// At most 16 models.
    pub models: Vec<ModelListing>,
}

/// One model and its prices in one token.
#[cw_serde]
#[derive(Eq)]
pub struct ModelListing {
    /// Name of the model, 1 to 64 bytes.
    pub model: String,
    /// Address of the SNIP-20 token in which the rates are.
    pub token: Addr,
    /// At most one rate per unit.
    pub rates: Vec<Rate>,
}

/// Price of one unit of work.
#[cw_serde]
#[derive(Eq, Copy)]
pub struct Rate {
    /// What is counted.
    pub unit: Unit,
    /// Base units of the token per 1,000,000 units, below 2⁵⁶.
    pub rate: u64,
}

/// What is revoked.
#[cw_serde]
pub enum RevocationTarget {
    /// A receipt key.
    Kid(Kid),
    /// A measured image.
    Image(Digest),
    /// SHA-256 of the platform's PPID.
    Platform(Digest),
}

/// How fast a revocation bites.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum RevocationSpeed {
    /// No new registrations or renewals; receipts settle through the grace.
    Retired,
    /// Only amounts that clients countersigned stay payable.
    Compromised,
}

/// Which root vouches for collateral.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum RootKind {
    /// Intel SGX Root CA, pinned in the code.
    Intel,
    /// The root given at instantiation.
    Development,
}

/// DCAP collateral as Intel's provisioning service publishes it; certificates and CRLs in DER.
#[cw_serde]
pub struct TdxCollateral {
    pub root_ca_crl: Binary,
    pub pck_crl: Binary,
    /// Leaf first: PCK CA, root.
    pub pck_crl_issuer_chain: Vec<Binary>,
    /// The exact bytes of the `tcbInfo` object that Intel signed.
    pub tcb_info: Binary,
    /// 64 bytes, r ‖ s.
    pub tcb_info_signature: Binary,
    /// Leaf first: TCB signing, root. The same chain signs the QE identity.
    pub tcb_signing_chain: Vec<Binary>,
    /// The exact bytes of the `enclaveIdentity` object that Intel signed.
    pub qe_identity: Binary,
    /// 64 bytes, r ‖ s.
    pub qe_identity_signature: Binary,
}

/// Answer to `challenge`.
#[cw_serde]
pub struct ChallengeAnswer {
    /// C of docs/attestation.md.
    pub challenge: Digest,
    /// Unix seconds of block time; a registration after it is refused.
    pub expires_at: u64,
}

/// Answer to `register` and `renew`.
#[cw_serde]
pub struct RegisterAnswer {
    pub worker_id: WorkerId,
    pub kid: Kid,
    /// Unix seconds of block time.
    pub lease_until: u64,
}

/// Answer to `submit_collateral`.
#[cw_serde]
pub struct CollateralAnswer {
    /// Kind of platform, FMSPC.
    pub fmspc: Hex<6>,
    /// False if what was stored already is newer, and was kept.
    pub stored: bool,
    /// Unix seconds of block time.
    pub valid_until: u64,
}

/// Read-only queries; all public.
#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    #[returns(ConfigAnswer)]
    Config {},
    /// Fails if there is no such worker.
    #[returns(WorkerAnswer)]
    Worker { worker_id: WorkerId },
    /// Workers in order of registration.
    #[returns(WorkersAnswer)]
    Workers {
        /// How many to skip.
        start: Option<u32>,
        /// At most 30, the default.
        limit: Option<u32>,
    },
    /// What active workers ask for a model, cheapest `output` first.
    #[returns(PriceListAnswer)]
    PriceList { model: Option<String> },
    /// Names of models that active workers serve, sorted (Secret AI SDKs).
    #[returns(ModelsAnswer)]
    GetModels {},
    /// URLs of active workers, of those that serve the model if one is named (Secret AI SDKs,
    /// which call this message by the name that serde gives to `GetURLs`).
    #[returns(UrlsAnswer)]
    GetURLs { model: Option<String> },
    /// Receipt keys, in the order asked; at most 32. Billing asks this when it settles.
    #[returns(KidsAnswer)]
    Kids { kids: Vec<Kid> },
    /// Collateral that is stored for a kind of platform; fails if there is none.
    #[returns(CollateralInfo)]
    Collateral { fmspc: Hex<6> },
}

#[cw_serde]
pub struct ConfigAnswer {
    pub admin: Addr,
    /// True if this registry accepts evidence under a development root.
    pub development: bool,
    pub policy: Policy,
    pub challenge_s: u64,
    pub lease_s: u64,
    /// Workers ever registered.
    pub workers: u32,
}

/// State of a receipt key.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum KidStatus {
    /// May sign; its worker takes sessions while the lease runs.
    Active,
    /// Replaced by a newer boot, retired by the operator, or revoked at `retired` speed.
    Retired,
    /// Revoked at `compromised` speed, by itself or by its image or platform.
    Compromised,
}

#[cw_serde]
pub struct WorkerAnswer {
    pub worker_id: WorkerId,
    pub operator: Addr,
    /// The receipt key of the newest boot.
    pub kid: Kid,
    pub receipt_pk: PublicKey,
    pub tls_spki_sha256: Digest,
    pub e2ee_pk: Hex<32>,
    pub class: u8,
    /// Measured image, see docs/attestation.md.
    pub image: Digest,
    /// SHA-256 of the platform's PPID.
    pub platform: Digest,
    /// TCB status at the last attestation, in Intel's words.
    pub tcb_status: String,
    pub status: KidStatus,
    /// Unix seconds of block time.
    pub lease_until: u64,
    /// True if status and lease let the worker take sessions now.
    pub active: bool,
    pub listing: Listing,
}

#[cw_serde]
pub struct WorkersAnswer {
    pub workers: Vec<WorkerAnswer>,
    /// Workers ever registered.
    pub total: u32,
}

#[cw_serde]
pub struct PriceListAnswer {
    pub offers: Vec<Offer>,
}

/// One worker's price for one model.
#[cw_serde]
pub struct Offer {
    pub worker_id: WorkerId,
    pub url: String,
    pub class: u8,
    pub listing: ModelListing,
}

#[cw_serde]
pub struct ModelsAnswer {
    pub models: Vec<String>,
}

#[cw_serde]
pub struct UrlsAnswer {
    pub urls: Vec<String>,
}

#[cw_serde]
pub struct KidsAnswer {
    /// `None` for a key that was never registered.
    pub kids: Vec<Option<KidInfo>>,
}

/// What billing needs to know of a receipt key.
#[cw_serde]
pub struct KidInfo {
    pub receipt_pk: PublicKey,
    pub worker_id: WorkerId,
    pub operator: Addr,
    /// Unix seconds of block time.
    pub lease_until: u64,
    pub status: KidStatus,
}

#[cw_serde]
pub struct CollateralInfo {
    pub fmspc: Hex<6>,
    pub root: RootKind,
    pub tcb_evaluation_data_number: u32,
    /// Unix seconds.
    pub issued_at: u64,
    /// Unix seconds.
    pub valid_until: u64,
}
