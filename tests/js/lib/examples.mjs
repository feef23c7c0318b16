// Reads the examples of docs/messages*.md: fenced blocks whose first line says what to do with them.
//
//   ```json instantiate CODE by ACCOUNT as NAME
//   ```json execute CONTRACT by ACCOUNT gas N
//   ```json receive CONTRACT by ACCOUNT amount N     carried by the token's `send`
//   ```json query CONTRACT
//   ```json answer [exact] [eventually]              what the block before it is answered
//   ```text error [eventually]                       or refused
//   ```js run
//
// A block that asks and has neither answer nor error is answered `{}`. `exact` compares values, not
// only keys and types; `eventually` asks again until the answer fits.

const KINDS = new Set(["instantiate", "execute", "receive", "query", "answer", "error", "run"]);

/** All examples of a page, in order: {kind, words, text, line, expected?}. */
export function examplesOf(page) {
  const found = [];
  for (const block of blocksOf(page)) {
    const [kind, ...words] = block.info;
    if (!KINDS.has(kind)) {
      throw new Error(`line ${block.line}: no kind of example is named ${kind ?? "(nothing)"}`);
    }
    const example = { kind, words, text: block.text, line: block.line };
    if (kind !== "answer" && kind !== "error") {
      found.push(example);
    } else if (found.length === 0 || found.at(-1).expected) {
      throw new Error(`line ${block.line}: this ${kind} follows no example`);
    } else {
      found.at(-1).expected = example;
    }
  }
  return found;
}

function blocksOf(page) {
  const blocks = [];
  let open;
  page.split("\n").forEach((text, index) => {
    const fence = /^```(\w*) ?(.*)$/.exec(text);
    if (open && fence) {
      blocks.push({ ...open, text: open.lines.join("\n") });
      open = undefined;
    } else if (open) {
      open.lines.push(text);
    } else if (fence && fence[1] !== "" && fence[2] !== "") {
      open = { info: fence[2].split(" "), lines: [], line: index + 1 };
    } else if (fence) {
      throw new Error(`line ${index + 1}: a block that is not executed`);
    }
  });
  return blocks;
}

/** The word after a key word: `option(example, "by")`. */
export function option(example, key) {
  const at = example.words.indexOf(key);
  return at < 0 ? undefined : example.words[at + 1];
}
