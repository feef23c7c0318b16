// The way to a worker: sealed, what of it others see, and which ways are refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { send } from '../dist/transport.js';
import { openRequest, publicOf, sealing } from './sealing.js';

const SECRET = Buffer.alloc(32, 5);
const DOMAIN = { chainId: 'secretdev-1', billing: 'secret1billing' };
const WORKER = {
  worker_id: '22'.repeat(16),
  kid: '33'.repeat(20),
  e2ee_pk: publicOf(SECRET).toString('hex'),
  tls_spki_sha256: '00'.repeat(32),
  listing: { url: 'https://worker.test/' },
};
const RECIPIENT = { domain: DOMAIN, worker: WORKER };
const ASKED = {
  method: 'POST',
  path: '/v1/chat/completions?a=b',
  headers: { authorization: 'Bearer sk-secret' },
  body: new TextEncoder().encode('{"question":"Who knows?"}'),
};
const REQUEST = 'application/vnd.secret-ai.e2ee-request';

/** A worker that answers with `response`; notes what went over the wire, and what was inside. */
function workerWith(response = () => new Response('answer')) {
  const [wire, inside] = [[], []];
  const answered = sealing(SECRET, RECIPIENT, async (url, request) => {
    inside.push({ url, ...request });
    return response(request);
  });
  const fetch = async (url, request) => {
    wire.push({ url, ...request });
    return answered(url, request);
  };
  return { fetch, wire, inside };
}

