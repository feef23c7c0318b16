# shellcheck shell=bash
# Sourced by scripts that run JavaScript: puts a node that is new enough on PATH and the packages of
# package-lock.json into node_modules. Needs common.sh, and the repository's root as working folder.

# The oldest node that Vite runs on; package.json's `engines` says the same. Debian 12's own is older.
MIN_NODE=20.19.0
# What the npm registry has in its place. With an npm of its own: Debian's finds its parts only under Debian's node.
NODE_PACKAGES=(node@22 npm@10)

node_version() { node --version 2>/dev/null | sed 's/^v//'; }

# use_node: installs what is missing.
use_node() {
    local own=$PWD/target/node/node_modules/.bin
    ! { [ -x "$own/node" ] && [ -x "$own/npm" ]; } || PATH=$own:$PATH
    have node && have npm || apt_install nodejs npm ||
        die "no node and npm: install Node.js >= $MIN_NODE, on Debian: apt-get install nodejs npm"
    if ! at_least "$(node_version)" "$MIN_NODE"; then
        say "node is $(node_version), must be >= $MIN_NODE: taking the npm registry's into target/node"
        mkdir -p target/node
        quiet npm install --no-audit --no-fund --no-save --prefix target/node "${NODE_PACKAGES[@]}" ||
            die "npm could not install ${NODE_PACKAGES[*]}; install Node.js >= $MIN_NODE"
        PATH=$own:$PATH
        at_least "$(node_version)" "$MIN_NODE" ||
            die "npm installed ${NODE_PACKAGES[*]}, but they do not run; install Node.js >= $MIN_NODE"
    fi
    export PATH
}

# node_packages: what package-lock.json lists, anew only when it has changed.
node_packages() {
    local stamp=node_modules/.secret-ai-lock now
    now=$(sha256 package-lock.json)
    [ "$(cat "$stamp" 2>/dev/null)" != "$now" ] || return 0
    say "npm packages"
    quiet npm ci --ignore-scripts --no-audit --no-fund || die "npm ci failed; it needs the npm registry once"
    echo "$now" >"$stamp"
}

# use_library: node, packages, and packages/typescript as other packages import it, with its verifier.
use_library() {
    use_node
    node_packages
    quiet npm run --silent -w packages/typescript build || die "packages/typescript does not compile"
    packages/typescript/scripts/wasm.sh
}
