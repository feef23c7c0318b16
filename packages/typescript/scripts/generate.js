// `npm run generate`: writes src/messages/*.ts from the JSON schemas in schema/, and src/padded-sizes.ts.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { messages } from './messages.js';
import { paddedSizes } from './sizes.js';

/** All generated files, as path below `src/` → text. */
export async function generate() {
  return { ...(await messages()), ...(await paddedSizes()) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of Object.entries(await generate())) {
    await writeFile(new URL(`../src/${path}`, import.meta.url), text);
    console.log(`src/${path}`);
  }
}
