// What secretjs users see when something is wrong: the codes and texts of a real node. Sources:
// SecretNetwork v1.25 (x/compute, enclaves/ffi-types) and its Cosmos SDK 0.50 (x/auth/ante).
import assert from "node:assert/strict";
import { test } from "node:test";
import { MsgExecuteContract, SecretNetworkClient } from "secretjs";
import { clientOf, clients, execute, QUICK, query, reader, refusal, stage, succeeded } from "../lib/stage.mjs";

const { user, anyone } = clients;
const { token } = stage.contracts;
const transfer = { transfer: { recipient: anyone.address, amount: "1" } };
const coins = (amount) => ({
  from_address: user.address,
  to_address: anyone.address,
  amount: [{ denom: "uscrt", amount }],
});

/** What a node refused at once: [code, codespace, log]. */
async function refusedAtOnce(promise) {
  const { message } = await promise.then(
    () => assert.fail("was taken"),
    (error) => error,
  );
  const found = /failed with code (\d+) \(codespace: (\w+)\)\. Log: (.*)$/s.exec(message);
  assert.ok(found, message);
  return { code: Number(found[1]), codespace: found[2], log: found[3] };
}

async function signer(client) {
  const { account } = await reader.query.auth.account({ address: client.address });
  return { accountNumber: Number(account.account_number), sequence: Number(account.sequence), chainId: stage.chain_id };
}

/** Encrypts as secretjs does, then hands on what `spoil` makes of it. */
function spoiling(spoil) {
  const { encryptionUtils } = user;
  return new Proxy(encryptionUtils, {
    get: (of, name) =>
      name === "encrypt"
        ? async (...args) => spoil(await of.encrypt(...args))
        : typeof of[name] === "function" ? of[name].bind(of) : of[name],
  });
}

test("wrong code hash", async () => {
  const wrong = { address: token.address, code_hash: "ab".repeat(32) };
  const tx = await execute(user, wrong, transfer, 100_000);
  assert.equal(`${tx.codespace} ${tx.code}`, "compute 3");
  assert.equal(
    tx.rawLog,
    "failed to execute message; message index: 0: Execution error: Enclave: failed to validate transaction: execute contract failed",
  );
  await assert.rejects(query(wrong, { token_info: {} }), (error) => {
    assert.match(error.message, /query contract failed: Execution error: Enclave: failed to validate transaction/);
    return true;
  });
});

test("unknown contract", async () => {
  const gone = { address: stage.accounts.admin.address, code_hash: token.code_hash };
  const tx = await execute(user, gone, transfer, 100_000);
  assert.equal(`${tx.codespace} ${tx.code}`, "compute 9");
  assert.equal(tx.rawLog, "failed to execute message; message index: 0: contract: not found");
  await assert.rejects(query(gone, { token_info: {} }), (error) => {
    assert.match(error.message, /not found: contract/);
    return true;
  });
  await assert.rejects(reader.query.compute.codeHashByContractAddress({ contract_address: gone.address }));
});

test("malformed address", async () => {
  const nonsense = { address: "secret1nonsense", code_hash: token.code_hash };
  await assert.rejects(query(nonsense, { token_info: {} }), (error) => {
    assert.match(error.message, /decoding bech32 failed/);
    return true;
  });
});

test("malformed ciphertext", async () => {
  // The enclave takes what it cannot decrypt for plaintext, whose code hash it then misses.
  for (const spoil of [
    (bytes) => bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte)),
    (bytes) => bytes.slice(0, 100),
    () => new Uint8Array(200),
  ]) {
    const client = clientOf(user.wallet, { encryptionUtils: spoiling(spoil) });
    const tx = await execute(client, token, transfer, 100_000);
    assert.equal(`${tx.codespace} ${tx.code}`, "compute 3");
    assert.match(tx.rawLog, /Enclave: failed to validate transaction: execute contract failed$/);
  }
});

test("a message that the contract does not know", async () => {
  const tx = await execute(user, token, { burn_everything: {} }, 100_000);
  assert.equal(`${tx.codespace} ${tx.code}`, "compute 3");
  assert.match(refusal(tx), /^Error parsing into type .*unknown variant `burn_everything`/);
  assert.match(await query(token, { nothing: {} }), /unknown variant `nothing`/);
});

