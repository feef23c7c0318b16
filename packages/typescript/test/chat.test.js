// What is checked of every answer: an honest worker is believed, any other is named.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { chat, decodeSigned, digest, encodeSigned, encoding, kidOf, sign, verify } from '../dist/index.js';
import { ReceiptStore, SessionSecrets } from '../dist/index.js';
import { publicOf, sealing } from './sealing.js';

const KEY = new Uint8Array(32).fill(7);
const PUBLIC = secp256k1.getPublicKey(KEY, true);
const DOMAIN = { chainId: 'secretdev-1', billing: 'secret1billing' };
const secrets = SessionSecrets.fromPrivateKey(new Uint8Array(32).fill(9), DOMAIN.billing);
const MODEL = 'm';
const USAGE = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
const sha256 = (data) => new Uint8Array(createHash('sha256').update(data).digest());
const hex = (data) => Buffer.from(data).toString('hex');
const base64url = (data) => Buffer.from(data).toString('base64url');

const session = (auth) => ({
  counter: 0,
  session: {
    session_id: '11'.repeat(16),
    worker_id: '22'.repeat(16),
    lines: [
      { model: MODEL, unit: 'input', rate: 20_000_000 },
      { model: MODEL, unit: 'output', rate: 80_000_000 },
    ],
    slack: '1200',
    auth,
  },
});
/** The secret that requests are sealed to. */
const BOOT = Buffer.alloc(32, 5);
const worker = {
  worker_id: '22'.repeat(16),
  kid: hex(kidOf(PUBLIC)),
  receipt_pk: hex(PUBLIC),
  e2ee_pk: hex(publicOf(BOOT)),
  tls_spki_sha256: '66'.repeat(32),
  listing: { url: 'https://worker.test/' },
};

/** A worker that answers every request; `change` makes it lie. `requests` are what it was asked, inside. */
function workerWith(change = () => {}) {
  const requests = [];
  let [seq, counters] = [0n, [0n, 0n]];
  const fetch = async (url, { headers, body, redirect }) => {
    requests.push({ url, headers, redirect, body: JSON.parse(Buffer.from(body).toString()) });
    const chunks = [
      { choices: [{ delta: { role: 'assistant', content: 'Hel' } }] },
      { choices: [{ delta: { content: 'lo' } }], usage: null },
      { choices: [], usage: USAGE },
    ];
    const parts = { chunks, units: [10n, 5n], key: KEY, domain: DOMAIN, model: MODEL, evidence: {}, receipt: {} };
    change(parts);
    const events = `${parts.chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')}data: [DONE]\n\n`;
    const evidence = {
      requestSha256: sha256(body),
      responseSha256: sha256(events),
      model: parts.model,
      time: 1n,
      units: parts.units,
      ...parts.evidence,
    };
    seq += 1n;
    counters = counters.map((counter, i) => counter + (parts.units[i] ?? 0n));
    const receipt = {
      sessionId: new Uint8Array(16).fill(0x11),
      kid: kidOf(PUBLIC),
      seq,
      isFinal: false,
      aborted: false,
      counters,
      evidence: digest(encoding.evidence, DOMAIN, evidence),
      ...parts.receipt,
    };
    const proof = JSON.stringify({
      receipt: base64url(encodeSigned(encoding.receipt, sign(encoding.receipt, parts.domain, receipt, parts.key))),
      evidence: base64url(encoding.evidence.write(evidence)),
    });
    const last = parts.cut ? '' : `event: receipt\ndata: ${proof}\n\n`;
    return parts.response?.(receipt) ?? new Response(`${events}${parts.after ?? ''}${last}`);
  };
  return { fetch, requests };
}

async function ask(fake, options = {}) {
  const own = session(secrets.auth(0, options.countersign ?? false));
  const events = [];
  const question = {
    domain: DOMAIN,
    session: own,
    worker,
    secrets,
    receipts: new ReceiptStore(),
    messages: [{ role: 'user', content: 'Hello?' }],
    fetch: options.sealed === false ? fake.fetch : sealing(BOOT, { domain: DOMAIN, worker }, fake.fetch),
    ...options,
  };
  for await (const event of chat(question)) events.push(event);
  return events;
}

