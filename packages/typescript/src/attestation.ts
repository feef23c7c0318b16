// Whether a worker is what the registry says it is, judged here: the worker's evidence, verified by the
// registry's own verifier (verifier.ts), compared with the registry's record of its keys.
import { fromBase64, fromHex, toBase64, toHex } from './bytes.js';
import { SecretAiError, unverified } from './errors.js';
import type { Account } from './account.js';
import type { DevelopmentRoots, GoldenSetAnswer, Policy, WorkerAnswer, Workload } from './messages/registry.js';
import { kidOf } from './receipts.js';
import { endpoint } from './url.js';
import type { Check, Report, Roots, Verifier, VerifierFile } from './verifier.js';
import { measureWorkload } from './workload.js';

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

/**
 * Fetches a worker's evidence.
 *
 * @throws SecretAiError if the worker does not answer, or with something that is no attestation.
 */
export async function fetchAttestation(url: string, get = fetch): Promise<AttestationAnswer> {
  const response = await get(endpoint(url, '/attestation'), { redirect: 'error' }).catch((error: Error) => {
    throw new SecretAiError('worker', `worker: cannot be reached (${error.message})`);
  });
  if (!response.ok) throw new SecretAiError('worker', 'no attestation', { status: response.status });
  const answer: unknown = await response.json().catch(() => undefined);
  if (!isAttestation(answer)) throw unverified('attestation: the answer has another form');
  return answer;
}

/** Whether everything that {@link verifyWorker} takes apart is there; what it says is judged later. */
function isAttestation(answer: unknown): answer is AttestationAnswer {
  const { cpu, gpus } = fields(answer);
  const [{ quote }, { report, certificate }] = [fields(fields(cpu)['tdx']), fields(fields(cpu)['snp'])];
  const isText = (value: unknown) => typeof value === 'string';
  const isGpu = (gpu: unknown) => {
    const { certificates, evidence } = fields(gpu);
    return isText(evidence) && Array.isArray(certificates) && certificates.every(isText);
  };
  const isCpu = isText(quote) || (isText(report) && isText(certificate));
  return isCpu && Array.isArray(gpus) && gpus.every(isGpu);
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
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

/**
 * Verifies a worker's evidence. Bad evidence is no error: the report says so.
 *
 * @throws SecretAiError if it is nothing that could be judged.
 */
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
  const genuine = facts?.['genuine'] === true;
  const differences = [...differing(inputs, kind, facts?.['platform']), ...otherWorkload(inputs, facts?.['rtmr3'])];
  // What was judged has to be the one quote or report that the answer shows.
  if (report.verdict === 'accepted' && !genuine) differences.push('cpu: is not the evidence that was judged');
  const outcome = (name: string) => report.checks.find((c) => c.subject === kind && c.name === name)?.outcome;
  const tcb = facts?.['tcb_status'];
  return {
    verdict: differences.length > 0 ? 'refused' : report.verdict,
    root: roots ? 'development' : kind === 'tdx' ? 'intel' : 'amd',
    cpu: { kind, genuine, ...(typeof tcb === 'string' && { tcb }) },
    gpus: attestation.gpus.map((_, number) => gpuOf(report, `gpu ${number}`)),
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

function gpuOf(report: Report, subject: string): WorkerReport['gpus'][number] {
  const facts = report.facts.find((one) => one.subject === subject);
  const text = (name: string) => (typeof facts?.[name] === 'string' ? (facts[name] as string) : undefined);
  const [arch, driver] = [text('arch'), text('driver_version')];
  return { genuine: allPassed(report.checks, subject), ...(arch && { arch }), ...(driver && { driver }) };
}

/** Something was checked of a GPU, and nothing failed or was missing. */
function allPassed(checks: Check[], subject: string): boolean {
  const own = checks.filter((check) => check.subject === subject);
  return own.some((c) => c.outcome === 'pass') && own.every((c) => c.outcome !== 'fail' && c.outcome !== 'missing');
}

/** Fields in which the worker's word differs from the registry's record. */
function differing({ worker, attestation, chainId, registry }: WorkerInputs, kind: string, platform: unknown): string[] {
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
    ['tee', kind, worker.tee],
    ['gpus', attestation.gpus.length, worker.gpus],
    // Known only of genuine evidence.
    ['platform', platform ?? worker.platform, worker.platform],
  ];
  return same
    .filter(([, said, known]) => said !== known)
    .map(([field]) => `${field}: is not what the registry has`);
}

/** What is wrong with a workload that the worker names in parts. */
function otherWorkload({ worker, attestation }: WorkerInputs, rtmr3: unknown): string[] {
  if (!attestation.workload) return [];
  try {
    const measured = measureWorkload(attestation.workload);
    return [
      ...(measured.digest === worker.workload ? [] : ['workload: is not what the registry has']),
      ...(measured.rtmr3 === rtmr3 ? [] : ['workload: does not give the RTMR3 of the quote']),
    ];
  } catch {
    return ['workload: has another form'];
  }
}

/**
 * The registry's policy, for this one image and these keys. Whether a platform is known is in the class. A
 * workload that the worker does not name in parts is RTMR3 or host data as the evidence shows it.
 */
function policyFor({ worker, attestation, chainId, registry, policy, golden }: WorkerInputs): object {
  return {
    ...policy,
    known_platforms_only: false,
    images: [{ image: worker.image, ...(!attestation.workload && { workloads: [worker.workload] }) }],
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
