// Made by `npm run generate` from schema/ (`make schema`); a test compares. Do not edit.

import type { Addr, Binary, Hex16, Hex20, Hex32, Hex33, Unit } from './common.js';

/**
 * Evidence of the CPU.
 */
export type CpuEvidence =
  | {
      tdx: {
        /**
         * Quote of version 4 or 5, at most 16,384 bytes; a renewal may name its PCK certificate by hash.
         */
        quote: Binary;
      };
    }
  | {
      snp: {
        /**
         * VCEK or VLEK.
         */
        certificate:
          | {
              der: Binary;
            }
          | {
              known: Hex32;
            };
        product: SnpProduct;
        /**
         * Attestation report, 1,184 bytes.
         */
        report: Binary;
      };
    };
/**
 * A generation of AMD EPYC processors with SEV-SNP.
 */
export type SnpProduct = 'milan' | 'genoa' | 'turin';
/**
 * Evidence of one GPU.
 */
export type GpuEvidence =
  | {
      report: GpuReport;
    }
  | {
      staged: number;
    };
/**
 * Certificates of a device.
 */
export type DeviceCertificates =
  | {
      der: {
        /**
         * Leaf first, each issued by the next; at most 4, of at most 4,096 bytes.
         */
        certificates: Binary[];
        /**
         * SHA-256 of the issuer of the last one, which is stored as collateral.
         */
        issuer: Hex32;
      };
    }
  | {
      known: Hex32;
    };
/**
 * What a measured image was told to run. Its digest is what the admin approves.
 */
export type Workload =
  | {
      attest_tool: {
        compose_sha256: Hex32;
        docker_files_sha256?: Hex32 | null;
        rootfs: Hex32;
      };
    }
  | {
      dstack: {
        /**
         * Not part of the workload's digest: differs between deployments of one workload.
         */
        app_id: Binary;
        compose_sha256: Hex32;
        docker_files_sha256?: Hex32 | null;
        os_image_sha256: Hex32;
      };
    };
/**
 * A certificate, or the hash of one that this registry has verified before.
 */
export type CertificateRef =
  | {
      der: Binary;
    }
  | {
      known: Hex32;
    };
/**
 * What vendors publish.
 */
export type Collateral =
  | {
      tdx: TdxCollateral;
    }
  | {
      snp: SnpCollateral;
    }
  | {
      nvidia: {
        /**
         * DER, the one nearest to the root first, each issued by the one before it. At most 4, of at most 4,096 bytes.
         */
        certificates: Binary[];
        /**
         * SHA-256 of the issuer of the first one, if that is stored; absent if it is the root.
         */
        issuer?: Hex32 | null;
      };
    };
export type Hex6 = string;
/**
 * Which root vouches for collateral.
 */
export type RootKind = 'vendor' | 'development';
/**
 * State-changing messages.
 */
