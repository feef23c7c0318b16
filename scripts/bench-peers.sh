#!/usr/bin/env bash
# Gateways of others for `make speed` to compare with, into target/peers; what cannot be had is named and left out:
#   scripts/bench-peers.sh             nginx, SGLang's router, Portkey, LiteLLM
#   scripts/bench-peers.sh nginx       only this one
#
#   CARGO_TARGET_DIR where cargo builds ("target" by default)
#   PYTHON           Python 3.10 or newer with venv, "python3" by default
#
# They come from the package registries, at the versions below, and take minutes the first time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh

SGLANG_ROUTER=0.3.2
PORTKEY=1.15.2
LITELLM=1.105.3
PEERS=${CARGO_TARGET_DIR:-target}/peers
PYTHON=${PYTHON:-python3}

nginx() { command -v nginx >/dev/null || apt_install nginx-light; }

# python_peer <folder> <requirement>: in an environment of its own.
python_peer() {
    local folder=$PEERS/$1
    [ "$(cat "$folder/made" 2>/dev/null)" != "$2" ] || return 0
    rm -rf "$folder"
    "$PYTHON" -m venv "$folder" && quiet "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$2" &&
        printf '%s' "$2" >"$folder/made"
}

sglang() { python_peer sglang "sglang-router==$SGLANG_ROUTER"; }

litellm() { python_peer litellm "litellm[proxy]==$LITELLM"; }

portkey() {
    local folder=$PEERS/portkey wanted=@portkey-ai/gateway@$PORTKEY
    [ "$(cat "$folder/made" 2>/dev/null)" != "$wanted" ] || return 0
    rm -rf "$folder"
    mkdir -p "$folder"
    quiet npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder" "$wanted" &&
        printf '%s' "$wanted" >"$folder/made"
}

mkdir -p "$PEERS"
for peer in "${@:-nginx sglang portkey litellm}"; do
    for name in $peer; do
        "$name" || say "$name: cannot be installed here, left out of the comparison"
    done
done