test('an honest answer comes in pieces, with its price', async () => {
  const [fake, receipts] = [workerWith(), new ReceiptStore()];
  const events = await ask(fake, { receipts, maxTokens: 5, maxCharge: 1_000n, extra: { temperature: 0 } });
  assert.deepEqual(events.map((event) => event.type), ['text', 'text', 'usage', 'receipt']);
  const { cost, total } = events.at(-1);
  // ⌈(10 · 20 + 5 · 80)⌉ base units
  assert.deepEqual([cost, total], [600n, 600n]);
  const [{ url, headers, body, redirect }] = fake.requests;
  assert.equal(redirect, 'error');
  assert.equal(url, 'https://worker.test/v1/chat/completions');
  assert.equal(headers.authorization, `Bearer ${secrets.apiKey(session(secrets.auth(0, false)))}`);
  assert.equal(headers['x-max-charge'], '1000');
  assert.deepEqual([body.model, body.max_tokens, body.temperature, body.stream], [MODEL, 5, 0, true]);
  const [, , , next] = await ask(fake, { receipts });
  assert.deepEqual([next.cost, next.total], [600n, 1_200n]);
});

test('an answer that is not sealed is the same, and verified the same way', async () => {
  const fake = workerWith();
  const events = await ask(fake, { sealed: false });
  assert.deepEqual(events.map((event) => event.type), ['text', 'text', 'usage', 'receipt']);
  assert.equal(fake.requests[0].url, 'https://worker.test/v1/chat/completions');
  await assert.rejects(ask(workerWith((p) => (p.cut = true)), { sealed: false }), { kind: 'verification' });
});

test('a countersigned session signs requests, and acks what it has verified', async () => {
  const [fake, receipts] = [workerWith(), new ReceiptStore()];
  for (let i = 0; i < 2; i += 1) await ask(fake, { receipts, countersign: true });
  const [first, second] = fake.requests.map((request) => request.headers);
  assert.equal(first.authorization, undefined);
  assert.equal(first['x-secret-ai-ack'], undefined);
  const decode = (codec, text) => decodeSigned(codec, new Uint8Array(Buffer.from(text, 'base64url')));
  const key = secrets.publicKey(0);
  assert.equal(first['x-secret-ai-key'], hex(key));
  const request = decode(encoding.request, second['x-secret-ai-request']);
  verify(encoding.request, DOMAIN, request, key);
  const ack = decode(encoding.ack, second['x-secret-ai-ack']);
  verify(encoding.ack, DOMAIN, ack, key);
  assert.deepEqual([ack.body.seq, ack.body.amount], [1n, 600n]);
});

const LIES = {
  'not by the key that the registry attested': (p) => (p.receipt.kid = new Uint8Array(20)),
  'not by this key': (p) => (p.key = new Uint8Array(32).fill(8)),
  'signature: not by this key over this receipt': (p) => (p.domain = { ...DOMAIN, chainId: 'secret-4' }),
  'for another session': (p) => (p.receipt.sessionId = new Uint8Array(16)),
  'for other evidence': (p) => (p.receipt.evidence = new Uint8Array(32)),
  'for another request': (p) => (p.evidence.requestSha256 = new Uint8Array(32)),
  'for another answer': (p) => (p.evidence.responseSha256 = new Uint8Array(32)),
  'for another model': (p) => (p.model = 'n'),
  '11 units charged, 10 told': (p) => (p.units = [11n, 5n]),
  'another number of lines': (p) => (p.units = [10n]),
  'counters are lower': (p) => (p.receipt.counters = [9n, 5n]),
  'counts more than this answer, and there was no other': (p) => (p.receipt.counters = [11n, 5n]),
  'tells no usage': (p) => p.chunks.pop(),
  'broke off before its receipt': (p) => (p.cut = true),
  'goes on after its end': (p) => (p.after = 'data: more\n\n'),
};
for (const [message, change] of Object.entries(LIES)) {
  test(`refused: ${message}`, () =>
    assert.rejects(ask(workerWith(change)), { kind: 'verification', message: new RegExp(message) }));
}

