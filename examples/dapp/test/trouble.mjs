// What goes wrong is named, with the field, the limit and the way out.
import assert from "node:assert/strict";
import { Wallet } from "secretjs";
import { client } from "./chain.mjs";
import { addKeplr } from "./fake-keplr.mjs";
import { pageTest, shared } from "./suite.mjs";
import { ask, connectTestAccount, deposit, goTo, openSession } from "./walk.mjs";

const { stage } = shared;
const LOAD_FAILED = /Failed to load resource/;

async function setNetwork(page, fields) {
  const form = page.locator("form", { has: page.getByLabel("LCD URL") });
  if (!(await form.isVisible())) await page.getByText("Network: ").click();
  for (const [label, value] of Object.entries(fields)) await form.getByLabel(label).fill(value);
  await form.getByRole("button", { name: "Save network" }).click();
}

pageTest(
  "wrong settings are named before anything is asked of a wallet",
  async ({ page }) => {
    await setNetwork(page, { "LCD URL": "ftp://here", "Billing contract": "secret1short" });
    await page.getByText("LCD URL: expected http://… or https://…").waitFor();
    await page.getByText("Billing contract: expected secret1 and 38 more characters").waitFor();
    await setNetwork(page, { "LCD URL": "http://127.0.0.1:9", "Billing contract": stage.contracts.billing.address });
    await page.getByRole("button", { name: "Test account" }).click();
    await page.getByText("LCD URL: no answer from http://127.0.0.1:9").waitFor();
    await setNetwork(page, { "LCD URL": stage.agent.url });
    await page.getByRole("button", { name: "Test account" }).click();
    await page.getByText(/LCD URL: .* answers, but not as a Secret node \(HTTP 404\)/).waitFor();
  },
  { expected: LOAD_FAILED },
);

pageTest(
  "a script that got into the page would not run",
  async ({ page }) => {
    await page.getByRole("button", { name: "Test account" }).waitFor();
    const ran = await page.evaluate(async () => {
      const script = document.createElement("script");
      script.textContent = "window.intruder = true";
      document.head.append(script);
      const button = document.createElement("button");
      button.setAttribute("onclick", "window.intruder = true");
      document.body.append(button);
      button.click();
      return "intruder" in window;
    });
    assert.equal(ran, false);
  },
  { expected: /Content Security Policy/ },
);

pageTest("a key is for the development chain only, and must be words", async ({ page }) => {
  await page.getByText("Use another development key").click();
  await page.getByLabel("Words of the key").fill("one two three");
  await page.getByRole("button", { name: "Connect key" }).click();
  await page.getByText("Key: expected 12 to 24 words").waitFor();
  await page.getByLabel("Words of the key").fill("zoo ".repeat(12));
  await page.getByRole("button", { name: "Connect key" }).click();
  await page.getByText("Key: a word is unknown, or the last one does not fit the others").waitFor();
  await setNetwork(page, { "Chain ID": "secret-4" });
  await page.getByText("Network: secret-4").waitFor();
  assert.equal(await page.getByRole("button", { name: "Test account" }).count(), 0);
});

pageTest(
  "a node of another chain is refused",
  async ({ page, site }) => {
    await page.goto(`${site.url}?chain=secretdev-2`);
    await page.getByText("Network: secretdev-2").waitFor();
    await page.getByText("The link to this page changes the network").waitFor();
    await page.getByRole("listitem").getByText("chain ID secretdev-2").waitFor();
    await page.getByRole("button", { name: "Keplr" }).click();
    await page.getByText(`Chain ID: the node is of ${stage.chain_id}, the settings say secretdev-2`).waitFor();
  },
  { prepare: ({ context }) => addKeplr(context, { mnemonic: stage.accounts.user.mnemonic, lcdUrl: stage.lcd_url }) },
);

pageTest(
  "a contract that is not billing is named",
  async ({ page }) => {
    await setNetwork(page, { "Billing contract": stage.accounts.user.address });
    await page.getByRole("button", { name: "Test account" }).click();
    await page.getByText("The account could not be read").waitFor();
    await page.getByText(/billing: /).waitFor();
  },
  { expected: LOAD_FAILED },
);

