// Transactions: batches, logs, data, look-ups, coins, gas.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BroadcastMode, MsgExecuteContract, MsgSend } from "secretjs";
import { filled } from "../lib/padding.mjs";
import { aminoClientOf, answer, clientOf, clients, execute, logged, QUICK, query, reader, refusal, stage, succeeded, until } from "../lib/stage.mjs";

const { user, anyone } = clients;
const { token, billing } = stage.contracts;
const GAS = { gasLimit: 300_000, ...QUICK };

const call = (contract, msg) =>
  new MsgExecuteContract({ sender: user.address, contract_address: contract.address, code_hash: contract.code_hash, msg });
const coins = async (address) =>
  BigInt((await reader.query.bank.balance({ address, denom: "uscrt" })).balance.amount);

async function tokens(client) {
  const key = `tokens of ${client.address}`;
  const balance = { balance: { address: client.address, key } };
  let found = await query(token, balance);
  if (found.viewing_key_error) {
    succeeded(await execute(client, token, { set_viewing_key: { key } }));
    found = await query(token, balance);
  }
  return BigInt(found.balance.amount);
}

test("coins move, and the fee with them", async () => {
  const [from, to] = await Promise.all([coins(user.address), coins(anyone.address)]);
  const send = { from_address: user.address, to_address: anyone.address, amount: [{ denom: "uscrt", amount: "123" }] };
  const tx = succeeded(await user.tx.bank.send(send, { gasLimit: 50_000, memo: "hello", ...QUICK }));
  assert.equal(await coins(anyone.address), to + 123n);
  assert.equal(await coins(user.address), from - 123n - 5_000n);
  assert.equal(tx.tx.body.memo, "hello");
  assert.equal(logged(tx, "transfer", "amount"), "123uscrt");
  assert.equal(logged(tx, "message", "action"), "/cosmos.bank.v1beta1.MsgSend");
});

test("a batch is one transaction with an answer for each message", async () => {
  const before = await tokens(anyone);
  const key = "a key set in a batch";
  const messages = [
    call(token, { transfer: { recipient: anyone.address, amount: "7" } }),
    call(billing, { set_viewing_key: { key } }),
    new MsgSend({ from_address: user.address, to_address: anyone.address, amount: [{ denom: "uscrt", amount: "1" }] }),
    call(token, { transfer: { recipient: anyone.address, amount: "5" } }),
  ];
  const tx = succeeded(await user.tx.broadcast(messages, GAS));
  assert.equal(tx.data.length, 4);
  assert.deepEqual(answer(tx, 0), { transfer: { status: "success" } });
  assert.deepEqual(answer(tx, 1), {});
  assert.deepEqual(answer(tx, 3), { transfer: { status: "success" } });
  assert.equal(await tokens(anyone), before + 12n);
  const account = await query(billing, { account: { address: user.address, key } });
  assert.equal(account.balances.length, 1);
  const called = tx.jsonLog.map(({ msg_index }) => msg_index);
  assert.deepEqual(called, [0, 1, 2, 3]);
});

test("a batch whose second message fails changes nothing but the fee", async () => {
  const before = await tokens(anyone);
  const had = await coins(user.address);
  const messages = [
    call(token, { transfer: { recipient: anyone.address, amount: "7" } }),
    call(token, { transfer: { recipient: anyone.address, amount: "99999999999" } }),
  ];
  const tx = await user.tx.broadcast(messages, GAS);
  assert.equal(`${tx.codespace} ${tx.code}`, "compute 3");
  assert.match(tx.rawLog, /^failed to execute message; message index: 1: /);
  assert.equal(refusal(tx), "amount: 99999999999 is more than the owner has");
  assert.equal(await tokens(anyone), before);
  assert.equal(await coins(user.address), had - 30_000n);
});

test("logs say who called what; nothing that is private", async () => {
  const { wallet } = clients.user;
  const tx = succeeded(await execute(user, token, { transfer: { recipient: anyone.address, amount: "1" } }));
  assert.equal(logged(tx, "message", "module"), "compute");
  assert.equal(logged(tx, "message", "sender"), wallet.address);
  assert.equal(logged(tx, "message", "contract_address"), token.address);
  assert.equal(logged(tx, "wasm", "contract_address"), token.address);
  assert.ok(!JSON.stringify(tx.events).includes(anyone.address));
});

