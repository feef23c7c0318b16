// SDK gas given to a call, as packages/client gives it: measured in docs/gas.md, with room for growth. Gas
// limits are public, so they follow from the size class of a message alone.
import type { ExecuteMsg, ReceiveMsg } from './messages/billing.js';

/** For one session that is opened. */
const OPEN = 70_000;

/** SDK gas for a call of billing. */
export function gasFor(msg: ExecuteMsg): number {
  if ('open_sessions' in msg) return 150_000 + OPEN * msg.open_sessions.sessions.length;
  if ('reclaim' in msg) return 80_000 + 35_000 * msg.reclaim.session_ids.length;
  if ('withdraw' in msg) return 250_000;
  return 200_000;
}

/** SDK gas for a token's `send` that carries this. */
export function gasForTokens(msg: ReceiveMsg): number {
  return 'deposit' in msg ? 300_000 : 350_000 + OPEN * msg.open_sessions.sessions.length;
}
