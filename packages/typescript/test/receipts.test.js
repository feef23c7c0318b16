// The golden vectors of packages/receipts: bodies, digests, signatures, both ways.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { amount, decodeSigned, digest, encodeSigned, encoding, kidOf, MAX_COUNT, sign, verify } from '../dist/index.js';

const FILE = new URL('../../receipts/vectors/vectors.json', import.meta.url);
const { chain_id, billing, private_key, public_key, kid, vectors } = JSON.parse(await readFile(FILE, 'utf8'));
const domain = { chainId: chain_id, billing };
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (data) => Buffer.from(data).toString('hex');

test('key ids', () => assert.equal(hex(kidOf(bytes(public_key))), kid));

for (const vector of vectors) {
  const codec = encoding[vector.kind];
  const wire = bytes(vector.body + vector.signature);

  test(`${vector.kind}, ${vector.what}: reads, writes, signs and verifies as Rust does`, () => {
    const body = encoding.decode(codec, bytes(vector.body));
    assert.equal(hex(codec.write(body)), vector.body);
    assert.equal(hex(digest(codec, domain, body)), vector.digest);
    const signed = sign(codec, domain, body, bytes(private_key));
    assert.equal(hex(signed.signature), vector.signature);
    assert.deepEqual(decodeSigned(codec, wire), signed);
    assert.deepEqual(encodeSigned(codec, signed), wire);
    verify(codec, domain, signed, bytes(public_key));
  });

  test(`${vector.kind}, ${vector.what}: nothing else is taken`, () => {
    const signed = decodeSigned(codec, wire);
    const refused = (what) => assert.throws(what, { name: 'SecretAiError', kind: 'verification' });
    refused(() => decodeSigned(codec, wire.slice(0, -1)));
    refused(() => decodeSigned(codec, Uint8Array.from([...wire, 0])));
    refused(() => verify(codec, { ...domain, chainId: 'secret-5' }, signed, bytes(public_key)));
    refused(() => verify(codec, { ...domain, billing: 'secret1' }, signed, bytes(public_key)));
    refused(() => verify(codec, domain, signed, bytes('02' + public_key.slice(2))));
    refused(() => decodeSigned(codec, bytes(vector.body + highS(vector.signature))));
    const signature = bytes(highS(vector.signature));
    refused(() => verify(codec, domain, { ...signed, signature }, bytes(public_key)));
  });
}

/** The same signature with n − s in place of s. */
function highS(signature) {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const s = (order - BigInt(`0x${signature.slice(64)}`)).toString(16).padStart(64, '0');
  return signature.slice(0, 64) + s;
}

test('bodies outside their limits are refused', () => {
  const receipt = bytes(vectors.find((v) => v.kind === 'receipt').body);
  const changed = (at, value) => receipt.map((byte, i) => (i === at ? value : byte));
  const refused = (body, message) => assert.throws(() => encoding.decode(encoding.receipt, body), message);
  refused(changed(44, 4), /flags/);
  refused(changed(45, 0), /n: 0 lines/);
  refused(changed(45, 9), /n: 9 lines/);
  refused(changed(46, 1), /counter/);
  refused(receipt.slice(0, 40), /too short/);
});

test('prices round up once', () => {
  const price = (...lines) => amount(lines.map(([count, rate]) => ({ count, rate })));
  assert.equal(price(), 0n);
  assert.equal(price([1n, 1n]), 1n);
  assert.equal(price([1n, 500_000n], [1n, 500_000n]), 1n);
  assert.equal(price([1n, 500_000n], [1n, 500_001n]), 2n);
  assert.equal(price([1_000_000n, 7n]), 7n);
  const most = MAX_COUNT - 1n;
  assert.equal(price([most, most]), (most * most + 999_999n) / 1_000_000n);
  assert.throws(() => price([MAX_COUNT, 1n]), /counter/);
  assert.throws(() => price([1n, MAX_COUNT]), /rate/);
});
