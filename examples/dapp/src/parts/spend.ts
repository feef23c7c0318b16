/** What a session has spent, as soon as it can be known. */
import { formatAmount } from "../lib/amount";
import { account } from "../state/account";
import { conversations, streaming } from "../state/chat";
import { usedBy } from "../state/receipts";
import type { Session } from "../state/types";

const MILLION = 1_000_000n;

/** Base units of the answer under way, by its pieces: an estimate until the receipt says it. */
export function estimate(session: Session): bigint {
  if (streaming.value?.sessionId !== session.id) return 0n;
  const turn = conversations.value[session.id]?.find((other) => other.id === streaming.value?.turnId);
  const rate = session.lines.find((line) => line.unit === "output")?.rate ?? 0n;
  return (BigInt(turn?.pieces ?? 0) * rate) / MILLION;
}

/** A sign before figures that are an estimate. */
export function about(session: Session): string {
  return estimate(session) > 0n ? "≈ " : "";
}

/** Settled on the chain or proved by receipts, whichever is more, and the answer under way. */
export function spent(session: Session): bigint {
  const used = usedBy(session.id);
  return (used > session.paid ? used : session.paid) + estimate(session);
}

/** "0.012 of 0.20 USD"; without the symbol where there is little room. */
export function spendText(session: Session, withSymbol = true): string {
  const token = account.value?.token;
  if (!token) return "";
  const symbol = withSymbol ? ` ${token.symbol}` : "";
  return `${about(session)}${formatAmount(spent(session), token)} of ${formatAmount(session.cap, token)}${symbol}`;
}
