/** Steps that every test takes, as a user takes them: by what is written on the page. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import assert from "node:assert/strict";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A part of a test; the ones after it need it, so the first that fails ends the test. */
export async function step(name, work) {
  try {
    await work();
  } catch (error) {
    throw new Error(`${name}: ${error.message}`, { cause: error });
  }
}

/** Goes to a page of the app. */
export async function goTo(page, name) {
  await page.getByRole("navigation").getByRole("link", { name }).click();
  await page.getByRole("heading", { level: 1, name }).or(page.getByRole("heading", { level: 2 })).first().waitFor();
}

/** Connects the stage's user by one click. */
export async function connectTestAccount(page) {
  await page.getByRole("button", { name: "Test account" }).click();
  await page.getByText("Simulated TEE: development root.").waitFor();
}

/** Moves tokens into the free balance. */
export async function deposit(page, amount) {
  await goTo(page, "Wallet");
  await page.getByLabel("Amount to deposit").fill(amount);
  await page.getByRole("button", { name: "Deposit", exact: true }).click();
}

/** Opens a session with the first worker. */
export async function openSession(page, cap, { countersign = true } = {}) {
  await goTo(page, "Workers");
  await page.getByRole("button", { name: "Open session" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Cap", { exact: true }).fill(cap);
  if (!countersign) await dialog.getByRole("switch").uncheck();
  await dialog.getByRole("button", { name: "Open session" }).click();
}

/** Asks and waits until the answer is there, whatever it is; answers with the last turn. */
export async function ask(page, question) {
  await page.getByLabel("Your question").fill(question);
  await page.keyboard.press("Enter");
  const turn = page.locator(".message.assistant").last();
  await page.locator(".message.assistant:not([data-state=streaming])").last().waitFor();
  await page.getByRole("button", { name: "Send" }).waitFor();
  return turn;
}

/** A balance on the wallet page, base units. */
export async function balance(page, name) {
  return BigInt(await page.getByTestId(`balance-${name}`).getAttribute("data-units"));
}

/** Nothing that keeps people out: axe's rules for WCAG 2.2 A and AA. */
export async function isAccessible(page, name) {
  // The page's own policy lets no other script in.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE);
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations } = await page.evaluate((values) => window.axe.run({ runOnly: { type: "tag", values } }), tags);
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
  assert.deepEqual(told, [], `${name}: accessible`);
}
