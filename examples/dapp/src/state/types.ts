/** What the pages show: chain data with amounts as bigint and in the page's words. */
import type { Unit } from "../lib/amount";

/** A token that billing accepts. */
export interface Token extends Unit {
  address: string;
  codeHash: string;
  /** Smallest deposit, base units. */
  minDeposit: bigint;
}

/** One thing that is counted, at a rate in base units per 1,000,000. */
export interface Line {
  model: string;
  unit: string;
  rate: bigint;
}

/** One model of one active worker. */
export interface Offer {
  workerId: string;
  url: string;
  model: string;
  lines: Line[];
  /** "tdx", "snp"; as the registry verified it. */
  tee: string;
  tcbStatus: string;
  gpus: number;
  /** The registry knows whose machine it is. */
  isPlatformKnown: boolean;
  /** Unix seconds, contract time. */
  leaseUntil: number;
}

export type Status = "open" | "closing" | "ended" | "reclaimed";

/** A session of this wallet, as the chain has it. */
export interface Session {
  id: string;
  /** The owner's sessions are numbered from 0. */
  counter: number;
  workerId: string;
  models: string[];
  lines: Line[];
  cap: bigint;
  slack: bigint;
  /** Settled and paid to the worker so far. */
  paid: bigint;
  status: Status;
  /** Unix seconds of contract time; after it no receipt counts. */
  deadline: number;
  expires: number;
  isCountersigned: boolean;
}

/** Everything known of the connected account. */
export interface Account {
  token: Token;
  /** Tokens in the wallet; unknown if the token takes no permits. */
  inWallet: bigint | undefined;
  /** Deposited and not in a session. */
  free: bigint;
  /** uscrt, pays for gas. */
  gas: bigint;
  sessions: Session[];
  /** Seconds from closing until the rest can be reclaimed, at most. */
  challengeS: number;
  /** Contract time, unix seconds, and when it was read on this machine's clock. */
  now: number;
  readAt: number;
  /** The registry accepts simulated TEEs. */
  isDevelopment: boolean;
}

/** One thing that was checked. */
export interface Check {
  name: string;
  /** `skip`: could not be judged here; the detail says why. */
  result: "pass" | "fail" | "skip";
  detail: string;
}

/** A receipt, kept: enough to prove a charge, and no text of any conversation. */
export interface StoredReceipt {
  chainId: string;
  billing: string;
  sessionId: string;
  workerId: string;
  /** Receipt key, 40 hex digits, and its public key, 66. */
  kid: string;
  receiptPk: string;
  seq: number;
  model: string;
  /** Unix seconds, the worker's clock. */
  time: number;
  aborted: boolean;
  /** This answer's units and the session's counters under this key, one per line. */
  units: number[];
  counters: number[];
  unitNames: string[];
  /** Base units: of this answer, and of the session under this key. */
  cost: string;
  total: string;
  /** SHA-256 of request and response, hex. */
  requestSha256: string;
  responseSha256: string;
  /** body ‖ signature, and the evidence's body, base64url: what `secret-ai` and contracts read. */
  receipt: string;
  evidence: string;
}
