// Every page fits a small phone and reads well in light and dark.
import assert from "node:assert/strict";
import { shot } from "./browser.mjs";
import { pageTest } from "./suite.mjs";
import { ask, connectTestAccount, deposit, goTo, isAccessible, openSession } from "./walk.mjs";

/** Nothing sticks out to the right. */
async function fits(page, name) {
  const [content, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(content <= screen, `${name}: ${content} px wide on a screen of ${screen}`);
}

for (const [look, options] of [
  ["phone", { width: 390, height: 844 }],
  ["phone-dark", { width: 360, height: 780, dark: true }],
  ["desktop-dark", { width: 1280, height: 860, dark: true }],
]) {
  const check = async (page, name) => {
    await fits(page, name);
    await isAccessible(page, `${look} ${name}`);
    await shot(page, `${name}-${look}`);
  };
  pageTest(
    `${look}: every page`,
    async ({ page }) => {
      await page.getByRole("button", { name: "Test account" }).waitFor();
      await check(page, "connect");
      await connectTestAccount(page);
      await deposit(page, "0.1");
      await page.getByText("Deposited").waitFor();
      await check(page, "wallet");
      await openSession(page, "0.05");
      for (const question of ["What is a receipt?", "What is a session?"]) await ask(page, question);
      await check(page, "chat");
      await page.getByRole("button", { name: "Receipt verified" }).last().click();
      await page.getByRole("dialog").waitFor();
      await check(page, "receipt");
      await page.keyboard.press("Escape");
      await goTo(page, "Workers");
      await page.getByRole("button", { name: "Open session" }).first().waitFor();
      await check(page, "workers");
      await goTo(page, "Usage");
      await page.locator(".chart").waitFor();
      await check(page, "usage");
      await goTo(page, "Settings");
      await check(page, "settings");
      await goTo(page, "Usage");
      await page.getByRole("button", { name: "Close session" }).first().click();
      await page.getByText(/Session closed/).waitFor();
    },
    options,
  );
}
