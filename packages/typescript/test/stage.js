// The stage that tests of the whole system run on: `stage -- npm test -w packages/typescript`.
import { readFile } from 'node:fs/promises';
import { SecretNetworkClient, Wallet } from 'secretjs';
import { SecretAi } from '../dist/index.js';

const FILE = process.env.SECRET_AI_STAGE;

/** For `test(name, needsStage, …)`: skips, and says why, without a stage. */
export const needsStage = { skip: FILE === undefined && 'needs a stage: SECRET_AI_STAGE is not set' };

/** What the stage says of itself. */
export const stage = FILE === undefined ? undefined : JSON.parse(await readFile(FILE, 'utf8'));

/** A wallet of the stage. */
export function walletOf(account) {
  return new Wallet(stage.accounts[account].mnemonic);
}

/** secretjs for a wallet of the stage, or for any signer. */
export function chainOf(wallet, walletAddress = wallet.address) {
  return new SecretNetworkClient({ url: stage.lcd_url, chainId: stage.chain_id, wallet, walletAddress });
}

/** The account of a wallet of the stage. */
export function connect(wallet, options = {}) {
  const tx = { broadcastCheckIntervalMs: 200 };
  return SecretAi.connect(chainOf(wallet), stage.contracts.billing.address, { tx, ...options });
}

/** Asks again until the answer is true. */
export async function until(what, ask, seconds = 60) {
  const end = Date.now() + 1000 * seconds;
  while (!(await ask())) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

/** All events of an answer, and its text. */
export async function collect(answer) {
  const events = [];
  for await (const event of answer) events.push(event);
  const text = events.filter((e) => e.type === 'text').map((e) => e.text).join('');
  return { events, text, receipt: events.at(-1) };
}
