#!/bin/sh
# Installs what the document scan is measured beside into .cache/bench-scan, exactly as its lock file says.
set -eu
cd "$(dirname "$0")/.."
lock=bench/scan
cache=.cache/bench-scan
mkdir -p "$cache"
now=$(cat "$lock/package.json" "$lock/package-lock.json" scripts/peers.sh | sha256sum | cut -d ' ' -f 1)
cp "$lock/owasp.yaml" "$cache/"
if [ -f "$cache/stamp" ] && [ "$(cat "$cache/stamp")" = "$now" ]; then
    exit 0
fi
echo "bench-setup: installing Spectral and Redocly from npm into $cache"
rm -f "$cache/stamp"
cp "$lock/package.json" "$lock/package-lock.json" "$cache/"
# Install scripts stay off: nothing here needs one.
npm ci --prefix "$cache" --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null
echo "$now" >"$cache/stamp"
