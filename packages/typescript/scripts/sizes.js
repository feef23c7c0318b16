// The sizes to which messages are filled, and the kinds of message that take no filling.
import { HEAD, read } from './schema.js';

const CONTRACTS = {
  billing: 'billing',
  rewards: 'rewards',
  registry: 'worker-registry',
  token: 'dev-token',
};

/** Kinds of `execute` whose fields do not include `padding`. */
function unfillable(execute) {
  const kinds = execute.oneOf.map((kind) => Object.entries(kind.properties)[0]);
  return kinds.filter(([, fields]) => !fields.properties?.padding).map(([name]) => name);
}

export async function paddedSizes() {
  const fixed = {};
  for (const [name, file] of Object.entries(CONTRACTS)) {
    fixed[name] = unfillable((await read(file)).execute);
  }
  const sizes = JSON.stringify(await read('padded-sizes'), null, 2);
  const text =
    `${HEAD}/** Classes of messages, in bytes; see \`sizeOf\` in padding.ts for their forms. */\n` +
    `export const SIZES = ${sizes} as const;\n\n` +
    '/** Kinds of message that have no `padding`: the admin\'s and other contracts\'. */\n' +
    `export const WITHOUT_PADDING = ${JSON.stringify(fixed, null, 2)};\n`;
  return { 'padded-sizes.ts': text };
}
