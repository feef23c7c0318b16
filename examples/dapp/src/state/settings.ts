/**
 * Network and preferences. The network comes from, the later the stronger: `config.json` beside the
 * page, what was saved in this browser, the page's own address (`?lcd=…&chain=…&billing=…`).
 */
import { computed, signal } from "@preact/signals";

/** Where the contracts are. */
export interface Network {
  lcdUrl: string;
  chainId: string;
  /** Address of the billing contract; it names registry and tokens. */
  billing: string;
  /** LocalSecret's faucet for gas, on development chains. */
  faucetUrl: string;
  /** Words of a test account with tokens; used on the development chain only. */
  testMnemonic: string;
}

/** The chain of LocalSecret and of `secret-devnet`; its accounts are public. */
export const DEVELOPMENT_CHAIN = "secretdev-1";

/** LocalSecret's account a; everybody knows these words. */
const LOCALSECRET_A =
  "grant rice replace explain federal release fix clever romance raise often wild taxi quarter soccer fiber love must tape steak together observe swap guitar";

const DEFAULTS: Network = {
  lcdUrl: "http://127.0.0.1:1317",
  chainId: DEVELOPMENT_CHAIN,
  billing: "",
  faucetUrl: "http://127.0.0.1:5000",
  testMnemonic: LOCALSECRET_A,
};

const SAVED = "secret-ai.network";
const QUERY: Record<string, keyof Network> = { lcd: "lcdUrl", chain: "chainId", billing: "billing", faucet: "faucetUrl" };
const CONFIG: Record<string, keyof Network> = {
  lcd_url: "lcdUrl",
  chain_id: "chainId",
  billing: "billing",
  faucet_url: "faucetUrl",
  test_mnemonic: "testMnemonic",
};

/** The network in use. */
export const network = signal<Network>(DEFAULTS);
/** What the page's address sets differently from this site's file and what was saved here. */
export const linked = signal<(keyof Network)[]>([]);
/** Whether test accounts and the faucet may be offered. */
export const isDevelopmentChain = computed(() => network.value.chainId === DEVELOPMENT_CHAIN);

function pick(source: Record<string, unknown>, names: Record<string, keyof Network>): Partial<Network> {
  const found: Partial<Network> = {};
  for (const [name, key] of Object.entries(names)) {
    const value = source[name];
    if (typeof value === "string" && value !== "") found[key] = value;
  }
  return found;
}

function saved(): Partial<Network> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(SAVED) ?? "{}");
    const names = Object.fromEntries(["lcdUrl", "chainId", "billing", "faucetUrl"].map((key) => [key, key as keyof Network]));
    return pick(value as Record<string, unknown>, names);
  } catch {
    return {};
  }
}

async function fromFile(): Promise<Partial<Network>> {
  try {
    const answer = await fetch("./config.json", { cache: "no-store" });
    return pick((await answer.json()) as Record<string, unknown>, CONFIG);
  } catch {
    return {};
  }
}

/** Reads the network's sources; called once, before anything is shown. */
export async function loadSettings(): Promise<void> {
  const address = Object.fromEntries(new URLSearchParams(location.search));
  const known: Partial<Network> = { ...(await fromFile()), ...saved() };
  const asked = pick(address, QUERY);
  linked.value = Object.values(QUERY).filter((key) => known[key] !== undefined && asked[key] !== undefined && asked[key] !== known[key]);
  network.value = { ...DEFAULTS, ...known, ...asked };
}

/** What is wrong with each field; empty if nothing is. */
export function problems(candidate: Network): Partial<Record<keyof Network, string>> {
  const found: Partial<Record<keyof Network, string>> = {};
  if (!isHttp(candidate.lcdUrl)) found.lcdUrl = "LCD URL: expected http://… or https://…";
  if (!/^[a-z0-9][a-z0-9-]{1,47}$/i.test(candidate.chainId)) found.chainId = "Chain ID: 2 to 48 letters, digits and dashes";
  if (!/^secret1[02-9ac-hj-np-z]{38}$/.test(candidate.billing)) found.billing = "Billing contract: expected secret1 and 38 more characters";
  if (candidate.faucetUrl !== "" && !isHttp(candidate.faucetUrl)) found.faucetUrl = "Faucet URL: expected http://… or https://…, or nothing";
  return found;
}

function isHttp(text: string): boolean {
  try {
    return ["http:", "https:"].includes(new URL(text).protocol);
  } catch {
    return false;
  }
}

/** Takes and remembers a network. */
export function saveNetwork(next: Network): void {
  const trimmed = { ...next, lcdUrl: next.lcdUrl.trim().replace(/\/+$/, ""), faucetUrl: next.faucetUrl.trim().replace(/\/+$/, "") };
  network.value = trimmed;
  linked.value = [];
  const { testMnemonic: _, ...kept } = trimmed;
  localStorage.setItem(SAVED, JSON.stringify(kept));
}

/** Forgets what was saved; the page's address and file decide again. */
export async function resetNetwork(): Promise<void> {
  localStorage.removeItem(SAVED);
  await loadSettings();
}

const THEME = "secret-ai.theme";
const HISTORY = "secret-ai.history";

export type Theme = "system" | "light" | "dark";

const darkScreen = matchMedia("(prefers-color-scheme: dark)");

/** Colours: as the system has them, or as chosen. */
export const theme = signal<Theme>((localStorage.getItem(THEME) as Theme | null) ?? "system");
/** Whether conversations are kept in this browser; off unless switched on. */
export const keepsHistory = signal(localStorage.getItem(HISTORY) === "on");

function applyTheme(): void {
  const isDark = theme.value === "dark" || (theme.value === "system" && darkScreen.matches);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
}

darkScreen.addEventListener("change", applyTheme);
applyTheme();

/** Changes the colours. */
export function setTheme(next: Theme): void {
  theme.value = next;
  localStorage.setItem(THEME, next);
  applyTheme();
}

/** Switches the keeping of conversations. */
export function setKeepsHistory(isOn: boolean): void {
  keepsHistory.value = isOn;
  localStorage.setItem(HISTORY, isOn ? "on" : "off");
}
