import { linked, network } from "../state/settings";
import { Notice } from "../ui/parts";

const NAMES = { lcdUrl: "LCD URL", chainId: "chain ID", billing: "billing contract", faucetUrl: "faucet URL", testMnemonic: "test account" };

/** A link can name a node and a contract, and so decide where a deposit goes. */
export function Linked() {
  if (linked.value.length === 0) return null;
  return (
    <Notice tone="warn" title="The link to this page changes the network">
      <p>Whoever made the link decides where deposits go. It sets, unlike this site or what you saved here:</p>
      <ul>
        {linked.value.map((key) => (
          <li key={key} class="break">
            {NAMES[key]} {network.value[key]}
          </li>
        ))}
      </ul>
    </Notice>
  );
}
