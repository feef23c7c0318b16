import { useState } from "preact/hooks";
import { formatAmount, money } from "../lib/amount";
import { count, moment, plural, short } from "../lib/text";
import { Failure } from "../parts/failure";
import { ReceiptDetails } from "../parts/receipt-details";
import { CloseButton } from "../parts/session-panel";
import { SessionStatus } from "../parts/session-status";
import { spent } from "../parts/spend";
import { UsageChart } from "../parts/usage-chart";
import { account, accountError } from "../state/account";
import { selectSession } from "../state/chat";
import { exportReceipts, receipts } from "../state/receipts";
import { go } from "../state/route";
import type { Account, StoredReceipt } from "../state/types";
import { Button, Empty, Skeleton } from "../ui/parts";

/** What was used and paid: by session from the chain, by answer from this browser's receipts. */
export function UsagePage() {
  const open = account.value;
  const ids = new Set(open?.sessions.map((session) => session.id));
  const own = receipts.value.filter((receipt) => ids.has(receipt.sessionId));
  return (
    <div class="page">
      <div class="page-head">
        <div>
          <h1>Usage</h1>
          <p>Sessions are read from the chain with a permit that only your wallet can sign. Answers are known from the receipts in this browser.</p>
        </div>
        {own.length > 0 && <Button icon="download" onClick={() => exportReceipts(own)}>Export receipts</Button>}
      </div>
      {accountError.value && <Failure title="The account could not be read" error={accountError.value} />}
      {open ? <Figures open={open} own={own} /> : !accountError.value && <Skeleton lines={6} />}
    </div>
  );
}

function Figures({ open, own }: { open: Account; own: StoredReceipt[] }) {
  if (open.sessions.length === 0) {
    return (
      <Empty icon="chart" title="Nothing used yet" action={<Button kind="primary" onClick={() => go("workers")}>Choose a worker</Button>}>
        Sessions and what they cost appear here.
      </Empty>
    );
  }
  const paid = open.sessions.reduce((sum, session) => sum + session.paid, 0n);
  const used = open.sessions.reduce((sum, session) => sum + spent(session), 0n);
  return (
    <>
      <div class="stats">
        <Stat name="Used" value={formatAmount(used, open.token)} unit={open.token.symbol} />
        <Stat name="Settled on the chain" value={formatAmount(paid, open.token)} unit={open.token.symbol} />
        <Stat name="Answers with receipts here" value={count(own.length)} unit="" />
      </div>
      {own.length > 0 && (
        <section class="card">
          <header>
            <h2>Cost by answer</h2>
            <span class="muted small">{plural(own.length, "answer")}</span>
          </header>
          <UsageChart receipts={own} token={open.token} />
        </section>
      )}
      <Sessions open={open} />
      {own.length > 0 && <Answers own={own} open={open} />}
    </>
  );
}

function Stat({ name, value, unit }: { name: string; value: string; unit: string }) {
  return (
    <div class="stat">
      <span class="name">{name}</span>
      <span class="value">
        {value} <small>{unit}</small>
      </span>
    </div>
  );
}

function Sessions({ open }: { open: Account }) {
  const show = (id: string) => {
    selectSession(id);
    go("chat");
  };
  return (
    <section class="card">
      <header>
        <h2>Sessions</h2>
      </header>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="Sessions">
        <table>
          <thead>
            <tr>
              <th>Session</th>
              <th>Model</th>
              <th>Status</th>
              <th class="end">Used</th>
              <th class="end">Settled</th>
              <th class="end">Cap</th>
              <th>
                <span class="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {open.sessions.toReversed().map((session) => (
              <tr key={session.id} data-session={session.id}>
                <td class="mono">
                  #{session.counter} {short(session.id, 6, 4)}
                </td>
                <td>{session.models.join(", ")}</td>
                <td>
                  <SessionStatus status={session.status} />
                </td>
                <td class="end">{formatAmount(spent(session), open.token)}</td>
                <td class="end">{formatAmount(session.paid, open.token)}</td>
                <td class="end">{formatAmount(session.cap, open.token)}</td>
                <td class="end">
                  <div class="inline" style={{ justifyContent: "flex-end", flexWrap: "nowrap" }}>
                    {session.status === "open" && <Button onClick={() => show(session.id)}>Chat</Button>}
                    {session.status === "open" && <CloseButton session={session} />}
                    {session.status === "ended" && <Button onClick={() => go("wallet")}>Reclaim</Button>}
                  </div>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

const SHOWN_ANSWERS = 20;

function Answers({ own, open }: { own: StoredReceipt[]; open: Account }) {
  const [shown, setShown] = useState<StoredReceipt | undefined>();
  return (
    <section class="card">
      <header>
        <h2>Newest answers</h2>
      </header>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="Answers">
        <table>
          <thead>
            <tr>
              <th>Time</th>
              <th>Model</th>
              <th class="end">Units</th>
              <th class="end">Cost</th>
              <th>
                <span class="visually-hidden">Receipt</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {own.slice(-SHOWN_ANSWERS).toReversed().map((receipt) => (
              <tr key={receipt.sessionId + receipt.kid + receipt.seq}>
                <td>{moment(receipt.time)}</td>
                <td>{receipt.model}</td>
                <td class="end">{receipt.units.map(count).join(" + ")}</td>
                <td class="end">{money(BigInt(receipt.cost), open.token)}</td>
                <td class="end">
                  <button type="button" class="badge good" onClick={() => setShown(receipt)}>
                    #{receipt.seq} verified
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown && <ReceiptDetails receipt={shown} onClose={() => setShown(undefined)} />}
    </section>
  );
}
