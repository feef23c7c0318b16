/**
 * A Keplr made of secretjs' own browser build: one account, a chain that it does not know at first, and
 * a switch that refuses. It runs in the page, before the page's own scripts.
 */
import { createRequire } from "node:module";

const SECRETJS = createRequire(import.meta.url).resolve("secretjs/dist/browser.js");

/** Puts `window.keplr` into every page of a context. */
export async function addKeplr(context, { mnemonic, lcdUrl }) {
  await context.addInitScript({ path: SECRETJS });
  await context.addInitScript(
    ({ mnemonic, lcdUrl }) => {
      const { Wallet, EncryptionUtilsImpl } = window.secretjs;
      const wallet = new Wallet(mnemonic);
      const utils = new EncryptionUtilsImpl(lcdUrl, new Uint8Array(32).fill(7));
      // What the extension remembers: chains that were added, and what it was asked.
      const known = () => JSON.parse(localStorage.getItem("fake-keplr.chains") ?? "[]");
      window.keplrRefuses = false;
      window.keplrAsked = [];
      const check = (chain) => {
        if (!known().includes(chain)) throw new Error(`There is no chain info for ${chain}`);
      };
      window.keplr = {
        async enable(chain) {
          check(chain);
          if (window.keplrRefuses) throw new Error("Request rejected");
        },
        async experimentalSuggestChain(info) {
          window.keplrAsked.push({ suggested: info.chainId, rest: info.rest });
          localStorage.setItem("fake-keplr.chains", JSON.stringify([...known(), info.chainId]));
        },
        async getKey(chain) {
          check(chain);
          return { bech32Address: wallet.address, algo: "secp256k1", pubKey: wallet.publicKey };
        },
        getEnigmaUtils: () => utils,
        async signAmino(chain, signer, document) {
          check(chain);
          if (window.keplrRefuses) throw new Error("Request rejected");
          window.keplrAsked.push({ signed: document.msgs[0].type, signer });
          // Keplr signs one document always alike (RFC 6979); secretjs' wallet adds randomness, so remember.
          const name = `fake-keplr.${JSON.stringify(document)}`;
          const answer = JSON.parse(localStorage.getItem(name) ?? "null") ?? (await wallet.signAmino(signer, document));
          localStorage.setItem(name, JSON.stringify(answer));
          return answer;
        },
      };
    },
    { mnemonic, lcdUrl },
  );
}
