# shellcheck shell=bash disable=SC2016,SC2034,SC2153,SC2154
# Sourced by deploy.sh: the profile, what it must hold and what real networks must not have.

# load_profile <name or file>: sets PROFILE (JSON), laid over the defaults, and what the options left open.
load_profile() {
    local file=$1 with problems
    [ -f "$file" ] || file=$ROOT/scripts/profiles/$1.json
    [ -f "$file" ] || die "no profile '$1': there are $(names "$ROOT"/scripts/profiles/*.json), or name a file"
    # One by one: an empty file would be passed over, and with it an admin that can never be named again.
    for with in "$file" "${WITH[@]}"; do message_in "$with" >/dev/null; done
    PROFILE=$(jq -c -n 'reduce inputs as $file ({}; . * $file)' "$ROOT/scripts/deploy/defaults.json" "$file" "${WITH[@]}") ||
        die "these cannot be laid over each other: $file ${WITH[*]}"
    problems=$(jq -r -f "$ROOT/scripts/deploy/problems.jq" <<<"$PROFILE") || die "profile $file has values of the wrong kind"
    [ -z "$problems" ] || die "profile $file: $problems"
    # All single values in one go: starting jq is what takes the time here.
    eval "$(of_profile '@sh "CHAIN_ID=\(.chain_id) DEVELOPMENT=\(.development == true) MIGRATION_ADMIN=\(.migration_admin // "")
        GAS_PRICE=\(.gas_price) GAS_INSTANTIATE=\(.gas.instantiate) GAS_EXECUTE=\(.gas.execute)
        OWN_NAME=\(.name) OWN_NODE=\(.node // "") OWN_LCD=\(.lcd_url // "")"')"
    NAME=${NAME:-$OWN_NAME}
    NODE=${NODE:-$OWN_NODE}
    LCD=${LCD:-$OWN_LCD}
    STATE=${STATE:-$ROOT/deployments/$CHAIN_ID-$NAME.json}
}

# names <file>...: their names without folder and ending.
names() { for file in "$@"; do basename "$file" .json; done | paste -sd ' '; }

# of_profile <jq filter>: one value, as text.
of_profile() { jq -r "$1" <<<"$PROFILE"; }

# in_development: is this a chain for development, on which simulated TEEs and tokens of our own may be?
in_development() { [ "$DEVELOPMENT" = true ]; }
