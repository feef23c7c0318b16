import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SseParser } from '../dist/sse.js';

const bytes = (text) => new TextEncoder().encode(text);

test('events come whole however the bytes are cut', () => {
  const stream = bytes('data: {"a":"é"}\n\n: comment\n\nevent: receipt\ndata: x\ndata:y\n\n');
  for (let step = 1; step < stream.length; step += 1) {
    const parser = new SseParser();
    const events = [];
    for (let at = 0; at < stream.length; at += step) events.push(...parser.push(stream.slice(at, at + step)));
    assert.deepEqual(events.map(({ name, data }) => [name, data]), [
      ['message', '{"a":"é"}'],
      ['message', ''],
      ['receipt', 'x\ny'],
    ], `step ${step}`);
    assert.deepEqual(Buffer.concat(events.map((event) => event.raw)), Buffer.from(stream));
  }
});

test('an endless event, or one that is no UTF-8, is refused', () => {
  assert.throws(() => new SseParser().push(new Uint8Array((1 << 20) + 1).fill(120)), /more than/);
  assert.throws(() => new SseParser().push(Uint8Array.of(0xff, 0x0a, 0x0a)), /UTF-8/);
});
