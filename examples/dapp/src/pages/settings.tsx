import { NetworkForm } from "../parts/network-form";
import { forgetHistory } from "../state/chat";
import { clearReceipts } from "../state/receipts";
import { keepsHistory, setKeepsHistory, setTheme, theme, type Theme } from "../state/settings";
import { toast } from "../state/toasts";
import { disconnect, wallet } from "../state/wallet";
import { Copy } from "../ui/copy";
import { Button, Row, Select } from "../ui/parts";

/** Network, privacy, colours. */
export function SettingsPage() {
  return (
    <div class="page">
      <div class="page-head">
        <h1>Settings</h1>
      </div>
      <div class="grid-2">
        <section class="card">
          <header>
            <h2>Network</h2>
          </header>
          <NetworkForm />
        </section>
        <div class="stack">
          <Privacy />
          <Appearance />
          <WalletCard />
        </div>
      </div>
    </div>
  );
}

function Privacy() {
  const forget = async () => {
    await clearReceipts();
    toast("Receipts deleted; the newest of each session stays, as the next one is compared with it");
  };
  const toggle = (isOn: boolean) => {
    setKeepsHistory(isOn);
    if (!isOn) void forgetHistory();
  };
  return (
    <section class="card">
      <header>
        <h2>On this device</h2>
      </header>
      <div class="stack">
        <label class="switch">
          <input type="checkbox" role="switch" checked={keepsHistory.value} onChange={(event) => toggle(event.currentTarget.checked)} />
          <span>
            <span class="label">Keep conversations</span>
            <span class="hint" style={{ display: "block" }}>
              Off: questions and answers are in this tab's memory only. On: they are stored unencrypted in this browser. Switching off
              deletes them.
            </span>
          </span>
        </label>
        <p class="hint">Receipts are always kept: they prove what you were charged. They hold digests and counts, no text. Deleting them leaves the newest of each session, which the next one must go on from.</p>
        <div>
          <Button kind="danger" onClick={() => void forget()}>Delete receipts</Button>
        </div>
      </div>
    </section>
  );
}

const THEMES: [Theme, string][] = [
  ["system", "As the system"],
  ["light", "Light"],
  ["dark", "Dark"],
];

function Appearance() {
  return (
    <section class="card">
      <header>
        <h2>Appearance</h2>
      </header>
      <Select label="Colours" value={theme.value} options={THEMES} onChange={(value) => setTheme(value as Theme)} />
    </section>
  );
}

function WalletCard() {
  const connected = wallet.value;
  if (!connected) return null;
  return (
    <section class="card">
      <header>
        <h2>Connected</h2>
        <Button icon="logout" onClick={disconnect}>Disconnect</Button>
      </header>
      <dl class="rows">
        <Row name="Wallet">{connected.kind === "keplr" ? "Keplr" : "Development key, in this tab only"}</Row>
        <Row name="Address" isMono>
          {connected.address} <Copy text={connected.address} label="Copy address" />
        </Row>
      </dl>
    </section>
  );
}
