import { useState } from "preact/hooks";
import { network, problems, resetNetwork, saveNetwork, type Network } from "../state/settings";
import { toast } from "../state/toasts";
import { disconnect } from "../state/wallet";
import { Button, Field } from "../ui/parts";

const FIELDS: { key: "lcdUrl" | "chainId" | "billing" | "faucetUrl"; label: string; hint?: string }[] = [
  { key: "lcdUrl", label: "LCD URL", hint: "The node that this page asks." },
  { key: "chainId", label: "Chain ID" },
  { key: "billing", label: "Billing contract", hint: "It names the registry and the tokens." },
  { key: "faucetUrl", label: "Faucet URL", hint: "For gas on development chains; may be empty." },
];

/** Which node, chain and contract. Saving disconnects: a wallet is connected to one network. */
export function NetworkForm({ onSaved }: { onSaved?: () => void }) {
  const [draft, setDraft] = useState<Network>(network.value);
  const [isTried, setTried] = useState(false);
  const wrong = isTried ? problems(draft) : {};
  const save = (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(problems(draft)).length > 0) return;
    disconnect();
    saveNetwork(draft);
    toast("Network saved");
    onSaved?.();
  };
  const reset = async () => {
    disconnect();
    await resetNetwork();
    setDraft(network.value);
  };
  return (
    <form class="stack" onSubmit={save} noValidate>
      {FIELDS.map(({ key, label, hint }) => (
        <Field key={key} label={label} value={draft[key]} hint={hint} error={wrong[key]} isMono={key === "billing"} onInput={(value) => setDraft({ ...draft, [key]: value.trim() })} />
      ))}
      <div class="inline">
        <Button type="submit" kind="primary">Save network</Button>
        <Button kind="quiet" onClick={() => void reset()}>Reset</Button>
      </div>
    </form>
  );
}
