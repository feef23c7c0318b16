// The newest receipt of each session and key, kept so that anybody could hand it in, and so that the next one
// can be compared with it and countersigned.
import { fromBase64, toBase64, toHex } from './bytes.js';
import { receipt, type Receipt } from './encoding.js';
import { decodeSigned, encodeSigned, type Signed } from './receipts.js';

/** Texts by key: a browser's `localStorage`, or a `Map` with these two methods. */
export interface TextStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** Newest receipts; in memory unless a store is given, and where that one is full. */
export class ReceiptStore {
  private readonly memory = new Map<string, string>();

  constructor(private readonly store?: TextStore) {}

  /** The newest known receipt; none if there is no readable one. Ids in hex. */
  newest(sessionId: string, kid: string): Signed<Receipt> | undefined {
    const key = name(sessionId, kid);
    try {
      const text = this.memory.get(key) ?? this.store?.getItem(key);
      return text ? decodeSigned(receipt, fromBase64(text, 'receipt')) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Keeps a verified receipt in place of an older one; answers to two questions at once may end in any order. */
  keep(signed: Signed<Receipt>): void {
    const [sessionId, kid] = [toHex(signed.body.sessionId), toHex(signed.body.kid)];
    const known = this.newest(sessionId, kid);
    if (known !== undefined && known.body.seq >= signed.body.seq) return;
    const key = name(sessionId, kid);
    const text = toBase64(encodeSigned(receipt, signed));
    try {
      this.store?.setItem(key, text);
      if (this.store !== undefined) this.memory.delete(key);
      else this.memory.set(key, text);
    } catch {
      // The answer is verified all the same, and the next one has to go on from it.
      this.memory.set(key, text);
    }
  }
}

function name(sessionId: string, kid: string): string {
  return `secret-ai/receipt/${sessionId}/${kid}`.toLowerCase();
}
