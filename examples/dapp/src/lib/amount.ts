/** Amounts of a token: base units (bigint) in the program, decimal text on the page. */

/** What the page needs to know of a token to show amounts. */
export interface Unit {
  symbol: string;
  decimals: number;
}

/** An amount that a person typed and that cannot be taken; the message says why. */
export class AmountError extends Error {}

/** "1.5" with 6 decimals is 1500000n. Commas are refused: they group digits here and begin decimals elsewhere. */
export function parseAmount(text: string, unit: Unit): bigint {
  const match = /^(\d+)(?:\.(\d*))?$|^\.(\d+)$/.exec(text.trim());
  if (!match) throw new AmountError(`expected a number like 1.5, in ${unit.symbol}`);
  const whole = match[1] ?? "0";
  const fraction = match[2] ?? match[3] ?? "";
  if (fraction.length > unit.decimals) {
    throw new AmountError(`at most ${unit.decimals} decimals`);
  }
  const digits = whole + fraction.padEnd(unit.decimals, "0");
  if (digits.length > 38) throw new AmountError("too large: at most 38 digits");
  return BigInt(digits);
}

/** 1500000n with 6 decimals is "1.50"; as many decimals as it takes, and at least two. */
export function formatAmount(amount: bigint, unit: Unit): string {
  const digits = amount.toString().padStart(unit.decimals + 1, "0");
  const split = digits.length - unit.decimals;
  const whole = digits.slice(0, split).replace(/\B(?=(\d{3})+$)/g, ",");
  const fraction = digits.slice(split).replace(/0+$/, "");
  return unit.decimals === 0 ? whole : `${whole}.${fraction.padEnd(Math.min(2, unit.decimals), "0")}`;
}

/** Amount and symbol. */
export function money(amount: bigint, unit: Unit): string {
  return `${formatAmount(amount, unit)} ${unit.symbol}`;
}

/** The share of a whole, 0 to 1, for bars. */
export function share(part: bigint, whole: bigint): number {
  if (whole <= 0n) return 0;
  const parts = (part * 10_000n) / whole;
  return Math.min(1, Number(parts) / 10_000);
}
