// Where a worker is asked. Anybody who registers names an address, and questions and keys go there.
import { SecretAiError } from './errors.js';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * The address of `path` at a worker.
 *
 * @throws SecretAiError unless it is encrypted, or on this very machine.
 */
export function endpoint(base: string, path: string): string {
  const url = URL.canParse(base) ? new URL(base) : undefined;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname));
  if (!isSafe) {
    throw new SecretAiError('verification', 'url: the worker is not at https://, and http:// is for this machine only');
  }
  return `${base.replace(/\/+$/, '')}${path}`;
}
