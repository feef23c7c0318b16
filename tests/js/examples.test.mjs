// The docs test sees what is wrong with a page. Needs no stage.
import assert from "node:assert/strict";
import { test } from "node:test";
import { examplesOf } from "./lib/examples.mjs";
import { shownIn } from "./lib/messages.mjs";
import { filled, padded } from "./lib/padding.mjs";
import { Placeholders } from "./lib/placeholders.mjs";

const page = (...blocks) => blocks.map(([info, text]) => `\`\`\`${info}\n${text}\n\`\`\``).join("\n");

test("examples are read with their answers, in order", () => {
  const [ask, next] = examplesOf(
    page(["json query billing", '{ "clock": {} }'], ["json answer exact", "{}"], ["js run", "f();"]),
  );
  assert.deepEqual([ask.kind, ask.words, ask.expected.words], ["query", ["billing"], ["exact"]]);
  assert.equal(next.kind, "run");
});

test("a block that would not run is an error", () => {
  for (const [info, words] of [
    ["json", /not executed/],
    ["json exceute billing", /no kind/],
    ["json answer", /follows no example/],
  ]) {
    assert.throws(() => examplesOf(page([info, "{}"])), words);
  }
});

test("an answer of another form does not fit", () => {
  const known = new Placeholders({ token: "secret1abc", epoch: 7 });
  const fits = (expected, answer, exact) => known.match(expected, answer, exact);
  fits('{ "a": "<token>", "n": <epoch>, "list": [{ "b": 1 }] }', { a: "secret1abc", n: 7, list: [{ b: 9 }, { b: 8 }] });
  for (const [expected, answer, exact] of [
    ['{ "a": 1 }', { a: 1, b: 2 }],
    ['{ "a": 1, "b": 2 }', { a: 1 }],
    ['{ "a": 1 }', { a: "1" }],
    ['{ "a": null }', { a: 1 }],
    ['{ "a": {} }', { a: null }],
    ['{ "a": [1] }', { a: [] }],
    ['{ "a": [1] }', { a: [1, 2] }, true],
    ['{ "a": 1 }', { a: 2 }, true],
    ['{ "a": "<token>" }', { a: "secret1abd" }],
    ['{ "a": "<unknown>" }', { a: null }],
    ['{ "a": "<twice>", "b": "<twice>" }', { a: "x", b: "y" }],
  ]) {
    assert.throws(() => fits(expected, answer, exact), undefined, expected);
  }
});

test("what an answer tells is known afterwards, and only if it fits", () => {
  const known = new Placeholders({});
  known.match('{ "key": "<key>", "n": <n> }', { key: "secret", n: 3 });
  assert.equal(known.fill('{ "key": "<key>", "n": <n> }'), '{ "key": "secret", "n": 3 }');
  assert.throws(() => known.match('{ "id": "<id>", "n": 1 }', { id: "x", n: "1" }));
  assert.throws(() => known.fill("<id>"), /what <id> is/);
});

test("messages are named as the schemas name them", () => {
  const shown = (info, text) => examplesOf(page([`json ${info}`, text])).flatMap(shownIn)[0];
  assert.equal(shown("query own_token", '{ "with_permit": { "permit": <p>, "query": { "balance": {} } } }'), "token query with_permit.balance");
  assert.equal(shown("receive billing by user amount 1", '{ "deposit": {} }'), "billing receive deposit");
  assert.equal(shown("instantiate worker-registry by admin as r", "{}"), "registry instantiate");
});

test("messages are filled to their class and never beyond", () => {
  const length = (msg) => new TextEncoder().encode(JSON.stringify(msg)).length;
  assert.equal(length(filled("billing", { withdraw: { token: "t" } })), 512);
  assert.equal(length(filled("billing", { settle: { kid: "k", entries: [] } })), 2048);
  assert.equal(length(filled("token", { send: { recipient: "r", amount: "1", msg: "e30=" } })), 768);
  assert.equal(length(filled("registry", { retire: { worker_id: "ü".repeat(200) } })) % 256, 0);
  assert.throws(() => padded({ deposit: { beneficiary: "x".repeat(200) } }, 192), RangeError);
});