test('a receipt that does not go on from the last one is refused, and not kept', async () => {
  const receipts = new ReceiptStore();
  await ask(workerWith(), { receipts });
  const again = workerWith();
  await assert.rejects(ask(again, { receipts }), { message: /counters are lower than known before/ });
  const same = workerWith((p) => (p.receipt = { counters: [20n, 10n] }));
  await assert.rejects(ask(same, { receipts }), { message: /seq does not rise/ });
  assert.equal(receipts.newest('11'.repeat(16), worker.kid).body.seq, 1n);
});

test("a worker's refusal has its status, code and text", async () => {
  const error = { message: 'the cap is used up', code: 'cap_exceeded', param: null };
  const response = () => Response.json({ error }, { status: 402 });
  const refusal = await ask(workerWith((p) => (p.response = response))).then(assert.fail, (e) => e);
  assert.deepEqual([refusal.kind, refusal.message], ['worker', error.message]);
  assert.deepEqual(refusal.details, { status: 402, code: 'cap_exceeded' });
  const inside = workerWith((p) => p.chunks.push({ error: { message: 'the engine failed' } }));
  await assert.rejects(ask(inside), { kind: 'worker', message: 'the engine failed' });
});

test('a charge above the limit is refused, and not kept', async () => {
  const receipts = new ReceiptStore();
  await assert.rejects(ask(workerWith(), { receipts, maxCharge: 599n }), { message: /costs 600 .* allowed were 599/ });
  assert.equal(receipts.newest('11'.repeat(16), worker.kid), undefined);
});

test('keys and questions go to encrypted addresses, and to this machine', async () => {
  for (const url of ['http://worker.test', 'http://127.0.0.1.worker.test', 'javascript:alert(1)', 'worker.test']) {
    const fake = workerWith();
    await assert.rejects(ask(fake, { worker: { ...worker, listing: { url } } }), { message: /^url: / });
    assert.equal(fake.requests.length, 0);
  }
  for (const url of ['http://127.0.0.1:8080', 'http://localhost:8080/', 'http://[::1]:8080']) {
    await ask(workerWith(), { worker: { ...worker, listing: { url } } });
  }
});

test('an answer that breaks off with a receipt is paid, and is an error', async () => {
  const receipts = new ReceiptStore();
  const error = { error: { message: 'the engine failed' } };
  const fake = workerWith((p) => p.chunks.splice(1, 0, error));
  await assert.rejects(ask(fake, { receipts }), { kind: 'worker', message: 'the engine failed' });
  assert.equal(receipts.newest('11'.repeat(16), worker.kid).body.seq, 1n);
});

test('a connection that breaks off is the worker\'s error', async () => {
  const body = new ReadableStream({ pull: () => Promise.reject(new TypeError('reset')) });
  const fake = workerWith((p) => (p.response = () => new Response(body)));
  await assert.rejects(ask(fake), { kind: 'worker', message: /broke off \(reset\)/ });
});

/** What a worker says whose slack is used up, with the newest receipt. */
function slackExceeded(receipt, key = KEY) {
  const signed = base64url(encodeSigned(encoding.receipt, sign(encoding.receipt, DOMAIN, receipt, key)));
  const error = { message: 'slack: used up', code: 'slack_exceeded' };
  return Response.json({ error }, { status: 402, headers: { 'x-secret-ai-receipt': signed } });
}

