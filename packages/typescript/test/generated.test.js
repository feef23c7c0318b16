// The committed message types and sizes are those of schema/.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { generate } from '../scripts/generate.js';

test('generated files are fresh', async () => {
  for (const [path, text] of Object.entries(await generate())) {
    const committed = await readFile(new URL(`../src/${path}`, import.meta.url), 'utf8');
    assert.ok(committed === text, `src/${path} is stale: run \`npm run generate -w packages/typescript\``);
  }
});
