// Every message is filled to the size of its class before it is encrypted: encryption hides what a message
// says, not how long it is (docs/privacy.md, P1). secretjs turns messages into JSON itself, so the spaces
// stand in the message's `padding`, which contracts ignore.
import { toBase64, utf8 } from './bytes.js';
import { SecretAiError } from './errors.js';
import type { ExecuteMsg as BillingMsg, ReceiveMsg } from './messages/billing.js';
import type { ExecuteMsg as RegistryMsg } from './messages/registry.js';
import type { ExecuteMsg as RewardsMsg } from './messages/rewards.js';
import type { ExecuteMsg as TokenMsg } from './messages/token.js';
import { SIZES, WITHOUT_PADDING } from './padded-sizes.js';

/** Messages by who takes them; `billing_receive` is what a token's `send` to billing carries. */
export interface Messages {
  billing: BillingMsg;
  billing_receive: ReceiveMsg;
  rewards: RewardsMsg;
  registry: RegistryMsg;
  token: TokenMsg;
}

/** A size; sizes by the number of sessions; or a base and full blocks for what is inside. */
type Class = number | readonly number[] | { readonly base: number; readonly block: number };

type Fields = { sessions?: unknown[]; msg?: string | null };

/** Kind and fields of a message: `{kind: fields}`. */
function parts(msg: object): [string, Fields] {
  return Object.entries(msg)[0] as [string, Fields];
}

function classOf(to: keyof Messages, kind: string): Class {
  const classes = SIZES[to] as Record<string, Class>;
  const found = classes[kind] ?? classes['other'];
  if (found === undefined) throw new SecretAiError('input', `message: ${to} has no ${kind}`);
  return found;
}

/**
 * Bytes of JSON to which a message is filled: what Rust's `PaddedSize` says.
 *
 * @throws SecretAiError for more sessions than one message takes.
 */
export function sizeOf<T extends keyof Messages>(to: T, msg: Messages[T]): number {
  const [kind, fields] = parts(msg);
  const found = classOf(to, kind);
  if (typeof found === 'number') return found;
  if ('block' in found) {
    const inside = to === 'token' ? (fields.msg?.length ?? 0) : json(msg).length;
    return found.base + Math.ceil(inside / found.block) * found.block;
  }
  const size = found[(fields.sessions?.length ?? 0) - 1];
  if (size === undefined) {
    throw new SecretAiError('input', `sessions: ${fields.sessions?.length}, must be 1 to ${found.length}`);
  }
  return size;
}

function json(msg: object): Uint8Array {
  return utf8(JSON.stringify(msg));
}

/**
 * The message, filled with spaces to the size of its class. What only the admin or another contract sends,
 * and has no `padding`, stays as it is.
 *
 * @throws SecretAiError if it is longer than its class allows: sent as it is, it would tell itself apart.
 */
export function padded<T extends keyof Messages>(to: T, msg: Messages[T]): Messages[T] {
  const [kind, fields] = parts(msg);
  const unfillable: Record<string, readonly string[]> = WITHOUT_PADDING;
  if (unfillable[to]?.includes(kind)) return msg;
  const fill = (spaces: number) =>
    ({ [kind]: { ...fields, padding: ' '.repeat(spaces) } }) as Messages[T];
  const empty = fill(0);
  const [size, need] = [sizeOf(to, empty), json(empty).length];
  if (need > size) {
    throw new SecretAiError('input', `message: ${need} bytes, its class takes ${size}`);
  }
  return fill(size - need);
}

/** What goes into the `msg` of a token's `send` to billing: filled, in base64. */
export function receiveMsg(msg: ReceiveMsg): string {
  return toBase64(json(padded('billing_receive', msg)));
}
