#!/usr/bin/env bash
# The ecosystem's own tools against chain, contracts and agent: every scripts/test-*.sh in turn. What a
# suite lacks it installs, or says that it is missing.
#   scripts/suites.sh [name...]   e.g. "js py"
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh

[ $# -gt 0 ] || set -- js dapp py scripts
for suite in "$@"; do
    say "== suite $suite"
    "scripts/test-$suite.sh"
done
