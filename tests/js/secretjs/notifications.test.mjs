// Private push notifications (SNIP-52), decoded in JavaScript by the standard's formulas.
import assert from "node:assert/strict";
import { test } from "node:test";
import { addressToBytes, MsgExecuteContract } from "secretjs";
import { paddedSend } from "../lib/padding.mjs";
import { permit as sign, seedUpdate } from "../lib/snip24.mjs";
import { idOf, read } from "../lib/snip52.mjs";
import { answer, clients, execute, QUICK, query, stage, succeeded } from "../lib/stage.mjs";

const { user, anyone } = clients;
const { token, billing } = stage.contracts;
const channels = ["deposit_credited", "session_ended", "low_balance"];

const permitOf = (client) =>
  sign(client, stage.chain_id, { allowed_tokens: [billing.address], permissions: ["owner"], permit_name: "inbox" });
async function infoOf(client, txhash) {
  const inner = { channel_info: { channels, ...(txhash && { txhash }) } };
  return (await query(billing, { with_permit: { permit: await permitOf(client), query: inner } })).channel_info;
}
const send = (amount, msg) =>
  paddedSend({ recipient: billing.address, recipient_code_hash: billing.code_hash, amount }, msg);
const deposit = async (amount, msg = { deposit: {} }) => succeeded(await execute(user, token, send(amount, msg)));

test("billing lists its channels", async () => {
  assert.deepEqual(await query(billing, { list_channels: {} }), { list_channels: { channels } });
});

test("a deposit tells its owner how much, and nobody else anything", async () => {
  const tx = await deposit("12345");
  const { told, places } = read(await infoOf(user), tx);
  assert.deepEqual(Object.keys(told), ["deposit_credited"]);
  const [of, amount] = told.deposit_credited;
  assert.deepEqual(new Uint8Array(of), addressToBytes(token.address));
  assert.equal(amount, 12_345n);
  assert.equal(places, 1);
  assert.deepEqual(read(await infoOf(anyone), tx).told, {});
});

test("a deposit for somebody else tells that account", async () => {
  const tx = await deposit("2000", { deposit: { beneficiary: anyone.address } });
  assert.equal(read(await infoOf(anyone), tx).told.deposit_credited[1], 2_000n);
  assert.deepEqual(read(await infoOf(user), tx).told, {});
});

test("the contract gives the same ids as the formula", async () => {
  const tx = await deposit("1000");
  const info = await infoOf(user, tx.transactionHash);
  for (const { channel, answer_id, mode, cddl } of info.channels) {
    assert.equal(mode, "txhash");
    assert.ok(cddl.startsWith(`${channel}=`));
    assert.equal(answer_id, idOf(info.seed, channel, tx.transactionHash));
  }
});

test("an updated seed opens what comes, not what was", async () => {
  const before = await deposit("1000");
  const old = await infoOf(user);
  const signed_doc = await seedUpdate(user, stage.chain_id, billing.address, old.seed);
  const { update_seed } = answer(succeeded(await execute(user, billing, { update_seed: { signed_doc } })));
  const info = await infoOf(user);
  assert.equal(info.seed, update_seed.seed);
  assert.notEqual(info.seed, old.seed);
  const after = await deposit("1000");
  assert.ok(read(info, after).told.deposit_credited);
  assert.deepEqual(read(old, after).told, {});
  assert.deepEqual(read(info, before).told, {});
});

test("of two messages to billing in one transaction only the first is told", async () => {
  const message = (amount) => {
    const call = { sender: user.address, contract_address: token.address, code_hash: token.code_hash };
    return new MsgExecuteContract({ ...call, msg: send(amount, { deposit: {} }) });
  };
  const tx = succeeded(await user.tx.broadcast([message("1111"), message("2222")], { gasLimit: 400_000, ...QUICK }));
  const { told, places } = read(await infoOf(user), tx);
  assert.equal(told.deposit_credited[1], 1_111n);
  assert.equal(places, 2);
});
