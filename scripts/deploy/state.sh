# shellcheck shell=bash disable=SC2016,SC2034,SC2153,SC2154
# Sourced by deploy.sh: the state file. The chain is asked first; the file keeps what the chain cannot tell (a
# transaction on its way, messages that no query shows) and gives other programs all addresses and hashes.

no_state() {
    jq -n --arg chain "$CHAIN_ID" --arg name "$NAME" \
        '{chain_id: $chain, name: $name, contracts: {}, tokens: [], sent: {}, pending: null}'
}

# load_state: the file as it is, or the beginning of one.
load_state() {
    KNOWN=$(no_state)
    [ -f "$STATE" ] || return 0
    local found
    found=$(jq . "$STATE") || die "state file $STATE is not JSON; put it aside to go on without"
    [ "$(jq -r '.chain_id + " " + .name' <<<"$found")" = "$CHAIN_ID $NAME" ] ||
        die "state file $STATE is not of $NAME on $CHAIN_ID; choose another --state"
    KNOWN=$found
}

# of_state <jq filter> [jq option]...: one value as text, empty if there is none.
of_state() {
    local filter=$1
    shift
    jq -r "$@" "$filter // empty" <<<"$KNOWN"
}

# note <jq filter> [jq option]...: changes the state and, but for a dry run, writes it if anything is new.
note() {
    local filter=$1 changed
    shift
    changed=$(jq "$@" "$filter" <<<"$KNOWN")
    [ "$changed" != "$KNOWN" ] || return 0
    KNOWN=$changed
    [ -z "$DRY" ] || return 0
    mkdir -p "$(dirname "$STATE")"
    echo "$KNOWN" >"$STATE.new"
    mv "$STATE.new" "$STATE"
}

# forget: the chain was started anew, which only development chains are.
forget() {
    in_development || die "$STATE names contracts that are not on this chain; is $NODE the right node?"
    say "the chain was started anew: forgetting what $STATE says of the old one"
    note "$(no_state)"
}
