# shellcheck shell=bash disable=SC2016,SC2034,SC2153,SC2154
# Sourced by deploy.sh: what users and workers put into their configurations.

# configurations: both, ready to be copied.
configurations() {
    local token
    token=$(jq -r '.[0].contract.address' <<<"$TOKENS")
    cat <<EOF
# secret-ai.toml
lcd_url = "${LCD:-https://REST-ENDPOINT-OF-A-NODE}"
chain_id = "$CHAIN_ID"
billing = "${ADDRESS[billing]}"
wallet_file = "wallet.mnemonic"
data_dir = "secret-ai-data"

# worker.toml; README.md has the rest
settle_interval_s = $(of_profile '[600, .timing.epoch_s] | min')

[chain]
lcd_url = "${LCD:-https://REST-ENDPOINT-OF-A-NODE}"
chain_id = "$CHAIN_ID"
registry = { address = "${ADDRESS[registry]}", code_hash = "${CODE_HASH[registry]}" }
billing = { address = "${ADDRESS[billing]}", code_hash = "${CODE_HASH[billing]}" }
rewards = { address = "${ADDRESS[rewards]}", code_hash = "${CODE_HASH[rewards]}" }
EOF
    jq -r --arg token "$token" '.prices // [] | .[] | "\n[[prices]]\nmodel = \(.model | tojson)\ntoken = \"\($token)\"\nrates = [" +
        (.rates | to_entries | map("{ unit = \"\(.key)\", rate = \(.value) }") | join(", ")) + "]"' <<<"$PROFILE"
}
