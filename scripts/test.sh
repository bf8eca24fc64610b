#!/bin/sh
# Runs every test: the documentation's examples first, then everything else, with nextest where it is
# installed and with cargo alone where it is not.
set -eu
cd "$(dirname "$0")/.."

cargo test --workspace --locked --doc
if cargo nextest --version >/dev/null 2>&1; then
    # Many tests wait for windows and delays: half as many again as there are processors keep those busy.
    cargo nextest run --workspace --locked --no-fail-fast --test-threads $(($(nproc) * 3 / 2))
else
    cargo test --workspace --locked --no-fail-fast --lib --bins --tests
fi
