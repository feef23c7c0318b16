// Messages of a class have one length, whatever they say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { padded, receiveMsg, sizeOf } from '../dist/index.js';

const ADDRESS = `secret1${'q'.repeat(38)}`;
const length = (msg) => Buffer.byteLength(JSON.stringify(msg));
const line = (model) => ({ model, unit: 'output', rate: 1 });
const session = (lines) => ({
  worker_id: '0'.repeat(32),
  lines,
  cap: '1',
  slack: '1',
  expires: 1,
  auth: { h: '0'.repeat(64) },
});

test('short messages are all alike', () => {
  const all = [
    { withdraw: { token: ADDRESS, amount: null } },
    { withdraw: { token: ADDRESS, amount: '9'.repeat(39) } },
    { close_session: { session_id: '0'.repeat(32) } },
    { reclaim: { session_ids: Array(8).fill('0'.repeat(32)) } },
  ];
  for (const msg of all) assert.equal(length(padded('billing', msg)), 512);
});

test('sessions show their number alone', () => {
  const open = (sessions) => ({ open_sessions: { token: ADDRESS, sessions } });
  const [few, many] = [session([line('a')]), session(Array(8).fill(line('m'.repeat(64))))];
  for (let n = 1; n <= 8; n += 1) {
    const sizes = [few, many].map((one) => length(padded('billing', open(Array(n).fill(one)))));
    assert.equal(sizes[0], sizes[1]);
    assert.equal(sizes[0], sizeOf('billing', open(Array(n).fill(few))));
    assert.equal(sizes[0] % 256, 0);
  }
  assert.throws(() => padded('billing', open(Array(9).fill(few))), /sessions: 9, must be 1 to 8/);
});

test('a send is as long as what it carries, in blocks', () => {
  const send = (msg, amount) => ({ send: { recipient: ADDRESS, recipient_code_hash: '0'.repeat(64), amount, msg } });
  const deposit = receiveMsg({ deposit: {} });
  assert.equal(Buffer.from(deposit, 'base64').length, 192);
  assert.equal(deposit, receiveMsg({ deposit: { padding: 'x' } }));
  for (const amount of ['1', '9'.repeat(39)]) assert.equal(length(padded('token', send(deposit, amount))), 768);
});

test('public messages fill full blocks, and the admin\'s stay as they are', () => {
  const retire = { retire: { worker_id: '0'.repeat(32) } };
  assert.equal(length(padded('registry', retire)), 256);
  assert.deepEqual(padded('billing', { pause: {} }), { pause: {} });
});

test('what is longer than its class is not sent', () => {
  const msg = { set_viewing_key: { key: 'k'.repeat(600) } };
  assert.throws(() => padded('billing', msg), /message: \d+ bytes, its class takes 512/);
});
