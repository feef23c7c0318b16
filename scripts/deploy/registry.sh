# shellcheck shell=bash disable=SC2016,SC2034,SC2153,SC2154
# Sourced by deploy.sh: what the registry is told after it was made: policy, collateral, images, golden sets, platforms.

# set_policy: if the registry has another one than the profile.
set_policy() {
    on_chain registry || return 0
    local wanted config
    wanted=$(of_profile '.registry.policy | tojson')
    config=$(ask_contract "${ADDRESS[registry]}" '{"config":{}}')
    [ "$(jq -cS .policy <<<"$config")" != "$(jq -cS . <<<"$wanted")" ] || return 0
    [ -n "$DRY" ] || [ "$(jq -r .admin <<<"$config")" = "$SENDER" ] ||
        die "the registry's policy is not the profile's, and only its admin $(jq -r .admin <<<"$config") can change it"
    execute registry "set_policy" "{\"set_policy\":{\"policy\":$wanted}}"
}

# configure_registry: everything that the profile lists and the registry has not been told.
configure_registry() {
    local items item message
    # Arrays, since secretcli may read the keyring's password from the standard input.
    mapfile -t items < <(of_profile '.registry.collateral // [] | .[]')
    for item in "${items[@]}"; do
        message=$(collateral_message "$item")
        send_once "collateral $(basename "$item")" "$message"
    done
    mapfile -t items < <(of_profile '.registry.images // [] | .[] | tojson')
    for item in "${items[@]}"; do approve_image "$item"; done
    mapfile -t items < <(of_profile '.registry.golden_sets // [] | .[]')
    for item in "${items[@]}"; do
        [ -f "$item" ] || die "no golden set $item; secret-ai evidence golden --out writes one"
        send_once "golden set $(basename "$item")" "{\"approve_golden\":{\"set\":\"$(base64 -w 0 "$item")\"}}"
    done
    mapfile -t items < <(of_profile '.registry.platforms // [] | .[]')
    for item in "${items[@]}"; do
        send_once "known platform ${item:0:12}" "{\"approve_platform\":{\"platform\":\"$item\",\"known\":true}}"
    done
}

# approve_image <{image, workload, until}>: unless the registry says that it counts and for how long. What was revoked
# stays so: a profile that still lists it must not bring it back.
approve_image() {
    local image found status until
    image="image $(jq -r '.image[:12]' <<<"$1")"
    until=$(jq -r '.until // empty' <<<"$1")
    if [ -n "$until" ] && [ "$until" -lt "$(date +%s)" ]; then
        say "$image: left out, since its end is past"
        return
    fi
    if on_chain registry; then
        found=$(ask_contract "${ADDRESS[registry]}" "$(jq -c '{image: {image, workload}}' <<<"$1")")
        status=$(jq -r .status <<<"$found")
        if [ "$status" != active ]; then
            say "$image: left out, since it was revoked ($status); take it out of the profile, or send approve_image"
            return
        fi
        [ "$(jq -c '[.usable, .until]' <<<"$found")" != "$(jq -c '[true, .until]' <<<"$1")" ] || return 0
    fi
    execute registry "$image" "$(jq -c '{approve_image: {image, workload, until}}' <<<"$1")"
}

# send_once <what> <message>: for what no query shows; the state file remembers it. Twice does no harm.
send_once() {
    local digest
    digest=$(printf '%s %s' "${ADDRESS[registry]}" "$2" | sha256 -)
    [ -z "$(of_state '.sent[$digest]' --arg digest "$digest")" ] || return 0
    execute registry "$1" "$2"
    note '.sent[$digest] = $what' --arg digest "$digest" --arg what "$1"
}

# message_in <file>: its JSON on one line; it must be one object and nothing else.
message_in() {
    [ -f "$1" ] || die "no file $1"
    jq -cn '[inputs] | if map(type) == ["object"] then .[0] else error end' "$1" 2>/dev/null || die "$1 holds no JSON object"
}

# collateral_message <file>: submit_collateral with what is in the file.
collateral_message() {
    local found
    found=$(message_in "$1")
    jq -ce -f "$ROOT/scripts/deploy/collateral.jq" <<<"$found" 2>/dev/null ||
        die "$1 is neither {\"root\", \"collateral\"} as the registry takes it nor Intel's collateral as dcap-qvl writes it"
}
