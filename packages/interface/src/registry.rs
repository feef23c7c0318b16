//! Worker registry: challenge, registration under attestation, leases, listings, revocation.

use cosmwasm_schema::{cw_serde, QueryResponses};
use cosmwasm_std::{Addr, Binary};

use crate::{Digest, Hex, Kid, PublicKey, Unit, WorkerId};

/// Creates a registry.
#[cw_serde]
pub struct InstantiateMsg {
    /// Governs policy and revocation; the sender if absent.
    pub admin: Option<String>,
    /// Roots that stand in for the vendors'. A registry that has any says `development: true` for
    /// ever, and no message adds one later.
    pub development_roots: Option<DevelopmentRoots>,
    /// What evidence must show.
    pub policy: Policy,
    /// Life of a challenge in seconds, 60 to 3,600.
    pub challenge_s: u64,
    /// Longest life of a lease in seconds, 60 to 604,800.
    pub lease_s: u64,
}

/// Self-signed root certificates in DER, each at most 4,096 bytes.
#[cw_serde]
#[derive(Eq, Default)]
pub struct DevelopmentRoots {
    /// In place of Intel's SGX Root CA: P-256.
    pub tdx: Option<Binary>,
    /// In place of AMD's ARK of every product: RSA-4096.
    pub snp: Option<Binary>,
    /// In place of NVIDIA's Device Identity CA: P-384.
    pub nvidia: Option<Binary>,
}

/// What genuine evidence must show besides being genuine. Never accepted, whatever the policy:
/// debug, migratable or profiled guests, revoked platforms, devices in debug mode.
#[cw_serde]
#[derive(Eq)]
pub struct Policy {
    pub tdx: TdxPolicy,
    pub snp: SnpPolicy,
    /// Most workers that may be active on one platform, 1 to 16.
    pub max_workers_per_platform: u32,
    /// Accept only platforms that the admin approved as known (`approve_platform`).
    pub known_platforms_only: bool,
    /// Seconds for which a sign of life (registration, renewal or heartbeat) keeps a worker listed;
    /// 0 for the whole lease. At most 604,800.
    pub heartbeat_s: u64,
}

/// Policy for Intel TDX. `UpToDate` is always accepted, `Revoked` never.
#[cw_serde]
#[derive(Eq)]
pub struct TdxPolicy {
    /// Accept TCB status `SWHardeningNeeded`.
    pub allow_sw_hardening_needed: bool,
    /// Accept TCB status `ConfigurationNeeded`.
    pub allow_configuration_needed: bool,
    /// Seconds for which an outdated platform is accepted, from the TCB date of the level that it
    /// misses; 0 for never, at most 31,536,000.
    pub out_of_date_grace_s: u64,
    /// Advisories under which no platform is accepted, such as `INTEL-SA-00837`; at most 32.
    pub denied_advisories: Vec<String>,
    /// Least TCB evaluation number of collateral.
    pub min_tcb_evaluation_number: u32,
    /// Greatest TCB evaluation number of collateral; absent for no limit. Intel publishes the next
    /// number early; while it is not to count, a limit keeps it out, and what was stored above the
    /// limit gives way.
    pub max_tcb_evaluation_number: Option<u32>,
    /// Seconds for which collateral may be used after its oldest part was issued, 3,600 to 2,592,000.
    pub max_collateral_age_s: u64,
}

/// Policy for AMD SEV-SNP.
#[cw_serde]
#[derive(Eq)]
pub struct SnpPolicy {
    /// Accept guests that may run with simultaneous multithreading. Real platforms have it on.
    pub allow_smt: bool,
    /// Accept reports signed by a cloud provider's key (VLEK) instead of the chip's (VCEK).
    pub allow_vlek: bool,
    /// Accept reports of version 2, which do not name the product.
    pub allow_version_2: bool,
    /// Seconds for which AMD's revocation list may be used after its issue, 86,400 to 31,622,400.
    pub max_crl_age_s: u64,
    /// Least reported TCB; a product that is not here is refused.
    pub min_tcb: Vec<SnpMinTcb>,
}

/// Least security patch levels of one product.
#[cw_serde]
#[derive(Eq, Copy)]
pub struct SnpMinTcb {
    pub product: SnpProduct,
    /// 0 on products that have none.
    pub fmc: u8,
    pub boot_loader: u8,
    pub tee: u8,
    pub snp: u8,
    pub microcode: u8,
}

