#!/bin/sh
# Installs the vendors of tests/vendors into .cache/vendors, exactly as their lock files name them.
#
# Each half leaves a stamp of what it was made from; while the stamp still fits, there is nothing to do.
set -eu
cd "$(dirname "$0")/.."
locks=tests/vendors
cache=.cache/vendors
mkdir -p "$cache"

# stamp FILE...: one line that changes when a file or this script does.
stamp() {
    cat "$@" scripts/vendors.sh | sha256sum | cut -d ' ' -f 1
}

fits() {
    [ -f "$cache/$1.stamp" ] && [ "$(cat "$cache/$1.stamp")" = "$2" ]
}

# Install scripts stay off: nothing here needs one, and one of them reports home.
node_vendors() {
    now=$(stamp "$locks/package.json" "$locks/package-lock.json")
    ! fits node "$now" || return 0
    echo "test-setup: installing Node.js, Prism, oidc-provider, real descriptions and what tests/services stand on from npm into $cache/node_modules"
    rm -f "$cache/node.stamp"
    cp "$locks/package.json" "$locks/package-lock.json" "$cache/"
    npm ci --prefix "$cache" --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null
    generated=$cache/node_modules/@octokit/openapi/generated
    # The package holds every edition of GitHub Enterprise too, 400 MB that no test reads.
    find "$generated" -name '*.json' ! -name 'api.github.com.json' -delete
    python3 "$locks/secured.py" "$generated/api.github.com.json" "$cache/api.github.com.secured.json"
    echo "$now" >"$cache/node.stamp"
}

python_vendors() {
    now=$(stamp "$locks/requirements.txt" "$locks/schemas.txt")
    ! fits python "$now" || return 0
    echo "test-setup: installing httpbin, gunicorn, jsonschema and what tests/services stand on from PyPI into $cache/venv"
    rm -rf "$cache/python.stamp" "$cache/venv"
    /usr/bin/python3 -m venv "$cache/venv"
    "$cache/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
        --requirement "$locks/requirements.txt" --requirement "$locks/schemas.txt" </dev/null
    echo "$now" >"$cache/python.stamp"
}

node_vendors
python_vendors
