// The whole way of a user with a development key; every figure on the page is compared with the chain.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { shot } from "./browser.mjs";
import { figures, until } from "./chain.mjs";
import { pageTest } from "./suite.mjs";
import { ask, balance, connectTestAccount, deposit, goTo, isAccessible, openSession, step } from "./walk.mjs";

const CAP = 200_000n;
const DEPOSIT = 1_000_000n;

pageTest("connect, deposit, open, chat, verify, close, reclaim, withdraw", async ({ page, context, stage }) => {
  const user = stage.accounts.user.mnemonic;
  const start = await figures(stage, user);
  let sessionId;
  let total;
  const asked = [];
  page.on("request", (request) => request.method() === "POST" && request.url().startsWith(stage.agent.url) && asked.push(request));

  await step("connects by one click and says that the TEE is simulated", async () => {
    await isAccessible(page, "connect");
    await connectTestAccount(page);
    await page.getByRole("heading", { name: "Deposit first" }).waitFor();
  });

  await step("refuses a deposit below the least, and takes one", async () => {
    await deposit(page, "0.0009");
    await page.getByText("Amount: 0.0009 DEVUSD, at least 0.001 DEVUSD").waitFor();
    await deposit(page, "1.0000001");
    await page.getByText("Amount: at most 6 decimals").waitFor();
    await deposit(page, "1");
    await page.getByText("Deposited: 1.00 DEVUSD").waitFor();
    const now = await figures(stage, user);
    assert.equal(now.free, start.free + DEPOSIT);
    assert.equal(await balance(page, "free"), now.free);
    assert.equal(await balance(page, "wallet"), now.inWallet);
    await isAccessible(page, "wallet");
    await shot(page, "wallet");
  });

  await step("verifies the worker's attestation in the browser", async () => {
    await goTo(page, "Workers");
    await page.getByText("Development root", { exact: true }).waitFor();
    await isAccessible(page, "workers");
    await shot(page, "workers");
    await page.getByRole("button", { name: "Verify attestation" }).first().click();
    const report = page.getByTestId("attestation");
    await report.waitFor();
    await page.getByRole("dialog").getByText("Simulated TEE: development root").waitFor();
    assert.equal(await report.getAttribute("data-verdict"), "accepted");
    assert.equal(await report.getAttribute("data-root"), "development");
    for (const name of ["Intel TDX quote", "Image", "Keys bound"]) {
      const check = report.locator("li", { has: page.getByText(name, { exact: true }) }).first();
      assert.equal(await check.getAttribute("data-result"), "pass", name);
    }
    await isAccessible(page, "attestation");
    await shot(page, "attestation");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  });

  await step("refuses a cap above the free balance, and opens a session", async () => {
    await openSession(page, "1.5");
    await page.getByText(/Cap: 1\.50 DEVUSD, at most your free balance of 1\.00 DEVUSD/).waitFor();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Cap", { exact: true }).fill("0.2");
    await isAccessible(page, "open");
    await shot(page, "open");
    await dialog.getByRole("button", { name: "Open session" }).click();
    await page.getByLabel("Your question").waitFor();
    const [session] = (await figures(stage, user)).sessions.slice(-1);
    sessionId = session.session_id;
    assert.equal(BigInt(session.cap), CAP);
    assert.ok("k" in session.auth, "countersigned");
  });

  await step("streams answers, each with a verified receipt and its cost", async () => {
    for (const question of ["What is a receipt?", "Who pays the worker?"]) {
      const turn = await ask(page, question);
      await turn.getByRole("button", { name: "Receipt verified" }).waitFor();
    }
    await isAccessible(page, "chat");
    await shot(page, "chat");
    assert.equal(asked.length, 2);
    for (const request of asked) {
      assert.ok(request.url().endsWith("/e2ee"));
      const { "content-type": answer } = (await request.response()).headers();
      assert.equal(answer, "application/vnd.secret-ai.e2ee-answer");
      const question = request.postDataBuffer();
      assert.ok(question.length > 512);
      for (const word of ["receipt", "Who pays", "messages"]) assert.ok(!question.includes(word), `${word} is on the wire`);
    }
    await page.getByRole("button", { name: "Receipt verified" }).last().click();
    await page.getByRole("dialog").getByText("Counters", { exact: true }).waitFor();
    await isAccessible(page, "receipt");
    await shot(page, "receipt");
    await page.keyboard.press("Escape");
  });

  await step("stops an answer; the next receipt contains what it cost", async () => {
    await slowly(context, page, async () => {
      await page.getByLabel("Your question").fill("Tell me everything about attestation.");
      await page.keyboard.press("Enter");
      await page.locator(".message.assistant[data-state=streaming] .prose").waitFor();
      await page.getByTestId("spent").getByText("≈").waitFor();
      await shot(page, "streaming");
      await page.getByRole("button", { name: "Stop the answer" }).click();
      await page.locator(".message.assistant[data-state=stopped]").waitFor();
    });
    const turn = await ask(page, "What is a session?");
    await turn.getByRole("button", { name: "Receipt verified" }).waitFor();
  });

  await step("a session and its receipts survive a reload, the conversation does not", async () => {
    await page.reload();
    await page.getByLabel("Your question").waitFor();
    assert.equal(await page.locator(".message").count(), 0);
    await page.getByText("Conversations are not stored").waitFor();
    const turn = await ask(page, "Is this still my session?");
    await turn.getByRole("button", { name: "Receipt verified" }).waitFor();
  });

  await step("exports receipts, and charts each of them", async () => {
    await goTo(page, "Usage");
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export receipts" }).click()]);
    const { receipts } = JSON.parse(await readFile(await download.path(), "utf8"));
    assert.equal(receipts.length, 4);
    assert.equal(await page.locator(".chart .bar").count(), 4);
    const costs = receipts.reduce((sum, receipt) => sum + BigInt(receipt.cost), 0n);
    total = BigInt(receipts.at(-1).total);
    assert.ok(total > costs, "the stopped answer is in the last total, though in no receipt of its own");
    await isAccessible(page, "usage");
    await shot(page, "usage");
  });

  await step("closes, reclaims and withdraws to the base unit", async () => {
    await page.getByRole("button", { name: "Close session" }).first().click();
    await page.getByText(/Session closed/).waitFor();
    await goTo(page, "Wallet");
    const reclaim = page.getByRole("button", { name: "Reclaim to free balance" });
    await until("the session has ended", () => reclaim.isEnabled());
    await reclaim.click();
    await page.getByText(/^Reclaimed: /).waitFor();
    const closed = await figures(stage, user);
    const session = closed.sessions.find((one) => one.session_id === sessionId);
    assert.equal(session.status, "reclaimed");
    assert.equal(BigInt(session.paid), total, "paid is what the newest receipt says");
    assert.equal(closed.free, start.free + DEPOSIT - total);
    assert.equal(await balance(page, "free"), closed.free);
    await page.locator("form", { has: page.getByLabel("Amount to withdraw") }).getByRole("button", { name: "Max" }).click();
    await page.getByRole("button", { name: "Withdraw", exact: true }).click();
    await page.getByText(/^Withdrawn: /).waitFor();
    const end = await figures(stage, user);
    assert.equal(end.free, 0n);
    assert.equal(end.inWallet, start.inWallet + start.free - total);
    assert.equal(await balance(page, "wallet"), end.inWallet);
  });

  await step("keeps no key after disconnecting, and no question at all", async () => {
    await page.getByRole("button", { name: "Disconnect" }).click();
    await page.getByRole("button", { name: "Test account" }).waitFor();
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
    assert.ok(!kept.includes(user.split(" ").slice(0, 3).join(" ")), "words");
    assert.ok(!/attestation|Who pays/.test(kept), "questions");
  });
});

/** While `work` runs, everything trickles in, so that there is time to stop an answer. */
async function slowly(context, page, work) {
  const devtools = await context.newCDPSession(page);
  const limit = (downloadThroughput) => devtools.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput, uploadThroughput: -1 });
  await devtools.send("Network.enable");
  // Bytes a second. Set before the question goes out: a limit that comes during an answer can come too late.
  await limit(1000);
  try {
    await work();
  } finally {
    await limit(-1);
    await devtools.detach();
  }
}
