#!/usr/bin/env bash
# Builds the verifier as WebAssembly into wasm/verifier.wasm, unless it is there and nothing changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
../../scripts/build-wasm.sh secret-ai-verifier
mkdir -p wasm
cp ../../artifacts/secret-ai-verifier.wasm wasm/verifier.wasm
