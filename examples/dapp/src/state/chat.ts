/** Conversations: one per session, in memory, and on disk only if the user wants that. */
import { effect, signal } from "@preact/signals";
import { chat, encoding, encodeSigned, ReceiptStore, type ChatMessage, type Verified } from "secret-ai";
import { clear, get, put } from "../lib/db";
import { money } from "../lib/amount";
import { account, ai, refresh } from "./account";
import { explain, type Explained } from "./explain";
import { Problem } from "./node";
import { keepReceipt } from "./receipts";
import { keepsHistory, network } from "./settings";
import { toast } from "./toasts";
import type { Session, StoredReceipt } from "./types";
import { base64Url, hex } from "../lib/bytes";

/** One side's turn. */
export interface Turn {
  id: number;
  role: "user" | "assistant";
  text: string;
  state: "streaming" | "done" | "stopped" | "failed";
  /** Pieces received so far; about as many tokens. */
  pieces: number;
  error?: Explained;
  receipt?: StoredReceipt;
}

/** Turns by session id. */
export const conversations = signal<Record<string, Turn[]>>({});
/** The session that the chat page shows. */
export const selected = signal<string | undefined>(sessionStorage.getItem("secret-ai.session") ?? undefined);
/** The answer under way. */
export const streaming = signal<{ sessionId: string; turnId: number } | undefined>(undefined);

const newest = new ReceiptStore(localStorage);
let controller: AbortController | undefined;
let lastId = 0;

/** Shows a session on the chat page. */
export function selectSession(id: string): void {
  selected.value = id;
  sessionStorage.setItem("secret-ai.session", id);
}

/** The session to show: the selected one, or the newest that is open. */
export function currentSession(): Session | undefined {
  const sessions = account.value?.sessions ?? [];
  return sessions.find((session) => session.id === selected.value) ?? sessions.findLast((session) => session.status === "open");
}

function change(sessionId: string, edit: (turns: Turn[]) => Turn[]): void {
  conversations.value = { ...conversations.value, [sessionId]: edit(conversations.value[sessionId] ?? []) };
}

function edit(sessionId: string, id: number, fields: Partial<Turn>): void {
  // The wallet may have gone, and its conversations with it.
  if (!conversations.value[sessionId]) return;
  change(sessionId, (turns) => turns.map((turn) => (turn.id === id ? { ...turn, ...fields } : turn)));
}

function add(sessionId: string, turn: Pick<Turn, "role" | "text" | "state">): number {
  lastId += 1;
  const id = lastId;
  change(sessionId, (turns) => [...turns, { id, pieces: 0, ...turn }]);
  return id;
}

/** Asks the session's worker; the answer streams into the conversation. */
export async function send(session: Session, model: string, text: string): Promise<void> {
  if (streaming.value) return;
  const before = (conversations.value[session.id] ?? []).filter((turn) => turn.text !== "" && turn.state !== "failed");
  const messages: ChatMessage[] = [...before.map(({ role, text: content }) => ({ role, content })), { role: "user", content: text }];
  add(session.id, { role: "user", text, state: "done" });
  const id = add(session.id, { role: "assistant", text: "", state: "streaming" });
  streaming.value = { sessionId: session.id, turnId: id };
  controller = new AbortController();
  const { signal: stopped } = controller;
  try {
    await answer(session, model, messages, id, stopped);
    edit(session.id, id, { state: "done" });
  } catch (error) {
    if (stopped.aborted) edit(session.id, id, { state: "stopped" });
    else edit(session.id, id, { state: "failed", error: explain(error) });
  } finally {
    streaming.value = undefined;
    controller = undefined;
    await keep(session.id).catch((error: unknown) => toast(`The conversation was not stored: ${explain(error).text}`, "bad"));
    void refresh();
  }
}

async function answer(session: Session, model: string, messages: ChatMessage[], id: number, stopped: AbortSignal): Promise<void> {
  const service = ai();
  const [own, worker, secrets] = [await service.session(session.id), await service.worker(session.workerId), await service.secrets()];
  if (!worker.active) throw new Problem("Worker: its lease is over or its key was revoked; close this session and open one elsewhere");
  const domain = { chainId: service.chainId, billing: service.billing.address };
  const question = { domain, session: own, worker, secrets, receipts: newest, messages, model, signal: stopped };
  let [text, pieces] = ["", 0];
  for await (const event of chat(question)) {
    if (event.type === "missed") sayMissed(event.cost);
    if (event.type === "text") {
      text += event.text;
      pieces += 1;
      edit(session.id, id, { text, pieces });
    }
    if (event.type === "receipt") {
      const receipt = stored(session, worker.receipt_pk, event);
      edit(session.id, id, { receipt });
      await keepReceipt(receipt).catch((error: unknown) => toast(`The receipt was not stored: ${explain(error).text}`, "bad"));
    }
  }
}

/** An answer that broke off is paid with the next question, if the worker does not go on without. */
function sayMissed(cost: bigint): void {
  const token = account.value?.token;
  toast(`An earlier answer broke off; what the worker had produced costs ${token ? money(cost, token) : `${cost} base units`}.`);
}

function stored(session: Session, receiptPk: string, { receipt, evidence, cost, total }: Verified): StoredReceipt {
  const { body } = receipt;
  return {
    chainId: network.value.chainId,
    billing: network.value.billing,
    sessionId: session.id,
    workerId: session.workerId,
    kid: hex(body.kid),
    receiptPk,
    seq: Number(body.seq),
    model: evidence.model,
    time: Number(evidence.time),
    aborted: body.aborted,
    units: evidence.units.map(Number),
    counters: body.counters.map(Number),
    unitNames: session.lines.map((line) => line.unit),
    cost: cost.toString(),
    total: total.toString(),
    requestSha256: hex(evidence.requestSha256),
    responseSha256: hex(evidence.responseSha256),
    receipt: base64Url(encodeSigned(encoding.receipt, receipt)),
    evidence: base64Url(encoding.evidence.write(evidence)),
  };
}

/** Ends the answer under way. The worker charges what it has produced; the next receipt contains it. */
export function stop(): void {
  controller?.abort();
}

async function keep(sessionId: string): Promise<void> {
  const turns = conversations.value[sessionId];
  if (keepsHistory.value && turns) await put("history", sessionId, turns);
}

/** Brings back a conversation that was kept. */
export async function recall(sessionId: string): Promise<void> {
  if (!keepsHistory.value || conversations.value[sessionId]) return;
  const kept = await get<Turn[]>("history", sessionId);
  if (!kept || conversations.value[sessionId]) return;
  lastId = Math.max(lastId, ...kept.map((turn) => turn.id));
  change(sessionId, () => kept);
}

/** Deletes kept conversations; what is on the screen stays until the tab closes. */
export async function forgetHistory(): Promise<void> {
  await clear("history");
}

// Another wallet must not see this one's conversations.
effect(() => {
  if (account.value !== undefined) return;
  stop();
  conversations.value = {};
});
