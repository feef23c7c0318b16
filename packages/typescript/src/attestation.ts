// Whether a worker is what the registry says it is, judged here: the worker's evidence, verified by the
// registry's own verifier (verifier.ts), compared with the registry's record of its keys.
import { fromBase64, fromHex, toBase64, toHex } from './bytes.js';
import { SecretAiError } from './errors.js';
import type { Account } from './account.js';
import type { DevelopmentRoots, GoldenSetAnswer, Policy, WorkerAnswer, Workload } from './messages/registry.js';
import { kidOf } from './receipts.js';
import type { Check, Report, Roots, Verifier, VerifierFile } from './verifier.js';

/** What a worker answers at `GET /attestation`: bytes in hex, evidence and certificates in base64. */
export interface AttestationAnswer {
  chain_id: string;
  registry: string;
  operator: string;
  worker_id: string;
  kid: string;
  receipt_pk: string;
  tls_spki_sha256: string;
  e2ee_pk: string;
  class: number;
  challenge: string;
  cpu: { tdx: { quote: string } } | { snp: { report: string; certificate: string } };
  workload: Workload | null;
  /** DER certificates, leaf first. */
  gpus: { certificates: string[]; evidence: string }[];
  /** What the CPU's vendor publishes about the platform, as the worker handed it in; signed by the vendor. */
  collateral?: Collateral | null;
  /** Roots in place of the vendors', of a simulated TEE. */
  development_roots?: DevelopmentRoots | null;
}

/** Intel's collateral in the form that dcap-qvl and PCCS clients write, or AMD's: DER in base64. */
export type Collateral =
  | { tcb_info: string; [field: string]: unknown }
  | { ark: string; ask: string; crl: string };

/** What {@link verifyWorker} judges by. */
export interface WorkerInputs {
  /** The registry's record. */
  worker: WorkerAnswer;
  attestation: AttestationAnswer;
  chainId: string;
  /** Address of the registry. */
  registry: string;
  /** The registry's policy; the verifier's own defaults if absent. */
  policy?: Policy;
  /** Golden sets of the registry, base64; needed for workers with GPUs. */
  golden?: string[];
  /** In place of the vendors' roots: development only. */
  roots?: Roots;
  /** Unix seconds of which the verdict holds. */
  now: number;
}

/** What came of a worker's evidence. */
export interface WorkerReport {
  /** `accepted` only if every check was made and passed. */
  verdict: 'accepted' | 'refused' | 'incomplete';
  /** Whose word it rests on; under `development` nothing is confidential. */
  root: 'intel' | 'amd' | 'development';
  /** `genuine`: verified under the root; `tcb` is Intel's word for the platform's patch level. */
  cpu: { kind: 'tdx' | 'snp'; genuine: boolean; tcb?: string };
  gpus: { genuine: boolean; arch?: string; driver?: string }[];
  /** Digest of the measured image; `registered`: it is the one in the registry's record. */
  image: { digest: string; registered: boolean };
  /** Operator, keys, challenge and GPUs are bound into the CPU's evidence, and the keys are the registry's. */
  keysBound: boolean;
  /** Everything that failed or could not be checked, for people. */
  problems: string[];
  /** All checks and facts. */
  report: Report;
}

/** Fetches a worker's evidence. */
export async function fetchAttestation(url: string, get = fetch): Promise<AttestationAnswer> {
  const response = await get(`${url.replace(/\/+$/, '')}/attestation`).catch((error: Error) => {
    throw new SecretAiError('worker', `worker: cannot be reached (${error.message})`);
  });
  if (!response.ok) throw new SecretAiError('worker', 'no attestation', { status: response.status });
  return (await response.json()) as AttestationAnswer;
}

/**
 * Fetches a worker's evidence and verifies it against the registry that the account's billing believes. A
 * registry that accepts simulated TEEs is taken at its word: the roots are those that the worker names.
 */
export async function attest(
  account: Account,
  workerId: string,
  verifier: Verifier,
  now = Math.floor(Date.now() / 1000),
): Promise<WorkerReport> {
  const worker = await account.worker(workerId);
  const attestation = await fetchAttestation(worker.listing.url);
  const golden = worker.golden
    ? [(await account.askRegistry<GoldenSetAnswer>({ golden: { golden: worker.golden } })).set]
    : [];
  return verifyWorker(verifier, {
    worker,
    attestation,
    chainId: account.chainId,
    registry: account.config.registry.address,
    policy: account.registryConfig.policy,
    golden,
    ...(account.development && { roots: developmentRoots(attestation) }),
    now,
  });
}

