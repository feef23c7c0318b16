# `make` lists the targets. On a fresh machine each target first installs what it lacks, or names it.

# The lock file decides every version; `make CARGO_FLAGS= ...` lets cargo update it.
CARGO_FLAGS ?= --locked
export CARGO_FLAGS
# The demo model is far too small to share among threads: one answers ten times faster than many.
export RAYON_NUM_THREADS ?= 1
TARGET := $(or $(CARGO_TARGET_DIR),target)
BIN := $(TARGET)/debug
SPEED := $(TARGET)/production/speed run --dir $(TARGET)/speed --peers $(TARGET)/peers

.DEFAULT_GOAL := help
.PHONY: help build test suites demo devnet dapp localsecret schema bench speed speed-tool gpu linkage fuzz fmt lint clean setup binaries
# A target's parts share the machine's cores already; running two cargos at once only blocks one of them.
.NOTPARALLEL:

help: ## list the targets
	@sed -n 's/^\([a-z]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-11s %s\n' "$$name" "$$text"; done

build: setup ## the contracts' wasm, optimised, gzip and checksums, into artifacts/
	@scripts/build-wasm.sh

test: build ## every test, on the wasm just built and the leaky builds to compare with
	@scripts/build-wasm.sh leaky
	cargo test --workspace $(CARGO_FLAGS)
	@scripts/suites.sh

suites: build binaries ## secretjs, cosmjs, the dApp, Python's SDKs and secretcli against chain and agent
	@scripts/suites.sh

demo: build binaries ## the whole story on this machine: deploy, attest, pay, chat, settle, claim
	@$(BIN)/demo

devnet: setup ## a chain on the usual ports that outlives restarts; its state is in target/devnet
	cargo build --workspace --bin secret-devnet $(CARGO_FLAGS)
	@mkdir -p $(TARGET)/devnet
	@exec $(BIN)/secret-devnet --block-ms 1000 --state $(TARGET)/devnet/state.redb

dapp: build binaries ## the example dApp with chain, contracts and worker; prints its address
	@scripts/dapp.sh

localsecret: build binaries ## the suites against LocalSecret (needs Docker)
	@scripts/localsecret.sh

schema: setup ## the JSON schemas of all messages and of the configuration, into schema/, and its reference
	cargo run $(CARGO_FLAGS) -p secret-ai-interface --example schema
	cargo build --workspace --bin secret-ai-worker $(CARGO_FLAGS)
	$(BIN)/secret-ai-worker config-schema > schema/worker-config.json
	$(BIN)/secret-ai-worker config-reference > docs/configuration.md

bench: build binaries speed-tool ## gas, sizes and times, and the agent's speed beside nginx, relays and other gateways
	@$(BIN)/bench
	@$(SPEED)

speed: speed-tool ## the agent's speed alone, into docs/speed.md
	@$(SPEED) --write docs/speed.md

# Compiled as operators run the agent, which takes minutes.
speed-tool: setup
	@scripts/bench-peers.sh nginx
	cargo build --workspace --bin speed --profile production $(CARGO_FLAGS)

gpu: setup ## tokens per second of an engine alone and through the agent (needs an NVIDIA GPU)
	@scripts/gpu.sh

linkage: build binaries ## the linkage game under every defence, into docs/linkage.md (minutes)
	@scripts/build-wasm.sh leaky
	@$(BIN)/linkage

fuzz: setup ## a short run of every fuzz target; FUZZ_SECONDS=15 each
	@scripts/fuzz.sh

fmt: ## format the code
	cargo fmt --all

lint: ## check format and lints
	@scripts/setup.sh lint
	cargo fmt --all --check
	cargo clippy --workspace --all-targets $(CARGO_FLAGS) -- -D warnings

clean: ## remove everything built, make devnet's chain included
	cargo clean
	rm -rf artifacts node_modules packages/typescript/dist packages/typescript/wasm examples/dapp/dist

setup:
	@scripts/setup.sh

# All binaries in one go: the demo starts the agent and the CLI from the folder it was built into.
binaries: setup
	cargo build --workspace --bins $(CARGO_FLAGS)
