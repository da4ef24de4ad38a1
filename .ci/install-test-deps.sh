#!/bin/sh
# Installs the system packages that `make test` needs and that are missing. Rust itself is expected to be there:
# it comes in too many ways to choose one here. Running it again does nothing.
set -eu
cd "$(dirname "$0")/.."

say() { echo "install-test-deps: $*"; }
. .ci/apt.sh

missing=""
# need COMMAND PACKAGE
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }

# SQLite and the cryptography are compiled from C.
need cc gcc
need ar binutils
need make make
need git git
[ -e /usr/include/stdio.h ] || missing="$missing libc6-dev"
# The test of TLS errors looks at the roots of the system.
[ -e /etc/ssl/certs/ca-certificates.crt ] || missing="$missing ca-certificates"
# The tests start a PostgreSQL of their own. Debian keeps its binaries off the PATH.
has_postgresql() {
    for binary in "$(command -v initdb || true)" "$(pg_config --bindir 2>/dev/null || true)/initdb" \
        /usr/lib/postgresql/*/bin/initdb; do
        folder="$(dirname "$binary")"
        if [ -x "$binary" ] && [ -x "$folder/postgres" ] && [ -x "$folder/psql" ] && [ -x "$folder/pg_dump" ]; then
            return 0
        fi
    done
    return 1
}
has_postgresql || missing="$missing postgresql"
# The tests of the pages look at them in a browser. Without a font it draws empty boxes.
if ! command -v chromium >/dev/null 2>&1 && ! command -v chromium-browser >/dev/null 2>&1; then
    missing="$missing chromium"
fi
[ -n "$(find /usr/share/fonts -name '*.ttf' -o -name '*.otf' -o -name '*.pfb' 2>/dev/null | head -n 1)" ] ||
    missing="$missing fonts-liberation"

if [ -n "$missing" ]; then
    # shellcheck disable=SC2086 # a list of names
    may_install $missing
    case "$missing" in
    *postgresql*)
        # Debian's package makes and starts a server, unless it is told not to before: nobody here needs that one.
        install_packages postgresql-common
        if [ -e /etc/postgresql-common/createcluster.conf ]; then
            as_root sed -i 's/^#* *create_main_cluster.*/create_main_cluster = false/' \
                /etc/postgresql-common/createcluster.conf
        fi
        ;;
    esac
    # shellcheck disable=SC2086 # a list of names
    install_packages $missing
    if ! has_postgresql; then
        say "PostgreSQL is installed, and its programs are not found" >&2
        exit 1
    fi
fi

if ! command -v cargo >/dev/null 2>&1; then
    say "cargo is not there: install Rust 1.95 or newer" >&2
    exit 1
fi
for part in fmt clippy; do
    if ! cargo "$part" --version >/dev/null 2>&1; then
        if ! command -v rustup >/dev/null 2>&1; then
            say "cargo $part is not there: install it beside Rust" >&2
            exit 1
        fi
        case "$part" in fmt) component=rustfmt ;; *) component=clippy ;; esac
        say "adding the Rust component $component"
        rustup --quiet component add "$component"
    fi
done
say "everything is there"
