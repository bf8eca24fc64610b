#!/bin/sh
# Installs the Debian packages that a purpose needs: `setup.sh build|lint|test|bench`.
#
# A package is asked for only when what it brings is missing, so a second run does nothing, and a
# machine that has the tool from elsewhere keeps its own.
set -eu

missing=""

# want COMMAND-OR-PATH PACKAGE...: the packages are missing unless the command or path is there.
want() {
    tool=$1
    shift
    case $tool in
        /*) [ -e "$tool" ] && return 0 ;;
        *) command -v "$tool" >/dev/null 2>&1 && return 0 ;;
    esac
    missing="$missing $*"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        echo "setup: these need root and there is no sudo: $*" >&2
        return 1
    fi
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" \
        </dev/null >"$log" 2>&1
}

# A lately refreshed package list makes `update` a waste; a stale one makes the first try fail.
install() {
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "setup: this is not Debian; install by hand what these packages bring:$missing" >&2
        exit 1
    fi
    echo "setup: installing Debian packages:$missing"
    log=$(mktemp)
    # shellcheck disable=SC2086 # a list of package names, split on purpose
    if ! apt install -y --no-install-recommends $missing; then
        # One dead foreign list must not stop us: the install that follows decides.
        apt update || true
        if ! apt install -y --no-install-recommends $missing; then
            tail -n 30 "$log" >&2
            echo "setup: apt-get could not install:$missing" >&2
            exit 1
        fi
    fi
    rm -f "$log"
}

build() {
    if ! command -v cargo >/dev/null 2>&1; then
        echo "setup: Rust is missing; install it with rustup, then run this again" >&2
        exit 1
    fi
    want cc gcc libc6-dev
    want cmake cmake
}

lint() {
    want python3 python3
}

tests() {
    want openssl openssl
    want ssh-keygen openssh-client
    want /usr/lib/postgresql/15/bin/initdb postgresql-15
    want go golang-go
    want /usr/share/gocode/src/golang.org/x/mod/sumdb/tlog golang-golang-x-mod-dev
    want node nodejs
    want npm npm
    if ! /usr/bin/python3 -c 'import ensurepip, venv' >/dev/null 2>&1; then
        missing="$missing python3-venv"
    fi
}

bench() {
    want /usr/sbin/nginx nginx-light
    want /usr/lib/nginx/modules/ngx_http_lua_module.so libnginx-mod-http-lua
    want wrk wrk
    want taskset util-linux
    want python3 python3
}

case ${1:-} in
    build) build ;;
    lint) lint ;;
    test) tests ;;
    bench) bench ;;
    *)
        echo "usage: setup.sh build|lint|test|bench" >&2
        exit 2
        ;;
esac

[ -z "$missing" ] || install
