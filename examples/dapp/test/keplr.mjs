// The same way with a wallet that only signs: unknown chain, refusals, sessions from a signature.
import assert from "node:assert/strict";
import { shot } from "./browser.mjs";
import { figures } from "./chain.mjs";
import { addKeplr } from "./fake-keplr.mjs";
import { pageTest, shared } from "./suite.mjs";
import { ask, deposit, openSession } from "./walk.mjs";

const { stage } = shared;
const mnemonic = stage.accounts.user.mnemonic;
const prepare = ({ context }) => addKeplr(context, { mnemonic, lcdUrl: stage.lcd_url });

pageTest(
  "Keplr is asked to add the chain, to sign, and may refuse",
  async ({ page }) => {
    await page.evaluate(() => void (window.keplrRefuses = true));
    await page.getByRole("button", { name: "Keplr" }).click();
    await page.getByText("You refused it in the wallet. Nothing was sent.").waitFor();
    await page.evaluate(() => void (window.keplrRefuses = false));
    await page.getByRole("button", { name: "Keplr" }).click();
    await page.getByText("Simulated TEE: development root.").waitFor();
    const asked = await page.evaluate(() => window.keplrAsked);
    assert.deepEqual(asked[0], { suggested: stage.chain_id, rest: stage.lcd_url });

    await page.evaluate(() => void (window.keplrRefuses = true));
    await deposit(page, "0.3");
    await page.getByText("You refused it in the wallet. Nothing was sent.").waitFor();
    await shot(page, "keplr-refused");
    await page.evaluate(() => void (window.keplrRefuses = false));
    await page.getByRole("button", { name: "Deposit", exact: true }).click();
    await page.getByText("Deposited: 0.30 DEVUSD").waitFor();

    await openSession(page, "0.1");
    const turn = await ask(page, "What is a receipt?");
    await turn.getByRole("button", { name: "Receipt verified" }).waitFor();
    const [session] = (await figures(stage, mnemonic)).sessions.slice(-1);
    assert.equal(BigInt(session.cap), 100_000n);

    // After a reload the wallet signs again, and the same session's secrets come out.
    await page.reload();
    const again = await ask(page, "Is this the same session?");
    await again.getByRole("button", { name: "Receipt verified" }).waitFor();
    assert.equal((await figures(stage, mnemonic)).sessions.at(-1).session_id, session.session_id);
  },
  { prepare },
);
