// A user's whole way on a stage: deposit, open, chat, close, reclaim, withdraw.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { priceOf } from '../dist/index.js';
import { collect, connect, needsStage, stage, until, walletOf } from './stage.js';

const QUESTION = [{ role: 'user', content: 'What is a receipt?' }];

test('a session from deposit to withdrawal', needsStage, async () => {
  const ai = await connect(walletOf('user'));
  const before = await ai.balance();
  const { answer, gasUsed } = await ai.deposit(1_000_000n);
  assert.ok(gasUsed > 0 && answer !== undefined);
  const [start] = await ai.balances();
  assert.equal(start.wallet, before - 1_000_000n);

  const offers = await ai.offers(stage.model);
  assert.equal(offers.length, 1);
  assert.deepEqual(
    Object.fromEntries(offers[0].rates.map(({ unit, rate }) => [unit, rate])),
    stage.rates,
  );
  const own = await ai.open({ offer: offers[0], cap: 400_000n });
  assert.equal(own.session.status, 'open');
  const [held] = await ai.balances();
  assert.equal(held.free, start.free - 400_000n);
  assert.equal(held.sessions, start.sessions + 400_000n);

  const first = await collect(ai.chat(own, QUESTION, { maxTokens: 12 }));
  const second = await collect(ai.chat(own, QUESTION, { maxTokens: 12 }));
  assert.ok(first.text.length > 0);
  assert.equal(first.receipt.type, 'receipt');
  assert.ok(first.receipt.cost > 0n);
  assert.equal(second.receipt.receipt.body.seq, 2n);
  assert.equal(second.receipt.total, priceOf(own.session.lines, second.receipt.receipt.body.counters));

  await ai.close(own.session.session_id);
  const session = async () => (await ai.session(own.session.session_id)).session;
  await until('the session has ended', async () => (await session()).status === 'ended');
  assert.equal(BigInt((await session()).paid), second.receipt.total);
  assert.equal(await ai.reclaim(), 400_000n - second.receipt.total);
  assert.equal((await session()).status, 'reclaimed');
  const free = start.free - second.receipt.total;
  assert.equal(await ai.withdraw(), free);
  assert.equal(await ai.balance(), start.wallet + free);
});

test('the CLI sees the session and prints the same API key', needsStage, async () => {
  const ai = await connect(walletOf('user'));
  await ai.deposit(200_000n);
  const own = await ai.open({ model: stage.model, cap: 150_000n });
  const key = (await ai.secrets()).apiKey(own);
  const run = promisify(execFile);
  const config = ['--config', join(stage.folder, 'secret-ai.toml')];
  const cli = join(stage.programs, 'secret-ai');
  // The CLI reads SECRET_AI_… as its configuration.
  const { SECRET_AI_STAGE, ...env } = process.env;
  const { stdout } = await run(cli, [...config, 'key', '--session', own.session.session_id], { env });
  assert.equal(stdout.trim(), key);
});

test('a countersigned session is signed and acked', needsStage, async () => {
  const ai = await connect(walletOf('user'));
  await ai.deposit(300_000n);
  const own = await ai.open({ model: stage.model, cap: 250_000n, slack: 50_000n, countersign: true });
  for (const seq of [1n, 2n]) {
    const { receipt } = await collect(ai.chat(own, QUESTION, { maxTokens: 8 }));
    assert.equal(receipt.receipt.body.seq, seq);
  }
});

test('receipts of answers that nobody waited for are countersigned when the slack is used up', needsStage, async () => {
  const ai = await connect(walletOf('user'));
  await ai.deposit(300_000n);
  const own = await ai.open({ model: stage.model, cap: 250_000n, slack: 6_000n, countersign: true });
  let missed;
  for (let tries = 0; missed === undefined && tries < 40; tries += 1) {
    for await (const event of ai.chat(own, QUESTION, { maxTokens: 8 })) {
      if (event.type === 'missed') missed = event;
      if (event.type === 'text') break;
    }
  }
  assert.ok(missed.cost > 0n && missed.cost <= 6_000n);
  const { receipt } = await collect(ai.chat(own, QUESTION, { maxTokens: 8 }));
  assert.ok(receipt.total >= missed.total + receipt.cost);
});

test('whoever stops reading ends the request', needsStage, async () => {
  const ai = await connect(walletOf('user'));
  await ai.deposit(200_000n);
  const own = await ai.open({ model: stage.model, cap: 150_000n });
  for await (const event of ai.chat(own, QUESTION)) if (event.type === 'text') break;
  const abort = new AbortController();
  abort.abort();
  await assert.rejects(collect(ai.chat(own, QUESTION, { signal: abort.signal })), { name: 'AbortError' });
});

test('errors say whose they are, with the contract\'s or the worker\'s text', needsStage, async () => {
  const ai = await connect(walletOf('user'));
  await ai.deposit(100_000n);
  const refused = (work, kind, message) => assert.rejects(work, { name: 'SecretAiError', kind, message });
  await refused(ai.close('00'.repeat(16)), 'contract', /^session_id: no session of the sender has this id$/);
  await refused(ai.open({ model: stage.model, cap: 10n ** 30n }), 'contract', /cap|balance|amount/);
  await refused(ai.worker('00'.repeat(16)), 'contract', /worker/);
  await refused(ai.deposit(0n), 'input', /^amount: 0 base units, must be at least/);
  await refused(ai.open({ model: 'no-such-model', cap: 1n }), 'input', /no active worker offers/);
  const own = await ai.open({ model: stage.model, cap: 100n });
  const error = await collect(ai.chat(own, QUESTION)).then(assert.fail, (e) => e);
  assert.deepEqual([error.kind, error.details.status], ['worker', 402]);
});
