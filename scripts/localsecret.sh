#!/usr/bin/env bash
# Runs the end-to-end suites against LocalSecret, Secret Network's own development chain in a Docker container:
#   scripts/localsecret.sh [suite...]     demo and scripts/test-*.sh unless named: js, py, scripts and so on
# Starts the container, waits for the chain, runs each suite with SECRET_AI_LCD and the like set, which make the stage
# use this chain, and removes the container. secretcli is the container's own.
#
#   LOCALSECRET_IMAGE  ghcr.io/scrtlabs/localsecret:v1.15.0 by default
#   STAGE              the stage, target/debug/stage by default
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh

IMAGE=${LOCALSECRET_IMAGE:-ghcr.io/scrtlabs/localsecret:v1.15.0}
# The image's first start makes a genesis and an enclave's keys.
START_S=180
WORK=
CONTAINER=secret-ai-localsecret-$$
PROFILE=scripts/profiles/localsecret.json
DEMO=$(dirname "${STAGE:-${CARGO_TARGET_DIR:-target}/debug/stage}")/demo

# docker_ready: is Docker there, does it run, and has it the image or can fetch it?
docker_ready() {
    have docker || die "no docker; on Debian: apt-get install docker.io. make devnet gives a like chain without it"
    docker info >/dev/null 2>&1 || die "docker is installed, but its daemon does not answer this user"
    docker image inspect "$IMAGE" >/dev/null 2>&1 || docker pull "$IMAGE" >&2 ||
        die "docker could not fetch $IMAGE; name another with LOCALSECRET_IMAGE"
}

# start: fast blocks; ports on loopback only; this folder at the same path, so that its secretcli can read artifacts.
start() {
    trap stop EXIT
    WORK=$(mktemp -d)
    SECRETCLI=$WORK/secretcli
    docker run --detach --name "$CONTAINER" --env FAST_BLOCKS=true --volume "$PWD:$PWD:ro" \
        --publish 127.0.0.1:1317:1317 --publish 127.0.0.1:5000:5000 --publish 127.0.0.1:26657:26657 "$IMAGE" \
        >/dev/null || die "the container does not start; are the ports 1317, 5000 and 26657 free?"
    cat >"$SECRETCLI" <<EOF
#!/bin/sh
exec docker exec --interactive $CONTAINER secretcli "\$@"
EOF
    chmod +x "$SECRETCLI"
}

stop() {
    docker rm --force --volumes "$CONTAINER" >/dev/null 2>&1 || true
    [ -z "$WORK" ] || rm -rf "$WORK"
}

# height: of the newest block; 0 before there is one.
height() {
    curl --silent --max-time 5 "$SECRET_AI_LCD/cosmos/base/tendermint/v1beta1/blocks/latest" |
        jq -r '.block.header.height // 0' 2>/dev/null || echo 0
}

# await_chain: until there are two blocks, since the first one has no state that queries could read.
await_chain() {
    local end=$((SECONDS + START_S)) now
    until now=$(height) && [ "${now:-0}" -ge 2 ]; do
        if [ $SECONDS -ge $end ] || [ "$(docker inspect --format '{{.State.Running}}' "$CONTAINER")" != true ]; then
            docker logs --tail 20 "$CONTAINER" >&2
            die "LocalSecret made no block within $START_S s"
        fi
        sleep 1
    done
}

# run_suite <suite>: the demo is a program beside the stage, all others are scripts.
run_suite() { if [ "$1" = demo ]; then "$DEMO"; else "scripts/test-$1.sh"; fi; }

# run_suites <suite>...: each on its own; all run, also after one that failed.
run_suites() {
    local suite failed=()
    for suite in "$@"; do
        say "LocalSecret: $suite"
        run_suite "$suite" || failed+=("$suite")
    done
    [ ${#failed[@]} -eq 0 ] || die "${#failed[@]} of $# suites failed on LocalSecret: ${failed[*]}"
    say "$# suites passed on LocalSecret ($IMAGE)"
}

main() {
    local suites=("$@") suite
    if [ $# = 0 ]; then
        suites=(demo)
        for suite in scripts/test-*.sh; do
            suite=${suite#scripts/test-}
            suites+=("${suite%.sh}")
        done
    fi
    for suite in "${suites[@]}"; do
        [ "$suite" = demo ] || [ -x "scripts/test-$suite.sh" ] || die "no suite '$suite': there is no scripts/test-$suite.sh"
    done
    have jq && have curl || apt_install jq curl || die "missing: jq, curl; on Debian: apt-get install jq curl"
    docker_ready
    SECRET_AI_LCD=$(jq -r .lcd_url "$PROFILE")
    SECRET_AI_CHAIN_ID=$(jq -r .chain_id "$PROFILE")
    SECRET_AI_NODE=$(jq -r .node "$PROFILE")
    SECRET_AI_RPC=${SECRET_AI_NODE/#tcp:/http:}
    SECRET_AI_FAUCET=http://127.0.0.1:5000
    export SECRET_AI_LCD SECRET_AI_CHAIN_ID SECRET_AI_NODE SECRET_AI_RPC SECRET_AI_FAUCET SECRETCLI
    say "starting LocalSecret: $IMAGE"
    start
    await_chain
    run_suites "${suites[@]}"
}

main "$@"