export type ExecuteMsg =
  | {
      challenge: {
        padding?: string | null;
        receipt_pk: Hex33;
        tls_spki_sha256: Hex32;
      };
    }
  | {
      register: {
        attestation: Attestation;
        listing: Listing;
        padding?: string | null;
        /**
         * An own worker that has booted anew; absent for a new worker.
         */
        worker_id?: Hex16 | null;
      };
    }
  | {
      renew: {
        attestation: Attestation;
        padding?: string | null;
      };
    }
  | {
      update: {
        listing: Listing;
        padding?: string | null;
        worker_id: Hex16;
      };
    }
  | {
      retire: {
        padding?: string | null;
        worker_id: Hex16;
      };
    }
  | {
      stage_gpu: {
        gpu: GpuReport;
        padding?: string | null;
        /**
         * Place among this registration's staged GPUs, 0 to 15; a second GPU at the same place replaces the first.
         */
        place: number;
        receipt_pk: Hex33;
        tls_spki_sha256: Hex32;
      };
    }
  | {
      heartbeat: {
        /**
         * Unix seconds: later than the last one, at most 300 s from block time.
         */
        at: number;
        kid: Hex20;
        padding?: string | null;
        /**
         * Signature by the receipt key over the heartbeat digest (docs/attestation.md), 64 bytes.
         */
        signature: Binary;
      };
    }
  | {
      revoke: {
        padding?: string | null;
        speed: RevocationSpeed;
        target: RevocationTarget;
      };
    }
  | {
      submit_collateral: {
        collateral: Collateral;
        padding?: string | null;
        root: RootKind;
      };
    }
  | {
      approve_image: {
        image: Hex32;
        padding?: string | null;
        /**
         * Unix seconds after which the image no longer counts; absent for no end.
         */
        until?: number | null;
        /**
         * Digest of a `Workload` (docs/attestation.md); absent approves whatever runs in the image.
         */
        workload?: Hex32 | null;
      };
    }
  | {
      approve_platform: {
        known: boolean;
        padding?: string | null;
        platform: Hex32;
      };
    }
  | {
      approve_golden: {
        padding?: string | null;
        /**
         * Stored form of a golden set, as `secret-ai evidence golden` makes it; at most 32,768 bytes.
         */
        set: Binary;
      };
    }
  | {
      set_policy: {
        padding?: string | null;
        policy: Policy;
      };
    }
  | {
      set_admin: {
        admin: string;
        padding?: string | null;
      };
    };
/**
 * How fast a revocation bites.
 */
export type RevocationSpeed = 'retired' | 'compromised';
/**
 * What is revoked.
 */
export type RevocationTarget =
  | {
      kid: Hex20;
    }
  | {
      image: Hex32;
    }
  | {
      workload: {
        image: Hex32;
        workload: Hex32;
      };
    }
  | {
      platform: Hex32;
    }
  | {
      device: Hex32;
    }
  | {
      golden: Hex32;
    };
/**
 * State of a receipt key.
 */
export type KidStatus = 'active' | 'retired' | 'compromised';
/**
 * Read-only queries; all public.
 */
export type QueryMsg =
  | {
      config: {};
    }
  | {
      worker: {
        worker_id: Hex16;
      };
    }
  | {
      workers: {
        /**
         * At most 30, the default.
         */
        limit?: number | null;
        /**
         * How many to skip.
         */
        start?: number | null;
      };
    }
  | {
      price_list: {
        model?: string | null;
        token?: Addr | null;
      };
    }
  | {
      get_models: {};
    }
  | {
      get_u_r_ls: {
        model?: string | null;
      };
    }
  | {
      kids: {
        kids: Hex20[];
      };
    }
  | {
      collateral: {
        fmspc: Hex6;
      };
    }
  | {
      snp_collateral: {
        product: SnpProduct;
        vlek: boolean;
      };
    }
  | {
      certificate: {
        sha256: Hex32;
      };
    }
  | {
      golden: {
        golden: Hex32;
      };
    }
  | {
      image: {
        image: Hex32;
        workload?: Hex32 | null;
      };
    };

export interface Unused {
  [k: string]: unknown;
}
/**
 * The operator's claim and its proof. Sent by the operator; bound as docs/attestation.md says.
 */
export interface Attestation {
  /**
   * Class of the worker: bits 4 to 7 are its number of confidential GPUs, bit 1 says that its platform is known (`approve_platform`); all other bits are 0.
   */
  class: number;
  cpu: CpuEvidence;
  /**
   * X25519 key for end-to-end encryption of prompts.
   */
  e2ee_pk: Hex32;
  /**
   * As many as the class says.
   */
  gpus: GpuEvidence[];
  /**
   * Compressed secp256k1 key that signs receipts; made in the TEE at boot.
   */
  receipt_pk: Hex33;
  /**
   * Signature by the receipt key over the registration digest (challenge, operator), 64 bytes.
   */
  signature: Binary;
  /**
   * SHA-256 of the SubjectPublicKeyInfo of the key that ends TLS in the TEE.
   */
  tls_spki_sha256: Hex32;
  /**
   * What runs in the image; absent if the image was approved for any workload, or the value of RTMR3 or host data itself was approved.
   */
  workload?: Workload | null;
}
/**
 * Report of one NVIDIA GPU.
 */
