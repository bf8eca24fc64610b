#!/bin/sh
# Runs every test: the documentation's examples first, then everything else, with nextest where it is
# installed and with cargo alone where it is not.
set -eu
cd "$(dirname "$0")/.."

cargo test --workspace --locked --doc
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --workspace --locked --no-fail-fast
else
    cargo test --workspace --locked --no-fail-fast --lib --bins --tests
fi
