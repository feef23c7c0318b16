#!/usr/bin/env bash
# The example dApp, ready to use: a devnet, contracts, a worker and the page; ends with Ctrl-C.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh
. scripts/node.sh

use_node
node_packages
library
exec "${CARGO_TARGET_DIR:-target}/debug/stage" -- npm run dev -w examples/dapp
