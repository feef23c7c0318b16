// Sealed questions on a stage: what is on the wire, and what somebody who carries it cannot do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collect, connect, needsStage, stage, walletOf } from './stage.js';

const WORD = 'xylophone';
const QUESTION = [{ role: 'user', content: `What is a ${WORD}?` }];

/** An account with an open session. */
async function opened(terms = {}) {
  const ai = await connect(walletOf('user'));
  await ai.deposit(200_000n);
  return { ai, own: await ai.open({ model: stage.model, cap: 150_000n, ...terms }) };
}

/** Everything that goes to the worker and comes back, as who carries it sees it. */
function tapped() {
  const [sent, received] = [[], []];
  const tap = async (url, request) => {
    sent.push({ url: String(url), ...request });
    const response = await fetch(url, request);
    const body = (async function* () {
      for await (const piece of response.body) {
        received.push(Buffer.from(piece));
        yield piece;
      }
    })();
    return { status: response.status, headers: response.headers, body };
  };
  return { tap, sent, received };
}

/** A way on which `request` and `response` change the bytes that they are given. */
const meddling = ({ request = (bytes) => bytes, response = (bytes) => bytes }) => async (url, init) => {
  const got = await fetch(url, { ...init, body: request(Uint8Array.from(init.body)) });
  const bytes = new Uint8Array(await got.arrayBuffer());
  return { status: got.status, headers: got.headers, body: [response(bytes)] };
};
const flipped = (bytes, at) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));

test('a question is sealed, its answer streams sealed, and its receipt is verified', needsStage, async () => {
  for (const countersign of [false, true]) {
    const { ai, own } = await opened({ countersign, ...(countersign && { slack: 50_000n }) });
    const { tap, sent, received } = tapped();
    const { events, text, receipt } = await collect(ai.chat(own, QUESTION, { maxTokens: 12, fetch: tap }));
    assert.ok(events.filter((event) => event.type === 'text').length > 1);
    assert.deepEqual([receipt.type, receipt.receipt.body.seq], ['receipt', 1n]);
    assert.equal(sent.length, 1);
    const [{ url, headers, body }] = sent;
    assert.ok(url.endsWith('/e2ee'));
    assert.deepEqual(Object.keys(headers), ['content-type']);
    assert.ok(!Buffer.from(body).includes(WORD));
    const answer = Buffer.concat(received);
    assert.ok(text.length > 0 && answer.length > 4_000);
    for (const word of ['data:', 'choices', 'receipt']) assert.ok(!answer.includes(word), word);
  }
});

test('a question that is not sealed is answered, too, on this machine', needsStage, async () => {
  const { ai, own } = await opened();
  const { tap, sent } = tapped();
  const { receipt } = await collect(ai.chat(own, QUESTION, { maxTokens: 8, sealed: false, fetch: tap }));
  assert.equal(receipt.type, 'receipt');
  assert.ok(sent[0].url.endsWith('/v1/chat/completions'));
  assert.ok(Buffer.from(sent[0].body).includes(WORD));
  const next = await collect(ai.chat(own, QUESTION, { maxTokens: 8 }));
  assert.equal(next.receipt.receipt.body.seq, 2n);
});

test('who carries a question can change neither it nor its answer, nor send it again', needsStage, async () => {
  const { ai, own } = await opened();
  const outcome = (way) => collect(ai.chat(own, QUESTION, { maxTokens: 8, fetch: way })).then(assert.fail, (e) => e);
  const status = async (request) => (await outcome(meddling({ request }))).details;
  assert.deepEqual(await status((bytes) => flipped(bytes, 5)), { status: 422, code: 'wrong_key' });
  for (const at of [0, 30, 100]) {
    assert.equal((await status((bytes) => flipped(bytes, at))).status, 400, `byte ${at}`);
  }
  const answer = async (response) => (await outcome(meddling({ response }))).message;
  for (const at of [5, 100, 1_000]) assert.match(await answer((bytes) => flipped(bytes, at)), /^e2ee: .* cannot be opened/);
  for (const part of [0, 0.3, 0.6]) {
    assert.equal(await answer((bytes) => bytes.slice(0, part * bytes.length)), 'e2ee: the answer was cut off');
  }
  const { tap, sent } = tapped();
  await collect(ai.chat(own, QUESTION, { maxTokens: 8, fetch: tap }));
  const again = await fetch(sent[0].url, { method: 'POST', headers: sent[0].headers, body: sent[0].body });
  assert.deepEqual([again.status, (await again.json()).error.code], [401, 'replayed']);
});

test('a page of any origin may send what is sealed', needsStage, async () => {
  const { url } = stage.agent;
  const asked = { origin: 'https://page.test', 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };
  const preflight = await fetch(`${url}/e2ee`, { method: 'OPTIONS', headers: asked });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get('access-control-allow-origin'), '*');
  assert.match(preflight.headers.get('access-control-allow-headers'), /content-type/);
  const refused = await fetch(`${url}/e2ee`, { method: 'POST', headers: { origin: 'https://page.test' }, body: 'x' });
  assert.deepEqual([refused.status, refused.headers.get('access-control-allow-origin')], [415, '*']);
});

test('a signal ends a sealed answer', needsStage, async () => {
  const { ai, own } = await opened();
  const abort = new AbortController();
  const stopped = (async () => {
    for await (const event of ai.chat(own, QUESTION, { signal: abort.signal })) if (event.type === 'text') abort.abort();
  })();
  await assert.rejects(stopped, { name: 'AbortError' });
});
