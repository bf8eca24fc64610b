#!/bin/sh
# Serves an OpenID provider, oidc-provider, on loopback: `oidc.sh PORT` (port 0: a free one).
#
# Prints `listening on http://127.0.0.1:PORT` when it answers, then its accounts and clients as JSON. Runs in
# this process until it is ended by its id.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

if [ $# -ne 1 ]; then
    echo "usage: oidc.sh PORT" >&2
    exit 2
fi
exec "$here/../vendors/node.sh" "$here/oidc.js" "$1"
