// Server-sent events (WHATWG HTML, section 9.2), as far as chat completions use them.
import { concat } from './bytes.js';
import { unverified } from './errors.js';

/** One event. */
export interface SseEvent {
  /** `message` if the event has no name. */
  name: string;
  data: string;
  /** The event's bytes as they came, with the empty line that ends it. */
  raw: Uint8Array;
}

/** Longest event taken, bytes. */
const MAX_EVENT = 1 << 20;
const NEWLINE = 0x0a;

/** Cuts a byte stream into events. */
export class SseParser {
  private rest: Uint8Array = new Uint8Array();

  /**
   * Adds bytes; returns the events that they complete.
   *
   * @throws SecretAiError for an event of more than 1 MiB or that is no UTF-8; the stream cannot be read on.
   */
  push(bytes: Uint8Array): SseEvent[] {
    const all = concat(this.rest, bytes);
    const events: SseEvent[] = [];
    let start = 0;
    // The line feed before the new bytes may be half of an event's end.
    for (let at = Math.max(1, this.rest.length); at < all.length; at += 1) {
      if (all[at] !== NEWLINE || all[at - 1] !== NEWLINE || at - 1 < start) continue;
      events.push(parse(all.slice(start, at + 1)));
      start = at + 1;
    }
    this.rest = all.slice(start);
    if (this.rest.length > MAX_EVENT) throw unverified(`event: more than ${MAX_EVENT} bytes`);
    return events;
  }
}

function parse(raw: Uint8Array): SseEvent {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    throw unverified('event: is not UTF-8');
  }
  let name = 'message';
  const data: string[] = [];
  for (const line of text.split('\n')) {
    const [, field, value = ''] = /^(event|data): ?(.*)$/s.exec(line.replace(/\r$/, '')) ?? [];
    if (field === 'event') name = value;
    if (field === 'data') data.push(value);
  }
  return { name, data: data.join('\n'), raw };
}
