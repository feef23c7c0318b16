// Amino documents that wallets sign off chain: permits with dates (SNIP-24.1), notification seeds
// (SNIP-52). secretjs' own `utils.accessControl.permit.sign` makes those of SNIP-24.

async function signed(client, chain_id, type, value) {
  const document = {
    account_number: "0",
    chain_id,
    fee: { amount: [{ amount: "0", denom: "uscrt" }], gas: "1" },
    memo: "",
    msgs: [{ type, value }],
    sequence: "0",
  };
  const { signature } = await client.wallet.signAmino(client.address, document);
  return signature;
}

/** A permit with any content of SNIP-24.1: `created`, `expires`, `ANY_TOKEN`. */
export async function permit(client, chain_id, content) {
  const signature = await signed(client, chain_id, "query_permit", content);
  return { params: { ...content, chain_id }, signature };
}

/** What `update_seed` takes (SNIP-52). */
export async function seedUpdate(client, chain_id, contract, previous_seed) {
  const value = { contract, previous_seed };
  const signature = await signed(client, chain_id, "notification_seed", value);
  return { params: { chain_id, ...value }, signature };
}
