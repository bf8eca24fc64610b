#!/bin/sh
# Checks every shell script of the project, where shellcheck is installed.
set -eu
cd "$(dirname "$0")/.."

if ! command -v shellcheck >/dev/null 2>&1; then
    echo "lint: shellcheck is not installed, shell scripts were not checked"
    exit 0
fi
shellcheck .ci/run scripts/*.sh tests/vendors/*.sh tests/controls/*.sh bench/*/*.sh
