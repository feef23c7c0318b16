// TypeScript types of all messages, queries and answers: one file per contract, and one for the types
// that several contracts share.
import { compile } from 'json-schema-to-typescript';
import { HEAD, read } from './schema.js';

/** Contract → its API description and the further messages and answers that belong to it. */
const CONTRACTS = {
  billing: {
    api: 'billing',
    more: ['billing-receive-msg', 'billing-open-answer', 'billing-settle-answer',
      'billing-finalize-answer', 'billing-reclaim-answer', 'billing-withdraw-answer'],
  },
  rewards: { api: 'rewards', more: ['rewards-claim-answer'] },
  registry: {
    api: 'worker-registry',
    more: ['registry-challenge-answer', 'registry-register-answer', 'registry-collateral-answer'],
  },
  token: { api: 'dev-token', more: [] },
};
/** Answers that several contracts give. */
const SHARED = ['update-seed-answer', 'viewing-key-answer', 'permit-revocation-answer'];
/** In place of the long texts that cosmwasm_std has for its own types. */
const DESCRIPTIONS = {
  Addr: 'Address of an account or contract, `secret1…`.',
  Binary: 'Bytes in base64.',
  Uint64: 'A whole number below 2⁶⁴, as decimal text.',
  Uint128: 'A whole number below 2¹²⁸, as decimal text.',
};

/** What the generator says of every definition. */
const SAID =
  " \\* This interface was referenced by `Unused`'s JSON-Schema\\n \\* via the `definition` \"[^\"]*\"\\.\\n";
const REMARK_ALONE = new RegExp(`/\\*\\*\\n${SAID} \\*/\\n`, 'g');
const REMARK = new RegExp(` \\*\\n${SAID}`, 'g');

export async function messages() {
  const types = {};
  for (const [contract, { api, more }] of Object.entries(CONTRACTS)) {
    const { instantiate, execute, query, responses } = await read(api);
    const further = await Promise.all(more.map(read));
    types[contract] = definitions([instantiate, execute, query, ...Object.values(responses), ...further]);
  }
  const common = { ...definitions(await Promise.all(SHARED.map(read))), ...shared(types) };
  const files = { 'messages/common.ts': HEAD + (await declare(common, [])) };
  for (const [contract, own] of Object.entries(types)) {
    const rest = Object.fromEntries(Object.entries(own).filter(([name]) => !(name in common)));
    const used = Object.keys(common).filter((name) => refersTo(rest, name)).sort();
    const imports = `import type { ${used.join(', ')} } from './common.js';\n\n`;
    files[`messages/${contract}.ts`] = HEAD + imports + (await declare(rest, Object.keys(common)));
  }
  return files;
}

/** All named types in some schemas; the schemas themselves count by their titles. */
function definitions(schemas) {
  const found = {};
  for (const schema of schemas) {
    const { $schema, title, definitions: inner = {}, ...rest } = schema;
    for (const [name, type] of Object.entries({ ...inner, [title]: rest })) {
      found[name] ??= name in DESCRIPTIONS ? { ...type, description: DESCRIPTIONS[name] } : type;
    }
  }
  return found;
}

/** Types that are the same in more than one contract. */
function shared(types) {
  const seen = new Map();
  const common = {};
  for (const own of Object.values(types)) {
    for (const [name, type] of Object.entries(own)) {
      const text = JSON.stringify(type);
      if (seen.get(name) === text) common[name] = type;
      seen.set(name, text);
    }
  }
  return common;
}

function refersTo(types, name) {
  return JSON.stringify(types).includes(`"#/definitions/${name}"`);
}

/** TypeScript for the types; those in `known` are imported, and only named. */
async function declare(types, known) {
  const schema = {
    definitions: Object.fromEntries(Object.entries(types).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
  const text = await compile({ title: 'Unused', ...plain(schema, known) }, 'Unused', {
    additionalProperties: false,
    bannerComment: '',
    declareExternallyReferenced: true,
    enableConstEnums: false,
    unreachableDefinitions: true,
    style: { singleQuote: true, printWidth: 110 },
  });
  return text.replace('export interface Unused {}\n', '').replace(REMARK_ALONE, '').replace(REMARK, '').trimStart();
}

/** A schema without what the generator needs not, and with imported types by their names. */
function plain(node, known) {
  if (Array.isArray(node)) return node.map((item) => plain(item, known));
  if (node === null || typeof node !== 'object') return node;
  const { allOf, title, ...rest } = node;
  // `{description, allOf: [type]}` is how schemars describes a field of a named type.
  const inner = allOf?.length === 1 ? { ...rest, ...allOf[0] } : rest;
  const name = inner.$ref?.replace('#/definitions/', '');
  if (known.includes(name)) return { description: words(inner.description), tsType: name };
  return Object.fromEntries(
    Object.entries(inner)
      .filter(([key]) => !['format', 'minimum', 'pattern', 'default'].includes(key))
      .map(([key, value]) => [key, key === 'description' ? words(value) : plain(value, known)]),
  );
}

/** Rust's links to types, as code. */
function words(text) {
  return typeof text === 'string' ? text.replace(/\[(`[^`]+`)\](\([^)]*\))?/g, '$1') : plain(text, []);
}
