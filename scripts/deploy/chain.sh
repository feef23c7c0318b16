# shellcheck shell=bash disable=SC2016,SC2034,SC2153,SC2154
# Sourced by deploy.sh: what is asked of the chain and sent to it, all through secretcli. Keys stay in secretcli's
# keyring; messages are no secrets, and secretcli encrypts them.

# How long a transaction may take to be in a block, seconds.
INCLUSION_S=120
TRANSACTIONS=0
# Set when there is no chain to ask.
EMPTY=

# cli <argument>...
cli() { "$SECRETCLI" "$@" ${CLI_HOME:+--home "$CLI_HOME"}; }

# ask <argument>...: a query.
ask() { cli query "$@" --node "$NODE" --output json </dev/null; }

# connect: checks program, node, chain and key; a dry run does without what is missing.
connect() {
    if [ -n "$DRY" ] && { ! have "$SECRETCLI" || [ -z "$NODE" ]; }; then
        EMPTY=yes SENDER='<address of --from>' KNOWN=$(no_state)
        migration_admin
        say "no secretcli or no --node: assuming a chain on which nothing is deployed"
        return
    fi
    have "$SECRETCLI" || die "no secretcli: install Secret Network's command line tool, or name it in SECRETCLI"
    [ -n "$NODE" ] || die "no node: give its RPC endpoint with --node or SECRET_AI_NODE"
    check_chain
    if [ -z "$FROM" ]; then
        [ -n "$DRY" ] || die "no --from: name a key of secretcli's keyring"
        SENDER='<address of --from>'
    else
        SENDER=$(cli keys show "$FROM" --address --keyring-backend "$KEYRING") ||
            die "no key '$FROM' in the keyring '$KEYRING'; $SECRETCLI keys list --keyring-backend $KEYRING shows all"
    fi
    migration_admin
    in_development || [ -n "$DRY$YES" ] ||
        die "$CHAIN_ID is a real network: look at what --dry-run prints, then say --yes"
    settle_pending
}

# migration_admin: who may change the contracts' code by the chain's means, if it is the sender.
migration_admin() {
    [ "$MIGRATION_ADMIN" != sender ] || MIGRATION_ADMIN=$SENDER
}

# check_chain: the node must be of the profile's chain and have caught up with it.
check_chain() {
    local status
    status=$(cli status --node "$NODE" --output json 2>&1 </dev/null) || die "node $NODE does not answer: $status"
    status=$(jq -r '[(.node_info // .NodeInfo).network, (.sync_info // .SyncInfo).catching_up] | join(" ")' \
        <<<"$status") || die "node $NODE answers something else than its status"
    case $status in
        "$CHAIN_ID false") ;;
        "$CHAIN_ID "*) die "node $NODE is still catching up with the chain" ;;
        *) die "node $NODE is of the chain ${status% *}, the profile is for $CHAIN_ID" ;;
    esac
}

# code_id <code hash>: id of the first stored code with this hash; empty if there is none.
code_id() {
    [ -z "$EMPTY" ] || return 0
    local codes
    codes=$(ask compute list-code) || die "the node does not list the stored codes"
    jq -r --arg hash "$1" '[.code_infos[]? | select((.code_hash | ascii_downcase) == $hash).code_id] | first // ""' <<<"$codes"
}

# labelled <label>: address of the contract with this label, of which a chain has one; empty if there is none.
labelled() {
    [ -z "$EMPTY" ] || return 0
    local answer
    if answer=$(ask compute label "$1" 2>&1); then
        sed -n 's/.*in use by contract address: *//p' <<<"$answer"
    elif ! grep -qiE 'not found|unknown address' <<<"$answer"; then
        die "the node does not say whose the label $1 is: $answer"
    fi
}

# code_hash_at <address>
code_hash_at() {
    local answer
    answer=$(ask compute contract-hash "$1" 2>&1) || die "there is no contract $1 on $CHAIN_ID: $answer"
    tr -d '[:space:]' <<<"$answer" | sed 's/^0x//' | tr 'A-F' 'a-f'
}

# contract_info <address>: code id, creator and the chain's admin, a line each.
contract_info() { ask compute contract "$1" | jq -r '.contract_info // .ContractInfo | .code_id, .creator, .admin // ""'; }

# ask_contract <address> <query>
ask_contract() { cli query compute query "$1" "$2" --node "$NODE" </dev/null; }

# transact <what> <gas> <argument>...: sends one compute message and waits until it is in a block.
transact() {
    local what=$1 gas=$2 answer hash
    shift 2
    local command=(tx compute "$@" --from "${FROM:-KEY}" --keyring-backend "$KEYRING" --chain-id "$CHAIN_ID"
        --node "${NODE:-NODE}" --gas "$gas" --gas-prices "${GAS_PRICE}uscrt" --broadcast-mode sync
        --output json --yes)
    TRANSACTIONS=$((TRANSACTIONS + 1))
    if [ -n "$DRY" ]; then
        echo "# $what"
        quoted "$SECRETCLI" "${command[@]}" ${CLI_HOME:+--home "$CLI_HOME"}
        return
    fi
    say "$what"
    answer=$(cli "${command[@]}") || die "$what: secretcli could not send it"
    hash=$(jq -r 'if .code == 0 then .txhash else empty end' <<<"$answer")
    [ -n "$hash" ] || die "$what: the node refused it: $(jq -r .raw_log <<<"$answer")"
    note '.pending = $hash' --arg hash "$hash"
    await "$what" "$hash"
    note '.pending = null'
}

# await <what> <hash>: until it is in a block; fails if it did.
await() {
    local end=$((SECONDS + INCLUSION_S)) answer
    until answer=$(ask tx "$2" 2>/dev/null); do
        [ $SECONDS -lt $end ] || die "$1: transaction $2 is in no block after $INCLUSION_S s; run this again later"
        sleep 1
    done
    [ "$(jq -r .code <<<"$answer")" != 0 ] || return 0
    note '.pending = null'
    die "$1: transaction $2 failed: $(failure "$2" "$answer")"
}

# failure <hash> <answer>: the contract's own words, which secretcli decrypts for the sender.
failure() {
    local words
    words=$(ask compute tx "$1" 2>/dev/null | jq -r '.output_error // "" | select(. != "")' 2>/dev/null) || true
    words=${words:-$(jq -r .raw_log <<<"$2")}
    # Contracts pad their errors with spaces.
    echo "${words%"${words##*[! ]}"}"
}

# settle_pending: an earlier run may have ended before its last transaction was in a block.
settle_pending() {
    local hash
    hash=$(of_state .pending)
    [ -n "$hash" ] && [ -z "$DRY" ] || return 0
    say "waiting for transaction $hash of the run before"
    local end=$((SECONDS + INCLUSION_S))
    until ask tx "$hash" >/dev/null 2>&1 || [ $SECONDS -ge $end ]; do sleep 1; done
    note '.pending = null'
}

# quoted <word>...: one line that a shell reads as these words.
quoted() {
    local word line=
    for word in "$@"; do
        [[ $word =~ ^[A-Za-z0-9_./:=,@%+-]+$ ]] || word="'${word//\'/\'\\\'\'}'"
        line+=" $word"
    done
    echo "${line# }"
}
