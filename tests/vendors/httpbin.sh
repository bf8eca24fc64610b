#!/bin/sh
# Serves httpbin under gunicorn on loopback: `httpbin.sh PORT` (port 0: a free one).
#
# Prints `Listening at: http://127.0.0.1:PORT` on standard error when it answers, and runs in this
# process until it is ended by its id; its worker ends with it.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)

if [ $# -ne 1 ]; then
    echo "usage: httpbin.sh PORT" >&2
    exit 2
fi
exec "$root/.cache/vendors/venv/bin/python" -m gunicorn --bind "127.0.0.1:$1" \
    --workers 1 --threads 16 --graceful-timeout 1 --no-control-socket httpbin:app
