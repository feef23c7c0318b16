// The verifier as WebAssembly: that it is whole, and what it says of the stage's worker.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { attest, developmentRoots, fetchAttestation, Verifier, verifyWorker } from '../dist/index.js';
import { measureWorkload } from '../dist/workload.js';
import { connect, needsStage, stage, walletOf } from './stage.js';

const MODULE = new URL('../wasm/verifier.wasm', import.meta.url);
const built = await readFile(MODULE).catch(() => undefined);
const needsModule = { skip: built === undefined && 'needs wasm/verifier.wasm: npm run wasm -w packages/typescript' };

test('the module asks nothing of its host', needsModule, async () => {
  assert.deepEqual(WebAssembly.Module.imports(await WebAssembly.compile(built)), []);
});

test('what cannot be judged is an error, not a verdict', needsModule, async () => {
  const verifier = await Verifier.load();
  const refused = (request, message) => assert.throws(() => verifier.verify(request), { kind: 'input', message });
  refused({ time: 0, files: [] }, /./);
  refused({ time: 0, files: [{ name: 'x', text: '\0' }] }, /x/);
  refused({ time: -1, files: [] }, /request/);
  refused({ time: 0, files: [], roots: { intel: 'AAAA' } }, /roots\.intel/);
});

test('what is no module is refused', async () => {
  await assert.rejects(Verifier.load(Uint8Array.of(1, 2, 3)), { kind: 'input', message: /verifier/ });
});

test('an answer that is no attestation is named', async () => {
  const fetched = (text) => fetchAttestation('https://worker.test/', async () => new Response(text));
  const gpus = [{ certificates: [1], evidence: '' }];
  const bad = ['', 'null', '[]', '{}', '{"cpu":null,"gpus":[]}', '{"cpu":{"tdx":{}},"gpus":[]}', '{"cpu":{"tdx":{"quote":""}}}'];
  for (const text of [...bad, JSON.stringify({ cpu: { tdx: { quote: '' } }, gpus })]) {
    await assert.rejects(fetched(text), { kind: 'verification', message: /^attestation: / }, text);
  }
  await fetched('{"cpu":{"tdx":{"quote":""}},"gpus":[]}');
  await assert.rejects(fetchAttestation('http://worker.test'), { kind: 'verification', message: /^url: / });
});

const onStage = { skip: needsStage.skip || needsModule.skip };
const now = () => Math.floor(Date.now() / 1000);

async function inputs() {
  const ai = await connect(walletOf('user'));
  const [{ worker }] = await ai.offers(stage.model);
  const attestation = await fetchAttestation(stage.agent.url);
  const golden = worker.golden ? [(await ai.askRegistry({ golden: { golden: worker.golden } })).set] : [];
  return {
    worker,
    attestation,
    chainId: stage.chain_id,
    registry: stage.contracts.registry.address,
    policy: ai.registryConfig.policy,
    golden,
    roots: developmentRoots(attestation),
    now: now(),
  };
}

test("the stage's worker is what the registry says", onStage, async () => {
  const ai = await connect(walletOf('user'));
  const [{ workerId, worker }] = await ai.offers(stage.model);
  const report = await attest(ai, workerId, await Verifier.load());
  assert.deepEqual(report.problems, []);
  assert.equal(report.verdict, 'accepted');
  assert.equal(report.root, 'development');
  assert.deepEqual([report.cpu.genuine, report.keysBound], [true, true]);
  assert.deepEqual(report.image, { digest: worker.image, registered: true });
  assert.equal(report.gpus.length, worker.gpus);
  assert.ok(report.gpus.every((gpu) => gpu.genuine));
});

test('one flipped bit, another key, another time, another root: refused', onStage, async () => {
  const [verifier, good] = [await Verifier.load(), await inputs()];
  assert.equal(verifyWorker(verifier, good).verdict, 'accepted');
  const quote = Buffer.from(good.attestation.cpu.tdx.quote, 'base64');
  for (const at of [60, 200, 568, 600, 640, 700, 1000]) {
    const changed = Buffer.from(quote);
    changed[at] ^= 1;
    const cpu = { tdx: { quote: changed.toString('base64') } };
    const report = verifyWorker(verifier, { ...good, attestation: { ...good.attestation, cpu } });
    assert.notEqual(report.verdict, 'accepted', `byte ${at}`);
    assert.ok(report.problems.length > 0);
  }
  const refused = (changes) => assert.equal(verifyWorker(verifier, { ...good, ...changes }).verdict, 'refused');
  refused({ worker: { ...good.worker, e2ee_pk: '00'.repeat(32) } });
  refused({ worker: { ...good.worker, image: '00'.repeat(32) } });
  refused({ worker: { ...good.worker, workload: '00'.repeat(32) } });
  refused({ worker: { ...good.worker, platform: '00'.repeat(32) } });
  refused({ worker: { ...good.worker, gpus: good.worker.gpus + 1 } });
  refused({ attestation: { ...good.attestation, challenge: '00'.repeat(32) } });
  refused({ registry: stage.contracts.billing.address });
  refused({ now: good.now + 400 * 86_400 });
  refused({ roots: undefined });
});

test('without collateral nothing is accepted', onStage, async () => {
  const [verifier, good] = [await Verifier.load(), await inputs()];
  const attestation = { ...good.attestation, collateral: null };
  assert.equal(verifyWorker(verifier, { ...good, attestation }).verdict, 'incomplete');
});

test('evidence of another kind or number than the answer says is not taken for it', onStage, async () => {
  const [verifier, good] = [await Verifier.load(), await inputs()];
  const { quote } = good.attestation.cpu.tdx;
  const verdict = (cpu) => verifyWorker(verifier, { ...good, attestation: { ...good.attestation, cpu } });
  const asSnp = verdict({ snp: { report: quote, certificate: JSON.stringify([quote]) } });
  assert.deepEqual([asSnp.verdict, asSnp.cpu.genuine], ['refused', false]);
  const twice = verdict({ tdx: { quote: JSON.stringify([quote, quote]) } });
  assert.deepEqual([twice.verdict, twice.cpu.genuine], ['refused', false]);
});

test('a workload in parts must be the registered one, and give the register of the quote', onStage, async () => {
  const [verifier, good] = [await Verifier.load(), await inputs()];
  const workload = { attest_tool: { compose_sha256: '00'.repeat(32), rootfs: '00'.repeat(32), docker_files_sha256: null } };
  const problems = (named, digest) => {
    const [attestation, worker] = [{ ...good.attestation, workload: named }, { ...good.worker, workload: digest }];
    const report = verifyWorker(verifier, { ...good, attestation, worker });
    assert.equal(report.verdict, 'refused');
    return report.problems;
  };
  const [other, register] = ['workload: is not what the registry has', 'workload: does not give the RTMR3 of the quote'];
  assert.deepEqual(problems(workload, good.worker.workload), [other, register]);
  assert.deepEqual(problems(workload, measureWorkload(workload).digest), [register]);
  assert.deepEqual(problems({ attest_tool: {} }, good.worker.workload), ['workload: has another form']);
});
