#!/usr/bin/env bash
# Tokens per second of an engine alone and through the agent, side by side (docs/gpu.md):
#   scripts/gpu.sh         the embedded engine on an NVIDIA GPU with its tests, then vLLM
#   scripts/gpu.sh --cpu   the embedded engine on the CPU: the same program where there is no GPU
# The agent has everything on but the chain: sessions, counting, signing, journaling.
#
#   GPU_MODEL_FILE   GGUF file for the embedded engine; the demo model if unset
#   VLLM_MODEL       model for vLLM, a folder or a name on Hugging Face, "Qwen/Qwen2.5-7B-Instruct" if unset
#   VLLM_VERSION     release of vLLM, 0.33.0 if unset; installed into target/vllm
#   CLIENTS          requests at once, "1,8,32" if unset
#   LEAST            least share of the engine's tokens per second, percent; 98 if unset, none with --cpu
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh

MODEL_FILE=${GPU_MODEL_FILE:-packages/engine/demo-model/secret-ai-demo.gguf}
# The name that the agent of the speed test sells.
NAME=mock
WORK=$(mktemp -d)
PIDS=()

cleanup() {
    for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$WORK"
}
trap cleanup EXIT

# start <name> <command>...: starts a server that prints its address first; leaves it in ADDRESS.
start() {
    local name=$1 pid
    shift
    "$@" >"$WORK/$name.address" 2>"$WORK/$name.log" &
    pid=$!
    PIDS+=("$pid")
    for _ in $(seq 600); do
        ADDRESS=$(head -n 1 "$WORK/$name.address")
        [ -n "$ADDRESS" ] && return
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.2
    done
    tail -n 20 "$WORK/$name.log" >&2
    die "$name did not start"
}

# compare <engine's address> <label>: the engine alone, and through an agent before it.
compare() {
    local engine=$1 agent
    start "agent-$2" "$BIN/speed" agent --upstream "$engine" --dir "$WORK/$2"
    agent=$ADDRESS
    echo
    echo "$2"
    echo
    "$BIN/throughput" compare --bare "http://$engine/v1" --agent "http://$agent/v1" \
        --key "$("$BIN/speed" key)" --model "$NAME" --concurrency "${CLIENTS:-1,8,32}" "${LEAST_FLAG[@]}"
}

# embedded <device>: the embedded engine.
embedded() {
    mkdir -p "$WORK/embedded-$1"
    start "engine-$1" "$BIN/throughput" serve --model-file "$MODEL_FILE" --model "$NAME" --device "$1"
    compare "$ADDRESS" "embedded-$1"
}

# vllm: installs it once, serves a model, asks.
vllm() {
    local version=${VLLM_VERSION:-0.33.0} venv=target/vllm port=18000 pid
    if [ "$("$venv/bin/python" -c 'import vllm; print(vllm.__version__)' 2>/dev/null)" != "$version" ]; then
        say "installing vLLM $version into $venv (several GB)"
        python3 -m venv "$venv"
        quiet "$venv/bin/pip" install "vllm==$version" || die "pip could not install vLLM"
    fi
    mkdir -p "$WORK/vllm"
    "$venv/bin/vllm" serve "${VLLM_MODEL:-Qwen/Qwen2.5-7B-Instruct}" --served-model-name "$NAME" \
        --host 127.0.0.1 --port "$port" --enable-prompt-tokens-details --no-enable-log-requests \
        --disable-uvicorn-access-log >"$WORK/vllm.log" 2>&1 &
    pid=$!
    PIDS+=("$pid")
    say "waiting for vLLM"
    until have curl && curl -fs "http://127.0.0.1:$port/health" >/dev/null; do
        kill -0 "$pid" 2>/dev/null || { tail -n 20 "$WORK/vllm.log" >&2; die "vLLM did not start"; }
        sleep 2
    done
    compare "127.0.0.1:$port" vllm
}

read -ra FLAGS <<<"${CARGO_FLAGS:-}"
if [ "${1:-}" = --cpu ]; then
    LEAST_FLAG=()
    [ -z "${LEAST:-}" ] || LEAST_FLAG=(--least "$LEAST")
    # As `make speed` builds the agent.
    BIN=${CARGO_TARGET_DIR:-target}/debug
    FLAGS+=(--config profile.dev.package.secret-ai-worker-agent.opt-level=3)
    cargo build --workspace --bin throughput --bin speed "${FLAGS[@]}"
    embedded cpu
    exit
fi
LEAST_FLAG=(--least "${LEAST:-98}")
have nvidia-smi || die "no NVIDIA GPU here (nvidia-smi); scripts/gpu.sh --cpu runs without one"
nvidia-smi -L >&2 || die "the NVIDIA driver shows no GPU"
have "${NVCC:-nvcc}" || [ -x "${CUDA_HOME:-/usr/local/cuda}/bin/nvcc" ] ||
    die "nvcc is missing: install the CUDA toolkit, 12.4 or newer, and no newer than the driver takes"
have curl || die "curl is missing"
# What operators run; one profile for all, so that the kernels are compiled once.
BIN=${CARGO_TARGET_DIR:-target}/production
FEATURES=(--profile production --features secret-ai-tests/cuda --features secret-ai-worker-agent/cuda)
cargo build --workspace --bins "${FEATURES[@]}" "${FLAGS[@]}"
cargo test --workspace --test embedded --test tokenizer "${FEATURES[@]}" "${FLAGS[@]}"
embedded cuda:0
kill "${PIDS[@]}" 2>/dev/null || true
vllm
