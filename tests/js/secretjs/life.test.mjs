// The whole life of a session with secretjs and fetch alone, every base unit accounted for.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { filled, paddedSend } from "../lib/padding.mjs";
import { permit as sign } from "../lib/snip24.mjs";
import { read } from "../lib/snip52.mjs";
import { answer, clients, execute, query, refusal, stage, succeeded, until } from "../lib/stage.mjs";

const { user, operator } = clients;
const { token, registry, billing, rewards } = stage.contracts;
const DEPOSIT = 1_000_000n;
const CAP = 300_000n;

const permits = new Map();
async function asked(client, contract, inner) {
  const key = `${client.address} ${contract.address}`;
  if (!permits.has(key)) {
    const content = { allowed_tokens: [contract.address], permissions: ["owner"], permit_name: "life" };
    permits.set(key, await sign(client, stage.chain_id, content));
  }
  return query(contract, { with_permit: { permit: permits.get(key), query: inner } });
}
const tokens = async (client) => BigInt((await asked(client, token, { balance: {} })).balance.amount);
const free = async () => BigInt((await asked(user, billing, { account: {} })).balances[0].free);
const earned = async () => BigInt((await asked(operator, rewards, { earnings: {} })).earnings[0].earned);
const send = async (name, msg, gas) => succeeded(await execute(user, billing, filled("billing", { [name]: msg }), gas));

function receiptOf(reply) {
  const bytes = Buffer.from(reply.headers.get("x-secret-ai-receipt"), "base64url");
  const counters = Array.from({ length: bytes[45] }, (_, i) => bytes.readBigUInt64BE(46 + 8 * i));
  return { session: bytes.toString("hex", 0, 16), kid: bytes.toString("hex", 16, 36), seq: bytes.readBigUInt64BE(36), counters };
}

function chat(api_key, content, headers = {}) {
  return fetch(`${stage.agent.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${api_key}`, "content-type": "application/json", ...headers },
    body: JSON.stringify({ model: stage.model, messages: [{ role: "user", content }], max_tokens: 12 }),
  });
}

