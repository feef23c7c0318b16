// The size to which every sender fills a message (docs/messages.md, "Padding").

const bytes = (text) => new TextEncoder().encode(text).length;
const blocks = (count, size = 256) => size * Math.ceil(count / size);

/** A message of exactly `size` bytes of JSON, filled up in its `padding`. */
export function padded(msg, size) {
  const [name] = Object.keys(msg);
  const fill = (padding) => ({ [name]: { ...msg[name], padding } });
  const spare = size - bytes(JSON.stringify(fill("")));
  if (spare < 0) {
    throw new RangeError(`${name}: ${-spare} bytes more than its class holds`);
  }
  return fill(" ".repeat(spare));
}

/** A SNIP-20 `send` that carries a message for billing, both filled. */
export function paddedSend(send, msg) {
  const sessions = msg.open_sessions?.sessions.length;
  const inner = sessions ? blocks(48 + 1263 * sessions, 192) : 192;
  const carried = btoa(JSON.stringify(padded(msg, inner)));
  return padded({ send: { ...send, msg: carried } }, 512 + blocks(carried.length));
}

/** A message for one of the contracts, filled. Those without `padding` are nobody's secret. */
export function filled(contract, msg) {
  const [name] = Object.keys(msg);
  const never = ["link_rewards", "pause", "unpause", "receive", "credit"];
  return never.includes(name) ? msg : padded(msg, sizeOf(contract, name, msg));
}

function sizeOf(contract, name, msg) {
  if (contract === "registry") return blocks(bytes(JSON.stringify(msg)) + ',"padding":""'.length);
  if (name === "open_sessions") return blocks(104 + 1263 * msg.open_sessions.sessions.length);
  if (name === "send" || name === "send_from") return 512 + blocks(msg[name].msg?.length ?? 0);
  return { settle: 2048, set_minters: 1024 }[name] ?? 512;
}
