/** Receipts of this browser: kept in IndexedDB, shown by session, exported as JSON. */
import { signal } from "@preact/signals";
import { all, clear, put } from "../lib/db";
import type { StoredReceipt } from "./types";

/** All kept receipts, oldest first. */
export const receipts = signal<StoredReceipt[]>([]);

function key(receipt: StoredReceipt): string {
  return `${receipt.chainId}/${receipt.sessionId}/${receipt.kid}/${String(receipt.seq).padStart(20, "0")}`;
}

/** Reads what was kept. */
export async function loadReceipts(): Promise<void> {
  const kept = await all<StoredReceipt>("receipts");
  receipts.value = kept.sort((a, b) => a.time - b.time || a.seq - b.seq);
}

/** Keeps a verified receipt. */
export async function keepReceipt(receipt: StoredReceipt): Promise<void> {
  receipts.value = [...receipts.value.filter((other) => key(other) !== key(receipt)), receipt];
  await put("receipts", key(receipt), receipt);
}

/** Deletes all receipts of this browser; the chain's state is not touched. */
export async function clearReceipts(): Promise<void> {
  await clear("receipts");
  receipts.value = [];
}

/** The newest receipt of each key of a session. */
export function newestOf(sessionId: string): StoredReceipt[] {
  const newest = new Map<string, StoredReceipt>();
  for (const receipt of receipts.value) {
    const known = newest.get(receipt.kid);
    if (receipt.sessionId === sessionId && (!known || known.seq < receipt.seq)) newest.set(receipt.kid, receipt);
  }
  return [...newest.values()];
}

/** What a session has used by the receipts of this browser, base units. */
export function usedBy(sessionId: string): bigint {
  return newestOf(sessionId).reduce((sum, receipt) => sum + BigInt(receipt.total), 0n);
}

/** Saves receipts as a file. */
export function exportReceipts(which: StoredReceipt[]): void {
  const text = JSON.stringify({ format: "secret-ai-receipts/1", receipts: which }, null, 2);
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = "secret-ai-receipts.json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
