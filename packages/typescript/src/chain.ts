// Calls and queries of contracts over secretjs, with contracts' errors as errors.
import type { SecretNetworkClient, TxOptions, TxResponse } from 'secretjs';
import { SecretAiError } from './errors.js';
import type { Contract } from './messages/common.js';

/** An included, successful call. */
export interface Outcome<T> {
  /** The contract's answer. */
  answer: T;
  /** Upper-case hex. */
  txHash: string;
  /** SDK gas that it used. */
  gasUsed: number;
}

/**
 * Asks a contract.
 *
 * @throws SecretAiError with the contract's own text when it refuses.
 */
export async function query<T>(
  client: SecretNetworkClient,
  contract: Contract,
  msg: object,
): Promise<T> {
  let answer: unknown;
  try {
    answer = await client.query.compute.queryContract({
      contract_address: contract.address,
      code_hash: contract.code_hash,
      query: msg,
    });
  } catch (error) {
    throw new SecretAiError('chain', messageOf(error));
  }
  // secretjs gives a contract's error back as text; no query of these contracts answers with one.
  if (typeof answer === 'string') throw new SecretAiError('contract', plain(answer));
  return answer as T;
}

/**
 * Calls a contract and waits until the call is in a block.
 *
 * @throws SecretAiError with the contract's own text when it refuses, or the chain's.
 */
export async function execute<T>(
  client: SecretNetworkClient,
  contract: Contract,
  msg: object,
  options: TxOptions,
): Promise<Outcome<T>> {
  let tx: TxResponse;
  try {
    const { address: sender } = client;
    const call = { sender, contract_address: contract.address, code_hash: contract.code_hash, msg };
    tx = await client.tx.compute.executeContract(call, options);
  } catch (error) {
    throw new SecretAiError('chain', messageOf(error));
  }
  const { transactionHash: txHash, gasUsed } = tx;
  if (tx.code !== 0) throw refusal(tx);
  const text = new TextDecoder().decode(responseData(tx.data[0] ?? new Uint8Array())).trim();
  try {
    return { answer: (text === '' ? null : JSON.parse(text)) as T, txHash, gasUsed };
  } catch {
    throw new SecretAiError('verification', "the contract's answer is not JSON", { txHash });
  }
}

/** A contract's text between what the node puts around it. */
const CONTRACT_ERROR =
  /message index: \d+:(?: dispatch: submessages:)* (.+?)\s*: (?:instantiate|execute|query|reply to|migrate) contract failed/s;

function refusal(tx: TxResponse): SecretAiError {
  const text = CONTRACT_ERROR.exec(tx.rawLog)?.[1];
  const details = { txHash: tx.transactionHash };
  return text === undefined
    ? new SecretAiError('chain', `code ${tx.code} of ${tx.codespace}: ${tx.rawLog}`, details)
    : new SecretAiError('contract', plain(text), details);
}

/** A contract's error without padding and without the name of its type. */
function plain(text: string): string {
  return text.trim().replace(/^Generic error: /, '');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String((error as { message?: unknown })?.message ?? error);
}

/** The one field, bytes, of MsgExecuteContractResponse (secret/compute/v1beta1/msg.proto). */
function responseData(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x0a) return new Uint8Array();
  let [at, shift, length] = [1, 0, 0];
  for (let more = true; more; at += 1, shift += 7) {
    const byte = bytes[at] ?? 0;
    length |= (byte & 0x7f) << shift;
    more = byte > 0x7f && shift < 28;
  }
  return bytes.subarray(at, at + length);
}
