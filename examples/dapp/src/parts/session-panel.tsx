import { useState } from "preact/hooks";
import { formatAmount, money, share } from "../lib/amount";
import { duration, short } from "../lib/text";
import { account, ai, closeSession, contractNow } from "../state/account";
import { explain } from "../state/explain";
import { exportReceipts, receipts } from "../state/receipts";
import { toast } from "../state/toasts";
import type { Session } from "../state/types";
import { Copy } from "../ui/copy";
import { Badge, Button, Meter, Row } from "../ui/parts";
import { AttestationDialog } from "./attestation-dialog";
import { SessionStatus } from "./session-status";
import { about, spendText, spent } from "./spend";
import { UNIT_NAMES } from "./offer-card";

/** What a session costs, who serves it, and what can be done with it. */
export function SessionPanel({ session }: { session: Session }) {
  const token = account.value?.token;
  const [isVerifying, setVerifying] = useState(false);
  if (!token) return null;
  const own = receipts.value.filter((receipt) => receipt.sessionId === session.id);
  return (
    <>
      <section>
        <div class="between">
          <h2>Spent</h2>
          <SessionStatus status={session.status} />
        </div>
        <div class="big" data-testid="spent">
          {about(session)}
          {formatAmount(spent(session), token)} <small>of {money(session.cap, token)}</small>
        </div>
        <Meter label="Spent of the cap, session" part={share(spent(session), session.cap)} text={spendText(session)} />
        <p class="hint">
          {session.isCountersigned
            ? `Each receipt is countersigned with the next question; at most ${money(session.slack, token)} can be paid beyond that.`
            : "Not countersigned: attestation alone limits the worker to the cap."}
        </p>
      </section>
      <section>
        <dl class="rows">
          {session.lines.map((line) => (
            <Row key={line.model + line.unit} name={UNIT_NAMES[line.unit] ?? line.unit}>
              {formatAmount(line.rate, token)} / M
            </Row>
          ))}
          <Row name="Worker" isMono>{short(session.workerId, 8, 4)}</Row>
          <Row name="Receipts here">{own.length}</Row>
          {session.status === "open" && <Row name="Ends in">{duration(session.expires - contractNow())}</Row>}
        </dl>
      </section>
      <section>
        <div class="inline">
          {account.value?.isDevelopment ? <Badge tone="warn" icon="alert">Development root</Badge> : <Badge tone="good" icon="shield">Attested</Badge>}
        </div>
        <Button icon="shield" onClick={() => setVerifying(true)}>Verify attestation</Button>
        {own.length > 0 && <Button icon="download" onClick={() => exportReceipts(own)}>Export receipts</Button>}
        {!session.isCountersigned && session.status === "open" && <ApiKey session={session} />}
        {session.status === "open" && <CloseButton session={session} />}
      </section>
      {isVerifying && <AttestationDialog workerId={session.workerId} onClose={() => setVerifying(false)} />}
    </>
  );
}

function ApiKey({ session }: { session: Session }) {
  const [key, setKey] = useState<string | undefined>();
  const show = async () => {
    try {
      const [own, secrets] = [await ai().session(session.id), await ai().secrets()];
      setKey(secrets.apiKey(own));
    } catch (error) {
      toast(explain(error).text, "bad");
    }
  };
  if (key === undefined) return <Button icon="key" onClick={() => void show()}>Show API key</Button>;
  return (
    <div>
      <p class="hint">For any program that speaks OpenAI's API. Whoever has it can spend this session's cap.</p>
      <p class="mono break small">
        {key} <Copy text={key} label="Copy API key" />
      </p>
    </div>
  );
}

/** Ends a session early. */
export function CloseButton({ session }: { session: Session }) {
  const [isBusy, setBusy] = useState(false);
  const close = async () => {
    setBusy(true);
    try {
      await closeSession(session.id);
      const seconds = account.value?.challengeS ?? 0;
      toast(`Session closed. The rest can be reclaimed about ${duration(seconds)} from now.`);
    } catch (error) {
      toast(explain(error).text, "bad");
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button kind="danger" isBusy={isBusy} onClick={() => void close()}>
      Close session
    </Button>
  );
}
