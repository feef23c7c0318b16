/** A headless Chromium of this machine, and pages that note what must not happen in them. */
import { existsSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const KNOWN = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const SHOTS = fileURLToPath(new URL("../../../target/dapp/", import.meta.url));

/** Path of a Chromium: $CHROMIUM, or where distributions put it. */
export function findChromium() {
  return [process.env.CHROMIUM, ...KNOWN].find((path) => path && existsSync(path));
}

/** Starts it. */
export function launch() {
  // Containers have no user namespaces for the sandbox; only pages of this test are opened.
  return chromium.launch({ executablePath: findChromium(), args: ["--no-sandbox", "--disable-dev-shm-usage", "--force-prefers-reduced-motion"] });
}

/** A page in a fresh profile; `seen` collects errors on the console and requests that leave the machine. */
export async function open(browser, { url, width = 1280, height = 860, dark = false } = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
    acceptDownloads: true,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const seen = { errors: [], outside: [] };
  page.on("console", (message) => message.type() === "error" && seen.errors.push(`${message.text()} ${message.location().url}`));
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("request", (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (protocol.startsWith("http") && hostname !== "127.0.0.1" && hostname !== "localhost") seen.outside.push(request.url());
  });
  if (url) await page.goto(url);
  return { page, context, seen };
}

/** Saves what the page looks like to target/dapp. */
export async function shot(page, name) {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: `${SHOTS}${name}.png` });
}
