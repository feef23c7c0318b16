// What an image was told to run, named in parts: by what the registry approves it, and what RTMR3 it makes
// (packages/attestation/src/workload.rs).
import { sha384 } from '@noble/hashes/sha2.js';
import { concat, fromBase64, fromHex, toHex, utf8 } from './bytes.js';
import type { Workload } from './messages/registry.js';
import { sha256 } from './receipts.js';

/** dstack's type of events that a running guest measures, 0x08000001, little-endian. */
const DSTACK_EVENT = Uint8Array.of(1, 0, 0, 8);

/** A workload's digest and the register that shows it, hex. */
export interface MeasuredWorkload {
  digest: string;
  rtmr3: string;
}

/**
 * Measures a workload.
 *
 * @throws SecretAiError if a part is no digest.
 */
export function measureWorkload(workload: Workload): MeasuredWorkload {
  const parts = 'attest_tool' in workload ? workload.attest_tool : workload.dstack;
  const bytes = (text: string, field: string) => fromHex(text, `workload.${field}`, 32);
  const compose = bytes(parts.compose_sha256, 'compose_sha256');
  const files = parts.docker_files_sha256 ? [bytes(parts.docker_files_sha256, 'docker_files_sha256')] : [];
  const optional = files.length === 0 ? [Uint8Array.of(0)] : [Uint8Array.of(1), ...files];
  if ('rootfs' in parts) {
    const rootfs = bytes(parts.rootfs, 'rootfs');
    const rtmr3 = replay([compose, rootfs, ...files].map((digest) => concat(digest, new Uint8Array(16))));
    return { digest: tagged(1, compose, rootfs, ...optional), rtmr3 };
  }
  const image = bytes(parts.os_image_sha256, 'os_image_sha256');
  const events: [string, Uint8Array][] = [
    ['app-id', fromBase64(parts.app_id, 'workload.app_id')],
    ['compose-hash', compose],
    ['os-image-hash', image],
    ...files.map((digest): [string, Uint8Array] => ['docker-files-hash', digest]),
  ];
  const event = ([name, payload]: [string, Uint8Array]) => sha384(concat(DSTACK_EVENT, utf8(`:${name}:`), payload));
  return { digest: tagged(2, compose, image, ...optional), rtmr3: replay(events.map(event)) };
}

function tagged(scheme: number, ...fields: Uint8Array[]): string {
  return toHex(sha256(concat(utf8('secret-ai/workload/1\0'), Uint8Array.of(scheme), ...fields)));
}

/** A register that began as zeros and was extended by these digests of 48 bytes. */
function replay(digests: Uint8Array[]): string {
  return toHex(digests.reduce((register, digest) => sha384(concat(register, digest)), new Uint8Array(48)));
}
