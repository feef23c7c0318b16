import { useState } from "preact/hooks";
import { askForGas } from "../state/account";
import { explain, type Explained } from "../state/explain";
import { go } from "../state/route";
import { isDevelopmentChain, network } from "../state/settings";
import { toast } from "../state/toasts";
import { Button, Notice } from "../ui/parts";

/** What went wrong, with the way out if there is one. */
export function Failure({ title, error }: { title: string; error: Explained }) {
  return (
    <Notice title={title} action={<WayOut error={error} />}>
      {error.text}
    </Notice>
  );
}

function WayOut({ error }: { error: Explained }) {
  switch (error.wayOut) {
    case "faucet":
      return isDevelopmentChain.value && network.value.faucetUrl !== "" ? <Faucet /> : null;
    case "settings":
      return <Button onClick={() => go("settings")}>Settings</Button>;
    case "deposit":
      return <Button onClick={() => go("wallet")}>Deposit</Button>;
    default:
      return null;
  }
}

/** Gets gas from the development chain's faucet. */
export function Faucet() {
  const [isBusy, setBusy] = useState(false);
  const ask = async () => {
    setBusy(true);
    try {
      await askForGas();
      toast("The faucet sent gas");
    } catch (problem) {
      toast(explain(problem).text, "bad");
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button isBusy={isBusy} onClick={() => void ask()}>
      Get gas from the faucet
    </Button>
  );
}
