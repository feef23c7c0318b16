// Sealed requests and answers: the standard's vectors, the vectors shared with packages/e2ee, and what is refused.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { AnswerOpener } from '../dist/e2ee/answer.js';
import { seal } from '../dist/e2ee/hpke.js';
import { answerHead } from '../dist/e2ee/message.js';
import { sealRequest } from '../dist/e2ee/request.js';
import { openRequest, publicOf } from './sealing.js';

const FILE = new URL('../../e2ee/vectors/vectors.json', import.meta.url);
const { chain_id, billing, worker_id, kid, secret_key, e2ee_pk, vectors } = JSON.parse(await readFile(FILE, 'utf8'));
const domain = { chainId: chain_id, billing };
const recipient = { domain, worker: { worker_id, kid, e2ee_pk } };
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (data) => Buffer.from(data).toString('hex');
const text = (data) => Buffer.from(data).toString();
const SECRET = Buffer.from(secret_key, 'hex');
const refused = (what, message) => assert.throws(what, { name: 'SecretAiError', kind: 'verification', message });

test('the suite is the one of the standard', () => {
  // RFC 9180, appendix A.2.1: this suite in base mode, first message, and the export of nothing.
  const sealed = seal(
    bytes('4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a'),
    bytes('4f6465206f6e2061204772656369616e2055726e'),
    Buffer.from('Count-0'),
    Buffer.from('Beauty is truth, truth beauty'),
    bytes('909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b'),
  );
  assert.equal(hex(sealed.enc), '1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a');
  const ciphertext = '1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28';
  assert.equal(hex(sealed.ciphertext), ciphertext);
  const exported = '4bbd6243b8bb54cec311fac9df81841b6fd61f56538a775e7c80a9f40160606e';
  assert.equal(hex(sealed.exported(new Uint8Array())), exported);
});

for (const { what, seed, request, answer } of vectors) {
  const { method, path, time, headers, body } = request;
  const sealed = () => sealRequest(recipient, { method, path, time, headers }, Buffer.from(body), bytes(seed));

  test(`${what}: the request is sealed as published, and opened by its worker`, () => {
    assert.equal(hex(publicOf(SECRET)), e2ee_pk);
    assert.equal(hex(sealed().bytes), request.bytes);
    const opened = openRequest(SECRET, recipient, bytes(request.bytes));
    assert.deepEqual([opened.head, text(opened.body)], [{ method, path, time, headers }, body]);
  });

  test(`${what}: the answer is sealed as published, and comes back in any pieces`, () => {
    const sealer = openRequest(SECRET, recipient, bytes(request.bytes)).answer(bytes(answer.random));
    const frames = [sealer.start, sealer.head(answer.status, answer.headers)];
    for (const piece of answer.pieces) frames.push(sealer.frame(Buffer.from(piece)));
    frames.push(sealer.frame(Buffer.alloc(0), true));
    assert.equal(hex(Buffer.concat(frames)), answer.bytes);
    const all = bytes(answer.bytes);
    for (const step of [1, 7, 600, all.length]) {
      const opener = sealed().answer;
      const found = [];
      for (let at = 0; at < all.length; at += step) {
        assert.equal(opener.isWhole, false);
        found.push(...opener.push(all.slice(at, at + step)));
      }
      const [head, ...pieces] = found;
      assert.deepEqual(answerHead(head), { status: answer.status, headers: answer.headers });
      assert.deepEqual(pieces.map(text), [...answer.pieces, ''], `step ${step}`);
      assert.equal(opener.isWhole, true);
    }
  });
}

const HEAD = { method: 'POST', path: '/v1/chat/completions', time: 1_800_000_000, headers: [] };

test('lengths say little, and no two requests are alike', () => {
  const length = (body) => sealRequest(recipient, HEAD, Buffer.from(body)).bytes.length;
  assert.equal(length(''), length('x'.repeat(100)));
  assert.equal((length('') - 53 - 16) % 512, 0);
  const enc = () => hex(sealRequest(recipient, HEAD, new Uint8Array()).bytes.slice(21, 53));
  assert.notEqual(enc(), enc());
});

