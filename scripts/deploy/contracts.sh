# shellcheck shell=bash disable=SC2016,SC2034,SC2153,SC2154
# Sourced by deploy.sh: stores code, makes contracts and wires them. Code is found by its hash and contracts by their
# label, so that nothing is made twice, whoever or whatever ended an earlier run.

declare -A ADDRESS CODE_HASH
# Tokens as billing is told: [{contract: {address, code_hash}, min_deposit}].
TOKENS='[]'

# artifact <name>: prints its file; fails unless file and code are what checksums.txt lists.
artifact() {
    local file=$ARTIFACTS/$1.wasm.gz
    [ -f "$file" ] || die "no $file; make build writes it"
    [ "$(sha256 "$file") $(gzip -dc "$file" | sha256 -)" = "$(listed "$1.wasm.gz") $(listed "$1.wasm")" ] ||
        die "$file is not what $ARTIFACTS/checksums.txt lists; make build writes both"
    echo "$file"
}

# listed <file>: its digest in checksums.txt.
listed() { sed -n "s/^\([0-9a-f]\{64\}\)  $1\$/\1/p" "$ARTIFACTS/checksums.txt"; }

# store <artifact> <file>: sets CODE_ID to the id of the code, which is stored first if nobody has.
store() {
    local hash size
    hash=$(listed "$1.wasm")
    CODE_ID=$(code_id "$hash")
    [ -z "$CODE_ID" ] || return 0
    # 10 gas a byte of the transaction and 0.8 a byte of wasm, with room for what is around them.
    size=$(gzip -dc "$2" | wc -c)
    transact "store $1" $((600000 + 11 * $(bytes "$2") + size)) store "$2"
    CODE_ID=$(code_id "$hash")
    [ -n "$CODE_ID" ] || [ -n "$DRY" ] || die "the node does not list the code of $1 after it was stored"
    CODE_ID=${CODE_ID:-<code id of $1>}
}

# deploy_contract <role> <artifact> <message>: sets ADDRESS and CODE_HASH of the role; makes the contract if there is none.
deploy_contract() {
    local role=$1 label=$NAME-$1 file known
    file=$(artifact "$2")
    CODE_HASH[$role]=$(listed "$2.wasm")
    ADDRESS[$role]=$(labelled "$label")
    known=$(of_state '.contracts[$role].address' --arg role "$role")
    [ "${known:-${ADDRESS[$role]}}" = "${ADDRESS[$role]}" ] || forget
    if [ -z "${ADDRESS[$role]}" ]; then
        store "$2" "$file"
        transact "instantiate $label" "$GAS_INSTANTIATE" instantiate "$CODE_ID" "$3" --label "$label" \
            ${MIGRATION_ADMIN:+--admin "$MIGRATION_ADMIN"}
        ADDRESS[$role]=$(labelled "$label")
    fi
    if [ -n "${ADDRESS[$role]}" ]; then
        check_contract "$role" "$label"
    elif [ -n "$DRY" ]; then
        ADDRESS[$role]="<address of $label>"
    else
        die "the node knows no contract with the label $label after it was made"
    fi
}

# ours <role> <label> <creator>: anybody may take a label, so whose it is must be known: made by the sender, or named in
# the state file.
ours() {
    [ "$3" = "$SENDER" ] || [ "${ADDRESS[$1]}" = "$(of_state '.contracts[$role].address' --arg role "$1")" ] ||
        [ -n "$DRY" ] || die "the label $2 is taken by ${ADDRESS[$1]}, which $3 made; choose another --name, or give" \
        "the --state of the run that made it"
}

# check_contract <role> <label>: what is there must be ours, run the artifact's code, and be changed by nobody else.
check_contract() {
    local address=${ADDRESS[$1]} info hash admin
    info=$(contract_info "$address")
    mapfile -t info <<<"$info"
    admin=${info[2]:-}
    ours "$1" "$2" "${info[1]}"
    hash=$(code_hash_at "$address")
    [ "$hash" = "${CODE_HASH[$1]}" ] || die "$2 at $address runs the code $hash, the artifact is ${CODE_HASH[$1]}." \
        "Contracts name each other by code hash for ever, so changed code is a new deployment: choose another --name"
    [ "$admin" = "$MIGRATION_ADMIN" ] || die "$2 at $address can be migrated by ${admin:-nobody}, by the profile" \
        "it should be ${MIGRATION_ADMIN:-nobody}"
    note '.contracts[$role] = {label: $named, $address, $code_hash, $code_id}' --arg role "$1" --arg named "$2" \
        --arg address "$address" --arg code_hash "$hash" --arg code_id "${info[0]}"
}

# same <what> <expected> <found>: JSON values that were fixed when a contract was made.
same() {
    [ "$(jq -cS . <<<"$2")" = "$(jq -cS . <<<"$3")" ] || die "$1 is $3 on the chain and $2 in the profile; it is" \
        "fixed for ever, so choose another --name or the old value"
}

# governed <what> <config>: by whom the profile names, if it names anybody.
governed() {
    local wanted found
    wanted=$(of_profile '.admin // empty') found=$(jq -r .admin <<<"$2")
    [ -z "$wanted" ] || [ "$wanted" = "$found" ] || die "$1's admin is $found on the chain and $wanted in the profile"
}

