// The parts that need no page: amounts, and Markdown as elements.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "vite";

/** A module of the page, bundled with what it needs. */
async function load(path) {
  const entry = fileURLToPath(new URL(`../src/${path}`, import.meta.url));
  const root = fileURLToPath(new URL("..", import.meta.url));
  const lib = { entry, formats: ["es"] };
  const built = await build({ root, configFile: false, logLevel: "error", build: { write: false, lib } });
  const [{ output }] = [built].flat();
  return import(`data:text/javascript;base64,${Buffer.from(output[0].code).toString("base64")}`);
}

const { AmountError, formatAmount, parseAmount, share } = await load("lib/amount.ts");
const { Markdown } = await load("lib/markdown.tsx");
const USD = { symbol: "USD", decimals: 6 };

test("amounts are read digit by digit", () => {
  const good = { "1.5": 1_500_000n, "0.000001": 1n, ".5": 500_000n, "7.": 7_000_000n, " 12 ": 12_000_000n, 0: 0n };
  for (const [text, units] of Object.entries(good)) assert.equal(parseAmount(text, USD), units, text);
  // More than a float can tell apart.
  assert.equal(parseAmount("9007199254740993.000001", USD), 9_007_199_254_740_993_000_001n);
  assert.equal(parseAmount("3", { symbol: "N", decimals: 0 }), 3n);
});

test("what could be meant in two ways, or is no amount, is refused", () => {
  const bad = ["", ".", "1,5", "1,000", "1.5.0", "-1", "+1", "1e3", "0x10", "1 000", "1.0000001", "١", "9".repeat(33)];
  for (const text of bad) assert.throws(() => parseAmount(text, USD), AmountError, text);
  assert.throws(() => parseAmount("1.", { symbol: "N", decimals: 0 }) && parseAmount("1.5", { symbol: "N", decimals: 0 }), AmountError);
});

test("amounts are written in full, and read back", () => {
  assert.equal(formatAmount(1_500_000n, USD), "1.50");
  assert.equal(formatAmount(1n, USD), "0.000001");
  assert.equal(formatAmount(0n, USD), "0.00");
  assert.equal(formatAmount(1_234_567_000_000n, USD), "1,234,567.00");
  assert.equal(formatAmount(1_234n, { symbol: "N", decimals: 0 }), "1,234");
  for (const units of [0n, 1n, 999_999n, 1_000_000n, 123_456_789_012n]) {
    assert.equal(parseAmount(formatAmount(units, USD).replaceAll(",", ""), USD), units);
  }
});

test("shares stay between nothing and all", () => {
  assert.deepEqual([share(1n, 4n), share(5n, 4n), share(1n, 0n)], [0.25, 1, 0]);
});

/** What a text becomes: `tag(children)`, as text. */
function shown(text) {
  const write = (node) => {
    if (node == null || typeof node === "boolean") return "";
    if (Array.isArray(node)) return node.map(write).join("");
    if (typeof node !== "object") return String(node);
    const { type, props } = node;
    if (typeof type === "function") return "";
    const { children, href } = props;
    return `${type}${href ? `[${href}]` : ""}(${write(children)})`;
  };
  return write(Markdown({ text })).replace(/^div\((.*)\)$/s, "$1");
}

test("Markdown becomes elements", () => {
  assert.equal(shown("# A\n\nb **c** _d_ `e`"), "h3(A)p(b strong(c) em(d) code(e))");
  assert.equal(shown("- a\n- b\n  - c"), "ul(li(a)li(p(b)ul(li(c))))");
  assert.equal(shown("2. a\n3. b"), "ol(li(a)li(b))");
  assert.equal(shown("> a\n> > b"), "blockquote(p(a)blockquote(p(b)))");
  assert.equal(shown("```js\n**x**\n```"), "figure(figcaption(span(js))pre(code(**x**)))");
  assert.equal(shown("a | b\n--|--\n1 | 2"), "div(table(thead(tr(th(a)th(b)))tbody(tr(td(1)td(2)))))");
  assert.equal(shown("``a`b`` ---\n\n---"), "p(code(a`b) ---)hr()");
});

test("an open fence is code already, and unclosed marks are text", () => {
  assert.equal(shown("```\nlet a"), "figure(figcaption(span(text))pre(code(let a)))");
  for (const text of ["**a", "_a", "`a", "[a](", "2 * 3 * 4", "snake_case_name"]) assert.equal(shown(text), `p(${text})`);
});

test("links lead to http and https only, and markup is text", () => {
  assert.equal(shown("[a](https://b.c/d)"), "p(a[https://b.c/d](a))");
  assert.equal(shown("see http://b.c/d."), "p(see a[http://b.c/d](http://b.c/d).)");
  for (const target of ["javascript:alert`1`", "JaVaScRiPt:x", "data:text/html,x", "vbscript:x", "//b.c", "/x", "ftp://b", "\u0001javascript:x"]) {
    assert.ok(!shown(`[a](${target})`).includes("a["), target);
  }
  for (const text of ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "![a](javascript:x)", "&lt;b&gt;"]) {
    assert.equal(shown(text), `p(${text})`);
  }
});

test("no text takes long or breaks the page", () => {
  const n = 100_000;
  const texts = [">", "> ", "- ", "`", "` ", "*", "**a ", "__a ", "_a ", "[", "[a](", "|", "-|", "- -", "#", "https://", "~", "1. "];
  const hostile = [
    ...texts.flatMap((text) => [text.repeat(n / text.length), `${text.repeat(4_900 / text.length)}x`, `${text.repeat(n / text.length)}x`]),
    ...texts.map((text) => `${text}\n`.repeat(2_000)),
    `a|b\n${"-".repeat(n)}x`,
    Array.from({ length: 400 }, (_, i) => `${" ".repeat(2 * i)}- a`).join("\n"),
  ];
  for (const text of hostile) {
    const start = performance.now();
    const length = shown(text).length;
    const took = performance.now() - start;
    assert.ok(took < 2_000, `${JSON.stringify(text.slice(0, 20))}…: ${took} ms`);
    assert.ok(length >= 1);
  }
});
