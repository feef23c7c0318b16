/** What went wrong: whose word it is decides what a caller can do about it. */
export type ErrorKind =
  /** A contract refused; the message is its own text. */
  | 'contract'
  /** The chain or the node refused, or did not answer. */
  | 'chain'
  /** The worker refused; `status` is its HTTP status. */
  | 'worker'
  /** What somebody sent is not what it must be: a receipt, an answer, evidence. */
  | 'verification'
  /** What the caller gave cannot be used. */
  | 'input';

/** Every error that this library throws on purpose. Messages name field and limit and hold no secrets. */
export class SecretAiError extends Error {
  override readonly name = 'SecretAiError';

  constructor(
    readonly kind: ErrorKind,
    message: string,
    /** HTTP status of a worker's answer, code and field that it names, and the transaction that failed. */
    readonly details: { status?: number; code?: string; param?: string; txHash?: string } = {},
  ) {
    super(message);
  }
}

/** A `verification` error. */
export function unverified(problem: string): SecretAiError {
  return new SecretAiError('verification', problem);
}

/** An `input` error that names the field. */
export function badInput(field: string, problem: string): SecretAiError {
  return new SecretAiError('input', `${field}: ${problem}`);
}