test('nobody seals to a key without a secret, or what no worker reads', () => {
  for (const key of ['00'.repeat(32), `01${'00'.repeat(31)}`]) {
    const worker = { ...recipient.worker, e2ee_pk: key };
    assert.throws(() => sealRequest({ domain, worker }, HEAD, new Uint8Array()), { kind: 'input', message: /^e2ee_pk: / });
  }
  const long = { ...HEAD, headers: [['x', 'x'.repeat(1 << 14)]] };
  assert.throws(() => sealRequest(recipient, long, new Uint8Array()), { kind: 'input', message: /must be at most 16384/ });
});

/** Both ends of one exchange. */
function exchange() {
  const { bytes: sent, answer: opener } = sealRequest(recipient, HEAD, new Uint8Array());
  const sealer = openRequest(SECRET, recipient, Buffer.from(sent)).answer();
  return { sealer, opener };
}

test('frames cannot be cut off, swapped, repeated, left out or added', () => {
  const made = () => {
    const { sealer, opener } = exchange();
    const frames = ['one', 'two'].map((data) => sealer.frame(Buffer.from(data)));
    return { frames: [sealer.start, ...frames, sealer.frame(Buffer.alloc(0), true)], opener };
  };
  const read = ({ frames, opener }, order) => order.flatMap((i) => opener.push(frames[i]));
  const cut = made();
  assert.deepEqual(read(cut, [0, 1, 2]).map(text), ['one', 'two']);
  assert.equal(cut.opener.isWhole, false);
  for (const order of [[0, 2, 1, 3], [0, 1, 1], [0, 1, 3], [1, 2, 3]]) {
    refused(() => read(made(), order), /cannot be opened|must be at most/);
  }
  refused(() => read(made(), [0, 1, 2, 3, 3]), /goes on after its end/);
  refused(() => read({ frames: made().frames, opener: exchange().opener }, [0, 1]), /cannot be opened/);
});

test('a changed bit is refused wherever it is', () => {
  const { sealer, opener } = exchange();
  const good = Buffer.concat([sealer.start, sealer.frame(Buffer.from('data'), true)]);
  const again = () => new AnswerOpener(opener.secret, opener.enc);
  assert.deepEqual(again().push(good).map(text), ['data']);
  for (let at = 0; at < good.length; at += 1) {
    const changed = Uint8Array.from(good);
    changed[at] ^= 0x01;
    const fresh = again();
    let isRefused = false;
    try {
      fresh.push(changed);
    } catch (error) {
      isRefused = error.kind === 'verification';
    }
    assert.ok(isRefused || !fresh.isWhole, `byte ${at}`);
  }
});

test('what a worker must not seal is refused, and endless frames are not waited for', () => {
  const of = (plain) => {
    const { sealer, opener } = exchange();
    opener.push(sealer.start);
    return () => opener.push(sealer.exactly(Buffer.from(plain)));
  };
  refused(of([0, 0, 0]), /no padding/);
  refused(of([]), /no padding/);
  refused(of([0x80, 0]), /is no frame/);
  refused(of([2, 0x80]), /is no frame/);
  assert.deepEqual(of([0, 7, 0x80])().map(hex), ['07']);
  const { sealer, opener } = exchange();
  opener.push(sealer.start);
  refused(() => opener.push(Uint8Array.of(0, 1, 2, 18)), /a frame of 66066 bytes, must be at most 66065/);
});

test('what is no head is refused', () => {
  const data = (head, length = Buffer.byteLength(head)) =>
    Uint8Array.from([length >>> 24, length >>> 16, length >>> 8, length, ...Buffer.from(head)]);
  assert.equal(answerHead(data('{"status":200,"headers":[]}')).status, 200);
  const none = ['', 'x', 'null', '[]', '{}', '{"status":"200","headers":[]}', '{"status":200,"headers":[["a"]]}', '{"status":200}'];
  for (const head of none) refused(() => answerHead(data(head)), /has no head/);
  refused(() => answerHead(data('{"status":200,"headers":[]}', 3)), /has no head/);
  refused(() => answerHead(Uint8Array.of(0, 0)), /has no head/);
});