const ask = (fetch, way = {}) => send({ domain: DOMAIN, worker: WORKER, fetch, ...way }, ASKED);
async function read(reply) {
  const pieces = [];
  for await (const piece of reply.body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

test('outside is nothing but bytes; inside are path, headers and body, status and answer', async () => {
  const worker = workerWith(() => new Response('answer', { status: 207, headers: { 'x-secret-ai-receipt': 'r' } }));
  const before = Math.floor(Date.now() / 1000);
  const reply = await ask(worker.fetch);
  assert.deepEqual([reply.status, reply.ok, reply.header('x-secret-ai-receipt')], [207, true, 'r']);
  assert.equal(reply.header('x-other'), null);
  assert.equal(await read(reply), 'answer');
  const [{ url, method, headers, body, redirect }] = worker.wire;
  assert.deepEqual([url, method, redirect], ['https://worker.test/e2ee', 'POST', 'error']);
  assert.deepEqual(headers, { 'content-type': REQUEST });
  for (const word of ['Who knows', 'sk-secret', 'completions']) assert.ok(!Buffer.from(body).includes(word), word);
  const { head, body: opened } = openRequest(SECRET, RECIPIENT, Buffer.from(body));
  const { path, time, headers: told } = head;
  assert.ok(time >= before && time <= Date.now() / 1000);
  assert.deepEqual([path, told, opened.toString()], [ASKED.path, Object.entries(ASKED.headers), '{"question":"Who knows?"}']);
  assert.equal(worker.inside[0].url, `https://worker.test${ASKED.path}`);
});

test('not sealed only if told so, and to a TLS key that is attested or on this machine', async () => {
  const at = (url, tls_spki_sha256 = WORKER.tls_spki_sha256) => ({ ...WORKER, tls_spki_sha256, listing: { url } });
  const [pin, withoutKey] = ['01'.repeat(32), { ...WORKER, e2ee_pk: '00'.repeat(32) }];
  /** Where the request went, or why it went nowhere. */
  const way = async (worker, sealed) => {
    const fake = workerWith();
    const fetch = sealed ? fake.fetch : async (url, request) => fake.wire.push({ url, ...request }) && new Response('answer');
    const error = await ask(fetch, { worker, sealed }).then(() => undefined, (e) => e);
    assert.equal(fake.wire.length, error === undefined ? 1 : 0);
    return error ? `${error.kind} ${error.message.split(':')[0]}` : fake.wire[0];
  };
  const plain = await way(at('https://worker.test', pin), false);
  assert.deepEqual([plain.url, plain.headers, plain.body], [`https://worker.test${ASKED.path}`, ASKED.headers, ASKED.body]);
  assert.ok((await way(at('http://127.0.0.1:8080'), false)).url.endsWith(ASKED.path));
  assert.equal(await way(WORKER, false), 'verification url');
  assert.equal(await way(at('http://worker.test', pin), false), 'verification url');
  for (const worker of [WORKER, at('https://worker.test', pin), at('http://localhost:8080')]) {
    assert.ok((await way(worker, true)).url.endsWith('/e2ee'));
  }
  assert.equal(await way(at('http://worker.test', pin), true), 'verification url');
  assert.equal(await way(withoutKey, true), 'input e2ee_pk');
});

test('what is not sealed is no answer', async () => {
  const error = (status, body) => ask(async () => new Response(body, { status })).then(assert.fail, (e) => e);
  const openai = (message, code) => JSON.stringify({ error: { message, code, param: 'e2ee' } });
  const other = await error(422, openai('for another boot', 'wrong_key'));
  assert.deepEqual([other.kind, other.details], ['worker', { status: 422, code: 'wrong_key' }]);
  assert.match(other.message, /ask the registry again/);
  const stale = await error(401, openai('e2ee: 90 s old', 'stale_request'));
  assert.deepEqual([stale.message, stale.details], ['e2ee: 90 s old', { status: 401, code: 'stale_request', param: 'e2ee' }]);
  assert.match((await error(404, '')).message, /takes no sealed requests/);
  assert.equal((await error(502, 'x'.repeat(1 << 17))).message, 'no explanation');
  for (const status of [200, 204]) {
    const unsealed = await error(status, status === 204 ? null : 'data: [DONE]\n\n');
    assert.deepEqual([unsealed.kind, unsealed.message], ['verification', 'e2ee: the answer is not sealed']);
  }
});

/** The answer as `change` leaves its bytes. */
const changed = (fetch, change) => async (url, request) => {
  const response = await fetch(url, request);
  const bytes = new Uint8Array(await response.arrayBuffer());
  return new Response(change(bytes), { headers: { 'content-type': response.headers.get('content-type') } });
};

test('an answer that is changed, cut off or of another request is refused', async () => {
  const { fetch } = workerWith();
  const outcome = (change) => ask(changed(fetch, change)).then(read);
  const refused = (change, message) => assert.rejects(outcome(change), { kind: 'verification', message });
  assert.equal(await outcome((bytes) => bytes), 'answer');
  const whole = 4 + 512 + 16;
  for (const at of [5, 32 + 100, 32 + whole + 100]) {
    await refused((bytes) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte)), /cannot be opened/);
  }
  for (const end of [0, 20, 32 + 100]) await refused((bytes) => bytes.slice(0, end), /was cut off/);
  for (const end of [32 + whole, 32 + 2 * whole]) await refused((bytes) => bytes.slice(0, end), /was cut off/);
  await refused((bytes) => Uint8Array.from([...bytes, 0]), /goes on after its end/);
  let first;
  await outcome((bytes) => (first = bytes));
  await refused(() => first, /cannot be opened/);
});

/** A body that never ends by itself; `cancelled` is fulfilled when nobody reads it any more. */
function endless() {
  let cancel;
  const cancelled = new Promise((resolve) => (cancel = resolve));
  const body = new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode('more')), cancel });
  return { body, cancelled };
}

test('whoever stops reading ends the request outside', async () => {
  const { body, cancelled } = endless();
  const { fetch } = workerWith(() => new Response(body));
  for await (const piece of (await ask(fetch)).body) {
    assert.equal(Buffer.from(piece).toString(), 'more');
    break;
  }
  await cancelled;
});

test('a signal ends the request outside', async () => {
  const abort = new AbortController();
  const fake = workerWith(() => new Response(endless().body));
  // As fetch does it: the body fails with the signal's reason.
  const fetch = async (url, request) => {
    const response = await fake.fetch(url, request);
    const failing = new TransformStream({ start: (to) => request.signal.addEventListener('abort', () => to.error(request.signal.reason)) });
    return new Response(response.body.pipeThrough(failing), { headers: response.headers });
  };
  const reply = await ask(fetch, { signal: abort.signal });
  const rest = (async () => {
    for await (const _ of reply.body) abort.abort();
  })();
  await assert.rejects(rest, { name: 'AbortError' });
});
