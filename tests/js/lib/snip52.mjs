// Private push notifications (SNIP-52, revision 2, txhash mode), by the standard's formulas alone.
import { createDecipheriv, createHash, createHmac } from "node:crypto";

/** The id of a channel's notification in a transaction, as it stands in the transaction's log. */
export function idOf(seed, channel, txhash) {
  const hmac = createHmac("sha256", Buffer.from(seed, "base64"));
  return hmac.update(`${channel}:${txhash.toUpperCase()}`).digest("base64");
}

/** Decrypts a notification: the first 12 bytes of SHA-256(channel) XOR those of the hash are the
 * nonce, "height:HASH" is authenticated. */
export function open(seed, channel, tx, value) {
  const hash = Buffer.from(tx.transactionHash, "hex");
  const nonce = createHash("sha256").update(channel).digest().subarray(0, 12);
  nonce.forEach((byte, place) => (nonce[place] = byte ^ hash[place]));
  const sealed = Buffer.from(value, "base64");
  const cipher = createDecipheriv("chacha20-poly1305", Buffer.from(seed, "base64"), nonce, { authTagLength: 16 });
  cipher.setAuthTag(sealed.subarray(-16));
  cipher.setAAD(Buffer.from(`${tx.height}:${tx.transactionHash.toUpperCase()}`), { plaintextLength: sealed.length - 16 });
  return Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()]);
}

/** The CBOR array (RFC 8949) at the start of the data: byte strings and big numbers. */
export function cborArray(data) {
  let at = 0;
  const byteString = () => {
    const length = data[at++] ^ 0x40;
    if (length >= 24) throw new Error("cbor: not a short byte string");
    at += length;
    return data.subarray(at - length, at);
  };
  const count = data[at++] ^ 0x80;
  if (count >= 24) throw new Error("cbor: not a short array");
  return Array.from({ length: count }, () => {
    if (data[at] !== 0xc2) return byteString();
    at++;
    return BigInt(`0x${byteString().toString("hex")}`);
  });
}

/** What a transaction tells an account through these channels: channel → values. */
export function read(info, tx) {
  const found = new Map(
    tx.arrayLog.filter((e) => e.key.startsWith("snip52:")).map((e) => [e.key.slice(7), e.value]),
  );
  const told = {};
  for (const { channel } of info.channels) {
    const value = found.get(idOf(info.seed, channel, tx.transactionHash));
    if (value) told[channel] = cborArray(open(info.seed, channel, tx, value));
  }
  return { told, places: found.size };
}