test("deposit, open, chat, settle, finalize, close, reclaim, withdraw", { timeout: 180_000 }, async (t) => {
  const start = { tokens: await tokens(user), free: await free(), earned: await earned() };
  const { offers } = await query(registry, { price_list: { model: stage.model, token: token.address } });
  const { worker_id, listing } = offers[0];
  const secret = randomBytes(32);
  const terms = {
    worker_id,
    lines: listing.rates.map(({ unit, rate }) => ({ model: stage.model, unit, rate })),
    cap: String(CAP),
    slack: String(CAP),
    expires: Math.floor(Date.now() / 1_000) + 3_600,
    auth: { h: createHash("sha256").update(secret).digest("hex") },
  };
  let session_id, api_key, newest, price;

  await t.test("deposit and open", async () => {
    const to = { recipient: billing.address, recipient_code_hash: billing.code_hash, amount: String(DEPOSIT) };
    succeeded(await execute(user, token, paddedSend(to, { deposit: {} }), 150_000));
    assert.equal(await tokens(user), start.tokens - DEPOSIT);
    assert.equal(await free(), start.free + DEPOSIT);
    const opened = await send("open_sessions", { token: token.address, sessions: [terms] }, 200_000);
    [session_id] = answer(opened).session_ids;
    assert.equal(await free(), start.free + DEPOSIT - CAP);
    const key = Buffer.concat([Buffer.from(session_id, "hex"), Buffer.from(worker_id, "hex"), secret]);
    api_key = `sk-${key.toString("base64url")}`;
  });

  await t.test("chat with the API key; receipts add up", async () => {
    let last;
    for (const question of ["What is a receipt?", "Who pays the worker?"]) {
      const reply = await chat(api_key, question);
      assert.equal(reply.status, 200, await reply.clone().text());
      const { usage } = await reply.json();
      newest = receiptOf(reply);
      const used = [usage.prompt_tokens, usage.completion_tokens].map(BigInt);
      const before = last?.counters ?? [0n, 0n];
      const units = terms.lines.map(({ unit }) => used[unit === "input" ? 0 : 1]);
      assert.deepEqual(newest.counters, before.map((count, i) => count + units[i]));
      last = newest;
    }
    assert.equal(newest.session, session_id);
    const { kid } = await query(registry, { worker: { worker_id } });
    assert.equal(newest.kid, kid);
    const sum = newest.counters.reduce((all, count, i) => all + count * BigInt(terms.lines[i].rate), 0n);
    price = (sum + 999_999n) / 1_000_000n;
    assert.ok(price > 0n && price < CAP);
  });

  await t.test("a wrong key, and a request above its limit, are refused before any work", async () => {
    assert.equal((await chat(`${api_key.slice(0, -2)}AA`, "Hello")).status, 401);
    assert.equal((await chat(api_key, "Hello", { "x-max-charge": "1" })).status, 402);
  });

  await t.test("what was used is paid to the base unit, after the epoch", async () => {
    const ours = async () => {
      const { sessions } = await asked(user, billing, { sessions: {} });
      return sessions.map(({ session }) => session).find((session) => session.session_id === session_id);
    };
    const session = await until("the payment", async () => {
      const found = await ours();
      return BigInt(found.paid) === price && found;
    });
    assert.deepEqual(session.counters.map(BigInt), newest.counters);
    assert.deepEqual(session.keys, [newest.kid]);
    assert.equal(await until("earnings", async () => (await earned()) - start.earned || undefined), price);
  });

  await t.test("close, reclaim, withdraw", async () => {
    await send("close_session", { session_id }, 110_000);
    const left = await until("the end of the session", async () => {
      const [moved] = answer(await send("reclaim", { session_ids: [session_id] }, 130_000)).reclaimed;
      return moved ?? undefined;
    });
    assert.equal(BigInt(left), CAP - price);
    assert.equal(await free(), start.free + DEPOSIT - price);
    await send("withdraw", { token: token.address, amount: String(DEPOSIT - price) }, 130_000);
    assert.equal(await free(), start.free);
    assert.equal(await tokens(user), start.tokens - price);
  });

  await t.test("the worker notices that the session has ended", async () => {
    const refused = await until("a refusal", async () => {
      const reply = await chat(api_key, "Hello?");
      return reply.status !== 200 && reply;
    });
    const { error } = await refused.json();
    assert.equal(`${refused.status} ${error.code}`, "402 session_closed");
  });

  await t.test("what is gone cannot be taken twice", async () => {
    const more = filled("billing", { withdraw: { token: token.address, amount: String(start.free + 1n) } });
    const tx = await execute(user, billing, more);
    assert.equal(refusal(tx), `free balance: ${start.free + 1n} base units needed, ${start.free} available`);
  });
});

test("two sessions open with one deposit", { timeout: 120_000 }, async () => {
  const channels = ["deposit_credited"];
  const { channel_info } = await asked(user, billing, { channel_info: { channels } });
  const to = { recipient: billing.address, recipient_code_hash: billing.code_hash, amount: "200000" };
  const { offers } = await query(registry, { price_list: { model: stage.model, token: token.address } });
  const session = (byte) => ({
    worker_id: offers[0].worker_id,
    lines: offers[0].listing.rates.map(({ unit, rate }) => ({ model: stage.model, unit, rate })),
    cap: "100000",
    slack: "100000",
    expires: Math.floor(Date.now() / 1_000) + 3_600,
    auth: { h: byte.repeat(64) },
  });
  const { total } = await asked(user, billing, { sessions: {} });
  const before = await free();
  const open = paddedSend(to, { open_sessions: { sessions: [session("a"), session("b")] } });
  const tx = succeeded(await execute(user, token, open, 350_000));
  assert.equal(await free(), before);
  assert.equal(read(channel_info, tx).told.deposit_credited[1], 200_000n);
  const { sessions } = await asked(user, billing, { sessions: { start: total } });
  assert.deepEqual(sessions.map(({ counter, session: { status, cap } }) => [counter, status, cap]), [
    [total, "open", "100000"],
    [total + 1, "open", "100000"],
  ]);
});
