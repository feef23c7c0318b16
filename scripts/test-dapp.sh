#!/usr/bin/env bash
# The example dApp in a headless Chromium, against chain, contracts and agent.
#
#   STAGE          the program that sets up the stage, target/debug/stage by default
#   SECRET_AI_LCD  a running chain instead of a devnet; see the stage
#   CHROMIUM       the browser, if it is not found by itself
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh
. scripts/node.sh

STAGE=${STAGE:-${CARGO_TARGET_DIR:-target}/debug/stage}
[ -x "$STAGE" ] || die "no $STAGE; build it with: cargo build --workspace --bins"
use_node
node_packages
library
[ -n "${CHROMIUM:-}" ] || have chromium || have google-chrome || apt_install chromium fonts-liberation ||
    say "no Chromium: the dApp is built, its tests are skipped; on Debian: apt-get install chromium"

exec "$STAGE" -- npm test --silent -w examples/dapp
