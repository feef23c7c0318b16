import { useState } from "preact/hooks";
import { Linked } from "../parts/linked";
import { NetworkForm } from "../parts/network-form";
import { explain, type Explained } from "../state/explain";
import { DEVELOPMENT_CHAIN, isDevelopmentChain, network, problems } from "../state/settings";
import { connectKey, connectKeplr } from "../state/wallet";
import { Icon } from "../ui/icon";
import { Button, Field, Notice } from "../ui/parts";

type Way = "keplr" | "test" | "key";

/** Before a wallet is connected. */
export function ConnectPage() {
  const [busy, setBusy] = useState<Way | undefined>();
  const [error, setError] = useState<Explained | undefined>();
  const [isNetworkOpen, setNetworkOpen] = useState(Object.keys(problems(network.value)).length > 0);
  const [secret, setSecret] = useState("");

  const connect = async (way: Way) => {
    setError(undefined);
    const [wrong] = Object.values(problems(network.value));
    if (wrong) {
      setNetworkOpen(true);
      return setError({ text: wrong, wayOut: "settings" });
    }
    setBusy(way);
    try {
      await (way === "keplr" ? connectKeplr() : connectKey(way === "test" ? network.value.testMnemonic : secret));
      setSecret("");
    } catch (problem) {
      const explained = explain(problem);
      setError(explained);
      if (explained.wayOut === "settings") setNetworkOpen(true);
    } finally {
      setBusy(undefined);
    }
  };

  return (
    <main class="welcome">
      <div class="welcome-box">
        <div class="welcome-head">
          <img src="./favicon.svg" alt="" />
          <h1>Secret AI</h1>
          <p>
            Chat with models that run inside attested machines. A contract holds your deposit and pays per token. Every answer comes with a
            signed receipt, and this page checks it before it shows a cost.
          </p>
        </div>
        <Linked />
        {error && <Notice title="Not connected">{error.text}</Notice>}
        <div class="stack" style={{ gap: "10px" }}>
          <KeplrChoice isBusy={busy === "keplr"} isDisabled={busy !== undefined} onClick={() => void connect("keplr")} />
          {isDevelopmentChain.value && (
            <>
              <Choice icon="key" title="Test account" note={`A public key with tokens, for ${DEVELOPMENT_CHAIN} only`} isBusy={busy === "test"} isDisabled={busy !== undefined} onClick={() => void connect("test")} />
              <details class="more">
                <summary>
                  <Icon name="down" size={15} />
                  Use another development key
                </summary>
                <form
                  class="stack"
                  onSubmit={(event) => {
                    event.preventDefault();
                    void connect("key");
                  }}
                >
                  <Field isSecret label="Words of the key" value={secret} onInput={setSecret} hint="Kept in this tab until you close or disconnect it. Never use a key that holds real money." />
                  <div>
                    <Button type="submit" isBusy={busy === "key"} isDisabled={secret.trim() === ""}>Connect key</Button>
                  </div>
                </form>
              </details>
            </>
          )}
        </div>
        <details class="more" open={isNetworkOpen} onToggle={(event) => setNetworkOpen(event.currentTarget.open)}>
          <summary>
            <Icon name="down" size={15} />
            Network: {network.value.chainId}
          </summary>
          <div>
            <NetworkForm onSaved={() => setError(undefined)} />
          </div>
        </details>
      </div>
    </main>
  );
}

function KeplrChoice(props: { isBusy: boolean; isDisabled: boolean; onClick: () => void }) {
  const isThere = "keplr" in window;
  const note = isThere ? "Asks before every transaction" : "The extension is not installed in this browser";
  return <Choice icon="wallet" title="Keplr" note={note} {...props} isDisabled={props.isDisabled || !isThere} />;
}

interface ChoiceProps {
  icon: "wallet" | "key";
  title: string;
  note: string;
  isBusy: boolean;
  isDisabled: boolean;
  onClick: () => void;
}

function Choice({ icon, title, note, isBusy, isDisabled, onClick }: ChoiceProps) {
  return (
    <button type="button" class="choice" disabled={isDisabled} aria-busy={isBusy || undefined} onClick={onClick}>
      <Icon name={icon} size={20} />
      <span>
        <strong>{title}</strong>
        <small>{note}</small>
      </span>
      {isBusy && <span class="spinner" aria-hidden="true" />}
    </button>
  );
}
