/** The node, asked directly: is it there, is it the right chain, is there gas. */
import type { Network } from "./settings";

/** Milliseconds that a node has to answer. */
const PATIENCE = 8000;

/** What the user can do about an error, if there is something. */
export type WayOut = "faucet" | "settings" | "reconnect" | "deposit";

/** An error in words for the page. */
export class Problem extends Error {
  constructor(
    message: string,
    readonly wayOut?: WayOut,
  ) {
    super(message);
  }
}

async function ask(url: string, what: string): Promise<unknown> {
  let answer: Response;
  try {
    answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) });
  } catch {
    throw new Problem(`${what}: no answer from ${new URL(url).origin}`, "settings");
  }
  const body: unknown = await answer.json().catch(() => undefined);
  if (!answer.ok || body === undefined) throw new Problem(`${what}: ${new URL(url).origin} answers, but not as a Secret node (HTTP ${answer.status})`, "settings");
  return body;
}

/** Refuses a node that is not there or that is of another chain. */
export async function checkNode(at: Network): Promise<void> {
  const body = (await ask(`${at.lcdUrl}/cosmos/base/tendermint/v1beta1/node_info`, "LCD URL")) as {
    default_node_info?: { network?: string };
  };
  const chainId = body.default_node_info?.network;
  if (typeof chainId !== "string") throw new Problem("LCD URL: the answer is not a Secret node's", "settings");
  if (chainId !== at.chainId) throw new Problem(`Chain ID: the node is of ${chainId}, the settings say ${at.chainId}`, "settings");
}

/** The native balance that pays for gas, in uscrt. */
export async function gasBalance(at: Network, address: string): Promise<bigint> {
  const body = (await ask(`${at.lcdUrl}/cosmos/bank/v1beta1/balances/${address}`, "LCD URL")) as {
    balances?: { denom: string; amount: string }[];
  };
  return BigInt(body.balances?.find((coin) => coin.denom === "uscrt")?.amount ?? "0");
}

/** Asks LocalSecret's faucet for gas. */
export async function askFaucet(at: Network, address: string): Promise<void> {
  if (at.faucetUrl === "") throw new Problem("Faucet URL: none is set", "settings");
  await ask(`${at.faucetUrl}/faucet?address=${address}`, "Faucet URL");
}
