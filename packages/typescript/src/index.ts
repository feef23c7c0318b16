export * as billing from './messages/billing.js';
export * as registry from './messages/registry.js';
export * as rewards from './messages/rewards.js';
export * as token from './messages/token.js';
export type * as common from './messages/common.js';

export { SecretAiError, type ErrorKind } from './errors.js';
export { padded, receiveMsg, sizeOf, type Messages } from './padding.js';
export { amount, priceOf, rate, MAX_COUNT, type LineCount } from './price.js';
export * as encoding from './encoding.js';
export type { Ack, Evidence, Heartbeat, Receipt, Request } from './encoding.js';
export {
  decodeSigned,
  digest,
  encodeSigned,
  kidOf,
  sign,
  verify,
  type Domain,
  type Signed,
} from './receipts.js';
export { keplrSigner, ownerPermit, type AminoSigner, type Keplr, type PermitTerms } from './permit.js';
export { SessionSecrets } from './session.js';
export { ReceiptStore, type TextStore } from './receipt-store.js';
export { SecretAi } from './client.js';
export type { OpenTerms } from './client.js';
export { Account, type Balances, type ConnectOptions } from './account.js';
export type { Offer } from './offers.js';
export { type Outcome } from './chain.js';
export { chat, type ChatEvent, type ChatMessage, type ChatOptions, type Question } from './chat.js';
export { verifyAnswer, verifyMissed, type Exchange, type Missed, type Usage, type Verified } from './verify.js';
export {
  attest,
  developmentRoots,
  fetchAttestation,
  verifyWorker,
  type AttestationAnswer,
  type Collateral,
  type WorkerInputs,
  type WorkerReport,
} from './attestation.js';
export {
  Verifier,
  type Check,
  type Report,
  type Roots,
  type VerifierFile,
  type VerifierRequest,
} from './verifier.js';
