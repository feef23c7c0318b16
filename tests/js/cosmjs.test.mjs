// Unmodified cosmjs on the RPC: accounts, balances, a signed transfer, its search, blocks, gas of a
// simulation and what a node refuses. Skipped where the stage has no RPC.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, test } from "node:test";

import { DirectSecp256k1HdWallet } from "@cosmjs/proto-signing";
import {
  GasPrice,
  SigningStargateClient,
  assertIsDeliverTxSuccess,
} from "@cosmjs/stargate";
import { connectComet } from "@cosmjs/tendermint-rpc";
import { stringToPath } from "@cosmjs/crypto";

const stage = JSON.parse(readFileSync(process.env.SECRET_AI_STAGE, "utf8"));
const SECRET_HD_PATH = stringToPath("m/44'/529'/0'/0/0");
const user = stage.accounts.user;
const anyone = stage.accounts.anyone;

describe("cosmjs", { skip: stage.rpc_url ? false : "the stage has no RPC; SECRET_AI_RPC names that of a running chain" }, () => {
  let client;
  let sent;

  before(async () => {
    const wallet = await DirectSecp256k1HdWallet.fromMnemonic(user.mnemonic, {
      prefix: "secret",
      hdPaths: [SECRET_HD_PATH],
    });
    const [account] = await wallet.getAccounts();
    assert.equal(account.address, user.address);
    client = await SigningStargateClient.connectWithSigner(stage.rpc_url, wallet, {
      gasPrice: GasPrice.fromString("0.1uscrt"),
      broadcastPollIntervalMs: 200,
      // cosmjs keeps the process alive for so long after a refusal.
      broadcastTimeoutMs: 20_000,
    });
  });

  test("knows the chain and its account", async () => {
    assert.equal(await client.getChainId(), stage.chain_id);
    assert.ok((await client.getHeight()) > 0);
    const account = await client.getAccount(user.address);
    assert.equal(account.address, user.address);
    const balance = await client.getBalance(user.address, "uscrt");
    assert.ok(BigInt(balance.amount) > 0n);
    assert.deepEqual(await client.getAllBalances(user.address), [balance]);
    const nobody = await DirectSecp256k1HdWallet.generate(12, { prefix: "secret" });
    const [{ address }] = await nobody.getAccounts();
    assert.equal(await client.getAccount(address), null);
  });

  test("signs and sends coins", async () => {
    const before = await client.getBalance(anyone.address, "uscrt");
    const amount = [{ denom: "uscrt", amount: "5" }];
    const fee = { amount: [{ denom: "uscrt", amount: "5000" }], gas: "50000" };
    sent = await client.sendTokens(user.address, anyone.address, amount, fee, "from cosmjs");
    assertIsDeliverTxSuccess(sent);
    const after = await client.getBalance(anyone.address, "uscrt");
    assert.equal(BigInt(after.amount) - BigInt(before.amount), 5n);
  });

  test("finds the transaction again", async () => {
    const byHash = await client.getTx(sent.transactionHash);
    assert.equal(byHash.hash, sent.transactionHash);
    assert.equal(byHash.height, sent.height);
    assert.equal(await client.getTx("AB".repeat(32)), null);
    for (const query of [
      [{ key: "message.sender", value: user.address }, { key: "tx.height", value: sent.height }],
      `transfer.recipient='${anyone.address}' AND tx.height>=${sent.height}`,
      "message.action='/cosmos.bank.v1beta1.MsgSend'",
    ]) {
      const found = await client.searchTx(query);
      assert.ok(found.some((tx) => tx.hash === sent.transactionHash), JSON.stringify(query));
    }
    const block = await client.getBlock(sent.height);
    assert.equal(block.header.height, sent.height);
    // The agent's transactions may be in the same block.
    assert.ok(block.txs.some((tx) => Buffer.from(tx).equals(Buffer.from(byHash.tx))));
  });

  test("simulates a transfer", async () => {
    const message = {
      typeUrl: "/cosmos.bank.v1beta1.MsgSend",
      value: {
        fromAddress: user.address,
        toAddress: anyone.address,
        amount: [{ denom: "uscrt", amount: "5" }],
      },
    };
    const gas = await client.simulate(user.address, [message], "");
    assert.ok(gas > 0 && gas < 200_000, `gas ${gas}`);
  });

  test("learns why a transaction is refused", async () => {
    const amount = [{ denom: "uscrt", amount: "1" }];
    const fee = { amount: [{ denom: "uscrt", amount: "1" }], gas: "50000" };
    await assert.rejects(
      client.sendTokens(user.address, anyone.address, amount, fee),
      (error) => error.code === 13 && error.codespace === "sdk" && /insufficient fee/.test(error.log),
    );
  });

  test("reads every answer of the RPC", async () => {
    const comet = await connectComet(stage.rpc_url);
    assert.equal(comet.constructor.name, "Comet38Client");
    const status = await comet.status();
    assert.equal(status.nodeInfo.network, stage.chain_id);
    assert.ok((await comet.abciInfo()).lastBlockHeight >= sent.height);
    const { block, blockId } = await comet.block(sent.height);
    assert.ok(block.txs.length >= 1);
    assert.deepEqual((await comet.commit(sent.height)).commit.blockId, blockId);
    const last = await comet.block(sent.height - 1);
    assert.deepEqual(block.header.lastBlockId, last.blockId);
    const results = await comet.blockResults(sent.height);
    assert.deepEqual(results.results.map((result) => result.code), block.txs.map(() => 0));
    const { blockMetas } = await comet.blockchain(sent.height, sent.height);
    assert.deepEqual(blockMetas.map((meta) => meta.blockId), [blockId]);
    assert.equal((await comet.validatorsAll()).validators.length, 1);
    assert.equal((await comet.numUnconfirmedTxs()).total, 0);
    assert.equal(await comet.health(), null);
    const page = await comet.txSearch({ query: "tx.height>=1", page: 1, per_page: 2, order_by: "desc" });
    assert.equal(page.txs.length, 2);
    assert.ok(page.totalCount >= 2 && page.txs[0].height > page.txs[1].height);
    comet.disconnect();
  });
});