/// A generation of AMD EPYC processors with SEV-SNP.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum SnpProduct {
    Milan,
    Genoa,
    Turin,
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
    /// Operator: verifies one GPU for the open challenge of this operator and receipt key, ahead of
    /// a registration or renewal whose evidence would not fit into one transaction. What it showed
    /// counts until the challenge ends, for this registration alone. Answer: [`StageAnswer`].
    StageGpu {
        receipt_pk: PublicKey,
        tls_spki_sha256: Digest,
        /// Place among this registration's staged GPUs, 0 to 15; a second GPU at the same place
        /// replaces the first.
        place: u8,
        gpu: Box<GpuReport>,
        padding: Option<String>,
    },
    /// Anyone: a sign of life, signed by the receipt key in the TEE.
    Heartbeat {
        kid: Kid,
        /// Unix seconds: later than the last one, at most 300 s from block time.
        at: u64,
        /// Signature by the receipt key over the heartbeat digest (docs/attestation.md), 64 bytes.
        signature: Binary,
        padding: Option<String>,
    },
    /// Admin: marks a key, image, workload, platform, device or golden set. `compromised` cannot be
    /// undone.
    Revoke {
        target: RevocationTarget,
        speed: RevocationSpeed,
        padding: Option<String>,
    },
    /// Anyone: what a vendor publishes, verified under its root and kept unless what is stored is
    /// newer. Answer: [`CollateralAnswer`].
    SubmitCollateral {
        root: RootKind,
        collateral: Collateral,
        padding: Option<String>,
    },
    /// Admin: approves an image, and a workload in it, for registration. Further workloads of the
    /// same image take further messages.
    ApproveImage {
        image: Digest,
        /// Digest of a [`Workload`] (docs/attestation.md); absent approves whatever runs in the image.
        workload: Option<Digest>,
        /// Unix seconds after which the image no longer counts; absent for no end.
        until: Option<u64>,
        padding: Option<String>,
    },
    /// Admin: says whether somebody trusted knows where this platform stands.
    ApprovePlatform {
        platform: Digest,
        known: bool,
        padding: Option<String>,
    },
    /// Admin: approves the measurements that GPUs of one kind with one firmware must show. A second
    /// set for the same kind and firmware replaces the first. Answer: [`GoldenAnswer`].
    ApproveGolden {
        /// Stored form of a golden set, as `secret-ai evidence golden` makes it; at most 32,768 bytes.
        set: Binary,
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
    /// Class of the worker: bits 4 to 7 are its number of confidential GPUs, bit 1 says that its
    /// platform is known (`approve_platform`); all other bits are 0.
    pub class: u8,
    pub cpu: CpuEvidence,
    /// What runs in the image; absent if the image was approved for any workload, or the value of
    /// RTMR3 or host data itself was approved.
    pub workload: Option<Workload>,
    /// As many as the class says.
    pub gpus: Vec<GpuEvidence>,
    /// Signature by the receipt key over the registration digest (challenge, operator), 64 bytes.
    pub signature: Binary,
}

/// Evidence of the CPU.
#[cw_serde]
#[derive(Eq)]
pub enum CpuEvidence {
    /// Intel TDX.
    Tdx {
        /// Quote of version 4 or 5, at most 16,384 bytes; a renewal may name its PCK certificate by
        /// hash.
        quote: Binary,
    },
    /// AMD SEV-SNP.
    Snp {
        product: SnpProduct,
        /// Attestation report, 1,184 bytes.
        report: Binary,
        /// VCEK or VLEK.
        certificate: CertificateRef,
    },
}

/// A certificate, or the hash of one that this registry has verified before.
#[cw_serde]
#[derive(Eq)]
pub enum CertificateRef {
    /// DER, at most 4,096 bytes.
    Der(Binary),
    /// SHA-256 of the DER.
    Known(Digest),
}

/// What a measured image was told to run. Its digest is what the admin approves.
#[cw_serde]
#[derive(Eq)]
pub enum Workload {
    /// TDX, SecretVM's attest tool.
    AttestTool {
        compose_sha256: Digest,
        rootfs: Digest,
        docker_files_sha256: Option<Digest>,
    },
    /// TDX, dstack.
    Dstack {
        /// Not part of the workload's digest: differs between deployments of one workload.
        app_id: Binary,
        compose_sha256: Digest,
        os_image_sha256: Digest,
        docker_files_sha256: Option<Digest>,
    },
}

/// Evidence of one GPU.
#[cw_serde]
#[derive(Eq)]
pub enum GpuEvidence {
    /// Here.
    Report(Box<GpuReport>),
    /// Verified by `stage_gpu` for the same challenge: its place.
    Staged(u8),
}

/// Report of one NVIDIA GPU.
#[cw_serde]
#[derive(Eq)]
pub struct GpuReport {
    /// Id of the golden set that its measurements are compared with.
    pub golden: Digest,
    /// SPDM request and response, packed against the golden set (docs/attestation.md); at most 8,192
    /// bytes.
    pub evidence: Binary,
    pub certificates: DeviceCertificates,
}

/// Certificates of a device.
#[cw_serde]
#[derive(Eq)]
pub enum DeviceCertificates {
    /// Not verified here before.
    Der {
        /// Leaf first, each issued by the next; at most 4, of at most 4,096 bytes.
        certificates: Vec<Binary>,
        /// SHA-256 of the issuer of the last one, which is stored as collateral.
        issuer: Digest,
    },
    /// SHA-256 of a leaf that this registry has verified before.
    Known(Digest),
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
    /// A workload of an image.
    Workload { image: Digest, workload: Digest },
    /// SHA-256 of the platform's PPID or chip id.
    Platform(Digest),
    /// A GPU: SHA-256 of its boot ROM's public key. The key that it serves falls with it.
    Device(Digest),
    /// A golden set, and so a firmware of GPUs.
    Golden(Digest),
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
    /// The vendor's, pinned in the code.
    Vendor,
    /// The one given at instantiation.
    Development,
}

