#!/usr/bin/env bash
# Unmodified Python packages (secret-sdk, secret-ai-sdk, openai) against chain, contracts and agent:
#   scripts/test-py.sh [argument...]    arguments go to pytest, e.g. -k deposit
#
#   STAGE            the program that sets up the stage, built with its siblings (target/debug/stage)
#   CARGO_TARGET_DIR where cargo builds ("target" by default)
#   SECRET_AI_LCD    a running chain instead of a devnet; see the stage
#   PYTHON           Python 3.11 or newer, "python3" by default
#
# The packages are installed into target/py-venv, anew when tests/py/requirements.lock has changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh

PYTHON=${PYTHON:-python3}
TARGET=${CARGO_TARGET_DIR:-target}
VENV=$TARGET/py-venv
LOCK=tests/py/requirements.lock

# python: new enough, and able to make environments; Debian has that in a package of its own.
python() {
    have "$PYTHON" && "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
        apt_install python3 python3-venv ||
        die "Python's venv is missing; on Debian: apt-get install python3 python3-venv"
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        die "$("$PYTHON" --version) is too old: secret-ai-sdk needs 3.11 or newer"
}

# packages: exactly those of the lock, by their hashes. Left as they are if the lock and Python are the same.
packages() {
    local made log
    made="$(sha256 "$LOCK") $("$PYTHON" --version)"
    [ "$(cat "$VENV/made" 2>/dev/null)" != "$made" ] || return 0
    say "installing the Python packages of $LOCK into $VENV (minutes, once)"
    log=$(mktemp)
    rm -rf "$VENV"
    mkdir -p "$TARGET"
    if ! { "$PYTHON" -m venv "$VENV" && "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check \
        --no-compile --no-deps --require-hashes -r "$LOCK"; } </dev/null >"$log" 2>&1; then
        tail -n 10 "$log" >&2
        rm -f "$log"
        die "pip could not install them; it needs the Python package index once"
    fi
    rm -f "$log"
    printf '%s' "$made" >"$VENV/made"
}

need_stage
python
packages
# A proxy of the machine is not for loopback.
export NO_PROXY=127.0.0.1,localhost no_proxy=127.0.0.1,localhost
exec "$STAGE" -- "$VENV/bin/python" -m pytest -q tests/py "$@"
