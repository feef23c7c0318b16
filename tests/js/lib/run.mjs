// Runs one example against the stage.
import { inspect } from "node:util";
import { paddedSend, filled } from "./padding.mjs";
import { option } from "./examples.mjs";
import { answer, clients, deploy, execute, query, refusal, stage, until } from "./stage.mjs";

const AsyncFunction = (async () => {}).constructor;
/** SDK gas of an example that names none. */
const GAS = 1_000_000;

/** What the examples of all pages share: placeholders, and the variables of `js run` blocks. `gas` is
 * what the newest transaction used. */
export class Runner {
  constructor(placeholders) {
    this.placeholders = placeholders;
    this.scope = {};
  }

  /** Runs an example and compares what came of it with what the page says. */
  async run(example) {
    this.gas = undefined;
    if (example.kind === "run") return this.#script(example.text);
    const { expected } = example;
    const again = expected?.words.includes("eventually");
    let last;
    const attempt = async () => {
      try {
        this.#check(expected, await this.#ask(example));
        return true;
      } catch (error) {
        if (!again) throw error;
        last = error;
        return false;
      }
    };
    await until("the answer that the page shows", attempt).catch((error) => {
      throw last ? new Error(last.message, { cause: error }) : error;
    });
  }

  #check(expected, { error, answer }) {
    if (expected?.kind === "error") {
      if (error === undefined) throw new Error(`was not refused: ${inspect(answer)}`);
      if (this.placeholders.fill(expected.text).trim() !== error) {
        throw new Error(`was refused in other words: ${error}`);
      }
    } else if (error !== undefined) {
      throw new Error(`was refused: ${error}`);
    } else {
      this.placeholders.match(expected?.text ?? "{}", answer, expected?.words.includes("exact"));
    }
  }

  async #ask(example) {
    const msg = JSON.parse(this.placeholders.fill(example.text));
    const contract = this.#contract(example.words[0]);
    const client = clients[option(example, "by")];
    const gas = Number(option(example, "gas") ?? GAS);
    switch (example.kind) {
      case "instantiate": {
        const { address, code_hash } = await deploy(client, example.words[0], msg);
        this.placeholders.values.set(option(example, "as"), address);
        this.placeholders.values.set(`${option(example, "as")}_code_hash`, code_hash);
        return { answer: {} };
      }
      case "query": {
        const found = await query(contract, msg);
        return typeof found === "string" ? { error: bare(found) } : { answer: found };
      }
      case "receive": {
        const send = { recipient: contract.address, recipient_code_hash: contract.code_hash, amount: option(example, "amount") };
        const carried = paddedSend(send, msg);
        return this.#outcome(await execute(client, this.#contract("token"), carried, gas));
      }
      default:
        return this.#outcome(await this.#send(client, contract, filled(example.words[0].replace(/^own_/, ""), msg), gas));
    }
  }

  /** An operator's wallet is its agent's too: whoever comes second signs again. */
  async #send(client, contract, msg, gas) {
    let tx;
    await until("a free sequence number", async () => {
      tx = await execute(client, contract, msg, gas).catch((error) => {
        if (!/account sequence mismatch/.test(error.message)) throw error;
        return { codespace: "sdk", code: 32 };
      });
      return !(tx.codespace === "sdk" && tx.code === 32);
    });
    return tx;
  }

  #outcome(tx) {
    this.gas = tx.gasUsed;
    if (tx.code === 0) return { answer: answer(tx) };
    return { error: tx.codespace === "compute" ? refusal(tx) : `${tx.codespace} ${tx.code}: ${tx.rawLog}` };
  }

  #contract(name) {
    const values = this.placeholders.values;
    return { address: values.get(name), code_hash: values.get(`${name}_code_hash`) };
  }

  /** Runs a script; its variables live on, and its texts and numbers become placeholders in snake
   * case. */
  async #script(text) {
    const names = [...text.matchAll(/^const (\w+) =/gm)].map(([, name]) => name);
    const body = this.placeholders
      .fill(text)
      .replace(/^import (\{[^}]*\}) from ("[^"]+");/gm, "Object.assign(scope, await import($2));")
      .replace(/^(async )?function (\w+)/gm, "scope.$2 = $1function $2")
      .replace(/^const (\w+) =/gm, "scope.$1 =");
    await new AsyncFunction("scope", `with (scope) {\n${body}\n}`)(this.scope);
    for (const name of names) {
      const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      this.placeholders.values.set(snake, this.scope[name]);
    }
  }
}

function bare(text) {
  return text.replace(/^Generic error: /, "").trim();
}
