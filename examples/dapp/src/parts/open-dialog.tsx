import { useState } from "preact/hooks";
import { AmountError, formatAmount, money, parseAmount } from "../lib/amount";
import { account, openSession } from "../state/account";
import { explain, type Explained } from "../state/explain";
import { go } from "../state/route";
import { toast } from "../state/toasts";
import type { Offer } from "../state/types";
import { selectSession } from "../state/chat";
import { Dialog } from "../ui/dialog";
import { Button, Field, Select } from "../ui/parts";
import { Failure } from "./failure";
import { UNIT_NAMES } from "./offer-card";

/** Hours, and how people say them. */
const LIFETIMES = [
  ["1", "1 hour"],
  ["24", "1 day"],
  ["168", "7 days"],
] as const;

/** Asks for cap and terms, then opens the session. */
export function OpenDialog({ offer, onClose }: { offer: Offer; onClose: () => void }) {
  const open = account.value;
  const [cap, setCap] = useState("");
  const [hours, setHours] = useState("24");
  const [isCountersigned, setCountersigned] = useState(true);
  const [wrong, setWrong] = useState<string | undefined>();
  const [error, setError] = useState<Explained | undefined>();
  const [isBusy, setBusy] = useState(false);
  if (!open) return null;
  const { token, free } = open;

  const submit = async (event: Event) => {
    event.preventDefault();
    setError(undefined);
    const amount = check(cap, free, token);
    setWrong(typeof amount === "string" ? amount : undefined);
    if (typeof amount === "string") return;
    setBusy(true);
    try {
      const id = await openSession(offer, { cap: amount, hours: Number(hours), isCountersigned });
      toast(`Session opened with a cap of ${money(amount, token)}`);
      selectSession(id);
      onClose();
      go("chat");
    } catch (problem) {
      setError(explain(problem));
      setBusy(false);
    }
  };

  return (
    <Dialog title="Open a session" onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)} noValidate>
        <p class="muted">
          <strong style={{ color: "var(--text)" }}>{offer.model}</strong> at{" "}
          {offer.lines.map((line) => `${formatAmount(line.rate, token)} per million ${UNIT_NAMES[line.unit] ?? line.unit}`).join(", ")}.
        </p>
        <Field
          label="Cap"
          value={cap}
          onInput={setCap}
          isDecimal
          suffix={token.symbol}
          error={wrong}
          hint={`Set aside from your free balance of ${money(free, token)}. What is not used comes back.`}
          after={
            <button type="button" class="badge" onClick={() => setCap(formatAmount(free, token).replaceAll(",", ""))}>
              Max
            </button>
          }
        />
        <Select label="Ends after" value={hours} options={LIFETIMES} onChange={setHours} />
        <label class="switch">
          <input type="checkbox" role="switch" checked={isCountersigned} onChange={(event) => setCountersigned(event.currentTarget.checked)} />
          <span>
            <span class="label">Countersign receipts</span>
            <span class="hint" style={{ display: "block" }}>
              On: this page signs each request and each receipt it has verified; at most a fifth of the cap can be paid beyond that. Off: you
              get an API key for other programs, and the worker's attestation alone limits it to the cap.
            </span>
          </span>
        </label>
        {error && <Failure title="The session was not opened" error={error} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" isBusy={isBusy}>Open session</Button>
        </div>
      </form>
    </Dialog>
  );
}

function check(text: string, free: bigint, token: { symbol: string; decimals: number }): bigint | string {
  try {
    const amount = parseAmount(text, token);
    if (amount <= 0n) return "Cap: must be more than 0";
    if (amount > free) return `Cap: ${money(amount, token)}, at most your free balance of ${money(free, token)}. Deposit more first.`;
    return amount;
  } catch (error) {
    if (error instanceof AmountError) return `Cap: ${error.message}`;
    throw error;
  }
}