test("wrong sequence", async () => {
  const data = await signer(user);
  const explicitSignerData = { ...data, sequence: data.sequence + 3 };
  const refused = await refusedAtOnce(user.tx.bank.send(coins("1"), { gasLimit: 50_000, explicitSignerData }));
  assert.equal(`${refused.codespace} ${refused.code}`, "sdk 32");
  assert.equal(
    refused.log,
    `account sequence mismatch, expected ${data.sequence}, got ${data.sequence + 3}: incorrect account sequence`,
  );
});

test("wrong chain id, wrong account number, a signature of somebody else", async () => {
  const data = await signer(user);
  const { wallet } = user;
  const forged = {
    getAccounts: () => wallet.getAccounts(),
    signAmino: async (_, document) => {
      const signed = await wallet.signAmino(user.address, document);
      const { signature } = await anyone.wallet.signAmino(anyone.address, document);
      return { ...signed, signature: { ...signed.signature, signature: signature.signature } };
    },
  };
  const other = new SecretNetworkClient({ url: stage.lcd_url, chainId: stage.chain_id, wallet: forged, walletAddress: user.address });
  const options = (changed) => ({ gasLimit: 50_000, explicitSignerData: { ...data, ...changed } });
  for (const send of [
    () => user.tx.bank.send(coins("1"), options({ chainId: "secret-4" })),
    () => user.tx.bank.send(coins("1"), options({ accountNumber: data.accountNumber + 1 })),
    () => other.tx.bank.send(coins("1"), { gasLimit: 50_000 }),
  ]) {
    const refused = await refusedAtOnce(send());
    assert.equal(`${refused.codespace} ${refused.code}`, "sdk 4");
    assert.match(refused.log, /^signature verification failed; please verify account number \(\d+\)/);
    assert.ok(refused.log.includes(`chain-id (${stage.chain_id})`));
    assert.match(refused.log, /: unauthorized$/);
  }
});

test("short fee", async () => {
  const refused = await refusedAtOnce(
    user.tx.bank.send(coins("1"), { gasLimit: 50_000, gasPriceInFeeDenom: 0.00002 }),
  );
  assert.equal(`${refused.codespace} ${refused.code}`, "sdk 13");
  assert.match(refused.log, /^insufficient fees; got: 1uscrt required: \d+uscrt: insufficient fee$/);
});

test("more coins than there are", async () => {
  const tx = await user.tx.bank.send(coins("9".repeat(30)), { gasLimit: 60_000, ...QUICK });
  assert.equal(`${tx.codespace} ${tx.code}`, "sdk 5");
  assert.match(tx.rawLog, /^failed to execute message; message index: 0: spendable balance \d+uscrt is smaller than 9+uscrt: insufficient funds$/);
});

test("out of gas, before and inside a call", async () => {
  const refused = await refusedAtOnce(execute(user, token, transfer, 5_000));
  assert.equal(`${refused.codespace} ${refused.code}`, "sdk 11");
  assert.match(refused.log, /^out of gas in location: .+; gasWanted: 5000, gasUsed: \d+: out of gas$/);
  const call = { sender: user.address, contract_address: token.address, code_hash: token.code_hash, msg: transfer };
  const tx = await user.tx.broadcast([new MsgExecuteContract(call)], { gasLimit: 45_000, ...QUICK });
  assert.equal(`${tx.codespace} ${tx.code}`, "sdk 11");
  assert.match(tx.rawLog, /^out of gas in location: .+; gasWanted: 45000, gasUsed: \d+: out of gas$/);
  succeeded(await execute(user, token, transfer, 100_000));
});

test("coins that a contract does not take", async () => {
  const call = {
    sender: user.address,
    contract_address: stage.contracts.billing.address,
    code_hash: stage.contracts.billing.code_hash,
    msg: { set_viewing_key: { key: "some other key" } },
    sent_funds: [{ denom: "uscrt", amount: "1" }],
  };
  const tx = await user.tx.compute.executeContract(call, { gasLimit: 150_000, ...QUICK });
  assert.equal(refusal(tx), "funds: uscrt was sent, no coins are taken");
});

test("an endpoint that is not there", async () => {
  const reply = await fetch(`${stage.lcd_url}/cosmos/nothing/v1beta1/here`);
  assert.equal(reply.status, 501);
  const { code, message, details } = await reply.json();
  assert.equal(code, 12);
  assert.equal(typeof message, "string");
  assert.deepEqual(details, []);
});
