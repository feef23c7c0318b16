# What is wrong with a profile, one problem a line; nothing if it can be used.

# lacks(prefix; paths): a line for every path that the input has no value at.
def lacks(prefix; paths):
    . as $object | paths | select(. as $path | $object | getpath($path / ".") == null) | "\(prefix)\(.) is missing";

# strangers(prefix; fields): a line for every field that is none of these; a misspelt one would change nothing.
def strangers(prefix; fields): keys_unsorted - fields | .[] | "\(prefix)\(.) is not a field of profiles";

strangers(""; ["chain_id", "development", "node", "lcd_url", "name", "gas_price", "gas", "admin", "migration_admin",
    "registry", "timing", "tokens", "prices"]),
(.gas | strangers("gas."; ["instantiate", "execute"])),
(.timing | strangers("timing."; ["epoch_s", "grace_s", "challenge_s"])),
(.registry | strangers("registry."; ["artifact", "development_roots", "policy", "challenge_s", "lease_s", "collateral",
    "images", "golden_sets", "platforms"])),
(.tokens // [] | to_entries[] | "tokens.\(.key)." as $at | .value
    | strangers($at; ["symbol", "address", "code_hash", "deploy", "min_deposit"])),
(.registry.images // [] | to_entries[] | "registry.images.\(.key)." as $at | .value
    | strangers($at; ["image", "workload", "until"])),
(.development | select(type != "boolean") | "development: must be true or false"),
(to_entries[] | select(.key | IN("chain_id", "node", "lcd_url", "name", "gas_price", "admin", "migration_admin"))
    | select(.value | type | IN("object", "array")) | "\(.key): must be one value"),
(.gas | to_entries[] | select(.value | type != "number") | "gas.\(.key): must be a number"),
lacks(""; "chain_id", "name", "gas_price", "gas.instantiate", "gas.execute", "registry.artifact", "registry.policy",
    "registry.challenge_s", "registry.lease_s", "timing.epoch_s", "timing.grace_s", "timing.challenge_s"),
(.tokens // [] | length | select(. < 1 or . > 4)
    | "tokens: billing takes 1 to 4 SNIP-20 tokens, here are \(.); give them with --with FILE"),
(.tokens // [] | to_entries[] | "tokens.\(.key)." as $at | .value
    | lacks($at; "min_deposit", if .deploy then "deploy.name", "deploy.symbol", "deploy.decimals"
        else "address", "code_hash" end)),
if .development == true then
    .chain_id // "" | select(startswith("secretdev-") | not)
        | "development: must be false on \(.), which is no development chain"
else
    (.registry.development_roots // empty
        | "registry.development_roots: the registry of a real network must not have any"),
    (.tokens // [] | select(any(.[]; .deploy))
        | "tokens: the development token must not be deployed on a real network")
end
