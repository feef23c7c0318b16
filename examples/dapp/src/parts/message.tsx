import { useState } from "preact/hooks";
import { money } from "../lib/amount";
import { count } from "../lib/text";
import { Markdown } from "../lib/markdown";
import { account } from "../state/account";
import type { Turn } from "../state/chat";
import { Copy } from "../ui/copy";
import { Icon } from "../ui/icon";
import { Failure } from "./failure";
import { ReceiptDetails } from "./receipt-details";

/** A question or an answer. */
export function Message({ turn }: { turn: Turn }) {
  if (turn.role === "user") {
    return (
      <div class="message user">
        <span class="visually-hidden">You asked:</span>
        <div class="bubble">{turn.text}</div>
      </div>
    );
  }
  return (
    <div class="message assistant" aria-busy={turn.state === "streaming" || undefined} data-state={turn.state}>
      <span class="visually-hidden">The model answered:</span>
      {turn.text !== "" && <Markdown text={turn.text} />}
      {turn.state === "streaming" && turn.text === "" && (
        <span class="waiting" role="status" aria-label="Waiting for the worker">
          <i />
          <i />
          <i />
        </span>
      )}
      {turn.error && <Failure title={turn.text === "" ? "No answer" : "This answer is not verified"} error={turn.error} />}
      <Foot turn={turn} />
    </div>
  );
}

function Foot({ turn }: { turn: Turn }) {
  const [isOpen, setOpen] = useState(false);
  const token = account.value?.token;
  const { receipt } = turn;
  if (turn.state === "streaming") return <div class="message-foot">{turn.text !== "" && `about ${count(turn.pieces)} tokens so far`}</div>;
  if (turn.state === "stopped") {
    return <div class="message-foot">Stopped. The worker charges what it had produced; the next receipt contains it.</div>;
  }
  if (!receipt) return null;
  return (
    <div class="message-foot">
      <button type="button" class="badge good" onClick={() => setOpen(true)}>
        <Icon name="shield" size={13} />
        Receipt verified
      </button>
      {token && <span class="num" data-testid="cost">{money(BigInt(receipt.cost), token)}</span>}
      <Copy text={turn.text} label="Copy answer" />
      <span class="num">
        {receipt.units.map((units, i) => `${count(units)} ${receipt.unitNames[i]}`).join(" · ")}
      </span>
      {isOpen && <ReceiptDetails receipt={receipt} onClose={() => setOpen(false)} />}
    </div>
  );
}
