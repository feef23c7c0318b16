#!/usr/bin/env -S python3 -I -S
"""Stands in for secretcli, and for the chain behind it: the commands that scripts/deploy.sh uses, with the answers that
secretcli prints, on a chain that is a JSON file. It knows nothing of contracts but what a config query shows. For tests
of the script itself; tests/scripts/test_chain.py uses the real secretcli where there is one.

STAND_IN_CHAIN     the file; must exist
STAND_IN_LOSE      n: transaction n (from 1) gets into the chain, but the script is killed before it knows
STAND_IN_KILL      n: the script is killed when it asks for transaction n
STAND_IN_FAIL      n: transaction n fails in the contract
"""

import gzip
import hashlib
import json
import os
import pathlib
import signal
import sys

KEYS = {"a": "secret1ap26qrlp8mcq2pg6r47w43l0y8zkqm8a450s03", "b": "secret1fc3fzy78ttp0lwuujw7e52rhspxn8uj52zfyne"}
FLAGS_WITHOUT_VALUE = {"--yes", "--address"}
# The flags of each kind of command that the script may use; secretcli refuses those that a command does not have.
OF_QUERIES = {"--node", "--output", "--home"}
OF_KEYS = OF_QUERIES - {"--node"} | {"--address", "--keyring-backend"}
SENDING = {"--from", "--keyring-backend", "--chain-id", "--node", "--gas", "--gas-prices", "--broadcast-mode", "--output", "--yes"}
INSTANTIATION = {"--label", "--admin"}


def parse(arguments):
    words, flags = [], {}
    rest = iter(arguments)
    for argument in rest:
        if argument.startswith("--"):
            flags[argument] = True if argument in FLAGS_WITHOUT_VALUE else next(rest)
        else:
            words.append(argument)
    return words, flags


def check_flags(words, flags):
    known = {"keys": OF_KEYS, "status": OF_QUERIES, "query": OF_QUERIES, "tx": SENDING | {"--home"}}[words[0]]
    if words[:3] == ["tx", "compute", "instantiate"]:
        known = known | INSTANTIATION
    if unknown := set(flags) - known:
        fail(f"unknown flag: {sorted(unknown)[0]}")
    # Without them secretcli asks back, or takes the chain of its own configuration.
    if words[0] == "tx" and (lacking := SENDING - set(flags)):
        fail(f"no {sorted(lacking)[0]}")


def fail(text):
    sys.exit(f"Error: {text}")


def kill_script():
    """And its subshells, which have its command line."""
    pid, found = os.getppid(), []
    while "deploy.sh" in pathlib.Path(f"/proc/{pid}/cmdline").read_text():
        found.insert(0, pid)
        pid = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    for pid in found:
        os.kill(pid, signal.SIGKILL)
    sys.exit(1)


def contract_at(chain, address):
    found = [c for c in chain["contracts"] if c["address"] == address]
    return found[0] if found else fail(f"rpc error: code = Unknown desc = {address}: contract: not found")


def config(contract):
    init = contract["init"]
    if "policy" in init:
        named = {"admin": init.get("admin") or contract["creator"], "development": "development_roots" in init, "workers": 0}
        return named | {key: init[key] for key in ("policy", "challenge_s", "lease_s")}
    if "tokens" in init:
        named = {"admin": init.get("admin") or contract["creator"], "rewards": contract.get("rewards"), "sealing_pk": "00" * 32}
        return named | {key: init[key] for key in ("registry", "tokens", "timing")}
    return {"billing": init["billing"], "sealing_pk": "00" * 32}


def smart(contract, query):
    if "config" in query:
        return config(contract)
    asked = query["image"]
    found = [i for i in contract.get("images", []) if (i["image"], i["workload"]) == (asked["image"], asked["workload"])]
    status = contract.get("revoked", {}).get(asked["image"], "active")
    return {"usable": bool(found) and status == "active", "status": status, "until": found[-1]["until"] if found else None}


def code_hash(chain, contract):
    return next(c["code_hash"] for c in chain["codes"] if c["code_id"] == contract["code_id"])