/** Verifies a worker's evidence. Bad evidence is no error: the report says so. */
export function verifyWorker(verifier: Verifier, inputs: WorkerInputs): WorkerReport {
  const { attestation, roots } = inputs;
  const report = verifier.verify({
    time: inputs.now,
    files: files(attestation),
    policy: policyFor(inputs),
    ...(roots && { roots }),
    // AMD's revocation list is collateral like any other: without it the verdict is `incomplete`.
    without_crl: false,
  });
  const kind = 'tdx' in attestation.cpu ? 'tdx' : 'snp';
  const failed = report.checks.filter((check) => check.outcome === 'fail' || check.outcome === 'missing');
  const facts = report.facts.find((one) => one.subject === kind);
  const differences = differing(inputs, facts?.['platform']);
  const outcome = (name: string) => report.checks.find((c) => c.subject === kind && c.name === name)?.outcome;
  const tcb = facts?.['tcb_status'];
  return {
    verdict: differences.length > 0 ? 'refused' : report.verdict,
    root: roots ? 'development' : kind === 'tdx' ? 'intel' : 'amd',
    cpu: { kind, genuine: facts?.['genuine'] === true, ...(typeof tcb === 'string' && { tcb }) },
    gpus: attestation.gpus.map((_, number) => gpu(report, `gpu ${number}`)),
    image: { digest: String(facts?.['image'] ?? ''), registered: outcome('image') === 'pass' },
    keysBound: outcome('binding') === 'pass' && differences.length === 0,
    problems: [...differences, ...failed.map((c) => `${c.subject} ${c.name}: ${c.detail}`)],
    report,
  };
}

/** The roots that a simulated TEE names for itself. Nobody vouches for them: for development registries only. */
export function developmentRoots({ development_roots }: AttestationAnswer): Roots {
  const { tdx: intel, snp: amd, nvidia } = development_roots ?? {};
  return { ...(intel && { intel }), ...(amd && { amd }), ...(nvidia && { nvidia }) };
}

function gpu(report: Report, subject: string): WorkerReport['gpus'][number] {
  const facts = report.facts.find((one) => one.subject === subject);
  const text = (name: string) => (typeof facts?.[name] === 'string' ? (facts[name] as string) : undefined);
  const [arch, driver] = [text('arch'), text('driver_version')];
  return { genuine: genuine(report.checks, subject), ...(arch && { arch }), ...(driver && { driver }) };
}

/** Something was checked of a GPU, and nothing failed or was missing. */
function genuine(checks: Check[], subject: string): boolean {
  const own = checks.filter((check) => check.subject === subject);
  return own.some((c) => c.outcome === 'pass') && own.every((c) => c.outcome !== 'fail' && c.outcome !== 'missing');
}

/** Fields in which the worker's word differs from the registry's record. */
function differing({ worker, attestation, chainId, registry }: WorkerInputs, platform: unknown): string[] {
  const same: [string, unknown, unknown][] = [
    ['chain_id', attestation.chain_id, chainId],
    ['registry', attestation.registry, registry],
    ['operator', attestation.operator, worker.operator],
    ['worker_id', attestation.worker_id, worker.worker_id],
    ['kid', attestation.kid, worker.kid],
    ['kid', toHex(kidOf(fromHex(worker.receipt_pk, 'receipt_pk', 33))), worker.kid],
    ['receipt_pk', attestation.receipt_pk, worker.receipt_pk],
    ['tls_spki_sha256', attestation.tls_spki_sha256, worker.tls_spki_sha256],
    ['e2ee_pk', attestation.e2ee_pk, worker.e2ee_pk],
    ['class', attestation.class, worker.class],
    // Known only of genuine evidence.
    ['platform', platform ?? worker.platform, worker.platform],
  ];
  return same
    .filter(([, said, known]) => said !== known)
    .map(([field]) => `${field}: is not what the registry has`);
}

/** The registry's policy, for this one image and these keys. Whether a platform is known is in the class. */
function policyFor({ worker, attestation, chainId, registry, policy, golden }: WorkerInputs): object {
  return {
    ...policy,
    known_platforms_only: false,
    images: [{ image: worker.image }],
    golden: (golden ?? []).map((set) => toHex(fromBase64(set, 'golden'))),
    binding: {
      chain_id: chainId,
      registry,
      operator: worker.operator,
      receipt_pk: worker.receipt_pk,
      tls_spki_sha256: worker.tls_spki_sha256,
      e2ee_pk: worker.e2ee_pk,
      challenge: attestation.challenge,
      class: worker.class,
    },
  };
}

/** The evidence as files, in forms that the verifier knows. */
function files({ cpu, gpus, collateral }: AttestationAnswer): VerifierFile[] {
  const found: VerifierFile[] =
    'tdx' in cpu
      ? [{ name: 'quote', text: cpu.tdx.quote }]
      : [{ name: 'report', text: cpu.snp.report }, { name: 'certificate', text: cpu.snp.certificate }];
  const entries = gpus.map(({ certificates, evidence }) => ({ certificate: certificates.map(pem).join(''), evidence }));
  if (entries.length > 0) found.push({ name: 'gpus', text: JSON.stringify(entries) });
  if (collateral) found.push({ name: 'collateral', text: JSON.stringify(collateral) });
  return found;
}

function pem(der: string): string {
  const lines = toBase64(fromBase64(der, 'certificate')).match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
