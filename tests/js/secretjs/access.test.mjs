// Who may read: viewing keys and permits, as secretjs makes them and as SNIP-24.1 has them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { permit as sign } from "../lib/snip24.mjs";
import { answer, clients, execute, QUICK, query, reader, stage, succeeded } from "../lib/stage.mjs";

const { user, anyone } = clients;
const { token, billing, rewards } = stage.contracts;
const CONTRACTS = [token.address, billing.address, rewards.address];
const WRONG_KEY = /Wrong viewing key for this address or viewing key not set/;
const BAD_PERMIT = /permit: not valid for this contract, chain, time and query/;

const secretjsPermit = (name, contracts = CONTRACTS, permissions = ["owner"]) =>
  user.utils.accessControl.permit.sign(user.address, stage.chain_id, name, contracts, permissions, false);
const account = (permit) => query(billing, { with_permit: { permit, query: { account: {} } } });
const iso = (seconds) => new Date(Date.now() + 1_000 * seconds).toISOString();
const dated = (content) =>
  sign(user, stage.chain_id, {
    allowed_tokens: ["ANY_TOKEN"],
    permissions: ["owner"],
    permit_name: "dated",
    ...content,
  });

test("secretjs' SNIP-20 helpers set a viewing key and read a balance with it", async () => {
  const set = { contract: token, msg: { set_viewing_key: { key: "set by secretjs" } } };
  const params = { sender: user.address, contract_address: token.address, code_hash: token.code_hash, msg: set.msg };
  succeeded(await user.tx.snip20.setViewingKey(params, { gasLimit: 100_000, ...QUICK }));
  const auth = { key: "set by secretjs" };
  const { balance } = await reader.query.snip20.getBalance({ contract: token, address: user.address, auth });
  assert.match(balance.amount, /^\d+$/);
  const { token_info } = await reader.query.snip20.getSnip20Params({ contract: token });
  assert.equal(token_info.decimals, 6);
  const wrong = await reader.query.snip20.getBalance({ contract: token, address: user.address, auth: { key: "no" } });
  assert.match(wrong.viewing_key_error.msg, WRONG_KEY);
});

test("a created key opens billing; another, another account's and none do not", async () => {
  const { key } = answer(succeeded(await execute(user, billing, { create_viewing_key: { entropy: "js" } })));
  const asked = (address, with_key) => query(billing, { account: { address, key: with_key } });
  assert.equal((await asked(user.address, key)).balances.length, 1);
  for (const [address, with_key] of [
    [user.address, `${key}x`],
    [anyone.address, key],
    [stage.accounts.admin.address, ""],
  ]) {
    assert.match(await asked(address, with_key), WRONG_KEY);
  }
});

test("a permit that secretjs signed opens all our contracts", async () => {
  const permit = await secretjsPermit("secretjs");
  assert.ok(user.utils.accessControl.permit.verify(permit, user.address, billing.address, ["owner"]));
  assert.equal((await account(permit)).balances[0].token, token.address);
  const { earnings } = await query(rewards, { with_permit: { permit, query: { earnings: {} } } });
  assert.deepEqual(earnings, [{ token: token.address, earned: "0", claimed: "0" }]);
  const { balance } = await reader.query.snip20.getBalance({ contract: token, address: user.address, auth: { permit } });
  assert.match(balance.amount, /^\d+$/);
});

test("a permit is good for what it says and as it was signed", async () => {
  const permit = await secretjsPermit("exact");
  const changed = (params) => ({ ...permit, params: { ...permit.params, ...params } });
  const theirs = await anyone.utils.accessControl.permit.sign(
    anyone.address, stage.chain_id, "theirs", CONTRACTS, ["owner"], false,
  );
  for (const bad of [
    await secretjsPermit("another contract", [token.address]),
    await secretjsPermit("another permission", CONTRACTS, ["balance"]),
    changed({ permit_name: "renamed" }),
    changed({ chain_id: "secret-4" }),
    changed({ allowed_tokens: [billing.address] }),
    { params: permit.params, signature: { ...permit.signature, signature: theirs.signature.signature } },
    { params: permit.params, signature: { ...permit.signature, pub_key: theirs.signature.pub_key } },
  ]) {
    assert.match(await account(bad), BAD_PERMIT);
  }
  // Keplr signs for the chain that it is on.
  const elsewhere = await user.utils.accessControl.permit.sign(
    user.address, "secret-4", "elsewhere", CONTRACTS, ["owner"], false,
  );
  assert.match(await account(elsewhere), BAD_PERMIT);
});

test("a permit ends when its name is revoked", async () => {
  const permit = await secretjsPermit("to be revoked");
  assert.ok((await account(permit)).balances);
  succeeded(await execute(user, billing, { revoke_permit: { permit_name: "to be revoked" } }));
  assert.match(await account(permit), BAD_PERMIT);
  assert.ok((await account(await secretjsPermit("another name"))).balances);
});

test("dated and blanket permits (SNIP-24.1) hold in their time", async () => {
  const good = await dated({ created: iso(-60), expires: iso(600) });
  assert.ok((await account(good)).balances);
  for (const content of [
    { created: iso(-60), expires: iso(-30) },
    { created: iso(600) },
    { expires: iso(600) },
    { created: "yesterday" },
    { created: iso(-60), allowed_tokens: ["ANY_TOKEN", billing.address] },
  ]) {
    assert.match(await account(await dated(content)), BAD_PERMIT, JSON.stringify(content));
  }
});

test("all permits of a time are revoked, and come back when that is deleted", async () => {
  const old = await dated({ created: iso(-7_200), expires: iso(600) });
  const fresh = await dated({ created: iso(-60), expires: iso(600) });
  const created_before = String(Math.floor(Date.now() / 1_000) - 3_600);
  const revoked = await execute(user, billing, { revoke_all_permits: { interval: { created_before } } });
  const { revocation_id } = answer(succeeded(revoked));
  assert.match(await account(old), BAD_PERMIT);
  assert.ok((await account(fresh)).balances);
  const listed = await query(billing, { with_permit: { permit: fresh, query: { list_permit_revocations: {} } } });
  assert.deepEqual(listed.revocations.at(-1), { revocation_id, interval: { created_after: null, created_before } });
  succeeded(await execute(user, billing, { delete_permit_revocation: { revocation_id } }));
  assert.ok((await account(old)).balances);
});
