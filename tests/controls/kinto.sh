#!/bin/sh
# Serves Kinto on loopback with everything in memory: `kinto.sh PORT` (port 0: a free one).
#
# Prints `listening on http://127.0.0.1:PORT` when it answers and its accounts are there, then the accounts
# as JSON. Runs in this process until it is ended by its id.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

if [ $# -ne 1 ]; then
    echo "usage: kinto.sh PORT" >&2
    exit 2
fi
exec "$here/../../.cache/controls/venv/bin/python" "$here/kinto_server.py" "$1"
