// Session secrets: as packages/client derives them, and from a wallet that only signs.
import assert from 'node:assert/strict';
import { createHash, hkdfSync } from 'node:crypto';
import { test } from 'node:test';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { SessionSecrets } from '../dist/index.js';

const BILLING = 'secret1billing';
const KEY = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
const sha256 = (data) => createHash('sha256').update(data).digest('hex');
/** HKDF by another implementation, with the labels of packages/client/src/session.rs. */
const derived = (label) => Buffer.from(hkdfSync('sha256', KEY, 'secret-ai/wallet-secrets/1', label, 32));
const own = (auth) => ({
  counter: 3,
  session: { session_id: '11'.repeat(16), worker_id: '22'.repeat(16), auth },
});

test('secrets follow from the key, the contract and the counter', () => {
  const secrets = SessionSecrets.fromPrivateKey(KEY, BILLING);
  assert.deepEqual(Buffer.from(secrets.bearer(3)), derived('secret-ai/bearer/1/secret1billing/3'));
  assert.deepEqual(Buffer.from(secrets.key(3)), derived('secret-ai/session-key/1/secret1billing/3'));
  assert.deepEqual(secrets.auth(3, false), { h: sha256(secrets.bearer(3)) });
  assert.match(secrets.auth(3, true).k, /^0[23][0-9a-f]{64}$/);
  assert.notDeepEqual(secrets.bearer(3), secrets.bearer(4));
});

test('API keys are id, worker and secret, of own bearer sessions only', () => {
  const secrets = SessionSecrets.fromPrivateKey(KEY, BILLING);
  const key = secrets.apiKey(own(secrets.auth(3, false)));
  assert.equal(key.length, 89);
  const bytes = Buffer.from(key.slice(3), 'base64url').toString('hex');
  assert.equal(bytes, '11'.repeat(16) + '22'.repeat(16) + Buffer.from(secrets.bearer(3)).toString('hex'));
  assert.throws(() => secrets.apiKey(own(secrets.auth(3, true))), /no bearer secret/);
  assert.throws(() => secrets.apiKey(own(secrets.auth(4, false))), /no bearer secret/);
});

/** Signs documents as Keplr does: deterministically (RFC 6979). */
const signer = {
  async signAmino(address, signed) {
    const hash = createHash('sha256').update(JSON.stringify(signed)).digest();
    const signature = Buffer.from(secp256k1.sign(hash, KEY, { prehash: false })).toString('base64');
    return { signed, signature: { pub_key: { type: 'tendermint/PubKeySecp256k1', value: '' }, signature } };
  },
};

test('a wallet that only signs finds the same sessions again, and others for another contract', async () => {
  const auth = async (address, billing) => (await SessionSecrets.fromSigner(signer, address, billing)).auth(0, false);
  const first = await auth('secret1user', BILLING);
  assert.deepEqual(await auth('secret1user', BILLING), first);
  assert.notDeepEqual(await auth('secret1user', 'secret1other'), first);
  assert.notDeepEqual(await auth('secret1other', BILLING), first);
});
