// The registry's verifier (packages/attestation, packages/evidence) as WebAssembly, made by
// `npm run wasm`: JSON in, JSON out, no clock and no network.
import { utf8 } from './bytes.js';
import { SecretAiError } from './errors.js';

/** A file of evidence in any form that `secret-ai evidence verify` reads; at most 4 MiB. */
export interface VerifierFile {
  /** To call it by. */
  name: string;
  text: string;
}

/** Development roots, base64 of DER, in place of the vendors'. */
export interface Roots {
  intel?: string;
  amd?: string;
  nvidia?: string;
}

/** What to verify, and how. */
export interface VerifierRequest {
  /** Unix seconds of which the verdict holds. */
  time: number;
  files: VerifierFile[];
  /** As in the CLI's policy file (packages/evidence/src/policy.rs); golden sets in hex. */
  policy?: object;
  roots?: Roots;
  /** Do without AMD's revocation list where none is given. */
  without_crl?: boolean;
  /** Measurement of a SecretVM's root file system, hex. */
  rootfs?: string;
}

/** One check of one piece of evidence. */
export interface Check {
  /** Which evidence, such as `tdx` or `gpu 0`. */
  subject: string;
  name: string;
  /** `missing`: an input was not there; `not_checked`: nobody asked for it. */
  outcome: 'pass' | 'fail' | 'missing' | 'not_checked';
  /** Stable name of the error, if it failed for one. */
  code?: string;
  detail: string;
}

/** The verifier's report; the same as `secret-ai evidence verify --json` prints. */
export interface Report {
  verdict: 'accepted' | 'refused' | 'incomplete';
  summary: string;
  time: number;
  policy: boolean;
  files: { file: string; contents: string[] }[];
  checks: Check[];
  facts: { subject: string; [name: string]: unknown }[];
}

interface Exports {
  memory: WebAssembly.Memory;
  verifier_allocate(length: number): number;
  verifier_run(input: number, length: number): bigint;
}

/** A loaded verifier. */
export class Verifier {
  private constructor(private readonly module: WebAssembly.Module) {}

  /**
   * Loads the verifier: from bytes, from a response of `fetch`, or else from this package's `wasm/` folder.
   *
   * @throws SecretAiError if it is not there or no such module.
   */
  static async load(source?: BufferSource | Response | Promise<Response>): Promise<Verifier> {
    try {
      const given = (await source) ?? (await ownModule());
      const bytes = given instanceof Response ? await given.arrayBuffer() : given;
      return new Verifier(await WebAssembly.compile(bytes));
    } catch (error) {
      throw new SecretAiError('input', `verifier: cannot be loaded (${(error as Error).message}); see \`npm run wasm\``);
    }
  }

  /**
   * Verifies files of evidence. Bad evidence is no error: the report says so. Every call has a memory of its
   * own, so that nothing of one is left for the next.
   *
   * @throws SecretAiError if nothing could be judged: the request is malformed, or a file is nothing known.
   */
  verify(request: VerifierRequest): Report {
    const told = this.run(utf8(JSON.stringify(request)));
    if ('error' in told) throw new SecretAiError('input', told.error);
    return told.report;
  }

  private run(input: Uint8Array): { report: Report } | { error: string } {
    try {
      const { memory, verifier_allocate, verifier_run } = new WebAssembly.Instance(this.module)
        .exports as unknown as Exports;
      const at = verifier_allocate(input.length);
      new Uint8Array(memory.buffer).set(input, at);
      // Place and length of the answer, 32 bits each.
      const answer = BigInt.asUintN(64, verifier_run(at, input.length));
      const bytes = new Uint8Array(memory.buffer, Number(answer >> 32n), Number(answer & 0xffffffffn));
      return JSON.parse(new TextDecoder().decode(bytes)) as { report: Report } | { error: string };
    } catch (error) {
      // Out of memory or stack: no verdict, whatever was in the files.
      throw new SecretAiError('verification', `verifier: gave up (${(error as Error).message})`);
    }
  }
}

/** The module beside this file: by `fetch` in browsers; Node's `fetch` reads no files. */
async function ownModule(): Promise<Response | BufferSource> {
  const url = new URL('../wasm/verifier.wasm', import.meta.url);
  if (url.protocol !== 'file:') return fetch(url);
  const files = 'node:fs/promises';
  const { readFile } = (await import(/* @vite-ignore */ files)) as {
    readFile(url: URL): Promise<Uint8Array<ArrayBuffer>>;
  };
  return readFile(url);
}
