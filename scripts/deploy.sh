#!/usr/bin/env bash
# Deploys the contracts with secretcli, wires and configures them; does only what has not been done yet.
#   scripts/deploy.sh PROFILE [OPTION...]                         deploys, wires, configures
#   scripts/deploy.sh PROFILE send CONTRACT FILE [OPTION...]      sends one message, JSON as schema/ says, to
#                                                                 token, registry, billing or rewards
#   scripts/deploy.sh PROFILE submit-collateral FILE [OPTION...]  collateral as dcap-qvl writes it, or such a message
# PROFILE is devnet, localsecret, testnet, mainnet, or a file like those in scripts/profiles.
#
#   --dry-run               prints the commands in their order and changes nothing; needs no key, and neither
#                           secretcli nor a node: without them it assumes a chain on which nothing is deployed
#   --with FILE             JSON laid over the profile: tokens, development roots, images, golden sets and so on
#   --node URL              RPC of a node, such as tcp://127.0.0.1:26657 (or SECRET_AI_NODE, or the profile's)
#   --lcd URL               REST endpoint of a node, for the configurations that are printed (or the profile's)
#   --from NAME             key in secretcli's keyring that pays, and governs unless the profile says otherwise
#   --keyring-backend NAME  os (default), file or test; --home DIR is secretcli's folder
#   --name NAME             first part of the contracts' labels, the profile's by default; one per deployment
#   --state FILE            what is where, deployments/CHAIN-NAME.json by default
#   --artifacts DIR         holds *.wasm.gz and checksums.txt, artifacts by default
#   --yes                   real networks only: without it they are left alone
# SECRETCLI names the program if it is not "secretcli". Standard output is for programs: with --dry-run the
# commands, else the configurations of users and workers; all addresses and hashes are in the state file.
# shellcheck source-path=SCRIPTDIR/.. disable=SC2034
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$ROOT/scripts/common.sh"
. "$ROOT/scripts/deploy/profile.sh"
. "$ROOT/scripts/deploy/state.sh"
. "$ROOT/scripts/deploy/chain.sh"
. "$ROOT/scripts/deploy/contracts.sh"
. "$ROOT/scripts/deploy/registry.sh"
. "$ROOT/scripts/deploy/output.sh"

SECRETCLI=${SECRETCLI:-secretcli}
NODE=${SECRET_AI_NODE:-}
ARTIFACTS=$ROOT/artifacts
KEYRING=os
LCD='' FROM='' CLI_HOME='' NAME='' STATE='' DRY='' YES=''
WITH=() WORDS=()

usage() { sed -n '2,/^# shellcheck/{/^# shellcheck/!s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; }

# options <argument>...: sets the variables above.
options() {
    while [ $# -gt 0 ]; do
        case $1 in
            --dry-run) DRY=yes ;;
            --yes) YES=yes ;;
            --help | -h) usage && exit ;;
            --with | --node | --lcd | --from | --keyring-backend | --home | --name | --state | --artifacts)
                [ $# -ge 2 ] || die "$1 needs a value"
                option "$1" "$2"
                shift
                ;;
            -*) die "no option $1; scripts/deploy.sh --help lists them" ;;
            *) WORDS+=("$1") ;;
        esac
        shift
    done
    [ ${#WORDS[@]} -gt 0 ] || die "no profile named; scripts/deploy.sh --help says how"
}

# option <name> <value>
option() {
    case $1 in
        --with) WITH+=("$2") ;;
        --node) NODE=$2 ;;
        --lcd) LCD=$2 ;;
        --from) FROM=$2 ;;
        --keyring-backend) KEYRING=$2 ;;
        --home) CLI_HOME=$2 ;;
        --name) NAME=$2 ;;
        --state) STATE=$2 ;;
        --artifacts) ARTIFACTS=$2 ;;
    esac
}

# deploy: everything that the profile asks for and the chain lacks.
deploy() {
    deploy_tokens
    deploy_registry
    deploy_billing
    deploy_rewards
    link_rewards
    set_policy
    configure_registry
    if [ -n "$DRY" ]; then
        say "$TRANSACTIONS transactions would be sent"
        return
    fi
    if [ "$TRANSACTIONS" = 0 ]; then
        say "nothing to do: all is deployed, wired and configured as the profile says"
    else
        say "$TRANSACTIONS transactions sent"
    fi
    configurations
    say "all addresses and hashes: $STATE"
}

# send <contract> <file>: one message of the operator's own.
send() {
    [ $# = 2 ] || die "send takes a contract (token, registry, billing, rewards) and a file with the message"
    local message
    message=$(message_in "$2")
    find_contract "$1"
    execute "$1" "$(basename "$2")" "$message"
}

# submit_collateral <file>...
submit_collateral() {
    [ $# -gt 0 ] || die "submit-collateral takes files with collateral"
    find_contract registry
    local file message
    for file in "$@"; do
        message=$(collateral_message "$file")
        execute registry "collateral $(basename "$file")" "$message"
    done
}

main() {
    options "$@"
    have jq || die "no jq, which reads and writes JSON; on Debian: apt-get install jq"
    load_profile "${WORDS[0]}"
    load_state
    connect
    case ${WORDS[1]:-deploy} in
        deploy) deploy ;;
        send) send "${WORDS[@]:2}" ;;
        submit-collateral) submit_collateral "${WORDS[@]:2}" ;;
        *) die "no command '${WORDS[1]}'; there are send and submit-collateral, and without one all is deployed" ;;
    esac
}

main "$@"
