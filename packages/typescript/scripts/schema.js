// Reads the repository's JSON schemas.
import { readFile } from 'node:fs/promises';

const FOLDER = new URL('../../../schema/', import.meta.url);

/** The content of a file in schema/. */
export async function read(name) {
  return JSON.parse(await readFile(new URL(`${name}.json`, FOLDER), 'utf8'));
}

/** First lines of every generated file. */
export const HEAD =
  '// Made by `npm run generate` from schema/ (`make schema`); a test compares. Do not edit.\n\n';
