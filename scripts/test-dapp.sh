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

need_stage
use_library
# chromium: prints the path of one; fails if there is none.
chromium() { type -P chromium || type -P chromium-browser || type -P google-chrome; }

[ -z "${CHROMIUM:-}" ] || [ -x "$CHROMIUM" ] || die "CHROMIUM: no program $CHROMIUM"
CHROMIUM=${CHROMIUM:-$(chromium)} || { apt_install chromium fonts-liberation && CHROMIUM=$(chromium); } ||
    say "no Chromium: the dApp is built, its tests are skipped; on Debian: apt-get install chromium"
export CHROMIUM

exec "$STAGE" -- npm test --silent -w examples/dapp