export interface GpuReport {
  certificates: DeviceCertificates;
  /**
   * SPDM request and response, packed against the golden set (docs/attestation.md); at most 8,192 bytes.
   */
  evidence: Binary;
  /**
   * Id of the golden set that its measurements are compared with.
   */
  golden: Hex32;
}
export interface CertificateAnswer {
  known: boolean;
}
/**
 * Answer to `challenge`.
 */
export interface ChallengeAnswer {
  /**
   * C of docs/attestation.md.
   */
  challenge: Hex32;
  /**
   * Unix seconds of block time; a registration after it is refused.
   */
  expires_at: number;
}
/**
 * DCAP collateral as Intel's provisioning service publishes it; certificates and CRLs in DER.
 */
export interface TdxCollateral {
  pck_crl: Binary;
  /**
   * Leaf first: PCK CA, root.
   */
  pck_crl_issuer_chain: Binary[];
  /**
   * The exact bytes of the `enclaveIdentity` object that Intel signed.
   */
  qe_identity: Binary;
  /**
   * 64 bytes, r ‖ s.
   */
  qe_identity_signature: Binary;
  root_ca_crl: Binary;
  /**
   * The exact bytes of the `tcbInfo` object that Intel signed.
   */
  tcb_info: Binary;
  /**
   * 64 bytes, r ‖ s.
   */
  tcb_info_signature: Binary;
  /**
   * Leaf first: TCB signing, root. The same chain signs the QE identity.
   */
  tcb_signing_chain: Binary[];
}
/**
 * What AMD's key distribution service publishes about a product, in DER.
 */
export interface SnpCollateral {
  /**
   * ASK (issues VCEKs) or ASVK (issues VLEKs).
   */
  ask: Binary;
  /**
   * Signed by the ARK.
   */
  crl: Binary;
  product: SnpProduct;
}
/**
 * Answer to `submit_collateral`.
 */
export interface CollateralAnswer {
  /**
   * False if what was stored already is newer, and was kept; or if the vendor's revocation list names the authority that was sent: then what was stored under it is gone.
   */
  stored: boolean;
  /**
   * What it is about: FMSPC in hex, name of the AMD product, or SHA-256 of the last NVIDIA certificate in hex.
   */
  subject: string;
  /**
   * Unix seconds of block time; 0 if nothing is stored.
   */
  valid_until: number;
}
export interface CollateralInfo {
  fmspc: Hex6;
  /**
   * Unix seconds.
   */
  issued_at: number;
  root: RootKind;
  tcb_evaluation_data_number: number;
  /**
   * Unix seconds.
   */
  valid_until: number;
}
export interface ConfigAnswer {
  admin: Addr;
  challenge_s: number;
  /**
   * True if this registry accepts evidence under a development root.
   */
  development: boolean;
  lease_s: number;
  policy: Policy;
  /**
   * Workers ever registered.
   */
  workers: number;
}
/**
 * What genuine evidence must show besides being genuine. Never accepted, whatever the policy: debug, migratable or profiled guests, revoked platforms, devices in debug mode.
 */
export interface Policy {
  /**
   * Seconds for which a sign of life (registration, renewal or heartbeat) keeps a worker listed; 0 for the whole lease. At most 604,800.
   */
  heartbeat_s: number;
  /**
   * Accept only platforms that the admin approved as known (`approve_platform`).
   */
  known_platforms_only: boolean;
  /**
   * Most workers that may be active on one platform, 1 to 16.
   */
  max_workers_per_platform: number;
  snp: SnpPolicy;
  tdx: TdxPolicy;
}
/**
 * Policy for AMD SEV-SNP.
 */
