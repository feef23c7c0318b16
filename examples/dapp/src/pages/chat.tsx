import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { share } from "../lib/amount";
import { short } from "../lib/text";
import { Composer } from "../parts/composer";
import { Failure } from "../parts/failure";
import { Message } from "../parts/message";
import { SessionPanel } from "../parts/session-panel";
import { spendText, spent } from "../parts/spend";
import { account, accountError } from "../state/account";
import { conversations, currentSession, recall, selectSession } from "../state/chat";
import { go } from "../state/route";
import type { Session } from "../state/types";
import { Dialog } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { Button, Empty, Meter, Select, Skeleton } from "../ui/parts";

/** Questions and answers of one session. */
export function ChatPage() {
  const session = currentSession();
  if (!account.value) {
    return <div class="page">{accountError.value ? <Failure title="The account could not be read" error={accountError.value} /> : <Skeleton lines={6} />}</div>;
  }
  if (!session) return <NoSession />;
  return <Conversation key={session.id} session={session} />;
}

function NoSession() {
  const known = account.value;
  const hasMoney = (known?.free ?? 0n) > 0n;
  return (
    <div class="page">
      {hasMoney ? (
        <Empty icon="chat" title="No open session" action={<Button kind="primary" onClick={() => go("workers")}>Choose a worker</Button>}>
          A session sets aside a cap from your free balance for one worker, at rates that cannot change.
        </Empty>
      ) : (
        <Empty icon="wallet" title="Deposit first" action={<Button kind="primary" onClick={() => go("wallet")}>Go to wallet</Button>}>
          Answers are paid from a balance in the billing contract. What you do not use can be withdrawn at any time.
        </Empty>
      )}
    </div>
  );
}

function Conversation({ session }: { session: Session }) {
  const [isPanelOpen, setPanelOpen] = useState(false);
  const [model, setModel] = useState(session.models[0] ?? "");
  useEffect(() => void recall(session.id), [session.id]);
  return (
    <div class="chat">
      <h1 class="visually-hidden">Chat</h1>
      <div class="chat-main">
        <Head session={session} model={model} onModel={setModel} onDetails={() => setPanelOpen(true)} />
        <Log session={session} />
        <Composer session={session} model={model} />
      </div>
      <aside class="chat-side" aria-label="Session">
        <SessionPanel session={session} />
      </aside>
      {isPanelOpen && (
        <Dialog title="Session" onClose={() => setPanelOpen(false)}>
          <SessionPanel session={session} />
        </Dialog>
      )}
    </div>
  );
}

interface HeadProps {
  session: Session;
  model: string;
  onModel: (model: string) => void;
  onDetails: () => void;
}

function Head({ session, model, onModel, onDetails }: HeadProps) {
  const sessions = (account.value?.sessions ?? []).filter((other) => other.status === "open" || other.id === session.id);
  const used = spent(session);
  return (
    <header class="chat-head">
      <Select
        isBare
        label="Session"
        value={session.id}
        options={sessions.map((other) => [other.id, `#${other.counter} · ${other.models.join(", ")} · ${short(other.workerId, 6, 0)}`])}
        onChange={selectSession}
      />
      {session.models.length > 1 && <Select isBare label="Model" value={model} options={session.models.map((name) => [name, name])} onChange={onModel} />}
      <div class="spend">
        <span class="num">{spendText(session, false)}</span>
        <Meter label="Spent of the cap" part={share(used, session.cap)} text={spendText(session)} />
      </div>
      <button type="button" class="icon-button only-narrow" aria-label="Session details" onClick={onDetails}>
        <Icon name="shield" />
      </button>
    </header>
  );
}

function Log({ session }: { session: Session }) {
  const turns = conversations.value[session.id] ?? [];
  const box = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const last = turns.at(-1);
  // Follows the answer, unless the reader has scrolled up.
  useLayoutEffect(() => {
    const element = box.current;
    if (element && follows.current) element.scrollTop = element.scrollHeight;
  }, [turns.length, last?.text, last?.state]);
  return (
    <div
      ref={box}
      class="chat-log"
      role="log"
      aria-label="Conversation"
      aria-live="off"
      tabIndex={0}
      onScroll={(event) => {
        const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
        follows.current = scrollHeight - scrollTop - clientHeight < 60;
      }}
    >
      <div>
        {turns.length === 0 && (
          <Empty icon="lock" title="Ask something">
            Your question goes straight to the worker, not to the chain. It answers, counts tokens and signs a receipt; this page checks both.
          </Empty>
        )}
        {turns.map((turn) => (
          <Message key={turn.id} turn={turn} />
        ))}
      </div>
    </div>
  );
}
