#!/bin/sh
# Serves an OpenAPI document with Prism on loopback: `prism.sh DOCUMENT PORT` (port 0: a free one).
#
# Prints `Prism is listening on http://127.0.0.1:PORT` when it answers, and runs in this process until
# it is ended by its id. Before that line it prints one for every operation: read on, or the pipe fills.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)

if [ $# -ne 2 ]; then
    echo "usage: prism.sh DOCUMENT PORT" >&2
    exit 2
fi
exec "$root/tests/vendors/node.sh" "$root/.cache/vendors/node_modules/@stoplight/prism-cli/dist/index.js" \
    mock --host 127.0.0.1 --port "$2" "$1"