pageTest(
  "an account without gas is offered the faucet",
  async ({ t, page }) => {
    if (!stage.faucet_url) return t.skip("this chain has no faucet");
    const poor = new Wallet();
    const user = client(stage, stage.accounts.user.mnemonic);
    const { token } = stage.contracts;
    const msg = { transfer: { recipient: poor.address, amount: "5000" } };
    const sent = await user.tx.compute.executeContract(
      { sender: user.address, contract_address: token.address, code_hash: token.code_hash, msg, sent_funds: [] },
      { gasLimit: 150_000, broadcastCheckIntervalMs: 500 },
    );
    assert.equal(sent.code, 0, sent.rawLog);
    await page.getByText("Use another development key").click();
    await page.getByLabel("Words of the key").fill(poor.mnemonic);
    await page.getByRole("button", { name: "Connect key" }).click();
    await deposit(page, "0.005");
    const notice = page.getByRole("alert").filter({ hasText: "Gas:" });
    await notice.getByRole("button", { name: "Get gas from the faucet" }).click();
    await page.getByText("The faucet sent gas").waitFor();
    await page.getByRole("button", { name: "Deposit", exact: true }).click();
    await page.getByText("Deposited: 0.005 DEVUSD").waitFor();
  },
  { expected: LOAD_FAILED },
);

/** A turn of the open session in which the worker said `text`, from the conversations that are kept. */
async function said(page, text) {
  await goTo(page, "Settings");
  await page.getByRole("switch", { name: "Keep conversations" }).check();
  await page.evaluate(async (value) => {
    const done = (request) => new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: reject }));
    const database = await done(indexedDB.open("secret-ai"));
    const turns = [{ id: 1, role: "assistant", text: value, state: "done", pieces: 1 }];
    await done(database.transaction("history", "readwrite").objectStore("history").put(turns, sessionStorage.getItem("secret-ai.session")));
    database.close();
  }, text);
  await page.reload();
  await goTo(page, "Chat");
  const turn = page.locator(".message.assistant").last();
  await turn.waitFor();
  return turn;
}

pageTest(
  "a dead worker, one that has started again, and answers that nobody sealed or signed",
  async ({ page }) => {
    await connectTestAccount(page);
    await deposit(page, "0.1");
    await page.getByText("Deposited").waitFor();
    await openSession(page, "0.05", { countersign: false });
    await page.getByLabel("Your question").waitFor();

    const meet = (answer) => page.route("**/e2ee", (route) => (route.request().method() === "OPTIONS" ? route.continue() : answer(route)));
    const headers = { "access-control-allow-origin": "*" };
    const verified = (turn) => turn.getByRole("button", { name: "Receipt verified" });

    await meet((route) => route.abort("connectionrefused"));
    const dead = await ask(page, "Are you there?");
    await dead.getByText("No answer", { exact: true }).waitFor();
    await dead.getByText(/Worker: it cannot be reached\. Try again, or close the session/).waitFor();
    await page.unroute("**/e2ee");

    await meet((route) => route.fulfill({ status: 422, headers, json: { error: { code: "wrong_key", message: "" } } }));
    const restarted = await ask(page, "Are you still the same?");
    await restarted.getByText(/Worker: it has started again with new keys/).waitFor();
    await page.unroute("**/e2ee");

    const forged = `data: ${JSON.stringify({ choices: [{ delta: { content: "Believe me." } }] })}\n\ndata: [DONE]\n\n`;
    await meet((route) => route.fulfill({ contentType: "text/event-stream", headers, body: forged }));
    const open = await ask(page, "Who answers?");
    await open.getByText("No answer", { exact: true }).waitFor();
    await open.getByText("e2ee: the answer is not sealed").waitFor();
    assert.equal(await open.getByText("Believe me.").count(), 0);
    await page.unroute("**/e2ee");

    await meet(async (route) => {
      const response = await route.fetch();
      const body = await response.body();
      await route.fulfill({ response, body: body.subarray(0, body.length / 2) });
    });
    const cut = await ask(page, "Sign this.");
    await cut.getByText("This answer is not verified").waitFor();
    await cut.getByText("e2ee: the answer was cut off").waitFor();
    assert.equal(await verified(cut).count(), 0);
    await page.unroute("**/e2ee");

    const turn = await said(page, "**bold** <img src=x onerror=alert(1)> [click](javascript:alert(1)) [out](https://example.org)");
    assert.equal(await turn.locator("strong").first().textContent(), "bold");
    assert.equal(await turn.locator("img").count(), 0, "markup is text");
    assert.deepEqual(await turn.locator(".prose a").evaluateAll((links) => links.map((link) => link.href)), ["https://example.org/"]);
    assert.equal(await verified(turn).count(), 0);

    await page.getByRole("button", { name: "Show API key" }).click();
    const key = await page.locator(".chat-side .mono.break").textContent();
    const answer = await fetch(`${stage.agent.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key.trim()}` },
      body: JSON.stringify({ model: stage.model, messages: [{ role: "user", content: "Hello" }], max_tokens: 16 }),
    });
    assert.equal(answer.status, 200, "the API key works in other programs");
    await goTo(page, "Usage");
    await page.getByRole("button", { name: "Close session" }).first().click();
    await page.getByText(/Session closed/).waitFor();
  },
  { expected: LOAD_FAILED },
);