export interface SnpPolicy {
  /**
   * Accept guests that may run with simultaneous multithreading. Real platforms have it on.
   */
  allow_smt: boolean;
  /**
   * Accept reports of version 2, which do not name the product.
   */
  allow_version_2: boolean;
  /**
   * Accept reports signed by a cloud provider's key (VLEK) instead of the chip's (VCEK).
   */
  allow_vlek: boolean;
  /**
   * Seconds for which AMD's revocation list may be used after its issue, 86,400 to 31,622,400.
   */
  max_crl_age_s: number;
  /**
   * Least reported TCB; a product that is not here is refused.
   */
  min_tcb: SnpMinTcb[];
}
/**
 * Least security patch levels of one product.
 */
export interface SnpMinTcb {
  boot_loader: number;
  /**
   * 0 on products that have none.
   */
  fmc: number;
  microcode: number;
  product: SnpProduct;
  snp: number;
  tee: number;
}
/**
 * Policy for Intel TDX. `UpToDate` is always accepted, `Revoked` never.
 */
export interface TdxPolicy {
  /**
   * Accept TCB status `ConfigurationNeeded`.
   */
  allow_configuration_needed: boolean;
  /**
   * Accept TCB status `SWHardeningNeeded`.
   */
  allow_sw_hardening_needed: boolean;
  /**
   * Advisories under which no platform is accepted, such as `INTEL-SA-00837`; at most 32.
   */
  denied_advisories: string[];
  /**
   * Seconds for which collateral may be used after its oldest part was issued, 3,600 to 2,592,000.
   */
  max_collateral_age_s: number;
  /**
   * Greatest TCB evaluation number of collateral; absent for no limit. Intel publishes the next number early; while it is not to count, a limit keeps it out, and what was stored above the limit gives way.
   */
  max_tcb_evaluation_number?: number | null;
  /**
   * Least TCB evaluation number of collateral.
   */
  min_tcb_evaluation_number: number;
  /**
   * Seconds for which an outdated platform is accepted, from the TCB date of the level that it misses; 0 for never, at most 31,536,000.
   */
  out_of_date_grace_s: number;
}
/**
 * Self-signed root certificates in DER, each at most 4,096 bytes.
 */
export interface DevelopmentRoots {
  /**
   * In place of NVIDIA's Device Identity CA: P-384.
   */
  nvidia?: Binary | null;
  /**
   * In place of AMD's ARK of every product: RSA-4096.
   */
  snp?: Binary | null;
  /**
   * In place of Intel's SGX Root CA: P-256.
   */
  tdx?: Binary | null;
}
/**
 * What a worker offers; public.
 */
export interface Listing {
  /**
   * At most 16 models.
   */
  models: ModelListing[];
  /**
   * Base URL of the worker's API, `https://…` or, for development, `http://…`; at most 128 bytes.
   */
  url: string;
}
/**
 * One model and its prices in one token.
 */
export interface ModelListing {
  /**
   * Name of the model, 1 to 64 bytes.
   */
  model: string;
  /**
   * At most one rate per unit.
   */
  rates: Rate[];
  /**
   * Address of the SNIP-20 token in which the rates are.
   */
  token: Addr;
}
/**
 * Price of one unit of work.
 */
export interface Rate {
  /**
   * Base units of the token per 1,000,000 units, below 2⁵⁶.
   */
  rate: number;
  /**
   * What is counted.
   */
  unit: Unit;
}
export interface GoldenSetAnswer {
  /**
   * Stored form.
   */
  set: Binary;
  status: KidStatus;
}
export interface ImageAnswer {
  status: KidStatus;
  /**
   * Unix seconds; absent for no end.
   */
  until?: number | null;
  /**
   * True if a worker may register with it now.
   */
  usable: boolean;
}
/**
 * Creates a registry.
 */
