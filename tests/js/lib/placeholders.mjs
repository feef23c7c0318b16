// Placeholders of examples: `<name>` stands for a value that is known by then, or, in an answer, for
// one that becomes known by it.
import { isDeepStrictEqual } from "node:util";

const QUOTED = /^<(\w+)>$/;

/** Values by name. */
export class Placeholders {
  constructor(values) {
    this.values = new Map(Object.entries(values));
  }

  /** A text with all its placeholders filled in. */
  fill(text) {
    return text.replace(/"<(\w+)>"|<(\w+)>/g, (_, quoted, bare) => {
      const value = this.get(quoted ?? bare);
      return quoted ? JSON.stringify(String(value)) : typeof value === "object" ? JSON.stringify(value) : String(value);
    });
  }

  get(name) {
    if (!this.values.has(name)) {
      throw new Error(`nothing before this example says what <${name}> is`);
    }
    return this.values.get(name);
  }

  /** Throws unless an answer fits what is expected: keys and types, with `exact` also values.
   * What its placeholders stand for is known from then on. */
  match(expected, answer, exact) {
    const bare = expected.replace(/(?<!")<(\w+)>(?!")/g, '"<$1>"');
    const learnt = new Map();
    this.#compare(JSON.parse(bare), answer, exact, "answer", learnt);
    learnt.forEach((value, name) => this.values.set(name, value));
  }

  #compare(expected, found, exact, at, learnt) {
    const wrong = (what) => {
      throw new Error(`${at}: ${what}, not ${JSON.stringify(found)}`);
    };
    const [, name] = (typeof expected === "string" && QUOTED.exec(expected)) || [];
    if (name) {
      if (found === null) wrong("a value");
      const known = this.values.get(name) ?? learnt.get(name);
      if (known === undefined) learnt.set(name, found);
      else if (!isDeepStrictEqual(known, found) && String(known) !== String(found)) wrong(JSON.stringify(known));
    } else if (Array.isArray(expected)) {
      if (!Array.isArray(found)) wrong("an array");
      if (exact && expected.length !== found.length) wrong(`${expected.length} entries`);
      if (expected.length > found.length) wrong(`at least ${expected.length} entries`);
      expected.forEach((one, i) => this.#compare(one, found[i], exact, `${at}[${i}]`, learnt));
    } else if (expected === null || found === null || typeof expected !== "object" || typeof found !== "object") {
      if (kind(expected) !== kind(found)) wrong(`a ${kind(expected)}`);
      if (exact && expected !== found) wrong(JSON.stringify(expected));
    } else {
      const keys = (of) => Object.keys(of).sort().join(" ");
      if (keys(expected) !== keys(found)) wrong(`{${keys(expected)}}`);
      for (const key of Object.keys(expected)) {
        this.#compare(expected[key], found[key], exact, `${at}.${key}`, learnt);
      }
    }
  }
}

function kind(value) {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}