test("a transaction is found by hash, and opened only by who sent it", async () => {
  const sent = succeeded(await execute(user, token, { create_viewing_key: { entropy: "x" } }));
  const mine = await user.query.getTx(sent.transactionHash);
  assert.equal(mine.height, sent.height);
  assert.equal(mine.gasUsed, sent.gasUsed);
  assert.deepEqual(answer(mine), answer(sent));
  const { msg } = mine.tx.body.messages[0];
  assert.deepEqual(msg, { create_viewing_key: { entropy: "x" } });
  const others = await anyone.query.getTx(sent.transactionHash);
  assert.equal(others.code, 0);
  assert.throws(() => answer(others));
  assert.equal(await user.query.getTx("0".repeat(64)), null);
});

test("the same encryption seed opens old transactions, on another machine too", async () => {
  const encryptionSeed = crypto.getRandomValues(new Uint8Array(32));
  const [here, there] = [1, 2].map(() => clientOf(user.wallet, { encryptionSeed }));
  const sent = succeeded(await execute(here, token, { create_viewing_key: {} }));
  const found = await there.query.getTx(sent.transactionHash);
  assert.deepEqual(answer(found), answer(sent));
});

test("without waiting there is a hash first and a result later", async () => {
  const send = { from_address: user.address, to_address: anyone.address, amount: [{ denom: "uscrt", amount: "1" }] };
  for (const broadcastMode of [BroadcastMode.Sync, BroadcastMode.Async]) {
    const options = { gasLimit: 50_000, waitForCommit: false, broadcastMode };
    const { transactionHash } = await user.tx.bank.send(send, options);
    const tx = await until("the transaction", async () => (await user.query.getTx(transactionHash)) ?? undefined);
    assert.equal(tx.code, 0);
  }
});

test("a wallet that signs amino JSON only, as Ledger and Keplr do, sends all of it", async () => {
  const ledger = aminoClientOf(user.wallet);
  const messages = [
    call(token, { transfer: { recipient: anyone.address, amount: "4" } }),
    new MsgSend({ from_address: user.address, to_address: anyone.address, amount: [{ denom: "uscrt", amount: "2" }] }),
  ];
  const tx = succeeded(await ledger.tx.broadcast(messages, { memo: "<amino> & more", ...GAS }));
  assert.deepEqual(answer(tx, 0), { transfer: { status: "success" } });
  assert.ok(JSON.stringify(tx.tx.auth_info).includes("SIGN_MODE_LEGACY_AMINO_JSON"));
});

test("signing and sending can be apart", async () => {
  const bytes = await user.tx.signTx([call(token, { transfer: { recipient: anyone.address, amount: "2" } })], GAS);
  const tx = succeeded(await user.tx.broadcastSignedTx(bytes, QUICK));
  assert.deepEqual(answer(tx), { transfer: { status: "success" } });
});

test("transactions are searched by hash, height and event", async () => {
  const sent = succeeded(await execute(user, token, { transfer: { recipient: anyone.address, amount: "3" } }));
  for (const wanted of [
    `tx.hash='${sent.transactionHash}'`,
    `tx.height=${sent.height}`,
    `message.contract_address='${token.address}' AND tx.height>=${sent.height}`,
    `message.sender='${user.address}' AND tx.height=${sent.height}`,
  ]) {
    const found = await user.query.txsQuery(wanted);
    assert.ok(found.some((tx) => tx.transactionHash === sent.transactionHash), wanted);
  }
  assert.deepEqual(await user.query.txsQuery("message.sender='secret1nobody'"), []);
});

test("gas of coins can be simulated; that of contracts is taken from the last time", async () => {
  const send = { from_address: user.address, to_address: anyone.address, amount: [{ denom: "uscrt", amount: "1" }] };
  const { gas_info } = await user.tx.bank.send.simulate(send);
  const gasLimit = Math.ceil(1.1 * Number(gas_info.gas_used));
  succeeded(await user.tx.bank.send(send, { gasLimit, ...QUICK }));

  const transfer = (amount) => filled("token", { transfer: { recipient: anyone.address, amount } });
  const first = succeeded(await execute(user, token, transfer("1"), 200_000));
  // Messages of a class have one gas, so what one used suffices for all; signatures vary by a byte.
  const second = succeeded(await execute(user, token, transfer("4321"), first.gasUsed + 100));
  assert.ok(Math.abs(second.gasUsed - first.gasUsed) <= 100);
});