# on_chain <role>: can it be asked? Not in a dry run that would make it first.
on_chain() { [[ ${ADDRESS[$1]} == secret1* ]]; }

# pair <role>: a contract as others name it.
pair() { jq -nc --arg address "${ADDRESS[$1]}" --arg hash "${CODE_HASH[$1]}" '{address: $address, code_hash: $hash}'; }

# deploy_tokens: makes development tokens, looks up all others; sets TOKENS.
deploy_tokens() {
    local count i token role
    count=$(of_profile '.tokens | length')
    for ((i = 0; i < count; i++)); do
        token=$(of_profile ".tokens[$i] | tojson")
        role=token
        [ "$i" = 0 ] || role=token-$i
        if [ "$(jq -r '.deploy != null' <<<"$token")" = true ]; then
            deploy_contract "$role" dev-token "$(token_message "$token")"
        else
            look_up_token "$role" "$token"
        fi
        TOKENS=$(jq -c --argjson contract "$(pair "$role")" --argjson token "$token" \
            '. + [{contract: $contract, min_deposit: $token.min_deposit}]' <<<"$TOKENS")
    done
    note '.tokens = $tokens' --argjson tokens "$TOKENS"
}

# token_message <token>: what the development token is made with; "sender" stands for who deploys.
token_message() {
    jq -c --arg sender "$SENDER" '.deploy | .prng_seed = ("unused" | @base64) |
        .initial_balances |= (. // [] | map(if .address == "sender" then .address = $sender else . end))' <<<"$1"
}

# look_up_token <role> <token>: the profile pins its code; the chain must agree.
look_up_token() {
    ADDRESS[$1]=$(jq -r .address <<<"$2")
    CODE_HASH[$1]=$(jq -r .code_hash <<<"$2")
    [ -z "$EMPTY" ] || return 0
    local hash
    hash=$(code_hash_at "${ADDRESS[$1]}")
    [ "$hash" = "${CODE_HASH[$1]}" ] ||
        die "token ${ADDRESS[$1]} runs code $hash on $CHAIN_ID, the profile says ${CODE_HASH[$1]}"
}

deploy_registry() {
    local config
    deploy_contract registry "$(of_profile .registry.artifact)" "$(of_profile '{admin} +
        (.registry | {development_roots, policy, challenge_s, lease_s}) | with_entries(select(.value != null)) | tojson')"
    on_chain registry || return 0
    config=$(ask_contract "${ADDRESS[registry]}" '{"config":{}}')
    same "the registry's development" "$(of_profile '.registry.development_roots != null')" "$(jq .development <<<"$config")"
    governed "the registry" "$config"
    same "the registry's challenge_s and lease_s" "$(of_profile '.registry | {challenge_s, lease_s}')" \
        "$(jq -c '{challenge_s, lease_s}' <<<"$config")"
}

deploy_billing() {
    local config message
    message=$(jq -c --argjson registry "$(pair registry)" --argjson tokens "$TOKENS" \
        '{admin, registry: $registry, tokens: $tokens, timing} | with_entries(select(.value != null))' <<<"$PROFILE")
    deploy_contract billing billing "$message"
    on_chain billing || return 0
    config=$(ask_contract "${ADDRESS[billing]}" '{"config":{}}')
    governed billing "$config"
    same "billing's registry, tokens and timing" "$(jq -c '{registry, tokens, timing}' <<<"$message")" \
        "$(jq -c '{registry, tokens, timing}' <<<"$config")"
}

deploy_rewards() {
    deploy_contract rewards rewards "{\"billing\":$(pair billing)}"
    on_chain rewards || return 0
    same "rewards' billing" "$(pair billing)" "$(ask_contract "${ADDRESS[rewards]}" '{"config":{}}' | jq -c .billing)"
}

# link_rewards: once; billing takes no other afterwards.
link_rewards() {
    local linked=null
    ! on_chain billing || linked=$(ask_contract "${ADDRESS[billing]}" '{"config":{}}' | jq -c .rewards)
    if [ "$linked" = null ]; then
        execute billing link_rewards "{\"link_rewards\":{\"rewards\":$(pair rewards)}}"
    else
        same "billing's rewards" "$(pair rewards)" "$linked"
    fi
}

# find_contract <role>: a contract that must be there already, or will be in a dry run; ours, or the profile's token.
find_contract() {
    local label=$NAME-$1 token info
    case $1 in token | registry | billing | rewards) ;; *) die "no contract '$1'; there are token, registry, billing, rewards" ;; esac
    token=$(of_profile '.tokens[0] | select(.address) | tojson')
    if [ "$1" = token ] && [ -n "$token" ]; then
        look_up_token token "$token"
        return
    fi
    ADDRESS[$1]=$(labelled "$label")
    if [ -n "${ADDRESS[$1]}" ]; then
        info=$(contract_info "${ADDRESS[$1]}")
        mapfile -t info <<<"$info"
        ours "$1" "$label" "${info[1]}"
    elif [ -n "$EMPTY" ]; then
        ADDRESS[$1]="<address of $label>"
    else
        die "no contract with the label $label on $CHAIN_ID; deploy first"
    fi
}

# execute <role> <what> <message>
execute() { transact "$1: $2" "$GAS_EXECUTE" execute "${ADDRESS[$1]}" "$3"; }