def query(chain, words):
    match words:
        case ["tx", txhash]:
            if os.environ.get("STAND_IN_KILL") == str(int(txhash, 16)):
                kill_script()
            return chain["txs"].get(txhash) or fail(f"tx ({txhash}) not found")
        case ["compute", "list-code"]:
            return {"code_infos": chain["codes"]}
        case ["compute", "label", label]:
            found = [c["address"] for c in chain["contracts"] if c["label"] == label]
            print(f"Label is in use by contract address: {found[0]}") if found else fail(f"error querying: {label}: not found")
        case ["compute", "contract-hash", address]:
            print(f"0x{code_hash(chain, contract_at(chain, address))}")
        case ["compute", "contract", address]:
            contract = contract_at(chain, address)
            return {"contract_address": address, "contract_info": {k: contract[k] for k in ("code_id", "creator", "label", "admin")}}
        case ["compute", "query", address, message]:
            return smart(contract_at(chain, address), json.loads(message))
        case ["compute", "tx", txhash]:
            return {"output_error": chain["txs"][txhash].get("why", "")}
        case _:
            fail(f"unknown query {words}")


def execute(contract, message):
    if "link_rewards" in message:
        contract["rewards"] = message["link_rewards"]["rewards"]
    elif "set_policy" in message:
        contract["init"]["policy"] = message["set_policy"]["policy"]
    elif "approve_image" in message:
        contract.setdefault("images", []).append(message["approve_image"])
        contract.get("revoked", {}).pop(message["approve_image"]["image"], None)
    elif "revoke" in message:
        contract.setdefault("revoked", {})[message["revoke"]["target"]["image"]] = message["revoke"]["speed"]


def transact(chain, words, flags):
    sender = KEYS[flags["--from"]]
    match words:
        case ["store", path]:
            digest = hashlib.sha256(gzip.open(path).read()).hexdigest()
            chain["codes"].append({"code_id": str(len(chain["codes"]) + 1), "creator": sender, "code_hash": digest})
        case ["instantiate", code_id, message]:
            if any(c["label"] == flags["--label"] for c in chain["contracts"]):
                fail("contract account already exists")
            chain["made"] += 1
            address = "secret1" + hashlib.sha256(str(chain["made"]).encode()).hexdigest()[:38]
            chain["contracts"].append({"address": address, "label": flags["--label"], "code_id": code_id,
                "creator": sender, "admin": flags.get("--admin", ""), "init": json.loads(message)})
        case ["execute", address, message]:
            execute(contract_at(chain, address), json.loads(message))
        case _:
            fail(f"unknown transaction {words}")


def broadcast(chain, words, flags):
    number = len(chain["txs"]) + 1
    txhash = f"{number:064X}"
    if os.environ.get("STAND_IN_FAIL") == str(number):
        why = "message index 0: Generic error: [stand_in] refused   "
        chain["txs"][txhash] = {"txhash": txhash, "code": 3, "raw_log": "encrypted", "why": why}
    else:
        transact(chain, words, flags)
        chain["txs"][txhash] = {"txhash": txhash, "code": 0, "raw_log": ""}
    save(chain)
    if os.environ.get("STAND_IN_LOSE") == str(number):
        kill_script()
    return {"height": "0", "txhash": txhash, "code": 0, "raw_log": ""}


def save(chain):
    with open(os.environ["STAND_IN_CHAIN"], "w") as file:
        json.dump(chain, file)


def main():
    words, flags = parse(sys.argv[1:])
    with open(os.environ["STAND_IN_CHAIN"]) as file:
        chain = json.load(file)
    check_flags(words, flags)
    answer = None
    if words[:2] == ["keys", "show"]:
        print(KEYS.get(words[2]) or fail(f"{words[2]} is not a valid name or address"))
    elif words[0] == "status":
        answer = {"node_info": {"network": chain["chain_id"]}, "sync_info": {"catching_up": chain["catching_up"]}}
    elif words[0] == "query":
        answer = query(chain, words[1:])
    else:
        answer = broadcast(chain, words[2:], flags)
    if answer is not None:
        print(json.dumps(answer))


main()
