#!/bin/sh
# Installs what the live scan is measured beside into .cache/bench-live, exactly as its lock file says.
set -eu
cd "$(dirname "$0")/.."
lock=bench/live/schemathesis.txt
cache=.cache/bench-live
now=$(sha256sum "$lock" | cut -d ' ' -f 1)
if [ -f "$cache/stamp" ] && [ "$(cat "$cache/stamp")" = "$now" ]; then
    exit 0
fi
echo "bench-live: installing Schemathesis from PyPI into $cache/venv"
rm -rf "$cache"
mkdir -p "$cache"
/usr/bin/python3 -m venv "$cache/venv"
"$cache/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
    --requirement "$lock" </dev/null
echo "$now" >"$cache/stamp"
