#!/usr/bin/env bash
# The example dApp, ready to use: a devnet, contracts, a worker and the page; ends with Ctrl-C.
#
#   STAGE          the program that sets up all but the page, target/debug/stage by default
#   SECRET_AI_LCD  a running chain instead of a devnet; see the stage
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh
. scripts/node.sh

need_stage
use_library
exec "$STAGE" -- npm run dev -w examples/dapp
