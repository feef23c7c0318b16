// Code and contracts: store, instantiate, look up, admin.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { aminoClientOf, clients, deploy, execute, QUICK, query, reader, stage, succeeded } from "../lib/stage.mjs";

const { admin, user, anyone } = clients;
const token = (label) => ({
  name: label,
  symbol: "JSTEST",
  decimals: 6,
  initial_balances: [{ address: user.address, amount: "1000" }],
  prng_seed: "dW51c2Vk",
});
let made;

before(async () => {
  made = await deploy(admin, "dev-token", token("made by secretjs"), admin.address);
});

test("a contract answers after store and instantiate", async () => {
  const { token_info } = await query(made, { token_info: {} });
  assert.deepEqual(token_info, { name: "made by secretjs", symbol: "JSTEST", decimals: 6, total_supply: null });
});

test("code hashes, infos and labels are found by id, address and label", async () => {
  const { address, code_hash, code_id } = made;
  const compute = reader.query.compute;
  assert.equal((await compute.codeHashByCodeId({ code_id })).code_hash, code_hash);
  assert.equal((await compute.codeHashByContractAddress({ contract_address: address })).code_hash, code_hash);
  const { contract_info } = await compute.contractInfo({ contract_address: address });
  assert.equal(contract_info.code_id, code_id);
  assert.equal(contract_info.creator, admin.address);
  assert.equal(contract_info.admin, admin.address);
  const { label } = await compute.labelByAddress({ contract_address: address });
  assert.equal(label, contract_info.label);
  assert.equal((await compute.addressByLabel({ label })).contract_address, address);
  const { contract_infos } = await compute.contractsByCodeId({ code_id });
  assert.deepEqual(contract_infos.map((info) => info.contract_address), [address]);
  const { code_info } = await compute.code({ code_id });
  assert.equal(code_info.code_hash, code_hash);
  const { code_infos } = await compute.codes({});
  assert.ok(code_infos.some((info) => info.code_hash === stage.contracts.billing.code_hash));
});

test("a missing code hash is looked up, a hash in capitals or with 0x is taken", async () => {
  const { address, code_hash } = made;
  for (const given of [undefined, code_hash.toUpperCase(), `0x${code_hash}`]) {
    const found = await query({ address, code_hash: given }, { token_config: {} });
    assert.equal(found.token_config.mint_enabled, false);
    const transfer = { transfer: { recipient: admin.address, amount: "1" } };
    succeeded(await execute(user, { address, code_hash: given }, transfer, 100_000));
  }
});

test("a label is taken once", async () => {
  const { label } = await reader.query.compute.labelByAddress({ contract_address: made.address });
  const { code_id, code_hash } = made;
  const again = { sender: admin.address, code_id, code_hash, init_msg: token("again"), label };
  const tx = await admin.tx.compute.instantiateContract(again, { gasLimit: 500_000, ...QUICK });
  assert.equal(`${tx.codespace} ${tx.code}`, "compute 6");
  assert.match(tx.rawLog, /contract account already exists/);
});

test("only the admin hands over, migrates or clears", async () => {
  const contract_address = made.address;
  const options = { gasLimit: 100_000, ...QUICK };
  const stranger = await user.tx.compute.updateAdmin(
    { sender: user.address, contract_address, new_admin: anyone.address },
    options,
  );
  assert.notEqual(stranger.code, 0);
  succeeded(
    await admin.tx.compute.updateAdmin({ sender: admin.address, contract_address, new_admin: user.address }, options),
  );
  const adminNow = async () => (await reader.query.compute.contractInfo({ contract_address })).contract_info.admin;
  assert.equal(await adminNow(), user.address);
  const { code_id, code_hash } = made;
  const migration = { contract_address, code_id, code_hash, msg: {} };
  const former = await admin.tx.compute.migrateContract({ sender: admin.address, ...migration }, options);
  assert.notEqual(former.code, 0);
  // A migration runs the new code's entry point, which ours have not. Other code may have one, so an admin is to be feared.
  const refused = await user.tx.compute.migrateContract({ sender: user.address, ...migration }, options);
  assert.equal(`${refused.codespace} ${refused.code}`, "compute 5");
  assert.match(refused.rawLog, /migrate contract failed/);
  succeeded(await user.tx.compute.clearAdmin({ sender: user.address, contract_address }, options));
  assert.equal(await adminNow(), "");
  const { entries } = await reader.query.compute.contractHistory({ contract_address });
  assert.equal(entries.length, 1);
  assert.equal(entries[0].code_id, code_id);
});

test("all of it can be signed as amino JSON", async () => {
  const ledger = aminoClientOf(admin.wallet);
  // `deploy` stores and instantiates.
  const { address, code_id, code_hash, tx } = await deploy(ledger, "dev-token", token("<made> & signed"), admin.address);
  assert.ok(JSON.stringify(tx.tx.auth_info).includes("SIGN_MODE_LEGACY_AMINO_JSON"));
  const { compute } = ledger.tx;
  const contract = { sender: admin.address, contract_address: address };
  const options = { gasLimit: 100_000, ...QUICK };
  const migrated = await compute.migrateContract({ ...contract, code_id, code_hash, msg: {} }, options);
  assert.equal(`${migrated.codespace} ${migrated.code}`, "compute 5");
  succeeded(await compute.updateAdmin({ ...contract, new_admin: user.address }, options));
  const { contract_info } = await reader.query.compute.contractInfo({ contract_address: address });
  assert.equal(contract_info.admin, user.address);
  const cleared = await aminoClientOf(user.wallet).tx.compute.clearAdmin({ ...contract, sender: user.address }, options);
  assert.equal(succeeded(cleared).code, 0);
});
