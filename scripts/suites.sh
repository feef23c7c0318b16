#!/usr/bin/env bash
# The ecosystem's own tools against chain, contracts and agent: every scripts/test-*.sh in turn, up to the first that
# fails. What a suite lacks it installs, or says that it is missing.
#   scripts/suites.sh [name...]   e.g. "js py"
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh

if [ $# = 0 ]; then
    set -- scripts/test-*.sh
    set -- "${@#scripts/test-}"
    set -- "${@%.sh}"
fi
for suite in "$@"; do
    [ -x "scripts/test-$suite.sh" ] || die "no suite '$suite': there is no scripts/test-$suite.sh"
done
for suite in "$@"; do
    say "== suite $suite"
    "scripts/test-$suite.sh"
done
