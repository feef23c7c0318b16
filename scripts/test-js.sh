#!/usr/bin/env bash
# JavaScript against chain, contracts and agent: packages/typescript, unmodified secretjs and cosmjs, and
# every example of docs/messages.md. Each suite has a stage of its own, for it counts base units.
#
#   STAGE          the program that sets up the stage, target/debug/stage by default
#   SECRET_AI_LCD  a running chain instead of a devnet; see the stage
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh
. scripts/node.sh

need_stage
use_library

npm run --silent -w tests/js test:examples
"$STAGE" -- npm test --silent -w packages/typescript
"$STAGE" -- npm run --silent -w tests/js test:secretjs
"$STAGE" -- npm run --silent -w tests/js test:cosmjs
"$STAGE" -- npm run --silent -w tests/js test:docs
