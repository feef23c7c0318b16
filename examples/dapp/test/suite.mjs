/** What every test file starts from: a stage, a browser, the built page; or a clear word why not. */
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { findChromium, launch, open, shot } from "./browser.mjs";
import { readStage } from "./chain.mjs";
import { serve } from "./site.mjs";

const stage = readStage();
if (!stage) throw new Error("SECRET_AI_STAGE: not set; run these tests as `stage -- npm test -w examples/dapp`");
const isMissing = !findChromium() && "no Chromium on this machine; install one (Debian: apt install chromium) or set CHROMIUM";

/** What the tests of a file share; browser and site once they run. */
export const shared = { stage };

before(async () => {
  if (isMissing) return;
  shared.site = await serve();
  shared.browser = await launch();
});

after(async () => {
  await shared.browser?.close();
  shared.site?.stop();
});

/**
 * A test with a page of its own. At its end nothing must have left the machine, and the console must be
 * free of errors but for those that `expected` matches.
 */
export function pageTest(name, work, { expected, prepare, ...options } = {}) {
  test(name, { skip: isMissing }, async (t) => {
    const opened = await open(shared.browser, options);
    try {
      await prepare?.(opened);
      await opened.page.goto(shared.site.url);
      await work({ t, ...opened, ...shared });
      const errors = opened.seen.errors.filter((text) => !expected?.test(text));
      assert.deepEqual(errors, [], "console");
      assert.deepEqual(opened.seen.outside, [], "requests that leave the machine");
    } catch (error) {
      await shot(opened.page, `failed-${name.replace(/\W+/g, "-")}`).catch(() => undefined);
      throw error;
    } finally {
      await opened.context.close();
    }
  });
}
