#!/usr/bin/env bash
# Tests of the scripts: shellcheck, deploy.sh on a stand-in for secretcli, and, where there is a real secretcli, the
# whole deployment on a stage's chain:
#   scripts/test-scripts.sh [argument...]    arguments go to Python's unittest, e.g. -k golden
#
#   SECRETCLI  Secret Network's command line tool, "secretcli" by default
#   STAGE      the program that sets up the stage, target/debug/stage by default
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh

TESTS=(python3 -m unittest discover -s tests/scripts "$@")

have python3 && have jq || apt_install python3 jq || die "missing: python3, jq; on Debian: apt-get install python3 jq"
have shellcheck || apt_install shellcheck || say "no shellcheck: the scripts are not linted"
! have shellcheck || shellcheck -x .ci/run scripts/*.sh scripts/deploy/*.sh packages/typescript/scripts/*.sh
if ! have "${SECRETCLI:-secretcli}"; then
    say "no secretcli (or SECRETCLI): deploy.sh is tested on a stand-in for it only"
    exec "${TESTS[@]}"
fi
SECRETCLI=$(command -v "${SECRETCLI:-secretcli}")
export SECRETCLI
need_stage
exec "$STAGE" -- "${TESTS[@]}"
