/** Errors of wallet, node, contract and worker, in words that name the field, and the way out. */
import { Problem, type WayOut } from "./node";

/** An error for the page. */
export interface Explained {
  text: string;
  wayOut?: WayOut | undefined;
}

const KNOWN: [RegExp, string, WayOut?][] = [
  [/^worker: cannot be reached/i, "Worker: it cannot be reached. Try again, or close the session to get back what is left."],
  [/^worker: the connection broke off/i, "Worker: the connection broke off. It charges what it had produced; the next receipt contains it."],
  [/^worker: has other keys/i, "Worker: it has started again with new keys. Ask once more in a moment, or close the session to get back what is left."],
  [/request rejected|user denied|user rejected|rejected by the user/i, "You refused it in the wallet. Nothing was sent."],
  [/account .*(not found|does not exist)|key not found: .*account/i, "Gas: this account is not on the chain yet, it needs some uscrt first.", "faucet"],
  [/insufficient funds/i, "Gas: the wallet has not enough uscrt to pay the fee.", "faucet"],
  [/insufficient fee/i, "Fee: below the node's least gas price."],
  [/out of gas/i, "Gas: the limit of this transaction was too low; nothing changed but the fee."],
  [/account sequence mismatch|incorrect account sequence/i, "Sequence: another transaction of this wallet was under way. Try again."],
  [/timed? ?out|was submitted .* but was not yet found/i, "The transaction is not in a block yet. Look at the balance in a moment before you try again."],
  [/failed to fetch|networkerror|load failed|fetch failed/i, "No answer: the node or worker cannot be reached from this browser.", "settings"],
];

/** What to tell. Contracts' and workers' own texts name field and limit and are shown as they are. */
export function explain(error: unknown): Explained {
  if (error instanceof Problem) return { text: error.message, wayOut: error.wayOut };
  const text = error instanceof Error ? error.message : String(error);
  const known = KNOWN.find(([pattern]) => pattern.test(text));
  if (known) return { text: known[1], wayOut: known[2] };
  return { text: text.replace(/^Generic error: /, "") };
}