/// What vendors publish.
#[cw_serde]
pub enum Collateral {
    /// Of one kind of Intel platform.
    Tdx(Box<TdxCollateral>),
    /// Of one AMD product.
    Snp(Box<SnpCollateral>),
    /// NVIDIA's authorities between root and devices.
    Nvidia {
        /// SHA-256 of the issuer of the first one, if that is stored; absent if it is the root.
        issuer: Option<Digest>,
        /// DER, the one nearest to the root first, each issued by the one before it. At most 4, of
        /// at most 4,096 bytes.
        certificates: Vec<Binary>,
    },
}

/// What AMD's key distribution service publishes about a product, in DER.
#[cw_serde]
pub struct SnpCollateral {
    pub product: SnpProduct,
    /// ASK (issues VCEKs) or ASVK (issues VLEKs).
    pub ask: Binary,
    /// Signed by the ARK.
    pub crl: Binary,
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
    /// What it is about: FMSPC in hex, name of the AMD product, or SHA-256 of the last NVIDIA
    /// certificate in hex.
    pub subject: String,
    /// False if what was stored already is newer, and was kept; or if the vendor's revocation list
    /// names the authority that was sent: then what was stored under it is gone.
    pub stored: bool,
    /// Unix seconds of block time; 0 if nothing is stored.
    pub valid_until: u64,
}

/// Answer to `stage_gpu`.
#[cw_serde]
pub struct StageAnswer {
    /// The GPU: SHA-256 of its boot ROM's public key.
    pub device: Digest,
    /// Unix seconds of block time, when the challenge ends.
    pub expires_at: u64,
}

/// Answer to `approve_golden`.
#[cw_serde]
pub struct GoldenAnswer {
    pub golden: Digest,
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
    /// What active workers ask, for a model and in a token if they are named, cheapest `output`
    /// first.
    #[returns(PriceListAnswer)]
    PriceList {
        model: Option<String>,
        token: Option<Addr>,
    },
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
    /// Collateral that was stored last for a kind of Intel platform, of whichever of Intel's two
    /// authorities; fails if there is none.
    #[returns(CollateralInfo)]
    Collateral { fmspc: Hex<6> },
    /// Collateral that is stored for an AMD product: of its VCEKs, or of its VLEKs; fails if there
    /// is none.
    #[returns(SnpCollateralInfo)]
    SnpCollateral { product: SnpProduct, vlek: bool },
    /// Whether a certificate (PCK, VCEK, VLEK, NVIDIA authority, GPU leaf) was verified here before
    /// and may be named by its hash.
    #[returns(CertificateAnswer)]
    Certificate { sha256: Digest },
    /// An approved golden set, for packing evidence; fails if there is none.
    #[returns(GoldenSetAnswer)]
    Golden { golden: Digest },
    /// Whether an image, and a workload in it, may register workers.
    #[returns(ImageAnswer)]
    Image {
        image: Digest,
        workload: Option<Digest>,
    },
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
    /// Revoked at `compromised` speed, by itself or by what it stands on: image, workload, platform,
    /// GPUs, golden set.
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
    /// Digest of the workload, see docs/attestation.md.
    pub workload: Digest,
    /// SHA-256 of the platform's PPID or chip id.
    pub platform: Digest,
    /// Technology of the CPU: `tdx` or `snp`.
    pub tee: String,
    /// TCB status at the last attestation, in Intel's words.
    pub tcb_status: String,
    /// Number of confidential GPUs.
    pub gpus: u8,
    /// Golden set that the GPUs showed; absent without GPUs.
    pub golden: Option<Digest>,
    /// Unix seconds of the last sign of life: registration, renewal or heartbeat.
    pub seen_at: u64,
    pub status: KidStatus,
    /// Unix seconds of block time.
    pub lease_until: u64,
    /// True if status, lease and last sign of life let the worker take sessions now.
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
pub struct SnpCollateralInfo {
    pub root: RootKind,
    /// Unix seconds at which AMD issued the revocation list.
    pub issued_at: u64,
    /// Unix seconds.
    pub valid_until: u64,
}

#[cw_serde]
pub struct CertificateAnswer {
    pub known: bool,
}

#[cw_serde]
pub struct GoldenSetAnswer {
    /// Stored form.
    pub set: Binary,
    pub status: KidStatus,
}

#[cw_serde]
pub struct ImageAnswer {
    /// True if a worker may register with it now.
    pub usable: bool,
    pub status: KidStatus,
    /// Unix seconds; absent for no end.
    pub until: Option<u64>,
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
