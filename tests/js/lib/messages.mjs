// Which messages the schemas have, and which of them an example shows: `billing execute settle`,
// `billing query with_permit.account`, `billing receive deposit`, `billing instantiate`.
import { readFileSync } from "node:fs";

const CONTRACTS = { token: "dev-token", registry: "worker-registry", billing: "billing", rewards: "rewards" };

const variants = (schema) => (schema.oneOf ?? []).map(({ properties }) => Object.keys(properties)[0]);

/** All messages that the schemas in a folder have. */
export function messagesOf(folder) {
  const read = (name) => JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8"));
  const all = Object.entries(CONTRACTS).flatMap(([contract, file]) => {
    const { execute, query } = read(file);
    const permitted = query.definitions.PermitQuery ?? query.definitions.QueryWithPermit;
    return [
      `${contract} instantiate`,
      ...variants(execute).map((name) => `${contract} execute ${name}`),
      ...variants(query).filter((name) => name !== "with_permit").map((name) => `${contract} query ${name}`),
      ...variants(permitted ?? {}).map((name) => `${contract} query with_permit.${name}`),
    ];
  });
  return [...all, ...variants(read("billing-receive-msg")).map((name) => `billing receive ${name}`)];
}

/** The messages that an example shows. */
export function shownIn({ kind, words, text }) {
  const contract = words[0]?.replace(/^own_/, "");
  if (kind === "run") return [];
  if (kind === "instantiate") {
    return Object.entries(CONTRACTS).filter(([, file]) => file === contract).map(([name]) => `${name} instantiate`);
  }
  const msg = JSON.parse(text.replace(/(?<!")<(\w+)>(?!")/g, '"$1"'));
  const [name] = Object.keys(msg);
  const shown = name === "with_permit" ? `with_permit.${Object.keys(msg.with_permit.query)[0]}` : name;
  return [`${contract} ${kind} ${shown}`];
}