test('a receipt that got lost is countersigned before the session goes on', async () => {
  const receipts = new ReceiptStore();
  let asked = 0;
  const fake = workerWith((p) => {
    asked += 1;
    if (asked === 2) p.cut = true;
    if (asked === 3) [p.units, p.response] = [[0n, 0n], (receipt) => slackExceeded({ ...receipt, seq: 2n })];
    if (asked === 4) p.receipt.seq = 3n;
  });
  await ask(fake, { receipts, countersign: true });
  await assert.rejects(ask(fake, { receipts, countersign: true }), { message: /broke off before its receipt/ });
  const events = await ask(fake, { receipts, countersign: true });
  assert.deepEqual(events.map((event) => event.type), ['missed', 'text', 'text', 'usage', 'receipt']);
  assert.deepEqual([events[0].cost, events[0].total], [600n, 1_200n]);
  assert.deepEqual([events[4].cost, events[4].total], [600n, 1_800n]);
  const acks = fake.requests.map((request) => request.headers['x-secret-ai-ack']);
  const known = decodeSigned(encoding.ack, new Uint8Array(Buffer.from(acks[3], 'base64url')));
  assert.deepEqual([known.body.seq, known.body.amount], [2n, 1_200n]);
  const nonces = new Set(fake.requests.map((request) => request.headers['x-secret-ai-request']));
  assert.equal(nonces.size, 4, 'no request is sent twice');
});

test('nothing is countersigned that an honest worker cannot have', async () => {
  const outcome = async (change, key) => {
    const receipts = new ReceiptStore();
    await ask(workerWith(), { receipts, countersign: true });
    const fake = workerWith((p) => (p.response = (receipt) => slackExceeded({ ...receipt, ...change }, key)));
    const refusal = await ask(fake, { receipts, countersign: true }).then(assert.fail, (error) => error);
    assert.deepEqual([fake.requests.length, receipts.newest('11'.repeat(16), worker.kid).body.seq], [1, 1n]);
    return refusal.message;
  };
  const more = { seq: 2n, counters: [10n, 20n] };
  assert.match(await outcome({ ...more, counters: [11n, 20n] }), /1220 base units .* more than the slack of 1200/);
  assert.match(await outcome({ ...more, counters: [9n, 20n] }), /counters are lower/);
  assert.match(await outcome({ ...more, sessionId: new Uint8Array(16) }), /for another session/);
  assert.match(await outcome(more, new Uint8Array(32).fill(8)), /not by this key/);
  // Nothing new: the slack is too small for the question.
  assert.equal(await outcome({ seq: 1n, counters: [10n, 5n] }), 'slack: used up');
});

test('in a countersigned session no more than the slack may have gone unseen', async () => {
  const after = (counters) => async (countersign) => {
    const receipts = new ReceiptStore();
    await ask(workerWith(), { receipts, countersign });
    return ask(workerWith((p) => (p.receipt = { seq: 3n, counters })), { receipts, countersign });
  };
  const [most, more] = [after([20n, 25n]), after([21n, 25n])];
  assert.equal((await most(true)).at(-1).total, 2_400n);
  await assert.rejects(more(true), { message: /1220 base units for answers that never came/ });
  assert.equal((await more(false)).at(-1).total, 2_420n);
});

test('of answers that end in any order the newest receipt is kept', () => {
  const receipts = new ReceiptStore();
  const body = { sessionId: new Uint8Array(16), kid: new Uint8Array(20), counters: [1n], evidence: new Uint8Array(32) };
  for (const seq of [2n, 1n]) receipts.keep(sign(encoding.receipt, DOMAIN, { ...body, seq, isFinal: false, aborted: false }, KEY));
  assert.equal(receipts.newest('00'.repeat(16), '00'.repeat(20)).body.seq, 2n);
});

test('an answer stays verified where its receipt cannot be stored', async () => {
  const full = { getItem: () => null, setItem: () => { throw new DOMException('full', 'QuotaExceededError'); } };
  const [fake, receipts] = [workerWith(), new ReceiptStore(full)];
  await ask(fake, { receipts });
  assert.equal((await ask(fake, { receipts })).at(-1).total, 1_200n);
  assert.equal(receipts.newest('11'.repeat(16), worker.kid).body.seq, 2n);
});
