#!/bin/sh
# Runs Schemathesis over a description and a running API: `schemathesis.sh [OPTION...] DOCUMENT URL [HEADER...]`.
#
# Prints one line of JSON: {"findings":[{"operation":...,"check":...}],"requests":n,"seconds":s,...}. What the
# options are, `schemathesis.sh --help` says; what is counted and how, schemathesis_run.py.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/../../.cache/bench-live/venv/bin/python" "$here/schemathesis_run.py" "$@"
