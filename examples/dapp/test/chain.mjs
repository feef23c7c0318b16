/** The chain itself, asked without the page: what the page shows is compared with this. */
import { readFileSync } from "node:fs";
import { SecretAi } from "secret-ai";
import { SecretNetworkClient, Wallet } from "secretjs";

/** The stage that SECRET_AI_STAGE names; none without it. */
export function readStage() {
  const path = process.env.SECRET_AI_STAGE;
  return path ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

/** A secretjs client of an account of the stage. */
export function client(stage, mnemonic) {
  const wallet = new Wallet(mnemonic);
  return new SecretNetworkClient({ url: stage.lcd_url, chainId: stage.chain_id, wallet, walletAddress: wallet.address });
}

/** Figures of an account, from the chain: base units and sessions. */
export async function figures(stage, mnemonic) {
  const ai = await SecretAi.connect(client(stage, mnemonic), stage.contracts.billing.address);
  const [{ balances }, sessions, inWallet] = [await ai.account(), await ai.sessions(), await ai.balance()];
  return { free: BigInt(balances[0]?.free ?? 0), inWallet, sessions: sessions.map((own) => own.session) };
}

/** Polls until `ask` answers with something true. */
export async function until(what, ask, seconds = 60) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
