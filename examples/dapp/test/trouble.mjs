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

pageTest(
  "a dead worker, and an answer that nobody signed",
  async ({ page }) => {
    await connectTestAccount(page);
    await deposit(page, "0.1");
    await page.getByText("Deposited").waitFor();
    await openSession(page, "0.05", { countersign: false });
    await page.getByLabel("Your question").waitFor();

    await page.route("**/v1/chat/completions", (route) => route.abort("connectionrefused"));
    const dead = await ask(page, "Are you there?");
    await dead.getByText("No answer", { exact: true }).waitFor();
    await dead.getByText(/Worker: it cannot be reached\. Try again, or close the session/).waitFor();
    await page.unroute("**/v1/chat/completions");

    const forged = "**bold** <img src=x onerror=alert(1)> [click](javascript:alert(1)) [out](https://example.org)";
    await page.route("**/v1/chat/completions", (route) =>
      route.request().method() === "OPTIONS"
        ? route.continue()
        : route.fulfill({
            contentType: "text/event-stream",
            headers: { "access-control-allow-origin": "*" },
            body: `data: ${JSON.stringify({ choices: [{ delta: { content: forged } }] })}\n\ndata: [DONE]\n\n`,
          }),
    );
    const turn = await ask(page, "Sign this.");
    await turn.getByText("This answer is not verified").waitFor();
    assert.equal(await turn.locator("strong").first().textContent(), "bold");
    assert.equal(await turn.locator("img").count(), 0, "markup is text");
    assert.deepEqual(await turn.locator(".prose a").evaluateAll((links) => links.map((link) => link.href)), ["https://example.org/"]);
    assert.equal(await turn.getByRole("button", { name: "Receipt verified" }).count(), 0);
    await page.unroute("**/v1/chat/completions");

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
