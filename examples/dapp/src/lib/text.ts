/** Short forms for addresses, digests and times. */

/** "secret1abcd…wxyz". */
export function short(text: string, head = 10, tail = 4): string {
  return text.length <= head + tail + 1 ? text : `${text.slice(0, head)}…${text.slice(text.length - tail)}`;
}

/** "23 h", "5 min", "40 s": the largest unit that fits. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s >= 172_800) return `${Math.floor(s / 86_400)} days`;
  if (s >= 7_200) return `${Math.floor(s / 3_600)} h`;
  if (s >= 120) return `${Math.floor(s / 60)} min`;
  return `${s} s`;
}

/** Local date and time of unix seconds. */
export function moment(seconds: number): string {
  return new Date(seconds * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** "1,234". */
export function count(n: number | bigint): string {
  return n.toLocaleString("en-US");
}

/** "1 answer", "2 answers". */
export function plural(n: number, one: string): string {
  return `${count(n)} ${one}${n === 1 ? "" : "s"}`;
}
