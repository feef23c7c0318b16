// Every example of docs/messages.md and docs/messages/ runs, in order, and every message of schema/ has
// one.
import { readFileSync } from "node:fs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { examplesOf } from "./lib/examples.mjs";
import { messagesOf, shownIn } from "./lib/messages.mjs";
import { Placeholders } from "./lib/placeholders.mjs";
import { Runner } from "./lib/run.mjs";
import { stage } from "./lib/stage.mjs";

const PAGES = ["messages", "messages/deploy", "messages/token", "messages/billing", "messages/rewards", "messages/registry"];
const root = new URL("../../", import.meta.url);
const pages = PAGES.map((name) => ({ name, examples: examplesOf(readFileSync(new URL(`docs/${name}.md`, root), "utf8")) }));

test("every message has an example", () => {
  const shown = new Set(pages.flatMap(({ examples }) => examples.flatMap(shownIn)));
  const missing = messagesOf(new URL("schema/", root)).filter((message) => !shown.has(message));
  assert.deepEqual(missing, []);
});

const known = { chain_id: stage.chain_id, lcd_url: stage.lcd_url, agent_url: stage.agent.url, model: stage.model };
for (const [name, { address, code_hash }] of Object.entries(stage.contracts)) {
  known[name] = address;
  known[`${name}_code_hash`] = code_hash;
}
for (const [name, { address, mnemonic }] of Object.entries(stage.accounts)) {
  known[name] = address;
  known[`${name}_mnemonic`] = mnemonic;
}
for (const [unit, rate] of Object.entries(stage.rates)) {
  known[`${unit}_rate`] = rate;
}
const runner = new Runner(new Placeholders(known));

// What comes after needs what came before: the first example that fails is the last one.
let failed;
for (const { name, examples } of pages) {
  test(`docs/${name}.md`, { timeout: 600_000 }, async (page) => {
    for (const example of examples) {
      if (failed) return assert.fail(`${failed} failed`);
      const { kind, words, line } = example;
      const place = `docs/${name}.md:${line}`;
      failed = place;
      await page.test(`${place} ${kind} ${words.join(" ")}`, async (t) => {
        await runner.run(example);
        failed = undefined;
        if (runner.gas) t.diagnostic(`${runner.gas} gas`);
      });
    }
  });
}
