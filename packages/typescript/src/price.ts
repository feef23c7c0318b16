import { SecretAiError } from './errors.js';

/** Rates are per this many units. */
const UNITS_PER_RATE = 1_000_000n;

/** Counters and rates stay below this bound (2⁵⁶). */
export const MAX_COUNT = 1n << 56n;

/** One line's counter with its rate. */
export interface LineCount {
  /** Units used. */
  count: bigint;
  /** Base units per 1,000,000 units. */
  rate: bigint;
}

/**
 * Price in base units: ⌈Σ count · rate / 10⁶⌉, rounded up once (docs/protocol.md, "Price and payment").
 *
 * @throws SecretAiError if a counter or rate is not below 2⁵⁶.
 */
export function amount(lines: Iterable<LineCount>): bigint {
  let sum = 0n;
  for (const { count, rate } of lines) {
    for (const [field, value] of [['counter', count], ['rate', rate]] as const) {
      if (value < 0n || value >= MAX_COUNT) {
        throw new SecretAiError('verification', `${field}: ${value} is not below 2^56`);
      }
    }
    sum += count * rate;
  }
  return (sum + UNITS_PER_RATE - 1n) / UNITS_PER_RATE;
}

/**
 * A rate as messages carry it. JSON numbers above 2⁵³ have lost digits by the time they get here.
 *
 * @throws SecretAiError for such a number.
 */
export function rate(value: number): bigint {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new SecretAiError('verification', `rate: ${value} is no whole number below 2^53`);
  }
  return BigInt(value);
}

/** Price of counters at a session's rates, base units. */
export function priceOf(lines: readonly { rate: number }[], counters: readonly bigint[]): bigint {
  return amount(lines.map((line, i) => ({ count: counters[i] ?? 0n, rate: rate(line.rate) })));
}
