import { useState } from "preact/hooks";
import { AmountError, formatAmount, money, parseAmount } from "../lib/amount";
import { Failure, Faucet } from "../parts/failure";
import { Linked } from "../parts/linked";
import { account, accountError, deposit, reclaim, withdraw } from "../state/account";
import { explain, type Explained } from "../state/explain";
import { isDevelopmentChain, network } from "../state/settings";
import { toast } from "../state/toasts";
import type { Account, Token } from "../state/types";
import { Button, Field, Skeleton } from "../ui/parts";

/** Where the money is, and how to move it. */
export function WalletPage() {
  const open = account.value;
  return (
    <div class="page">
      <div class="page-head">
        <div>
          <h1>Wallet</h1>
          <p>Wallet → free balance → sessions, and back. Each step is a transaction; nobody else can move your free balance.</p>
        </div>
      </div>
      <Linked />
      {accountError.value && <Failure title="The account could not be read" error={accountError.value} />}
      {open ? <Money open={open} /> : !accountError.value && <Skeleton lines={5} />}
    </div>
  );
}

/** What sessions hold that is not paid out yet. */
function held(open: Account): bigint {
  const running = open.sessions.filter((session) => session.status !== "reclaimed");
  return running.reduce((sum, session) => sum + session.cap - session.paid, 0n);
}

function Money({ open }: { open: Account }) {
  const { token } = open;
  return (
    <>
      <div class="stats">
        <Stat name="In the wallet" amount={open.inWallet} token={token} id="wallet" />
        <Stat name="Free balance" amount={open.free} token={token} id="free" />
        <Stat name="Held by sessions" amount={held(open)} token={token} id="held" />
      </div>
      <div class="grid-2">
        <Move
          title="Deposit"
          note={`From the wallet to the free balance. At least ${money(token.minDeposit, token)}.`}
          most={open.inWallet}
          least={token.minDeposit}
          mostName="in the wallet"
          token={token}
          done="Deposited"
          run={async (amount) => {
            await deposit(amount);
            return amount;
          }}
        />
        <Move title="Withdraw" note="From the free balance to the wallet, at once. It cannot be paused by anybody." most={open.free} least={1n} mostName="free" token={token} done="Withdrawn" run={withdraw} />
        <Reclaim open={open} />
        <Gas open={open} />
      </div>
    </>
  );
}

function Stat({ name, amount, token, id }: { name: string; amount: bigint | undefined; token: Token; id: string }) {
  return (
    <div class="stat">
      <span class="name">{name}</span>
      <span class="value" data-testid={`balance-${id}`} data-units={amount?.toString() ?? ""}>
        {amount === undefined ? "unknown" : formatAmount(amount, token)} <small>{token.symbol}</small>
      </span>
    </div>
  );
}

interface MoveProps {
  title: string;
  note: string;
  most: bigint | undefined;
  least: bigint;
  mostName: string;
  token: Token;
  done: string;
  run: (amount: bigint) => Promise<bigint>;
}

function Move({ title, note, most, least, mostName, token, done, run }: MoveProps) {
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState<string | undefined>();
  const { error, isBusy, forget, attempt } = useAttempt();

  const submit = async (event: Event) => {
    event.preventDefault();
    forget();
    const amount = check(text, least, most, mostName, token);
    setWrong(typeof amount === "string" ? amount : undefined);
    if (typeof amount === "string") return;
    await attempt(async () => {
      toast(`${done}: ${money(await run(amount), token)}`);
      setText("");
    });
  };

  return (
    <section class="card">
      <header>
        <h2>{title}</h2>
      </header>
      <form class="stack" onSubmit={(event) => void submit(event)} noValidate>
        <Field
          label={`Amount to ${title.toLowerCase()}`}
          value={text}
          onInput={setText}
          isDecimal
          suffix={token.symbol}
          error={wrong}
          hint={note}
          placeholder="0.00"
          after={
            most !== undefined && most > 0n ? (
              <button type="button" class="badge" onClick={() => setText(formatAmount(most, token).replaceAll(",", ""))}>
                Max
              </button>
            ) : undefined
          }
        />
        {error && <Failure title="Nothing was moved" error={error} />}
        <div>
          <Button type="submit" kind="primary" isBusy={isBusy}>{title}</Button>
        </div>
      </form>
    </section>
  );
}

/** Something that may fail: whether it runs, and what was wrong with it the last time. */
function useAttempt() {
  const [error, setError] = useState<Explained | undefined>();
  const [isBusy, setBusy] = useState(false);
  const forget = () => setError(undefined);
  const attempt = async (work: () => Promise<void>) => {
    forget();
    setBusy(true);
    try {
      await work();
    } catch (problem) {
      setError(explain(problem));
    } finally {
      setBusy(false);
    }
  };
  return { error, isBusy, forget, attempt };
}

function check(text: string, least: bigint, most: bigint | undefined, mostName: string, token: Token): bigint | string {
  try {
    const amount = parseAmount(text, token);
    if (amount < least) return `Amount: ${money(amount, token)}, at least ${money(least, token)}`;
    if (most !== undefined && amount > most) return `Amount: ${money(amount, token)}, at most the ${money(most, token)} ${mostName}`;
    return amount;
  } catch (error) {
    if (error instanceof AmountError) return `Amount: ${error.message}`;
    throw error;
  }
}

function Reclaim({ open }: { open: Account }) {
  const { error, isBusy, attempt } = useAttempt();
  const ended = open.sessions.filter((session) => session.status === "ended");
  const closing = open.sessions.filter((session) => session.status === "closing").length;
  const rest = ended.reduce((sum, session) => sum + session.cap - session.paid, 0n);
  const run = () => attempt(async () => toast(`Reclaimed: ${money(await reclaim(), open.token)}`));
  return (
    <section class="card">
      <header>
        <h2>Reclaim</h2>
      </header>
      <div class="stack">
        <p class="hint">
          {ended.length > 0 ? `${money(rest, open.token)} left in ended sessions.` : "No session has ended with something left."}
          {closing > 0 && ` ${closing} closing: the worker may still hand in receipts.`}
        </p>
        {error && <Failure title="Nothing was reclaimed" error={error} />}
        <div>
          <Button kind="primary" isBusy={isBusy} isDisabled={ended.length === 0} onClick={() => void run()}>Reclaim to free balance</Button>
        </div>
      </div>
    </section>
  );
}

function Gas({ open }: { open: Account }) {
  const scrt = { symbol: "SCRT", decimals: 6 };
  return (
    <section class="card">
      <header>
        <h2>Gas</h2>
      </header>
      <div class="stack">
        <p class="hint">
          Transactions cost SCRT: a deposit about 0.03, the others less. The wallet has{" "}
          <strong class="num" style={{ color: "var(--text)" }}>{money(open.gas, scrt)}</strong>.
        </p>
        {isDevelopmentChain.value && network.value.faucetUrl !== "" && (
          <div>
            <Faucet />
          </div>
        )}
      </div>
    </section>
  );
}
