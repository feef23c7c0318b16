import { signal } from "@preact/signals";

/** A short message that goes away by itself, unless it is an error. */
export interface Toast {
  id: number;
  tone: "good" | "bad";
  text: string;
}

let last = 0;

/** Messages on the screen, oldest first. */
export const toasts = signal<Toast[]>([]);

/** Shows a message. */
export function toast(text: string, tone: Toast["tone"] = "good"): void {
  last += 1;
  const id = last;
  toasts.value = [...toasts.value.slice(-2), { id, tone, text }];
  if (tone === "good") setTimeout(() => dismiss(id), 6000);
}

/** Takes a message away. */
export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((entry) => entry.id !== id);
}
