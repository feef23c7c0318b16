// The worker's side of sealed requests (docs/transport.md, RFC 9180), by Node's own cryptography: another
// implementation than the library's.
import { createCipheriv, createDecipheriv, createHmac, createPrivateKey, createPublicKey, diffieHellman, randomBytes } from 'node:crypto';

const REQUEST_TYPE = 'application/vnd.secret-ai.e2ee-request';
const ANSWER_TYPE = 'application/vnd.secret-ai.e2ee-answer';
const EMPTY = Buffer.alloc(0);
const KEM = Buffer.from('KEM\0\x20');
const HPKE = Buffer.from('HPKE\0\x20\0\x01\0\x03');

const extract = (salt, input) => createHmac('sha256', salt).update(input).digest();
// One block of HMAC-SHA256 is as long as the longest key here.
const expand = (prk, info, length) => extract(prk, Buffer.concat([Buffer.from(info), Buffer.of(1)])).subarray(0, length);
const labeled = (suite, label, input) => Buffer.concat([Buffer.from('HPKE-v1'), suite, Buffer.from(label), input]);
const labeledExtract = (suite, salt, label, input) => extract(salt, labeled(suite, label, input));
const labeledExpand = (suite, prk, label, input, length) =>
  expand(prk, Buffer.concat([Buffer.of(0, length), labeled(suite, label, input)]), length);

/** DER of RFC 8410 before the 32 bytes of an X25519 key. */
const PRIVATE = Buffer.from('302e020100300506032b656e04220420', 'hex');
const PUBLIC = Buffer.from('302a300506032b656e032100', 'hex');
const privateKey = (bytes) => createPrivateKey({ key: Buffer.concat([PRIVATE, bytes]), format: 'der', type: 'pkcs8' });
const publicKey = (bytes) => createPublicKey({ key: Buffer.concat([PUBLIC, bytes]), format: 'der', type: 'spki' });

/** The public half of an X25519 key. */
export function publicOf(secret) {
  return createPublicKey(privateKey(secret)).export({ format: 'der', type: 'spki' }).subarray(-32);
}

function opened(key, nonce, sealed) {
  const cipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
  cipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()]);
}

function closed(key, nonce, plain) {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Opens a request: head, body, and what seals the answer. */
export function openRequest(secret, { domain, worker }, bytes) {
  const [kid, enc, sealed] = [bytes.subarray(1, 21), bytes.subarray(21, 53), Buffer.from(bytes.subarray(53))];
  const text = (value) => Buffer.concat([Buffer.of(0, value.length), Buffer.from(value)]);
  const info = Buffer.concat([
    Buffer.from('secret-ai/e2ee/1\0'),
    text(domain.chainId),
    text(domain.billing),
    Buffer.from(worker.worker_id, 'hex'),
    kid,
  ]);
  const shared = diffieHellman({ privateKey: privateKey(secret), publicKey: publicKey(enc) });
  const eae = labeledExtract(KEM, EMPTY, 'eae_prk', shared);
  const kem = labeledExpand(KEM, eae, 'shared_secret', Buffer.concat([enc, publicOf(secret)]), 32);
  const hashes = [labeledExtract(HPKE, EMPTY, 'psk_id_hash', EMPTY), labeledExtract(HPKE, EMPTY, 'info_hash', info)];
  const [context, schedule] = [Buffer.concat([Buffer.of(0), ...hashes]), labeledExtract(HPKE, kem, 'secret', EMPTY)];
  const derived = (label, length) => labeledExpand(HPKE, schedule, label, context, length);
  const padded = opened(derived('key', 32), derived('base_nonce', 12), sealed);
  const message = padded.subarray(0, padded.lastIndexOf(0x80));
  const start = 4 + message.readUInt32BE();
  const exported = labeledExpand(HPKE, derived('exp', 32), 'sec', Buffer.from('secret-ai/e2ee/1 answer'), 32);
  return {
    head: JSON.parse(message.subarray(4, start)),
    body: message.subarray(start),
    answer: (random = randomBytes(32)) => new Sealer(exported, enc, random),
  };
}

/** Seals an answer, frame by frame; `start` goes first. */
class Sealer {
  constructor(secret, enc, random) {
    const prk = extract(Buffer.concat([enc, random]), secret);
    [this.start, this.number] = [random, 0n];
    [this.key, this.nonce] = [expand(prk, 'key', 32), expand(prk, 'nonce', 12)];
  }

  frame(data, last = false) {
    const plain = Buffer.concat([Buffer.of(Number(last)), data, Buffer.of(0x80)]);
    const padded = Buffer.concat([plain, Buffer.alloc((512 - (plain.length % 512)) % 512)]);
    return this.exactly(padded);
  }

  /** A frame of these bytes as they are. */
  exactly(plain) {
    const nonce = Buffer.from(this.nonce);
    nonce.writeBigUInt64BE(nonce.readBigUInt64BE(4) ^ this.number, 4);
    this.number += 1n;
    const sealed = closed(this.key, nonce, plain);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(sealed.length);
    return Buffer.concat([length, sealed]);
  }

  head(status, headers) {
    const head = Buffer.from(JSON.stringify({ status, headers }));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(head.length);
    return this.frame(Buffer.concat([length, head]));
  }
}

/** A `fetch` to a worker that takes sealed requests, and asks `fetch` for what is inside. */
export function sealing(secret, recipient, fetch) {
  return async (url, { method, headers, body, redirect, signal }) => {
    if (method !== 'POST' || !url.endsWith('/e2ee') || headers['content-type'] !== REQUEST_TYPE) {
      return new Response('', { status: 404 });
    }
    const request = openRequest(secret, recipient, Buffer.from(body));
    const { head } = request;
    const inside = { method: head.method, headers: Object.fromEntries(head.headers), body: request.body, redirect, signal };
    const response = await fetch(url.replace(/\/e2ee$/, head.path), inside);
    const sealer = request.answer();
    async function* frames() {
      yield Buffer.concat([sealer.start, sealer.head(response.status, [...response.headers])]);
      for await (const piece of response.body) yield sealer.frame(piece);
      yield sealer.frame(EMPTY, true);
    }
    return new Response(ReadableStream.from(frames()), { headers: { 'content-type': ANSWER_TYPE } });
  };
}
