// The stage that the suite runs on: a chain with all contracts, an agent and funded accounts.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MsgExecuteContractResponse, SecretNetworkClient, Wallet } from "secretjs";

const file = process.env.SECRET_AI_STAGE;
if (!file) {
  throw new Error("SECRET_AI_STAGE is not set: run this with `stage -- COMMAND`");
}

/** What `stage` wrote: addresses, code hashes, mnemonics, URLs. */
export const stage = JSON.parse(readFileSync(file, "utf8"));

/** Wait for blocks as often as a devnet makes them, not every 6 s as secretjs does by default. */
export const QUICK = { broadcastCheckIntervalMs: 300 };

/** A client of an account; anything in `options` takes the place of the default. */
export function clientOf(wallet, options = {}) {
  return new SecretNetworkClient({
    url: stage.lcd_url,
    chainId: stage.chain_id,
    wallet,
    walletAddress: wallet.address,
    ...options,
  });
}

/** A client whose wallet signs amino JSON only, as Ledger and Keplr do. */
export function aminoClientOf(wallet) {
  const signer = { getAccounts: () => wallet.getAccounts(), signAmino: (...args) => wallet.signAmino(...args) };
  return clientOf(wallet, { wallet: signer });
}

/** A client that can only query. */
export const reader = new SecretNetworkClient({ url: stage.lcd_url, chainId: stage.chain_id });

/** One client per account of the stage: `admin`, `operator`, `user`, `anyone`. */
export const clients = Object.fromEntries(
  Object.entries(stage.accounts).map(([name, { mnemonic }]) => [name, clientOf(new Wallet(mnemonic))]),
);

/** The wasm of a contract in gzip, the form in which it is stored. */
export function wasm(name) {
  return readFileSync(join(stage.artifacts, `${name}.wasm.gz`));
}

/** Sends one message to a contract; the result is secretjs' own. */
export function execute(client, contract, msg, gasLimit = 1_000_000) {
  const call = {
    sender: client.address,
    contract_address: contract.address,
    code_hash: contract.code_hash,
    msg,
  };
  return client.tx.compute.executeContract(call, { gasLimit, ...QUICK });
}

/** Asks a contract. secretjs returns a contract's refusal as text. */
export function query(contract, msg) {
  return reader.query.compute.queryContract({
    contract_address: contract.address,
    code_hash: contract.code_hash,
    query: msg,
  });
}

/** The JSON answer of an execute message of a transaction. */
export function answer(tx, message = 0) {
  const { data } = MsgExecuteContractResponse.decode(tx.data[message]);
  return JSON.parse(new TextDecoder().decode(data));
}

/** Fails with the chain's words unless the transaction succeeded. */
export function succeeded(tx) {
  if (tx.code !== 0) {
    throw new Error(`${tx.codespace} ${tx.code}: ${tx.rawLog}`);
  }
  return tx;
}

/** What a contract said to a failed transaction, without the chain's words around it. */
export function refusal(tx) {
  const [, text] = /message index: \d+: (?:dispatch: submessages: )*(.*?)\s*: (?:\w+ )+contract failed/s.exec(tx.rawLog) ?? [];
  return (text ?? tx.rawLog).replace(/^Generic error: /, "").trim();
}

/** Stores and instantiates a contract; returns it as other contracts name it. */
export async function deploy(client, name, init_msg, admin) {
  const stored = succeeded(
    await client.tx.compute.storeCode(
      { sender: client.address, wasm_byte_code: wasm(name), source: "", builder: "" },
      { gasLimit: 6_000_000, ...QUICK },
    ),
  );
  const code_id = logged(stored, "message", "code_id");
  const { code_hash } = await reader.query.compute.codeHashByCodeId({ code_id });
  const made = succeeded(
    await client.tx.compute.instantiateContract(
      {
        sender: client.address,
        code_id,
        code_hash,
        init_msg,
        label: `${name} ${code_id} ${Math.random().toString(36).slice(2)}`,
        admin,
      },
      { gasLimit: 3_000_000, ...QUICK },
    ),
  );
  return { address: logged(made, "message", "contract_address"), code_hash, code_id, tx: made };
}

/** The value that a transaction logged under a key. */
export function logged(tx, type, key) {
  const found = tx.arrayLog.find((entry) => entry.type === type && entry.key === key);
  if (!found) {
    throw new Error(`the transaction logged no ${type}.${key}`);
  }
  return found.value;
}

/** Repeats `look` until it returns something other than undefined or false. */
export async function until(what, look, seconds = 60) {
  const end = Date.now() + 1_000 * seconds;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) {
      return found;
    }
    if (Date.now() > end) {
      throw new Error(`waited ${seconds} s in vain: ${what}`);
    }
    await new Promise((resume) => setTimeout(resume, 300));
  }
}