export interface InstantiateMsg {
  /**
   * Governs policy and revocation; the sender if absent.
   */
  admin?: string | null;
  /**
   * Life of a challenge in seconds, 60 to 3,600.
   */
  challenge_s: number;
  /**
   * Roots that stand in for the vendors'. A registry that has any says `development: true` for ever, and no message adds one later.
   */
  development_roots?: DevelopmentRoots | null;
  /**
   * Longest life of a lease in seconds, 60 to 604,800.
   */
  lease_s: number;
  policy: Policy1;
}
/**
 * What genuine evidence must show besides being genuine. Never accepted, whatever the policy: debug, migratable or profiled guests, revoked platforms, devices in debug mode.
 */
export interface Policy1 {
  /**
   * Seconds for which a sign of life (registration, renewal or heartbeat) keeps a worker listed; 0 for the whole lease. At most 604,800.
   */
  heartbeat_s: number;
  /**
   * Accept only platforms that the admin approved as known (`approve_platform`).
   */
  known_platforms_only: boolean;
  /**
   * Most workers that may be active on one platform, 1 to 16.
   */
  max_workers_per_platform: number;
  snp: SnpPolicy;
  tdx: TdxPolicy;
}
/**
 * What billing needs to know of a receipt key.
 */
export interface KidInfo {
  /**
   * Unix seconds of block time.
   */
  lease_until: number;
  operator: Addr;
  receipt_pk: Hex33;
  status: KidStatus;
  worker_id: Hex16;
}
export interface KidsAnswer {
  /**
   * `None` for a key that was never registered.
   */
  kids: (KidInfo | null)[];
}
export interface ModelsAnswer {
  models: string[];
}
/**
 * One worker's price for one model.
 */
export interface Offer {
  class: number;
  listing: ModelListing;
  url: string;
  worker_id: Hex16;
}
export interface PriceListAnswer {
  offers: Offer[];
}
/**
 * Answer to `register` and `renew`.
 */
export interface RegisterAnswer {
  kid: Hex20;
  /**
   * Unix seconds of block time.
   */
  lease_until: number;
  worker_id: Hex16;
}
export interface SnpCollateralInfo {
  /**
   * Unix seconds at which AMD issued the revocation list.
   */
  issued_at: number;
  root: RootKind;
  /**
   * Unix seconds.
   */
  valid_until: number;
}
export interface UrlsAnswer {
  urls: string[];
}
export interface WorkerAnswer {
  /**
   * True if status, lease and last sign of life let the worker take sessions now.
   */
  active: boolean;
  class: number;
  e2ee_pk: Hex32;
  /**
   * Golden set that the GPUs showed; absent without GPUs.
   */
  golden?: Hex32 | null;
  /**
   * Number of confidential GPUs.
   */
  gpus: number;
  /**
   * Measured image, see docs/attestation.md.
   */
  image: Hex32;
  /**
   * The receipt key of the newest boot.
   */
  kid: Hex20;
  /**
   * Unix seconds of block time.
   */
  lease_until: number;
  listing: Listing;
  operator: Addr;
  /**
   * SHA-256 of the platform's PPID or chip id.
   */
  platform: Hex32;
  receipt_pk: Hex33;
  /**
   * Unix seconds of the last sign of life: registration, renewal or heartbeat.
   */
  seen_at: number;
  status: KidStatus;
  /**
   * TCB status at the last attestation, in Intel's words.
   */
  tcb_status: string;
  /**
   * Technology of the CPU: `tdx` or `snp`.
   */
  tee: string;
  tls_spki_sha256: Hex32;
  worker_id: Hex16;
  /**
   * Digest of the workload, see docs/attestation.md.
   */
  workload: Hex32;
}
export interface WorkersAnswer {
  /**
   * Workers ever registered.
   */
  total: number;
  workers: WorkerAnswer[];
}
